/* The slow device under SQLite itself, on a virtual clock where time is asserted and on the real
 * one where it is shown. */
#include "bench/kit/latency_vfs.h"
#include "tests/bench/kit/counting_vfs.h"
#include "tests/bench/kit/thread_clock.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MS UINT64_C(1000000)

static char directory[256];
static char path[300];

static void make_directory(void)
{
    const char *where = getenv("TMPDIR");

    snprintf(directory, sizeof(directory), "%s/latency-XXXXXX", where != NULL ? where : "/tmp");
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/t.db", directory);
}

static void remove_directory(void)
{
    static const char *const suffixes[] = { "", "-journal", "-wal", "-shm" };
    char name[320];

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        unlink(name);
    }
    rmdir(directory);
}

static sqlite3 *open_db(const char *vfs)
{
    sqlite3 *db = NULL;
    const int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs);

    cr_assert_eq(rc, SQLITE_OK, "open over %s: %d", vfs, rc);
    return db;
}

static void run(sqlite3 *db, const char *sql)
{
    char *message = NULL;
    const int rc = sqlite3_exec(db, sql, NULL, NULL, &message);

    cr_assert_eq(rc, SQLITE_OK, "%s: %s", sql, message);
}

/* A table of some 1,100 pages with an index, over the plain base. */
static void make_database(void)
{
    sqlite3 *db = open_db("unix");

    run(db, "PRAGMA page_size = 4096; CREATE TABLE t(a INTEGER PRIMARY KEY, b, c);"
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
            "INSERT INTO t SELECT i, i * 7919 % 2003, hex(zeroblob(1000)) FROM n;"
            "CREATE INDEX t_b ON t(b);");
    sqlite3_close(db);
}

static struct device_counters counters_of(sqlite3 *db)
{
    struct device_counters out = { 0 };

    cr_assert_eq(sqlite3_file_control(db, "main", LATENCY_FCNTL_COUNTERS, &out), SQLITE_OK);
    return out;
}

static uint64_t resident_of(sqlite3 *db)
{
    uint64_t out = 0;

    cr_assert_eq(sqlite3_file_control(db, "main", LATENCY_FCNTL_RESIDENT, &out), SQLITE_OK);
    return out;
}

static sqlite3_file *file_of(sqlite3 *db)
{
    sqlite3_file *file = NULL;

    sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    return file;
}

static struct latency_config virtual_config(uint64_t latency_us)
{
    return (
        struct latency_config){ .device = { .latency_us = latency_us, .clock = thread_clock() } };
}

TestSuite(latency_vfs, .init = make_directory, .fini = remove_directory);

Test(latency_vfs, every_page_that_sqlite_reads_is_counted)
{
    const struct latency_config config = virtual_config(1000);
    struct device_counters got;
    sqlite3 *db;

    make_database();
    cr_assert_eq(counting_vfs_register(), SQLITE_OK);
    cr_assert_eq(latency_vfs_register("latency", "counting", &config), SQLITE_OK);
    db = open_db("latency");
    run(db, "PRAGMA mmap_size = 100000000; PRAGMA cache_size = 20;"
            "SELECT sum(length(c)) FROM t WHERE b BETWEEN 5 AND 50; SELECT count(*) FROM t;"
            "PRAGMA integrity_check; SELECT sum(length(c)) FROM t;");
    got = counters_of(db);
    cr_expect_gt(got.pages, 1000);
    cr_expect_eq(got.pages, counting.pages, "%" PRIu64 ", base %" PRIu64, got.pages,
                 counting.pages);
    cr_expect_eq(got.reads, counting.reads);
    cr_expect_gt(got.reads, got.requests, "a small cache reads pages again, for nothing");
    cr_expect_eq(counting.fetches, 0);
    cr_expect_eq(thread_clock_slept_ns(), got.requests * MS);

    run(db, "UPDATE t SET c = 'x' WHERE a % 10 = 0; DELETE FROM t WHERE a > 1000; VACUUM;"
            "SELECT sum(length(c)) FROM t; PRAGMA integrity_check;");
    cr_expect_eq(counters_of(db).reads, counting.reads);
    cr_expect_eq(counting.fetches, 0);
    sqlite3_close(db);
}

