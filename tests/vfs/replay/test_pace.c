/* Late pages are fetched as the session comes near them, told with real SQLite. */
#include "tests/vfs/common.h"

static struct path path;

/* A session of 600 rows is learnt, four to a page, by sessions that are long enough for most of it
 * to lie past the look-ahead (160 touches on a local disk). */
static void begin(void)
{
    scratch_begin();
    path = scratch("x.db");
    db_make(path.s, 600);
    register_over(NULL);
    for (int i = 0; i < 3; i++) {
        sqlite3 *db = db_open(path.s, "preload");

        db_visit(db, 1, 1600);
        db_close(db);
    }
}

TestSuite(pace, .init = begin, .fini = scratch_end);

static bool a_hundred_are_issued(void *db)
{
    return stats_of(db).issued_pages >= 100;
}

static bool three_hundred_are_issued(void *db)
{
    return stats_of(db).issued_pages >= 300;
}

Test(pace, a_session_that_ends_early_has_not_paid_for_what_comes_late)
{
    sqlite3 *db = db_open(path.s, "preload");
    struct preload_stats stats;

    cr_assert(wait_until(a_hundred_are_issued, db));
    db_visit(db, 1, 40);
    sleep_ms(300);
    stats = stats_of(db);
    cr_expect_geq(stats.planned_pages, 350);
    cr_expect_leq(stats.issued_pages, 260, "%lld", (long long)stats.issued_pages);
    cr_expect_eq(stats.state, PRELOAD_STATE_LOADING);
    db_close(db);
}

Test(pace, a_session_that_goes_on_gets_all_of_it)
{
    sqlite3 *db = db_open(path.s, "preload");
    struct preload_stats stats;

    cr_assert(wait_until(a_hundred_are_issued, db));
    db_visit(db, 1, 800);
    cr_expect(wait_until(three_hundred_are_issued, db));
    db_visit(db, 801, 1600);
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    stats = stats_of(db);
    cr_expect_eq(stats.issued_pages, stats.planned_pages);
    cr_expect_eq(stats.used_pages, stats.planned_pages);
    db_close(db);
}

static const char *const options[] = { "?preload_pace=0", "?preload=replay" };

Test(pace, without_it_or_without_a_record_all_is_due_at_once)
{
    for (size_t i = 0; i < COUNT(options); i++) {
        struct text name = { "" };
        struct preload_stats stats;
        sqlite3 *db;

        text_add(&name, "file:%s%s", path.s, options[i]);
        db = db_open(name.s, "preload");
        cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE, "row %zu", i);
        stats = stats_of(db);
        cr_expect_eq(stats.issued_pages, stats.planned_pages, "row %zu", i);
        cr_expect_geq(stats.planned_pages, 350, "row %zu", i);
        db_close(db);
    }
}

Test(pace, the_end_of_the_window_ends_the_replay)
{
    struct text name = { "" };
    sqlite3 *db;

    text_add(&name, "file:%s?preload_window_ms=500", path.s);
    db = db_open(name.s, "preload");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    cr_expect_lt(stats_of(db).issued_pages, stats_of(db).planned_pages);
    db_close(db);
}
