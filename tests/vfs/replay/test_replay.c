/* Over the operating system's VFS: a worker advises. */
#include "vfs/replay/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vfs/common.h"
#include "vfs/entry/say.h"
#include "vfs/process/clock.h"
#include "vfs/process/log.h"
#include "vfs/process/pool.h"
#include "vfs/store/sidecar_format.h"

static struct path path, sidecar;

static void begin(void)
{
    scratch_begin();
    log_listen();
    path = scratch("x.db");
    sidecar = scratch("x.db-preload");
    db_make(path.s, 50);
    register_over(NULL);
}

TestSuite(replay, .init = begin, .fini = scratch_end);

static sqlite3 *open_with(const char *parameters)
{
    char uri[600];

    (void)snprintf(uri, sizeof uri, "file:%s?%s", path.s, parameters);
    return db_open(uri, "preload");
}

/* A sidecar that names these pages, each touched in the one session it knows. */
static void write_hints(uint32_t page_size, const char *pages)
{
    struct hint_book book = { .evidence.page_size = page_size, .shared = history_of(1, pages) };
    uint8_t *bytes = NULL;
    size_t len;

    book.shared.sessions[0].pages = (uint32_t)book.shared.len;
    cr_assert(preload_sidecar_encode(&bytes, &len, &book, 0));
    file_write(sidecar.s, bytes, len);
    free(bytes);
    hint_book_free(&book);
}

/* Opens, waits for the end, closes. */
static struct preload_stats replay_with(const char *parameters)
{
    sqlite3 *db = open_with(parameters);
    struct preload_stats stats;

    (void)wait_for_replay(db);
    db_visit(db, 1, 2); /* says what the worker had to say */
    stats = stats_of(db);
    db_close(db);
    return stats;
}

Test(replay, what_is_planned_is_issued)
{
    struct preload_stats stats;

    write_hints(4096, "1i:1@0 5l:1@1 6l:1@2 7l:1@3 20l:1@4");
    stats = replay_with("preload=replay");
    cr_expect_eq(stats.state, PRELOAD_STATE_DONE);
    cr_expect_eq(stats.history_pages, 5);
    cr_expect_eq(stats.history_sessions, 1);
    cr_expect_eq(stats.planned_pages, 5);
    cr_expect_eq(stats.issued_pages, 5);
    cr_expect_eq(stats.issued_bytes, (5 - stats.resident_pages) * 4096);
    cr_expect(stats.issued_requests <= 3);
    cr_expect_eq(stats.reason, PRELOAD_REASON_NONE);
    cr_expect(stats.replay_us > 0);
    for (size_t i = 1; i < COUNT(stats.tenth_us); i++)
        cr_expect(stats.tenth_us[i] >= stats.tenth_us[i - 1], "tenth %zu", i);
    cr_expect(stats.tenth_us[0] > 0 && stats.tenth_us[9] <= stats.replay_us);
    cr_expect_eq(preload_log_errors(), 0, "%s", log_heard());
}

Test(replay, pages_past_the_end_are_not_planned)
{
    struct preload_stats stats;

    write_hints(4096, "1i:1@0 5l:1@1 50000l:1@2 4294967294l:1@3");
    stats = replay_with("preload=replay");
    cr_expect_eq(stats.state, PRELOAD_STATE_DONE);
    cr_expect_eq(stats.planned_pages, 2);
    cr_expect_eq(stats.issued_pages, 2);
}

Test(replay, a_file_that_shrank_is_advised_to_its_end)
{
    sqlite3 *db = open_with("");
    sqlite3_int64 pages;

    db_visit(db, 1, 150);
    db_close(db);
    db = db_open(path.s, "unix");
    db_run(db, "DELETE FROM t WHERE id > 20; VACUUM;");
    pages = strtoll(db_text(db, "PRAGMA page_count").s, NULL, 10);
    db_close(db);
    db = open_with("preload=replay&preload_budget=1G");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    cr_expect(stats_of(db).planned_pages > 0);
    cr_expect(stats_of(db).planned_pages <= pages);
    db_close(db);
}

Test(replay, an_empty_database_gets_nothing)
{
    struct path empty = scratch("empty.db");
    sqlite3 *db;

    write_hints(4096, "1i:1@0 2l:1@1");
    cr_assert_eq(rename(sidecar.s, scratch("empty.db-preload").s), 0);
    db = db_open(empty.s, "preload");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_NONE);
    cr_expect_eq(stats_of(db).planned_pages, 0);
    db_run(db, "CREATE TABLE t(x)");
    db_close(db);
    cr_expect_eq(preload_log_errors(), 0, "%s", log_heard());
}