Test(latency_vfs, a_session_pays_again_only_after_an_eviction)
{
    const struct latency_config config = virtual_config(1000);
    const char *session = "SELECT sum(length(c)) FROM t WHERE b BETWEEN 5 AND 500";
    uint64_t cold;
    sqlite3 *db;

    make_database();
    cr_assert_eq(latency_vfs_register(NULL, "unix", &config), SQLITE_OK);
    db = open_db("latency");
    run(db, session);
    cold = counters_of(db).requests;
    cr_expect_gt(cold, 100);
    cr_expect_eq(resident_of(db), counters_of(db).pages);
    sqlite3_close(db);

    db = open_db("latency");
    run(db, session);
    cr_expect_eq(counters_of(db).requests, cold, "residence outlives the handle");
    cr_expect_eq(sqlite3_file_control(db, "main", LATENCY_FCNTL_EVICT, NULL), SQLITE_OK);
    cr_expect_eq(sqlite3_file_control(db, "main", LATENCY_FCNTL_RESET, NULL), SQLITE_OK);
    sqlite3_close(db);

    db = open_db("latency");
    run(db, session);
    cr_expect_eq(counters_of(db).requests, cold);
    cr_expect_eq(latency_vfs_evict("latency"), SQLITE_OK);
    cr_expect_eq(resident_of(db), 0);
    sqlite3_close(db);
}

Test(latency_vfs, what_was_written_is_resident_and_what_was_cut_off_is_not)
{
    const struct latency_config config = virtual_config(1000);
    uint64_t pages;
    sqlite3 *db;

    cr_assert_eq(latency_vfs_register(NULL, "unix", &config), SQLITE_OK);
    db = open_db("latency");
    run(db, "CREATE TABLE t(a); INSERT INTO t VALUES(zeroblob(400000));");
    pages = resident_of(db);
    cr_expect_geq(pages, 98);
    run(db, "DELETE FROM t; VACUUM;");
    cr_expect_lt(resident_of(db), 5);
    sqlite3_close(db);
}

Test(latency_vfs, a_deleted_file_leaves_nothing_behind)
{
    const struct latency_config config = virtual_config(1000);
    sqlite3_vfs *vfs;
    sqlite3 *db;

    cr_assert_eq(latency_vfs_register(NULL, "unix", &config), SQLITE_OK);
    db = open_db("latency");
    run(db, "CREATE TABLE t(a)");
    cr_expect_eq(resident_of(db), 2);
    sqlite3_close(db);
    vfs = sqlite3_vfs_find("latency");
    cr_expect_eq(vfs->xDelete(vfs, path, 0), SQLITE_OK);
    db = open_db("latency");
    cr_expect_eq(resident_of(db), 1, "the header that each open reads");
    sqlite3_close(db);
}

/* The versions and slots of SQLite 3.40's own VFSes. */
static const struct base_case {
    const char *base;
    int want_version;
    bool want_shm;
} base_cases[] = {
    { "unix", 2, true },
    { "unix-excl", 2, true },
    { "unix-dotfile", 1, false },
    { "unix-none", 2, false },
};

Test(latency_vfs, a_file_has_the_methods_of_its_base_without_mapping)
{
    const struct latency_config config = virtual_config(1000);

    for (size_t i = 0; i < sizeof(base_cases) / sizeof(base_cases[0]); i++) {
        const struct base_case *row = &base_cases[i];
        const sqlite3_vfs *base = sqlite3_vfs_find(row->base);
        const sqlite3_io_methods *got;
        const sqlite3_vfs *vfs;
        char want_name[64];
        char *name = NULL;
        sqlite3 *db;

        cr_assert_eq(latency_vfs_register(NULL, row->base, &config), SQLITE_OK);
        vfs = sqlite3_vfs_find("latency");
        cr_expect_eq(vfs->mxPathname, base->mxPathname);
        cr_expect_eq(vfs->iVersion, base->iVersion);
        cr_expect_gt(vfs->szOsFile, base->szOsFile);
        db = open_db("latency");
        run(db, "CREATE TABLE IF NOT EXISTS t(a); PRAGMA journal_mode = wal;"
                "INSERT INTO t VALUES(1); PRAGMA journal_mode = delete;");
        got = file_of(db)->pMethods;
        cr_expect_eq(got->iVersion, row->want_version, "%s: %d", row->base, got->iVersion);
        cr_expect_eq(got->xShmMap != NULL, row->want_shm, "%s", row->base);
        cr_expect_null(got->xFetch);
        sqlite3_file_control(db, "main", SQLITE_FCNTL_VFSNAME, (void *)&name);
        snprintf(want_name, sizeof(want_name), "latency/%s", row->base);
        cr_expect_str_eq(name, want_name);
        sqlite3_free(name);
        sqlite3_close(db);
        cr_assert_eq(latency_vfs_unregister(NULL), SQLITE_OK);
    }
}

