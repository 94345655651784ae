/* Pages that are read are timed; over a base that sleeps for each, a read takes at least that. (The
 * slow device gives a read back what its thread's last wake-up was late.) */
#include "bench/coldstart/read_clock.h"
#include "tests/bench/kit/small_go.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

static char directory[256];
static char path[300];

static void start(void)
{
    cr_assert_eq(small_go_directory(directory), 0);
    snprintf(path, sizeof(path), "%s/go.db", directory);
    cr_assert_eq(small_go_make(path), SQLITE_OK);
}

static void stop(void)
{
    small_go_remove(directory);
}

TestSuite(read_clock, .init = start, .fini = stop);

static const sqlite3_io_methods *fast;
static sqlite3_io_methods slow;

static int read_slowly(sqlite3_file *file, void *out, int amount, sqlite3_int64 offset)
{
    nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
    return fast->xRead(file, out, amount, offset);
}

static void slow_down(sqlite3 *db)
{
    sqlite3_file *file = NULL;

    cr_assert_eq(sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file), SQLITE_OK);
    fast = file->pMethods;
    slow = *fast;
    slow.xRead = read_slowly;
    file->pMethods = &slow;
}

Test(read_clock, a_read_takes_what_the_device_takes)
{
    sqlite3 *db;

    cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, "unix"), SQLITE_OK);
    slow_down(db);
    cr_assert_eq(read_clock_start(db), SQLITE_OK);
    cr_expect_eq(read_clock_quantile(500), 0, "nothing was read");
    cr_assert_eq(sqlite3_exec(db, "SELECT sum(length(definition)) FROM go_term", NULL, NULL, NULL),
                 SQLITE_OK);
    cr_expect_gt(read_clock_quantile(500), 0);
    cr_expect_geq(read_clock_quantile(990), read_clock_quantile(500));
    cr_expect_geq(read_clock_quantile(1000), 200000, "the first read is on time");
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
    read_clock_stop();
    read_clock_stop();
    cr_expect_eq(read_clock_quantile(500), 0);
}

Test(read_clock, a_database_without_a_file_is_an_error)
{
    sqlite3 *db;

    cr_assert_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    cr_expect_neq(read_clock_start(db), SQLITE_OK);
    sqlite3_close(db);
}
