/* Over another base than the operating system's: workers read through handles of that base. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/vfs/common.h"
#include "tests/vfs/witness.h"
#include "vfs/process/clock.h"
#include "vfs/process/log.h"
#include "vfs/replay/prefetch.h"

#define PAGE_BYTES 4096

static struct path path;

/* Before anything else of SQLite is called. */
static void begin_quietly(void)
{
    scratch_begin();
    log_listen();
    path = scratch("x.db");
}

static void begin_over(struct witness_shape shape)
{
    struct path hints = scratch("hints");
    char store[600];

    (void)snprintf(store, sizeof store, "sidecar:%s", hints.s);
    db_make(path.s, 200);
    cr_assert_eq(mkdir(hints.s, 0700), 0);
    cr_assert_eq(preload_configure("store", store), SQLITE_OK);
    witness_register(shape);
    register_over("witness");
}

TestSuite(prefetch_read, .init = begin_quietly, .fini = scratch_end);

static sqlite3 *open_with(const char *parameters)
{
    char uri[600];

    (void)snprintf(uri, sizeof uri, "file:%s?%s", path.s, parameters);
    return db_open(uri, "preload");
}

/* A session that touches single pages far apart, so that the plan has many runs. */
static void learn(void)
{
    sqlite3 *db = open_with("preload=record");

    for (unsigned id = 1; id < 600; id += 30)
        db_visit(db, id, id);
    db_close(db);
    witness_forget();
}

static void begin(void)
{
    begin_over((struct witness_shape){ 0 });
    learn();
}

/* Every page that a worker read, how often. */
struct tally {
    unsigned times[1000];
    unsigned reads;
    sqlite3_int64 pages;
};

static void tally_reads(struct tally *tally)
{
    *tally = (struct tally){ 0 };
    for (size_t i = 0; i < witness_len(); i++) {
        struct witness_entry entry = witness_at(i);
        sqlite3_int64 first = entry.offset / PAGE_BYTES;

        if (entry.call != WITNESS_READ || entry.on_owner) continue;
        tally->reads++;
        cr_expect_eq(entry.offset % PAGE_BYTES, 0);
        cr_expect_eq(entry.amount % PAGE_BYTES, 0);
        for (int page = 0; page < entry.amount / PAGE_BYTES; page++) {
            cr_assert(first + page < 1000);
            tally->times[first + page]++;
            tally->pages++;
        }
    }
}

Test(prefetch_read, every_planned_page_is_read_once_by_workers)
{
    struct preload_stats stats;
    struct tally tally;
    sqlite3 *db;

    begin();
    db = open_with("preload=replay");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE, "state %d: %s", stats_of(db).state,
                 log_heard());
    stats = stats_of(db);
    tally_reads(&tally);
    cr_expect(stats.planned_pages >= 20, "%lld", stats.planned_pages);
    cr_expect_eq(stats.issued_pages, stats.planned_pages);
    cr_expect_eq(tally.pages, stats.planned_pages);
    cr_expect_eq(tally.reads, stats.issued_requests);
    for (size_t i = 0; i < COUNT(tally.times); i++)
        cr_expect(tally.times[i] <= 1, "page %zu: %u times", i + 1, tally.times[i]);
    db_close(db);
    cr_expect_eq(witness_open_files(), 0);
    cr_expect_eq(preload_log_errors(), 0, "%s", log_heard());
}

/* What a worker may ask of the base, and when handles come and go. */
static void expect_rules(bool closing)
{
    for (size_t i = 0; i < witness_len(); i++) {
        struct witness_entry entry = witness_at(i);

        if (!entry.on_owner) cr_expect_eq(entry.call, WITNESS_READ, "call %zu", i);
        if (entry.call == WITNESS_OPEN) cr_expect(entry.on_owner, "call %zu", i);
        if (entry.call == WITNESS_CLOSE && entry.file > 1) {
            cr_expect(entry.on_owner, "call %zu", i);
            cr_expect(closing || entry.level >= SQLITE_LOCK_SHARED,
                      "call %zu: a handle was closed without a lock", i);
        }
    }
}

Test(prefetch_read, handles_are_opened_at_open_and_closed_under_a_lock)
{
    sqlite3 *db;

    begin();
    db = open_with("preload=replay");
    cr_expect(witness_count(WITNESS_OPEN) > 1);
    cr_expect(witness_count(WITNESS_OPEN) <= 1 + PREFETCH_HANDLES_MAX);
    (void)wait_for_replay(db);
    cr_expect_eq(witness_count(WITNESS_CLOSE), 0);
    db_visit(db, 1, 1);
    cr_expect_eq(witness_open_files(), 1, "the handles are still open after a transaction");
    expect_rules(false);
    db_close(db);
    expect_rules(true);
    cr_expect_eq(witness_open_files(), 0);
}

