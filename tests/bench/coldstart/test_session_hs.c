/* The session asks the same of the same seed, walks no table, and says so when it is somebody
 * else's database. */
#include "bench/coldstart/session_hs.h"
#include "tests/bench/coldstart/small_hs.h"
#include "tests/bench/kit/small_go.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static char directory[256];
static sqlite3 *db;

static void start(void)
{
    char path[300];

    cr_assert_eq(small_go_directory(directory), 0);
    snprintf(path, sizeof(path), "%s/hs.db", directory);
    cr_assert_eq(small_hs_make(path), SQLITE_OK);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
}

static void stop(void)
{
    sqlite3_close(db);
    small_go_remove(directory);
}

TestSuite(session_hs, .init = start, .fini = stop);

Test(session_hs, a_seed_gets_the_same_rows_each_time_and_another_seed_others)
{
    struct session first;
    struct session again;
    struct session other;

    cr_assert_eq(session_hs_run(db, 1, &first), SQLITE_OK);
    cr_assert_eq(session_hs_run(db, 1, &again), SQLITE_OK);
    cr_assert_eq(session_hs_run(db, 2, &other), SQLITE_OK);
    cr_expect_gt(first.rows, 500);
    cr_expect_eq(again.rows, first.rows);
    cr_expect_eq(again.checksum, first.checksum);
    cr_expect_neq(other.checksum, first.checksum);
    cr_expect_gt(first.first_row_ns, 0);
    cr_expect_geq(again.first_row_ns, first.first_row_ns);
}

Test(session_hs, one_value_that_differs_changes_the_checksum)
{
    struct session before;
    struct session after;

    cr_assert_eq(session_hs_run(db, 1, &before), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "UPDATE gene_info SET symbol = lower(symbol)", NULL, NULL, NULL),
                 SQLITE_OK);
    cr_assert_eq(session_hs_run(db, 1, &after), SQLITE_OK);
    cr_expect_eq(after.rows, before.rows);
    cr_expect_neq(after.checksum, before.checksum);
}

/* Steps of a scan that a statement took, over all statements. */
static int scanned;

static int count_scans(unsigned what, void *ctx, void *statement, void *unused)
{
    (void)what;
    (void)ctx;
    (void)unused;
    /* The two that list a small table in the order of its key are meant to. */
    if (strstr(sqlite3_sql(statement), "ORDER BY name") == NULL &&
        strstr(sqlite3_sql(statement), "ORDER BY map_name") == NULL) {
        scanned += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
    }
    return 0;
}

Test(session_hs, what_is_asked_of_a_gene_is_looked_up_in_an_index)
{
    struct session session;

    cr_assert_eq(sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, count_scans, NULL), SQLITE_OK);
    cr_assert_eq(session_hs_run(db, 1, &session), SQLITE_OK);
    cr_expect_eq(scanned, 0, "%d steps", scanned);
    cr_assert_eq(sqlite3_exec(db, "DROP INDEX Fpubmed", NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(session_hs_run(db, 1, &session), SQLITE_OK);
    cr_expect_gt(scanned, 0, "the check sees a scan");
}

Test(session_hs, another_schema_is_an_error)
{
    struct session session;

    cr_assert_eq(sqlite3_exec(db, "DROP TABLE omim", NULL, NULL, NULL), SQLITE_OK);
    cr_expect_eq(session_hs_run(db, 1, &session), SQLITE_ERROR);
}