Test(replay, hints_for_another_page_size_are_not_used)
{
    struct preload_stats stats;

    write_hints(8192, "1i:1@0 5l:1@1");
    stats = replay_with("preload=replay&preload_walk=0");
    cr_expect_eq(stats.state, PRELOAD_STATE_NONE);
    cr_expect_eq(stats.planned_pages, 0);
    cr_expect_eq(stats.history_pages, 0);
    cr_expect_eq(log_times("hints not used: pages are 4096 bytes, the hints are for 8192"), 1, "%s",
                 log_heard());
    cr_expect_str_eq(log_of_host(), "");
    /* The next session that is recorded begins anew. */
    (void)replay_with("preload=on");
    stats = replay_with("preload=replay");
    cr_expect_eq(stats.state, PRELOAD_STATE_DONE);
    cr_expect_eq(stats.history_sessions, 1);
}

static const struct bad_case {
    const char *bytes;
    size_t len;
    const char *reason;
} bad_cases[] = {
    { "", 0, "truncated" },
    { "no sidecar at all", 17, "not ours" },
    { "sqlite-preload\n\0", 16, "truncated" },
    { "sqlite-preload\n\0\1\0\0\0\0\x10\0\0", 24, "truncated" },
    { "sqlite-preload\n\0\7\0\0\0\0\x10\0\0........................", 48,
      "of another format version" },
};

Test(replay, a_bad_sidecar_is_one_line_in_the_log_and_no_hints)
{
    for (size_t i = 0; i < COUNT(bad_cases); i++) {
        const struct bad_case *row = &bad_cases[i];
        unsigned before = log_times(row->reason);
        struct preload_stats stats;

        /* What was said once is not repeated; another file is news. */
        (void)remove(path.s);
        path = scratch((const char[][8]){ "0.db", "1.db", "2.db", "3.db", "4.db" }[i]);
        sidecar = scratch((const char[][16]){ "0.db-preload", "1.db-preload", "2.db-preload",
                                              "3.db-preload", "4.db-preload" }[i]);
        db_make(path.s, 10);
        file_write(sidecar.s, row->bytes, row->len);
        stats = replay_with("preload=replay");
        cr_expect_eq(stats.state, PRELOAD_STATE_NONE, "row %zu", i);
        cr_expect_eq(log_times(row->reason), before + 1, "row %zu: %s", i, log_heard());
    }
    cr_expect_eq(preload_log_errors(), COUNT(bad_cases));
}

static const struct budget_case {
    const char *budget;
    sqlite3_int64 pages;
} budget_cases[] = {
    { "0", 0 }, { "4095", 0 }, { "4096", 1 }, { "12K", 3 }, { "1G", 8 }, { "auto", 8 },
};

Test(replay, the_budget_binds)
{
    write_hints(4096, "1i:1@0 5l:1@1 9l:1@2 13l:1@3 17l:1@4 21l:1@5 25l:1@6 29l:1@7");
    for (size_t i = 0; i < COUNT(budget_cases); i++) {
        char parameters[64];
        struct preload_stats stats;

        (void)snprintf(parameters, sizeof parameters, "preload=replay&preload_budget=%s",
                       budget_cases[i].budget);
        stats = replay_with(parameters);
        cr_expect_eq(stats.state, PRELOAD_STATE_DONE, "row %zu", i);
        cr_expect_eq(stats.planned_pages, budget_cases[i].pages, "row %zu: got %lld", i,
                     stats.planned_pages);
        cr_expect_eq(stats.issued_pages, stats.planned_pages, "row %zu", i);
    }
}

Test(replay, a_request_is_at_most_128_kib)
{
    struct hint_book book = { .evidence.page_size = 4096, .shared = history_of(1, "1i:1@0") };
    struct hint_history *history = &book.shared;
    struct preload_stats stats;
    uint8_t *bytes = NULL;
    sqlite3 *db;
    size_t len;

    db = db_open(path.s, "unix");
    db_run(db, "INSERT INTO t SELECT id + 1000, body FROM t; INSERT INTO t SELECT id + 2000, body "
               "FROM t;");
    db_close(db);
    free(history->pages);
    history->len = 100;
    history->pages = calloc(history->len, sizeof *history->pages);
    cr_assert_not_null(history->pages);
    for (uint32_t i = 0; i < history->len; i++)
        history->pages[i] = (struct hint_page){ .pgno = i + 1, .seen = 1, .rank = i };
    history->sessions[0].pages = 100;
    cr_assert(preload_sidecar_encode(&bytes, &len, &book, 0));
    file_write(sidecar.s, bytes, len);
    free(bytes);
    hint_book_free(&book);
    stats = replay_with("preload=replay");
    cr_expect_eq(stats.issued_pages, 100);
    cr_expect(stats.issued_bytes <= stats.issued_requests * (128 << 10));
    cr_expect(stats.issued_requests <= 6, "%lld", stats.issued_requests);
}