/* xLock says BUSY, the pager answers with an xUnlock: there is no lock then. */
Test(prefetch_read, an_unlock_without_a_lock_closes_nothing)
{
    sqlite3 *db;

    begin();
    db = open_with("preload=replay");
    (void)wait_for_replay(db);
    witness_answer(WITNESS_LOCK, SQLITE_BUSY);
    expect_text(0, db_text(db, "SELECT count(*) FROM t"), "error 5");
    witness_answer(WITNESS_LOCK, -1);
    expect_rules(false);
    cr_expect_eq(witness_count(WITNESS_CLOSE), 0);
    db_visit(db, 1, 1);
    expect_rules(false);
    cr_expect_eq(witness_open_files(), 1);
    db_close(db);
}

Test(prefetch_read, a_close_stops_the_readers_and_closes_their_handles)
{
    uint64_t began_us;
    size_t calls;
    sqlite3 *db;

    begin();
    witness_slow_reads(50);
    db = open_with("preload=replay&preload_requests=2");
    cr_expect_eq(stats_of(db).state, PRELOAD_STATE_LOADING);
    began_us = preload_clock_us();
    db_close(db);
    cr_expect(preload_clock_us() - began_us < 5000000);
    cr_expect_eq(witness_open_files(), 0);
    expect_rules(true);
    calls = witness_len();
    sleep_ms(200);
    cr_expect_eq(witness_len(), calls, "a worker goes on");
}

Test(prefetch_read, another_connection_keeps_on_when_the_first_one_closes)
{
    sqlite3 *a;
    sqlite3 *b;

    begin();
    witness_slow_reads(20);
    a = open_with("preload=replay");
    b = open_with("preload=replay");
    db_close(a);
    cr_expect_eq(witness_open_files(), 1);
    cr_expect_neq(wait_for_replay(b), PRELOAD_STATE_LOADING);
    db_visit(b, 1, 100);
    db_close(b);
    cr_expect_eq(witness_open_files(), 0);
}

Test(prefetch_read, as_many_handles_as_requests_are_allowed)
{
    static const unsigned requests[] = { 1, 3, 16 };
    sqlite3 *db;

    begin();
    for (size_t i = 0; i < COUNT(requests); i++) {
        char parameters[64];

        witness_forget();
        (void)snprintf(parameters, sizeof parameters, "preload=replay&preload_requests=%u",
                       requests[i]);
        db = open_with(parameters);
        cr_expect_eq(witness_count(WITNESS_OPEN), 1 + requests[i], "row %zu", i);
        (void)wait_for_replay(db);
        db_close(db);
    }
}

Test(prefetch_read, a_failing_read_ends_the_prefetch_soon)
{
    struct tally tally;
    sqlite3 *db;

    begin();
    witness_slow_reads(20);
    witness_fail_reads_from(PAGE_BYTES, SQLITE_IOERR_READ);
    db = open_with("preload=replay&preload_requests=1");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_FAILED);
    witness_fail_reads_from(0, -1);
    db_visit(db, 1, 100);
    db_close(db);
    tally_reads(&tally);
    cr_expect(tally.reads <= 2, "%u reads", tally.reads);
}

/* One reader of four meets a bad page; the others do not read the whole plan on. */
Test(prefetch_read, when_one_reader_fails_the_others_end_too)
{
    struct preload_stats stats;
    struct tally tally;
    sqlite3 *db;

    begin();
    witness_slow_reads(50);
    witness_fail_reads_from(20 * (sqlite3_int64)PAGE_BYTES, SQLITE_IOERR_READ);
    db = open_with("preload=replay&preload_requests=4");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_FAILED);
    stats = stats_of(db);
    witness_fail_reads_from(0, -1);
    db_visit(db, 1, 1);
    db_close(db);
    tally_reads(&tally);
    /* Each of the four was in one read, and the bridged pages of a run count. */
    cr_expect(tally.reads <= (unsigned)stats.issued_requests + 4, "%u reads, %lld good ones",
              tally.reads, stats.issued_requests);
    cr_expect(tally.pages < stats.planned_pages);
}

Test(prefetch_read, a_short_read_is_the_end_of_a_database_that_shrank)
{
    sqlite3 *db;

    begin();
    witness_fail_reads_from(100 * (sqlite3_int64)PAGE_BYTES, SQLITE_IOERR_SHORT_READ);
    db = open_with("preload=replay");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    cr_expect(stats_of(db).issued_pages < stats_of(db).planned_pages);
    witness_fail_reads_from(0, -1);
    db_close(db);
}

