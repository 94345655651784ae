#include "vfs/database/save.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/vfs/common.h"
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

TestSuite(save, .init = begin, .fini = scratch_end);

static sqlite3 *open_with(const char *parameters)
{
    char uri[600];

    (void)snprintf(uri, sizeof uri, "file:%s?%s", path.s, parameters);
    return db_open(uri, "preload");
}

static bool is_saved(void *unused)
{
    (void)unused;
    return file_exists(sidecar.s);
}

struct saves {
    sqlite3 *db;
    sqlite3_int64 want;
};

static bool are_saved(void *ctx)
{
    const struct saves *saves = ctx;

    return stats_of(saves->db).saves >= saves->want;
}

static bool wait_for_saves(sqlite3 *db, sqlite3_int64 want)
{
    struct saves saves = { db, want };

    return wait_until(are_saved, &saves);
}

static ino_t inode_of_sidecar(void)
{
    struct stat st;

    cr_assert_eq(stat(sidecar.s, &st), 0);
    return st.st_ino;
}

Test(save, a_session_that_settled_is_saved_without_a_close)
{
    sqlite3 *db = open_with("");

    db_visit(db, 1, 60);
    cr_expect(wait_until(is_saved, NULL));
    cr_expect(wait_for_saves(db, 1));
    cr_expect_eq(stats_of(db).saves, 1);
    db_close(db);
}

/* The interval is a minute here: only the settling can have brought the save. */
Test(save, a_session_that_begins_late_is_saved_when_it_settles)
{
    sqlite3 *db = open_with("preload_save_ms=60000");

    sleep_ms(1500);
    db_visit(db, 1, 60);
    cr_expect(wait_until(is_saved, NULL));
    db_close(db);
}

Test(save, an_interval_without_news_writes_nothing)
{
    sqlite3 *db = open_with("preload_save_ms=50");
    ino_t inode;

    db_visit(db, 1, 60);
    cr_assert(wait_for_saves(db, 1));
    inode = inode_of_sidecar();
    sleep_ms(500);
    cr_expect_eq(inode_of_sidecar(), inode);
    cr_expect_eq(stats_of(db).saves, 1);
    db_visit(db, 1, 60);
    db_close(db);
    cr_expect_eq(inode_of_sidecar(), inode);
}

Test(save, an_interval_with_news_writes_them)
{
    sqlite3 *db = open_with("preload_save_ms=50");

    db_visit(db, 1, 60);
    cr_assert(wait_for_saves(db, 1));
    db_visit(db, 61, 120);
    cr_assert(wait_for_saves(db, 2));
    db_close(db);
    db = open_with("");
    (void)wait_for_replay(db);
    cr_expect_eq(stats_of(db).history_sessions, 1, "one session, saved twice");
    db_visit(db, 1, 120);
    cr_expect_eq(stats_of(db).demand_pages, 0);
    db_close(db);
}

Test(save, a_flush_saves_now_and_once)
{
    sqlite3 *db = open_with("");
    ino_t inode;

    cr_expect_eq(preload_flush(db, NULL), SQLITE_OK);
    cr_expect_not(file_exists(sidecar.s));
    db_visit(db, 1, 60);
    cr_expect_eq(preload_flush(db, NULL), SQLITE_OK);
    inode = inode_of_sidecar();
    cr_expect_eq(preload_flush(db, "main"), SQLITE_OK);
    cr_expect_eq(inode_of_sidecar(), inode);
    cr_expect_eq(stats_of(db).saves, 1);
    db_close(db);
    cr_expect_eq(inode_of_sidecar(), inode);
}

Test(save, a_flush_that_fails_says_so_once)
{
    sqlite3 *db = open_with("");
    sqlite3_int64 errors;

    file_write(sidecar.s, "somebody else's", 15);
    db_visit(db, 1, 60);
    cr_expect_eq(preload_flush(db, NULL), SQLITE_ERROR);
    errors = stats_of(db).errors;
    cr_expect_eq(errors, 1);
    db_close(db);
    cr_expect_eq(preload_unregister(), SQLITE_OK);
}

Test(save, nothing_is_recorded_after_the_window)
{
    sqlite3 *db = open_with("preload_window_ms=1&preload_save_ms=50");
    sqlite3_int64 touched;

    sleep_ms(20);
    db_visit(db, 1, 60);
    touched = stats_of(db).touched_pages;
    db_visit(db, 61, 120);
    cr_expect_eq(stats_of(db).touched_pages, touched);
    db_close(db);
}

Test(save, the_windows_page_cap_holds_for_all_connections_together)
{
    sqlite3 *a = open_with("preload_window_pages=10");
    sqlite3 *b = open_with("preload_window_pages=10");

    db_visit(a, 1, 60);
    db_visit(b, 61, 120);
    cr_expect_eq(stats_of(a).touched_pages, 10);
    db_close(a);
    db_close(b);
    a = open_with("");
    (void)wait_for_replay(a);
    cr_expect_eq(stats_of(a).history_pages, 10);
    db_close(a);
}

Test(save, a_window_without_pages_or_time_records_nothing)
{
    static const char *const parameters[] = { "preload_window_pages=0", "preload_window_ms=0" };

    for (size_t i = 0; i < COUNT(parameters); i++) {
        sqlite3 *db = open_with(parameters[i]);

        db_visit(db, 1, 60);
        cr_expect_eq(stats_of(db).touched_pages, 0);
        cr_expect_eq(preload_flush(db, NULL), SQLITE_OK);
        db_close(db);
        cr_expect_not(file_exists(sidecar.s));
    }
    cr_expect_eq(preload_log_errors(), 0);
}

Test(save, a_session_is_the_union_of_its_connections_in_order)
{
    sqlite3 *a = open_with("");
    sqlite3 *b = open_with("");
    struct preload_stats stats;

    db_visit(a, 1, 30);
    db_visit(b, 20, 60);
    stats = stats_of(a);
    db_visit(a, 1, 60);
    cr_expect_eq(stats_of(a).touched_pages, stats.touched_pages);
    db_close(a);
    db_close(b);
}

/* One readahead fetches it whole, so a file beside it would be one more for nothing. */
Test(save, a_small_database_gets_no_sidecar_and_is_fetched_whole)
{
    struct preload_stats stats;
    sqlite3 *db;

    path = scratch("small.db");
    sidecar = scratch("small.db-preload");
    db_make(path.s, 10);
    for (unsigned i = 0; i < 2; i++) {
        db = open_with("preload_walk=1");
        cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_NONE);
        stats = stats_of(db);
        cr_expect_eq(stats.reason, PRELOAD_REASON_SMALL);
        cr_expect_gt(stats.planned_pages, 5);
        cr_expect_eq(stats.issued_pages, stats.planned_pages);
        cr_expect_eq(stats.issued_requests, 1);
        db_visit(db, 1, 20);
        db_close(db);
    }
    cr_expect_not(file_exists(sidecar.s));
    /* The host knows better. */
    db = open_with("preload_small=0");
    db_visit(db, 1, 20);
    db_close(db);
    cr_expect(file_exists(sidecar.s));
    cr_assert_eq(unlink(sidecar.s), 0);
    db = open_with("");
    db_visit(db, 1, 20);
    cr_expect_eq(preload_flush(db, NULL), SQLITE_OK);
    db_close(db);
    cr_expect(file_exists(sidecar.s));
}
