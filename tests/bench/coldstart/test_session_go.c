/* The session asks the same of the same seed, and says so when it is somebody else's database. */
#include "bench/coldstart/session_go.h"
#include "tests/bench/kit/small_go.h"

#include <criterion/criterion.h>
#include <stdio.h>

static char directory[256];
static sqlite3 *db;

static void start(void)
{
    char path[300];

    cr_assert_eq(small_go_directory(directory), 0);
    snprintf(path, sizeof(path), "%s/go.db", directory);
    cr_assert_eq(small_go_make(path), SQLITE_OK);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
}

static void stop(void)
{
    sqlite3_close(db);
    small_go_remove(directory);
}

TestSuite(session_go, .init = start, .fini = stop);

Test(session_go, a_seed_gets_the_same_rows_each_time_and_another_seed_others)
{
    struct session first;
    struct session again;
    struct session other;

    cr_assert_eq(session_go_run(db, 1, &first), SQLITE_OK);
    cr_assert_eq(session_go_run(db, 1, &again), SQLITE_OK);
    cr_assert_eq(session_go_run(db, 2, &other), SQLITE_OK);
    cr_expect_gt(first.rows, 500);
    cr_expect_eq(again.rows, first.rows);
    cr_expect_eq(again.checksum, first.checksum);
    cr_expect_neq(other.checksum, first.checksum);
    cr_expect_gt(first.first_row_ns, 0);
    cr_expect_geq(again.first_row_ns, first.first_row_ns);
}

Test(session_go, one_value_that_differs_changes_the_checksum)
{
    struct session before;
    struct session after;

    cr_assert_eq(session_go_run(db, 1, &before), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "UPDATE metadata SET value = 'GO_DC' WHERE name = 'DBSCHEMA'",
                              NULL, NULL, NULL),
                 SQLITE_OK);
    cr_assert_eq(session_go_run(db, 1, &after), SQLITE_OK);
    cr_expect_eq(after.rows, before.rows);
    cr_expect_neq(after.checksum, before.checksum);
}

Test(session_go, another_schema_is_an_error)
{
    struct session session;

    cr_assert_eq(sqlite3_exec(db, "DROP TABLE go_synonym", NULL, NULL, NULL), SQLITE_OK);
    cr_expect_eq(session_go_run(db, 1, &session), SQLITE_ERROR);
}