Test(replay, a_page_that_lives_in_the_log_is_not_fetched_from_the_database)
{
    sqlite3 *writer = db_open(path.s, "unix");
    struct path wal = scratch("x.db-wal");
    sqlite3 *db;

    db_run(writer, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
                   "UPDATE t SET body = randomblob(1000);");
    cr_assert(file_exists(wal.s));
    write_hints(4096, "1i:1@0 5l:1@1 9l:1@2 13l:1@3");
    db = open_with("preload=replay");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    cr_expect(stats_of(db).planned_pages <= 1, "%lld", stats_of(db).planned_pages);
    db_close(db);
    db_run(writer, "PRAGMA wal_checkpoint(TRUNCATE);");
    db = open_with("preload=replay");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    cr_expect_eq(stats_of(db).planned_pages, 4);
    db_close(db);
    db_close(writer);
}

Test(replay, only_the_first_open_replays)
{
    sqlite3 *a;
    sqlite3 *b;
    struct preload_stats stats;
    struct preload_process_stats process;

    write_hints(4096, "1i:1@0 5l:1@1");
    a = open_with("preload=replay");
    (void)wait_for_replay(a);
    stats = stats_of(a);
    b = open_with("preload=replay");
    cr_expect_eq(wait_for_replay(b), PRELOAD_STATE_DONE);
    cr_expect_eq(stats_of(b).issued_requests, stats.issued_requests);
    db_close(a);
    db_close(b);
    preload_process_stats(&process);
    cr_expect_eq(process.prefetches, 1);
    b = open_with("preload=replay");
    (void)wait_for_replay(b);
    preload_process_stats(&process);
    cr_expect_eq(process.prefetches, 2);
    db_close(b);
}

Test(replay, a_close_right_after_the_open_waits_for_the_worker)
{
    write_hints(4096, "1i:1@0 5l:1@1");
    for (int i = 0; i < 200; i++)
        db_close(open_with("preload=replay"));
    cr_expect_eq(preload_log_errors(), 0, "%s", log_heard());
    cr_expect_eq(preload_unregister(), SQLITE_OK);
}

Test(replay, replay_teaches_the_recorder_nothing)
{
    sqlite3 *db;

    write_hints(4096, "1i:1@0 5l:1@1 6l:1@2 7l:1@3 20l:1@4");
    db = open_with("");
    (void)wait_for_replay(db);
    cr_expect_eq(stats_of(db).touched_pages, 0);
    db_close(db);
}

