/* The schema chooses the session. */
#include "bench/coldstart/session.h"
#include "bench/coldstart/session_go.h"
#include "bench/coldstart/session_hs.h"
#include "tests/bench/coldstart/small_hs.h"
#include "tests/bench/kit/small_go.h"

#include <criterion/criterion.h>
#include <stdio.h>

static char directory[256];

static void start(void)
{
    cr_assert_eq(small_go_directory(directory), 0);
}

static void stop(void)
{
    small_go_remove(directory);
}

TestSuite(bench_session, .init = start, .fini = stop);

static const struct session_case {
    int (*make)(const char *path);
    int (*run)(sqlite3 *db, uint64_t seed, struct session *out);
} session_cases[] = {
    { small_go_make, session_go_run },
    { small_hs_make, session_hs_run },
};

Test(bench_session, each_database_gets_its_own)
{
    for (size_t i = 0; i < sizeof(session_cases) / sizeof(session_cases[0]); i++) {
        struct session want;
        struct session got;
        char path[300];
        sqlite3 *db;

        snprintf(path, sizeof(path), "%s/%zu.db", directory, i);
        cr_assert_eq(session_cases[i].make(path), SQLITE_OK);
        cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
        cr_assert_eq(session_cases[i].run(db, 3, &want), SQLITE_OK);
        cr_assert_eq(session_run(db, 3, &got), SQLITE_OK);
        cr_expect_eq(got.rows, want.rows, "row %zu", i);
        cr_expect_eq(got.checksum, want.checksum, "row %zu", i);
        sqlite3_close(db);
    }
}

Test(bench_session, another_database_is_an_error)
{
    struct session session = { .rows = 1 };
    sqlite3 *db;

    cr_assert_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    cr_expect_eq(session_run(db, 1, &session), SQLITE_ERROR);
    cr_expect_eq(session.rows, 0);
    sqlite3_close(db);
}