Test(latency_vfs, journals_and_wals_are_slow_only_when_asked)
{
    struct latency_config config = virtual_config(1000);
    struct device_counters got = { 0 };
    char wal[320];
    sqlite3 *db;

    snprintf(wal, sizeof(wal), "%s-wal", path);
    cr_assert_eq(latency_vfs_register(NULL, "unix", &config), SQLITE_OK);
    for (int every_file = 0; every_file < 2; every_file++) {
        config.every_file = every_file == 1;
        cr_assert_eq(latency_vfs_configure(NULL, &config), SQLITE_OK);
        db = open_db("latency");
        run(db, "PRAGMA journal_mode = wal; CREATE TABLE IF NOT EXISTS t(a);"
                "INSERT INTO t VALUES(zeroblob(100000)); PRAGMA cache_size = 1;"
                "SELECT sum(length(a)) FROM t;");
        cr_expect_eq(latency_vfs_counters(NULL, wal, &got), SQLITE_OK);
        cr_expect_eq(got.reads > 0, config.every_file, "%" PRIu64 " reads of the WAL", got.reads);
        sqlite3_close(db);
    }
}

Test(latency_vfs, it_is_registered_once_and_leaves_only_when_idle)
{
    const struct latency_config config = virtual_config(1000);
    struct device_counters got;
    sqlite3 *db;

    cr_expect_eq(latency_vfs_register("slow", "no such base", &config), SQLITE_ERROR);
    cr_expect_eq(latency_vfs_register("slow", NULL, &config), SQLITE_OK);
    cr_expect_eq(latency_vfs_register("slow", NULL, &config), SQLITE_ERROR);
    cr_expect_eq(latency_vfs_register("slower", "slow", &config), SQLITE_OK);
    cr_expect_eq(latency_vfs_configure("unix", &config), SQLITE_NOTFOUND);
    cr_expect_eq(latency_vfs_evict("unix"), SQLITE_NOTFOUND);
    cr_expect_eq(latency_vfs_counters("unix", path, &got), SQLITE_NOTFOUND);
    cr_expect_eq(latency_vfs_unregister("unix"), SQLITE_NOTFOUND);
    db = open_db("slower");
    run(db, "CREATE TABLE t(a)");
    cr_expect_eq(latency_vfs_unregister("slower"), SQLITE_BUSY);
    cr_expect_eq(latency_vfs_unregister("slow"), SQLITE_BUSY);
    sqlite3_close(db);
    cr_expect_eq(latency_vfs_unregister("slower"), SQLITE_OK);
    cr_expect_eq(latency_vfs_unregister("slow"), SQLITE_OK);
    cr_expect_null(sqlite3_vfs_find("slow"));
}

Test(latency_vfs, a_file_that_cannot_be_opened_has_no_methods)
{
    const struct latency_config config = virtual_config(1000);
    sqlite3 *db = NULL;

    cr_assert_eq(latency_vfs_register(NULL, "unix", &config), SQLITE_OK);
    cr_expect_eq(sqlite3_open_v2("/nowhere/at/all.db", &db, SQLITE_OPEN_READWRITE, "latency"),
                 SQLITE_CANTOPEN);
    sqlite3_close(db);
    cr_expect_eq(latency_vfs_unregister(NULL), SQLITE_OK);
}

/* ---- on the real clock ---- */

#define ATTEMPTS   20
#define LATENCY_MS 5

/* `count` pages from `first`, read one after another through a handle of its own. */
struct reader {
    pthread_t thread;
    sqlite3_filename name;
    int first, count;
};