Test(prefetch_read, handles_that_cannot_be_opened_cost_the_prefetch_alone)
{
    static const bool keeps[] = { false, true };

    begin();
    for (size_t i = 0; i < COUNT(keeps); i++) {
        sqlite3 *db;
        sqlite3 *first = open_with("preload=off");

        /* The connection's own open is through; those of the handles fail. */
        witness_forget();
        witness_fail_opens_after(1);
        witness_keep_methods(keeps[i]);
        db = open_with("preload=replay");
        witness_fail_opens_after(0);
        cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_FAILED, "row %zu", i);
        db_visit(db, 1, 100);
        db_close(db);
        db_close(first);
        cr_expect_eq(witness_open_files(), 0, "row %zu", i);
    }
}

Test(prefetch_read, scarce_descriptors_are_left_to_the_host)
{
    struct rlimit limit;
    struct rlimit tight;
    sqlite3 *db;
    int fd;

    begin();
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(fd);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    tight = limit;
    tight.rlim_cur = (rlim_t)fd * 2;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
    db = open_with("preload=replay");
    cr_expect_eq(witness_count(WITNESS_OPEN), 1);
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_FAILED);
    db_visit(db, 1, 10);
    db_close(db);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

Test(prefetch_read, without_mutexes_no_worker_touches_the_base)
{
    struct tally tally;
    sqlite3 *db;

    cr_assert_eq(sqlite3_config(SQLITE_CONFIG_SINGLETHREAD), SQLITE_OK);
    begin();
    db = open_with("preload=replay");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_FAILED);
    db_visit(db, 1, 100);
    tally_reads(&tally);
    cr_expect_eq(tally.reads, 0);
    cr_expect_eq(witness_count(WITNESS_OPEN), 1);
    db_close(db);
}

static const struct witness_shape shapes[] = {
    { .version = 1 },
    { .version = 2, .without_shm = true },
    { .version = 3, .null_fetch = true },
    { .real = "unix-dotfile" },
    { .real = "unix-none" },
};

static void expect_shape(size_t row)
{
    sqlite3 *db;

    begin_over(shapes[row]);
    learn();
    db = open_with("preload=replay");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE, "row %zu", row);
    db_visit(db, 1, 300);
    expect_rules(false);
    db_close(db);
    expect_rules(true);
    cr_expect_eq(witness_open_files(), 0, "row %zu", row);
}

/* One base a process. */
Test(prefetch_read, a_base_of_version_1_is_read)
{
    expect_shape(0);
}

Test(prefetch_read, a_base_without_shared_memory_is_read)
{
    expect_shape(1);
}

Test(prefetch_read, a_base_without_fetch_is_read)
{
    expect_shape(2);
}

Test(prefetch_read, a_base_with_lock_files_is_read)
{
    expect_shape(3);
}

Test(prefetch_read, a_base_without_locks_is_read)
{
    expect_shape(4);
}

Test(prefetch_read, uri_parameters_reach_the_handles)
{
    sqlite3 *db;

    begin();
    db = open_with("preload=replay&mode=ro&immutable=1&x=%20y");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    db_close(db);
    for (size_t i = 0; i < witness_len(); i++) {
        struct witness_entry entry = witness_at(i);

        if (entry.call == WITNESS_OPEN) cr_expect_str_eq(entry.parameter, " y", "call %zu", i);
    }
}

Test(prefetch_read, a_hint_for_another_page_size_stops_when_the_header_is_read)
{
    sqlite3 *other;
    sqlite3 *db;

    begin();
    other = db_open(path.s, "unix");
    db_run(other, "PRAGMA page_size=1024; VACUUM;");
    db_close(other);
    witness_slow_reads(20);
    db = open_with("preload=replay&preload_requests=1");
    db_visit(db, 1, 100);
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_ABORTED);
    db_visit(db, 1, 1);
    cr_expect_eq(log_times("prefetch stopped: pages are 1024 bytes, the hints are for 4096"), 1,
                 "%s", log_heard());
    db_close(db);
    cr_expect_eq(witness_open_files(), 0);
}

static void run_elsewhere(const char *sql)
{
    sqlite3 *db = db_open(path.s, "unix");

    db_run(db, sql);
    db_close(db);
}

/* Reads that workers made, and none of more than a page. */
static unsigned single_reads(void)
{
    struct tally tally;

    tally_reads(&tally);
    cr_expect_eq(tally.pages, tally.reads, "a read of more than a page");
    return tally.reads;
}

Test(prefetch_read, a_base_that_does_not_offer_it_is_not_read)
{
    struct preload_stats stats;
    sqlite3 *db;

    begin_over((struct witness_shape){ .is_private = true });
    learn();
    db = open_with("preload=replay");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE, "%s", log_heard());
    stats = stats_of(db);
    cr_expect(stats.planned_pages >= 20 && stats.issued_pages == stats.planned_pages,
              "%lld of %lld", stats.issued_pages, stats.planned_pages);
    cr_expect_eq(single_reads(), 0);
    cr_expect_eq(witness_count(WITNESS_OPEN), 1);
    db_close(db);
    cr_expect_eq(preload_log_errors(), 0, "%s", log_heard());
}

