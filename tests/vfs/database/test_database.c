#include "vfs/database/database.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vfs/common.h"
#include "vfs/process/clock.h"
#include "vfs/process/log.h"

static struct path path, sidecar;

static void begin(void)
{
    scratch_begin();
    path = scratch("x.db");
    sidecar = scratch("x.db-preload");
    db_make(path.s, 50);
    register_over(NULL);
}

TestSuite(database, .init = begin, .fini = scratch_end);

Test(database, the_last_close_saves_and_the_next_open_replays)
{
    sqlite3 *db = db_open(path.s, "preload");
    struct preload_stats stats;

    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_NONE);
    db_visit(db, 10, 40);
    stats = stats_of(db);
    cr_expect(stats.touched_pages >= 10, "%lld", stats.touched_pages);
    cr_expect_eq(stats.demand_pages + stats.used_pages, stats.touched_pages);
    cr_expect_leq(stats.used_pages, stats.issued_pages);
    db_close(db);
    cr_expect(file_exists(sidecar.s));
    db = db_open(path.s, "preload");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    db_visit(db, 10, 40);
    cr_expect_eq(stats_of(db).history_sessions, 1);
    cr_expect_eq(stats_of(db).history_pages, stats.touched_pages);
    cr_expect_eq(stats_of(db).used_pages, stats.touched_pages);
    cr_expect_eq(stats_of(db).demand_pages, 0);
    db_close(db);
}

Test(database, two_names_of_one_file_share_one_state)
{
    struct path hard = scratch("hard.db");
    struct path soft = scratch("soft.db");
    sqlite3 *db = db_open(path.s, "preload");
    sqlite3 *by_symlink;
    sqlite3 *by_link;
    sqlite3_int64 touched;

    cr_assert_eq(link(path.s, hard.s), 0);
    cr_assert_eq(symlink("x.db", soft.s), 0);
    by_symlink = db_open(soft.s, "preload");
    by_link = db_open(hard.s, "preload");
    db_visit(db, 10, 40);
    touched = stats_of(db).touched_pages;
    db_visit(by_symlink, 10, 40);
    db_visit(by_link, 10, 40);
    cr_expect_eq(stats_of(db).touched_pages, touched);
    cr_expect_eq(stats_of(by_symlink).touched_pages, touched);
    cr_expect_eq(stats_of(by_link).touched_pages, touched);
    db_visit(by_link, 100, 120);
    cr_expect(stats_of(db).touched_pages > touched);
    db_close(db);
    db_close(by_link);
    cr_expect_not(file_exists(sidecar.s), "only the last close saves");
    db_close(by_symlink);
    cr_expect(file_exists(sidecar.s));
    cr_expect_not(file_exists(scratch("hard.db-preload").s));
}

Test(database, two_files_have_two_states)
{
    struct path other = scratch("y.db");
    sqlite3 *a = db_open(path.s, "preload");
    sqlite3 *b;

    db_make(other.s, 50);
    b = db_open(other.s, "preload");
    db_visit(a, 1, 100);
    db_visit(b, 1, 1);
    cr_expect(stats_of(b).touched_pages < stats_of(a).touched_pages);
    db_close(a);
    db_close(b);
}

Test(database, what_a_closed_connection_touched_counts_for_the_session)
{
    sqlite3 *a = db_open(path.s, "preload");
    sqlite3 *b = db_open(path.s, "preload");
    sqlite3_int64 touched;

    db_visit(a, 1, 40);
    db_visit(b, 60, 90);
    touched = stats_of(a).touched_pages;
    db_close(b);
    cr_expect_eq(stats_of(a).touched_pages, touched);
    db_close(a);
    a = db_open(path.s, "preload");
    (void)wait_for_replay(a);
    cr_expect_eq(stats_of(a).history_pages, touched);
    cr_expect_eq(stats_of(a).history_sessions, 1);
    db_close(a);
}

Test(database, a_session_without_a_touch_saves_nothing)
{
    sqlite3 *db = db_open(path.s, "preload");

    db_close(db);
    cr_expect_not(file_exists(sidecar.s));
    cr_expect_eq(preload_log_errors(), 0);
}