static void *read_pages(void *arg)
{
    const struct reader *reader = arg;
    sqlite3_vfs *vfs = sqlite3_vfs_find("latency");
    sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
    const int flags = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY;
    char page[4096];

    if (vfs->xOpen(vfs, reader->name, file, flags, NULL) != SQLITE_OK) abort();
    for (int i = reader->first; i < reader->first + reader->count; i++) {
        if (file->pMethods->xRead(file, page, 4096, i * (sqlite3_int64)4096) != SQLITE_OK) abort();
    }
    file->pMethods->xClose(file);
    free(file);
    return NULL;
}

static uint64_t real_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 * MS + (uint64_t)now.tv_nsec;
}

/* The time in which `threads` threads share `pages` pages. */
static uint64_t threads_ns(void *(*body)(void *), int threads, int pages)
{
    sqlite3_filename name = sqlite3_create_filename(path, "", "", 0, NULL);
    const uint64_t before_ns = real_ns();
    struct reader readers[16];
    uint64_t took_ns;

    for (int i = 0; i < threads; i++) {
        readers[i] = (struct reader){ .name = name,
                                      .first = i * (pages / threads),
                                      .count = pages / threads };
        cr_assert_eq(pthread_create(&readers[i].thread, NULL, body, &readers[i]), 0);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(readers[i].thread, NULL);
    }
    took_ns = real_ns() - before_ns;
    sqlite3_free_filename(name);
    return took_ns;
}

static void *sleep_pages(void *arg)
{
    const struct reader *reader = arg;
    const uint64_t start_ns = real_ns();

    for (int i = 1; i <= reader->count; i++) {
        const uint64_t until_ns = start_ns + (uint64_t)i * LATENCY_MS * MS;
        const struct timespec until = { .tv_sec = (time_t)(until_ns / (1000 * MS)),
                                        .tv_nsec = (long)(until_ns % (1000 * MS)) };

        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    }
    return NULL;
}

/* Whether some attempt takes `want_ns`, within `percent`. It is never shorter: no load makes a
 * device faster. The machine is shared, so it may be longer where threads that only sleep are late,
 * too: such an attempt says nothing. */
static void expect_takes(int threads, int pages, uint64_t want_ns, uint64_t percent)
{
    const uint64_t slack_ns = want_ns * percent / 100;
    bool machine_was_idle = false;

    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        uint64_t got_ns;
        uint64_t slept_ns;

        cr_assert_eq(latency_vfs_evict("latency"), SQLITE_OK);
        got_ns = threads_ns(read_pages, threads, pages);
        slept_ns = threads_ns(sleep_pages, threads, pages);
        fprintf(stderr, "%d pages, %d at once: %.2f ms, want %.2f, slept %.2f\n", pages, threads,
                (double)got_ns / 1e6, (double)want_ns / 1e6, (double)slept_ns / 1e6);
        cr_assert_geq(got_ns, want_ns - slack_ns);
        if (got_ns <= want_ns + slack_ns) return;
        machine_was_idle = machine_was_idle || slept_ns <= want_ns + slack_ns / 2;
    }
    if (!machine_was_idle) cr_skip_test("skipped: threads that only sleep are late here");
    cr_assert_fail("%d attempts were late on a machine that was not", ATTEMPTS);
}

Test(latency_vfs, on_the_real_clock_pages_take_the_time_they_should)
{
    const struct latency_config config = { .device = { .latency_us = LATENCY_MS * 1000,
                                                       .parallel = 16 } };
    struct device_counters first;
    struct device_counters second;

    make_database();
    cr_assert_eq(latency_vfs_register(NULL, "unix", &config), SQLITE_OK);
    expect_takes(1, 80, 80 * LATENCY_MS * MS, 10);
    cr_assert_eq(latency_vfs_counters(NULL, path, &first), SQLITE_OK);
    threads_ns(read_pages, 1, 80);
    cr_assert_eq(latency_vfs_counters(NULL, path, &second), SQLITE_OK);
    cr_expect_eq(second.requests, first.requests, "a second pass asks the device for nothing");
    cr_expect_eq(second.hits, first.hits + 80);
    expect_takes(16, 320, 20 * LATENCY_MS * MS, 20);
}
