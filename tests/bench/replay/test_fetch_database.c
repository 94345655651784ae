/* What SQLite makes of the file. */
#include "bench/replay/fetch_database.h"
#include "bench/replay/fetch_set.h"
#include "tests/bench/kit/small_go.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than a piece of those that it is written in, and no whole number of them. */
#define PAGES 700

static char directory[256];
static char path[300];

static void start(void)
{
    int fd;

    cr_assert_eq(small_go_directory(directory), 0);
    snprintf(path, sizeof(path), "%s/database", directory);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(fetch_database_write(fd, PAGES), 0);
    close(fd);
}

static void stop(void)
{
    small_go_remove(directory);
}

TestSuite(fetch_database, .init = start, .fini = stop);

static const struct answer_case {
    const char *sql;
    int want;
} answer_cases[] = {
    { "PRAGMA page_size", FETCH_PAGE_BYTES },
    { "PRAGMA page_count", PAGES },
    { "PRAGMA schema_version", 1 },
    { "SELECT count(*) FROM sqlite_schema", 0 },
};

Test(fetch_database, sqlite_finds_an_empty_database_of_that_size)
{
    sqlite3 *db = NULL;

    cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    for (size_t i = 0; i < sizeof(answer_cases) / sizeof(answer_cases[0]); i++) {
        const struct answer_case *row = &answer_cases[i];
        sqlite3_stmt *statement = NULL;

        cr_assert_eq(sqlite3_prepare_v2(db, row->sql, -1, &statement, NULL), SQLITE_OK, "%s: %s",
                     row->sql, sqlite3_errmsg(db));
        cr_assert_eq(sqlite3_step(statement), SQLITE_ROW, "%s: %s", row->sql, sqlite3_errmsg(db));
        cr_expect_eq(sqlite3_column_int(statement, 0), row->want, "%s: %d", row->sql,
                     sqlite3_column_int(statement, 0));
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
}

Test(fetch_database, the_pages_behind_are_leaves_and_differ)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    unsigned char before[16] = { 0 };
    struct stat found;

    cr_assert_eq(fstat(fd, &found), 0);
    cr_expect_eq(found.st_size, (off_t)PAGES * FETCH_PAGE_BYTES);
    for (uint32_t pgno = 2; pgno <= PAGES; pgno++) {
        unsigned char bytes[16];

        cr_assert_eq(pread(fd, bytes, sizeof(bytes), (off_t)(pgno - 1) * FETCH_PAGE_BYTES), 16);
        cr_assert_eq(bytes[0], 0x0d, "page %u: %u", pgno, bytes[0]);
        cr_assert_neq(memcmp(bytes, before, sizeof(bytes)), 0, "page %u is as the one before",
                      pgno);
        memcpy(before, bytes, sizeof(before));
    }
    close(fd);
}