Test(database, where_nothing_can_be_written_the_process_remembers)
{
    struct path folder = scratch("");
    sqlite3 *db;

    obey_permissions();
    cr_assert_eq(chmod(folder.s, 0555), 0);
    db = db_open(path.s, "preload");
    db_visit(db, 10, 40);
    db_close(db);
    cr_expect_not(file_exists(sidecar.s));
    db = db_open(path.s, "preload");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    cr_expect_eq(stats_of(db).history_sessions, 1);
    db_visit(db, 10, 40);
    cr_expect_eq(stats_of(db).demand_pages, 0);
    db_close(db);
    db = db_open(path.s, "preload");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    cr_expect_eq(stats_of(db).history_sessions, 2);
    db_close(db);
    cr_assert_eq(chmod(folder.s, 0755), 0);
    cr_expect_eq(preload_unregister(), SQLITE_OK);
}

/* A file's numbers are given to another one as soon as it is removed. Here both names lead to one
 * file. */
Test(database, what_the_process_remembers_is_of_the_name_too)
{
    struct path other = scratch("other.db");
    char uri[600];
    sqlite3 *db;

    cr_assert_eq(link(path.s, other.s), 0);
    (void)snprintf(uri, sizeof uri, "file:%s?mode=ro", path.s);
    db = db_open(uri, "preload");
    db_visit(db, 10, 40);
    db_close(db);
    (void)snprintf(uri, sizeof uri, "file:%s?mode=ro", other.s);
    db = db_open(uri, "preload");
    (void)wait_for_replay(db);
    cr_expect_eq(stats_of(db).history_sessions, 0);
    db_close(db);
}

/* The last one to close need not be the one that learnt. */
Test(database, what_was_learnt_is_saved_whoever_closes_last)
{
    char uri[600];
    sqlite3 *learns = db_open(path.s, "preload");
    sqlite3 *replays;

    (void)snprintf(uri, sizeof uri, "file:%s?preload=replay", path.s);
    replays = db_open(uri, "preload");
    db_visit(learns, 10, 40);
    db_visit(replays, 10, 40);
    db_close(learns);
    db_close(replays);
    cr_expect(file_exists(sidecar.s));
}

/* A reader's session waits for a connection that may save it, and VACUUM empties it. */
Test(database, a_session_that_was_emptied_saves_nothing)
{
    char uri[600];
    sqlite3 *reader;
    sqlite3 *writer;

    (void)snprintf(uri, sizeof uri, "file:%s?mode=ro", path.s);
    reader = db_open(uri, "preload");
    db_visit(reader, 10, 40);
    cr_expect_eq(preload_flush(reader, NULL), SQLITE_OK);
    writer = db_open(path.s, "preload");
    db_run(writer, "VACUUM");
    db_close(writer);
    db_close(reader);
    cr_expect_not(file_exists(sidecar.s));
    cr_expect_eq(preload_log_errors(), 0);
}

Test(database, what_the_process_remembers_goes_where_the_next_open_says)
{
    struct path folder = scratch("");
    struct path hints = scratch("hints");
    char store[1200];
    sqlite3 *db;

    obey_permissions();
    cr_assert_eq(mkdir(hints.s, 0700), 0);
    cr_assert_eq(chmod(folder.s, 0555), 0);
    db = db_open(path.s, "preload");
    db_visit(db, 10, 40);
    db_close(db);
    (void)snprintf(store, sizeof store, "sidecar:%s", hints.s);
    cr_assert_eq(preload_configure("store", store), SQLITE_OK);
    db = db_open(path.s, "preload");
    (void)wait_for_replay(db);
    db_visit(db, 10, 40);
    cr_expect_eq(preload_flush(db, "main"), SQLITE_OK);
    db_close(db);
    cr_expect_eq(rmdir(hints.s), -1, "the sidecar is in there");
    cr_assert_eq(chmod(folder.s, 0755), 0);
    cr_expect_eq(preload_unregister(), SQLITE_OK);
}

Test(database, sixteen_databases_are_remembered_at_most)
{
    struct path folder = scratch("");
    struct path paths[DATABASES_DORMANT_MAX + 4];

    for (size_t i = 0; i < COUNT(paths); i++) {
        char name[32];

        (void)snprintf(name, sizeof name, "%zu.db", i);
        paths[i] = scratch(name);
        db_make(paths[i].s, 20);
    }
    obey_permissions();
    cr_assert_eq(chmod(folder.s, 0555), 0);
    for (size_t i = 0; i < COUNT(paths); i++) {
        sqlite3 *db = db_open(paths[i].s, "preload");

        db_visit(db, 1, 1);
        db_close(db);
    }
    /* From the last one back, so that a wake does not push out one that is asked for later. */
    for (size_t i = COUNT(paths); i-- > 0;) {
        char uri[600];
        sqlite3 *db;

        (void)snprintf(uri, sizeof uri, "file:%s?preload=replay", paths[i].s);
        db = db_open(uri, "preload");
        cr_expect_eq(wait_for_replay(db), i < 4 ? PRELOAD_STATE_NONE : PRELOAD_STATE_DONE,
                     "database %zu", i);
        db_close(db);
    }
    cr_assert_eq(chmod(folder.s, 0755), 0);
    cr_expect_eq(preload_unregister(), SQLITE_OK);
}