/* As a sandbox, or a kernel before 5.9: for the rest of the process. */
static void deny_close_range(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { .len = COUNT(filter), .filter = filter };

    cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* Whether another process finds the database locked by us for reading. */
static bool is_locked_for_others(void)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        /* The shared bytes of os_unix's lock (os.h, "SHARED_FIRST"). */
        struct flock lock = {
            .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000002, .l_len = 510
        };
        int fd = open(path.s, O_RDWR | O_CLOEXEC);

        if (fd < 0 || fcntl(fd, F_GETLK, &lock) != 0) _exit(2);
        _exit(lock.l_type == F_UNLCK ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 1;
}

/* Handles are closed while a lock is held, so that none is dropped. */
Test(replay, where_workers_get_no_table_of_their_own_the_file_is_read)
{
    sqlite3_stmt *statement;
    sqlite3 *db;

    write_hints(4096, "1i:1@0 5l:1@1 9l:1@2 13l:1@3");
    deny_close_range();
    db = open_with("preload=replay");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    cr_expect_eq(stats_of(db).issued_pages, 4);
    cr_expect_eq(log_times("have no descriptor table of their own"), 1, "%s", log_heard());
    cr_assert_eq(sqlite3_prepare_v2(db, "SELECT id FROM t", -1, &statement, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
    cr_expect(is_locked_for_others());
    cr_assert_eq(sqlite3_finalize(statement), SQLITE_OK);
    db_visit(db, 1, 3);
    cr_assert_eq(sqlite3_prepare_v2(db, "SELECT id FROM t", -1, &statement, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
    cr_expect(is_locked_for_others());
    cr_assert_eq(sqlite3_finalize(statement), SQLITE_OK);
    db_close(db);
}

/* Descriptors of this process that lead to a file of this name. */
static unsigned descriptors_of(const char *name)
{
    unsigned count = 0;

    for (int fd = 0; fd < 200; fd++) {
        char link[64];
        char target[600];
        ssize_t len;

        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        len = readlink(link, target, sizeof target - 1);
        if (len < 0) continue;
        target[len] = '\0';
        count += strcmp(target, name) == 0;
    }
    return count;
}

/* Databases that are read together share four. */
Test(replay, a_process_has_few_handles_over_the_operating_system)
{
    static const char *const names[] = { "a.db", "b.db", "c.db" };
    static const char *const hints[] = { "a.db-preload", "b.db-preload", "c.db-preload" };
    sqlite3 *open[COUNT(names)];
    unsigned descriptors = 0;
    sqlite3 *db;

    deny_close_range();
    for (size_t i = 0; i < COUNT(names); i++) {
        path = scratch(names[i]);
        sidecar = scratch(hints[i]);
        db_make(path.s, 50);
        write_hints(4096, "1i:1@0 5l:1@1 9l:1@2 13l:1@3");
        open[i] = open_with("preload=replay");
        (void)wait_for_replay(open[i]);
        descriptors += descriptors_of(path.s);
    }
    cr_expect_eq(descriptors, COUNT(names) + 4, "%u", descriptors);
    for (size_t i = 0; i < COUNT(names); i++)
        db_close(open[i]);
    db = open_with("preload=replay");
    cr_expect_eq(descriptors_of(path.s), 1 + 4, "those that were closed are free again");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    db_close(db);
}

static bool was_refused(void *unused)
{
    (void)unused;
    preload_say();
    return log_times("the kernel gives no private descriptor table") == 1;
}

/* Whoever finds out is read at its next lock. */
Test(replay, where_a_table_is_denied_later_the_database_is_read)
{
    struct preload_stats stats;
    sqlite3 *db;

    write_hints(4096, "1i:1@0 5l:1@1 9l:1@2 13l:1@3");
    cr_expect_eq(replay_with("preload=replay").state, PRELOAD_STATE_DONE);
    (void)preload_pool_stop();
    deny_close_range();
    db = open_with("preload=replay");
    cr_expect(wait_until(was_refused, NULL), "%s", log_heard());
    cr_expect_eq(stats_of(db).state, PRELOAD_STATE_LOADING);
    db_visit(db, 1, 2);
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    stats = stats_of(db);
    cr_expect_eq(stats.planned_pages, 4);
    cr_expect_eq(stats.issued_pages, 4);
    db_visit(db, 1, 2);
    cr_expect_eq(descriptors_of(path.s), 1, "handles are closed");
    db_close(db);
    stats = replay_with("preload=replay");
    cr_expect_eq(stats.state, PRELOAD_STATE_DONE);
    cr_expect_eq(stats.issued_pages, 4);
}

Test(replay, without_workers_nothing_is_fetched_and_hints_are_saved_at_the_close)
{
    struct preload_stats stats;
    size_t before_len = 0;
    size_t after_len = 0;
    uint8_t *before;
    uint8_t *after;

    write_hints(4096, "1i:1@0 5l:1@1 9l:1@2 13l:1@3");
    before = file_read(sidecar.s, &before_len);
    cr_assert_eq(preload_configure("workers", "0"), SQLITE_OK);
    stats = replay_with("preload_sync=30000");
    after = file_read(sidecar.s, &after_len);
    cr_expect_eq(stats.state, PRELOAD_STATE_OFF);
    cr_expect_eq(stats.reason, PRELOAD_REASON_THREAD);
    cr_expect_eq(stats.issued_pages, 0);
    cr_expect_eq(preload_pool_threads(), 0);
    cr_assert(before && after);
    cr_expect(before_len != after_len || memcmp(before, after, after_len) != 0,
              "nothing was saved");
    cr_expect_eq(preload_log_errors(), 0, "%s", log_heard());
    free(before);
    free(after);
}

/* Long enough that the first credit does not pay for it. */
static void write_long_hints(void)
{
    char pages[1200] = "1i:1@0";
    size_t len = strlen(pages);

    for (unsigned i = 0; i < 45; i++)
        len += (size_t)snprintf(pages + len, sizeof pages - len, " %ul:1@%u", 2 + i, i + 1);
    write_hints(4096, pages);
}

Test(replay, an_open_that_waits_finds_it_done)
{
    struct preload_stats stats;
    sqlite3 *db;

    write_long_hints();
    db = open_with("preload=replay&preload_sync=30000");
    stats = stats_of(db);
    cr_expect_eq(stats.state, PRELOAD_STATE_DONE, "%d", stats.state);
    cr_expect_eq(stats.issued_pages, stats.planned_pages);
    cr_expect_eq(stats.reason, PRELOAD_REASON_NONE);
    db_close(db);
}

/* The rest of a trial cannot be waited for: it waits for the session. */
Test(replay, an_open_that_waits_does_not_wait_for_a_verdict)
{
    const uint64_t began_us = preload_clock_us();
    sqlite3 *db;

    unlink(path.s);
    db_make(path.s, 600);
    db = open_with("");
    db_visit(db, 1, 1600);
    db_close(db);
    db = db_open(path.s, "unix");
    db_run(db, "CREATE TABLE u(x)");
    db_close(db);
    db = open_with("preload_sync=60000");
    cr_expect(preload_clock_us() - began_us < 50000000);
    cr_expect_eq(stats_of(db).state, PRELOAD_STATE_LOADING);
    db_close(db);
}

Test(replay, a_deadline_that_is_over_prefetches_nothing)
{
    struct preload_stats stats;

    write_hints(4096, "1i:1@0 5l:1@1");
    stats = replay_with("preload=replay&preload_replay_ms=0");
    cr_expect_eq(stats.state, PRELOAD_STATE_ABORTED);
    cr_expect_eq(stats.reason, PRELOAD_REASON_DEADLINE);
    cr_expect_eq(stats.issued_pages, 0);
}

Test(replay, hints_for_another_page_size_say_so)
{
    write_hints(8192, "1i:1@0 5l:1@1");
    cr_expect_eq(replay_with("preload=replay").reason, PRELOAD_REASON_PAGE_SIZE);
}

Test(replay, what_was_issued_is_used_or_wasted)
{
    struct preload_stats stats;
    sqlite3 *db;

    write_hints(4096, "1i:1@0 2i:1@1 3l:1@2 30l:1@3 31l:1@4 32l:1@5");
    db = open_with("preload_sync=30000");
    db_visit(db, 1, 1);
    stats = stats_of(db);
    cr_expect_eq(stats.used_pages + stats.wasted_pages, stats.issued_pages);
    cr_expect_eq(stats.used_pages, 3, "%lld", stats.used_pages);
    cr_expect_eq(stats.wasted_pages, 3, "%lld", stats.wasted_pages);
    db_close(db);
}

/* Reads page after page until hints are loaded; how many that took. */
static uint32_t scan_until_loaded(sqlite3 *db, uint32_t most)
{
    sqlite3_file *file = db_file(db);
    uint8_t page[4096];
    uint32_t read = 0;

    for (; read < most && stats_of(db).history_pages == 0; read += 64)
        for (sqlite3_int64 pgno = 200 + read; pgno < 264 + read; pgno++)
            cr_assert_eq(file->pMethods->xRead(file, page, sizeof page, pgno * 4096), SQLITE_OK);
    return read;
}

/* To so many pages, all of them a hole, in the header too. */
static void grow(uint32_t pages)
{
    const uint8_t count[4] = { (uint8_t)(pages >> 24), (uint8_t)(pages >> 16),
                               (uint8_t)(pages >> 8), (uint8_t)pages };
    int fd = open(path.s, O_WRONLY | O_CLOEXEC);

    cr_assert(fd >= 0);
    cr_assert_eq(pwrite(fd, count, sizeof count, 28), sizeof count);
    cr_assert_eq(ftruncate(fd, (off_t)pages * 4096), 0);
    close(fd);
}

/* One that is served by readahead may be helped after all. (A machine that stops the session for a
 * moment has them loaded as well.) */
Test(replay, hints_are_loaded_beside_a_session_that_runs_ahead_in_a_cold_file)
{
    sqlite3 *db;

    write_hints(4096, "1i:1@0 5l:1@1");
    grow(65536);
    db = open_with("");
    db_visit(db, 1, 1);
    cr_expect_lt(scan_until_loaded(db, 20000), 20000);
    db_close(db);
}