/* It answers every question with success, and has not understood this one. */
Test(prefetch_read, a_base_that_says_yes_to_all_is_not_read)
{
    sqlite3 *db;

    begin_over((struct witness_shape){ .is_private = true });
    learn();
    witness_answer(WITNESS_FILE_CONTROL, SQLITE_OK);
    db = open_with("preload=replay");
    witness_answer(WITNESS_FILE_CONTROL, -1);
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE, "%s", log_heard());
    cr_expect_eq(single_reads(), 0);
    cr_expect_eq(witness_count(WITNESS_OPEN), 1);
    db_close(db);
}

Test(prefetch_read, where_the_host_says_so_a_base_is_read_by_the_page)
{
    struct preload_stats stats;
    sqlite3 *db;

    begin_over((struct witness_shape){ .is_private = true });
    learn();
    db = open_with("preload=replay&preload_read_through=1");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE, "%s", log_heard());
    stats = stats_of(db);
    cr_expect(stats.planned_pages >= 20 && stats.issued_pages == stats.planned_pages,
              "%lld of %lld", stats.issued_pages, stats.planned_pages);
    cr_expect_eq(stats.issued_requests, stats.issued_pages);
    cr_expect_eq(single_reads(), stats.issued_pages);
    db_close(db);
    cr_expect_eq(witness_open_files(), 0);
}

Test(prefetch_read, a_page_of_another_size_is_not_read)
{
    sqlite3 *db;

    begin_over((struct witness_shape){ .is_private = true });
    learn();
    run_elsewhere("PRAGMA page_size=1024; VACUUM;");
    db = open_with("preload=replay&preload_read_through=1");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_NONE, "%s", log_heard());
    cr_expect_eq(stats_of(db).reason, PRELOAD_REASON_PAGE_SIZE);
    cr_expect_eq(single_reads(), 0);
    db_close(db);
}

static bool stands_still(void *db)
{
    sqlite3_int64 issued = stats_of(db).issued_pages;

    sleep_ms(120);
    return stats_of(db).issued_pages == issued;
}

/* Page 1 is not read at the open; when the connection reads it, what was not begun waits. */
Test(prefetch_read,
     another_schema_holds_the_readers_until_the_session_has_shown_that_the_hints_hold)
{
    sqlite3 *db;

    begin();
    run_elsewhere("CREATE TABLE u(x)");
    witness_slow_reads(20);
    db = open_with("preload_requests=1");
    db_run(db, "SELECT count(*) FROM sqlite_schema");
    cr_expect(wait_until(stands_still, db));
    cr_expect_eq(stats_of(db).state, PRELOAD_STATE_LOADING);
    cr_expect_lt(stats_of(db).issued_pages, stats_of(db).planned_pages);
    witness_slow_reads(0);
    for (unsigned id = 1; id < 600; id += 30)
        db_visit(db, id, id);
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    cr_expect_leq(stats_of(db).issued_pages, stats_of(db).planned_pages);
    cr_expect_gt(stats_of(db).tenth_us[9], 0, "all was fetched, or the session had read it");
    db_visit(db, 1, 1);
    cr_expect_eq(witness_open_files(), 1);
    expect_rules(false);
    db_close(db);
    cr_expect_eq(witness_open_files(), 0);
}

Test(prefetch_read, a_close_while_the_readers_are_held_closes_their_handles)
{
    sqlite3 *db;

    begin();
    run_elsewhere("CREATE TABLE u(x)");
    witness_slow_reads(20);
    db = open_with("preload_requests=2");
    db_run(db, "SELECT count(*) FROM sqlite_schema");
    cr_expect(wait_until(stands_still, db));
    db_close(db);
    expect_rules(true);
    cr_expect_eq(witness_open_files(), 0);
    cr_expect_eq(preload_log_errors(), 0, "%s", log_heard());
}

Test(prefetch_read, of_a_file_that_shrank_little_is_read_before_the_verdict)
{
    struct preload_stats stats;
    sqlite3 *db;

    begin_over((struct witness_shape){ 0 });
    db = open_with("");
    db_visit(db, 1, 600);
    db_close(db);
    run_elsewhere("DELETE FROM t WHERE id % 4 = 1; VACUUM");
    db = open_with("");
    cr_expect(wait_until(stands_still, db));
    stats = stats_of(db);
    cr_expect_eq(stats.state, PRELOAD_STATE_LOADING);
    cr_expect(stats.issued_pages <= 32 && stats.planned_pages > 64, "%lld of %lld",
              stats.issued_pages, stats.planned_pages);
    db_close(db);
    cr_expect_eq(witness_open_files(), 0);
}