Test(database, a_vacuum_forgets_the_session_of_all_connections)
{
    sqlite3 *a = db_open(path.s, "preload");
    sqlite3 *b = db_open(path.s, "preload");
    sqlite3_int64 touched;

    db_visit(a, 1, 100);
    db_visit(b, 1, 120);
    touched = stats_of(a).touched_pages;
    db_run(a, "DELETE FROM t WHERE id > 10; VACUUM;");
    cr_expect(stats_of(a).touched_pages < touched / 2, "%lld of %lld", stats_of(a).touched_pages,
              touched);
    db_visit(b, 1, 10);
    cr_expect(stats_of(b).touched_pages < touched / 2);
    db_close(a);
    db_close(b);
}

/* The mode is each connection's own. */
Test(database, a_vacuum_ends_no_recording)
{
    char uri[600];
    sqlite3 *a;
    sqlite3 *b;

    (void)snprintf(uri, sizeof uri, "file:%s?preload=replay", path.s);
    a = db_open(uri, "preload");
    b = db_open(path.s, "preload");
    db_run(b, "PRAGMA cache_size=2; VACUUM;");
    db_visit(b, 1, 100);
    cr_expect(stats_of(b).touched_pages > 20, "%lld", stats_of(b).touched_pages);
    db_close(a);
    db_close(b);
}

Test(database, another_page_size_after_a_vacuum_is_followed)
{
    sqlite3 *db = db_open(path.s, "preload");

    db_visit(db, 1, 100);
    db_run(db, "PRAGMA page_size=1024; VACUUM;");
    db_close(db);
    db = db_open(path.s, "preload");
    db_visit(db, 1, 100);
    cr_expect(stats_of(db).touched_pages > 100);
    db_close(db);
    db = db_open(path.s, "preload");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    cr_expect(stats_of(db).history_pages > 100);
    db_close(db);
}

Test(database, a_file_deleted_while_open_leaves_no_hints)
{
    sqlite3 *db = db_open(path.s, "preload");

    db_visit(db, 1, 100);
    cr_assert_eq(remove(path.s), 0);
    db_close(db);
    cr_expect_not(file_exists(sidecar.s));
    cr_expect_eq(preload_log_errors(), 0);
}

Test(database, a_file_replaced_while_open_gets_no_hints_of_the_old_one)
{
    struct path other = scratch("y.db");
    sqlite3 *db = db_open(path.s, "preload");

    db_make(other.s, 3);
    db_visit(db, 1, 100);
    cr_assert_eq(rename(other.s, path.s), 0);
    db_close(db);
    cr_expect_not(file_exists(sidecar.s));
    db = db_open(path.s, "preload");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_NONE);
    db_close(db);
}

static void *release_soon(void *fd)
{
    sleep_ms(200);
    close(*(int *)fd);
    return NULL;
}

/* The sidecar is locked; a save in the background waits for it when the database closes. The save
 * at the close waits as well, and gets the lock. */
Test(database, a_close_cancels_a_save_that_waits_and_saves_itself)
{
    struct path tmp = scratch("x.db-preload-tmp");
    int fd = open(tmp.s, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    pthread_t releaser;
    uint64_t began_us;
    char uri[600];
    sqlite3 *db;

    cr_assert(fd >= 0 && flock(fd, LOCK_EX) == 0);
    (void)snprintf(uri, sizeof uri, "file:%s?preload_lock_ms=10000", path.s);
    db = db_open(uri, "preload");
    db_visit(db, 1, 100);
    sleep_ms(2500);
    began_us = preload_clock_us();
    cr_assert_eq(pthread_create(&releaser, NULL, release_soon, &fd), 0);
    db_close(db);
    cr_expect(preload_clock_us() - began_us < 5000000);
    cr_expect(file_exists(sidecar.s), "what was learnt is lost");
    cr_assert_eq(pthread_join(releaser, NULL), 0);
}

Test(database, a_save_that_found_the_lock_taken_is_tried_again)
{
    struct path tmp = scratch("x.db-preload-tmp");
    int fd = open(tmp.s, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    char uri[600];
    sqlite3 *db;

    cr_assert(fd >= 0 && flock(fd, LOCK_EX) == 0);
    (void)snprintf(uri, sizeof uri, "file:%s?preload_lock_ms=0", path.s);
    db = db_open(uri, "preload");
    db_visit(db, 1, 100);
    cr_expect_eq(preload_flush(db, "main"), SQLITE_ERROR);
    close(fd);
    db_close(db);
    cr_expect(file_exists(sidecar.s), "what was learnt is lost");
}

/* A child that inherited the connection closes it, or leaves it: neither saves nor hangs. */
Test(database, a_forked_child_leaves_the_parents_session_alone)
{
    sqlite3 *db = db_open(path.s, "preload");
    pid_t child;
    int status;

    db_visit(db, 1, 100);
    child = fork();
    if (child == 0) {
        sqlite3 *own;

        (void)sqlite3_close(db);
        if (file_exists(sidecar.s)) _exit(1);
        if (sqlite3_open_v2(path.s, &own, SQLITE_OPEN_READWRITE, "preload") != SQLITE_OK) _exit(2);
        if (sqlite3_exec(own, "SELECT count(*) FROM t", NULL, NULL, NULL) != SQLITE_OK) _exit(3);
        if (sqlite3_close(own) != SQLITE_OK) _exit(4);
        _exit(file_exists(sidecar.s) ? 0 : 5);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect_eq(WEXITSTATUS(status), 0, "status %d", status);
    db_close(db);
    db = db_open(path.s, "preload");
    (void)wait_for_replay(db);
    cr_expect_eq(stats_of(db).history_sessions, 2);
    db_close(db);
}

Test(database, a_read_only_mode_records_and_saves_where_the_host_says_so)
{
    char uri[600];
    sqlite3 *db;

    (void)snprintf(uri, sizeof uri, "file:%s?mode=ro&immutable=1", path.s);
    db = db_open(uri, "preload");
    db_visit(db, 1, 50);
    db_close(db);
    cr_expect_not(file_exists(sidecar.s));
    cr_assert_eq(preload_configure("store", "sidecar"), SQLITE_OK);
    db = db_open(uri, "preload");
    db_visit(db, 1, 50);
    db_close(db);
    cr_expect(file_exists(sidecar.s));
}

static const struct mode_case {
    const char *mode;
    bool replays, records;
} mode_cases[] = {
    { "off", false, false },
    { "record", false, true },
    { "replay", true, false },
    { "on", true, true },
};

Test(database, a_mode_says_what_is_done)
{
    sqlite3 *db = db_open(path.s, "preload");

    db_visit(db, 1, 50);
    db_close(db);
    for (size_t i = 0; i < COUNT(mode_cases); i++) {
        const struct mode_case *row = &mode_cases[i];
        struct preload_stats stats;
        char uri[600];

        (void)snprintf(uri, sizeof uri, "file:%s?preload=%s", path.s, row->mode);
        db = db_open(uri, "preload");
        cr_expect_eq(wait_for_replay(db), row->replays ? PRELOAD_STATE_DONE : PRELOAD_STATE_OFF,
                     "row %zu", i);
        db_visit(db, 1, 50);
        cr_expect_eq(preload_stats_of(db, "main", &stats), i == 0 ? SQLITE_NOTFOUND : SQLITE_OK,
                     "row %zu", i);
        cr_expect_eq(stats.touched_pages > 0, row->records, "row %zu", i);
        cr_expect_eq(stats.issued_pages > 0, row->replays, "row %zu", i);
        db_close(db);
    }
    db = db_open(path.s, "preload");
    (void)wait_for_replay(db);
    cr_expect_eq(stats_of(db).history_sessions, 3);
    db_close(db);
}

Test(database, off_leaves_no_file_no_thread_and_no_state)
{
    sqlite3 *db;

    cr_assert_eq(preload_configure("mode", "off"), SQLITE_OK);
    db = db_open(path.s, "preload");
    db_visit(db, 1, 50);
    cr_expect_eq(preload_pool_threads(), 0);
    db_close(db);
    cr_expect_not(file_exists(sidecar.s));
    cr_expect_eq(preload_unregister(), SQLITE_OK);
}
