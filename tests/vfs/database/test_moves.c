/* When pages move, told with real SQLite: what a session notes of its database, and what becomes of
 * the hints. */
#include <stdio.h>
#include <string.h>

#include "tests/vfs/common.h"
#include "vfs/database/database.h"
#include "vfs/database/save.h"
#include "vfs/entry/shim_file.h"
#include "vfs/process/log.h"
#include "vfs/store/sidecar_format.h"

static struct path path, sidecar;

static void begin(void)
{
    scratch_begin();
    log_listen();
    path = scratch("x.db");
    sidecar = scratch("x.db-preload");
    db_make(path.s, 200);
    register_over(NULL);
    /* What is on probation is seen more clearly where nothing else holds a fetch back. */
    cr_assert_eq(preload_configure("pace", "0"), SQLITE_OK);
}

TestSuite(moves, .init = begin, .fini = scratch_end);

/* The running session's evidence, without its touches. */
static struct hint_session session_now(sqlite3 *db)
{
    struct hint_session session = { 0 };

    cr_assert_eq(preload_saving_session(&session,
                                        &preload_shim_of(db_file(db))->attachment.database->saving),
                 HINT_OK);
    free(session.touches);
    hint_runs_free(&session.fetched);
    return session;
}

/* Through a connection that is not ours. */
static void run_elsewhere(const char *sql)
{
    sqlite3 *db = db_open(path.s, "unix");

    db_run(db, sql);
    db_close(db);
}

static uint32_t number(sqlite3 *db, const char *sql)
{
    return (uint32_t)strtoul(db_text(db, sql).s, NULL, 10);
}

static void expect_evidence(const struct hint_evidence *got, sqlite3 *db, const char *when)
{
    cr_expect_eq(got->page_size, number(db, "PRAGMA page_size"), "%s", when);
    cr_expect_eq(got->page_count, number(db, "PRAGMA page_count"), "%s: %u", when, got->page_count);
    cr_expect_eq(got->schema_cookie, number(db, "PRAGMA schema_version"), "%s: %u", when,
                 got->schema_cookie);
    cr_expect_neq(got->schema_hash, 0, "%s", when);
}

static bool evidence_equal(const struct hint_evidence *a, const struct hint_evidence *b)
{
    return a->page_size == b->page_size && a->page_count == b->page_count &&
           a->schema_cookie == b->schema_cookie && a->schema_hash == b->schema_hash;
}

Test(moves, before_the_first_transaction_only_the_page_size_is_known)
{
    sqlite3 *db = db_open(path.s, "preload");
    struct hint_session session = session_now(db);

    cr_expect(evidence_equal(&session.first, &(struct hint_evidence){ .page_size = 4096 }));
    cr_expect(evidence_equal(&session.last, &(struct hint_evidence){ .page_size = 4096 }));
    db_close(db);
}

static const char *const modes[] = { "DELETE", "TRUNCATE", "WAL" };

/* What the session changes itself, its touches go along with. */
Test(moves, own_changes_are_of_the_latest_evidence_and_not_of_the_first)
{
    for (size_t i = 0; i < COUNT(modes); i++) {
        char sql[64];
        sqlite3 *db;
        struct hint_session session;
        struct hint_evidence first;

        (void)snprintf(sql, sizeof sql, "PRAGMA journal_mode=%s", modes[i]);
        db = db_open(path.s, "preload");
        db_run(db, sql);
        db_visit(db, 1, 3);
        session = session_now(db);
        first = session.first;
        expect_evidence(&session.first, db, modes[i]);
        cr_expect(evidence_equal(&session.last, &first), "%s", modes[i]);
        (void)snprintf(sql, sizeof sql, "CREATE TABLE u%zu(x); INSERT INTO u%zu VALUES(1)", i, i);
        db_run(db, sql);
        session = session_now(db);
        cr_expect(evidence_equal(&session.first, &first), "%s", modes[i]);
        expect_evidence(&session.last, db, modes[i]);
        cr_expect_neq(session.last.schema_cookie, first.schema_cookie, "%s", modes[i]);
        cr_expect_neq(session.last.schema_hash, first.schema_hash, "%s", modes[i]);
        cr_expect_not(session.moved);
        db_close(db);
    }
}

/* The file's own header says another cookie than the log. */
Test(moves, a_schema_that_lives_in_the_log_is_the_one_that_counts)
{
    sqlite3 *writer = db_open(path.s, "unix");
    struct hint_session session;
    sqlite3 *db;

    db_run(writer, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
                   "CREATE TABLE u(x); CREATE TABLE v(x)");
    db = db_open(path.s, "preload");
    db_visit(db, 1, 3);
    session = session_now(db);
    expect_evidence(&session.first, db, "WAL");
    cr_expect(evidence_equal(&session.first, &session.last));
    db_close(db);
    db_close(writer);
}

static const char *const changes_of_others[] = { "VACUUM", "CREATE TABLE u(x)",
                                                 "DELETE FROM t WHERE id > 60; VACUUM",
                                                 "DROP TABLE t; VACUUM" };

Test(moves, what_others_change_in_between_leaves_the_evidence_as_it_was)
{
    for (size_t i = 0; i < COUNT(changes_of_others); i++) {
        struct hint_session before, after;
        sqlite3 *db = db_open(path.s, "preload");

        db_run(db, "SELECT count(*) FROM sqlite_schema");
        before = session_now(db);
        run_elsewhere(changes_of_others[i]);
        db_run(db, "SELECT count(*) FROM sqlite_schema");
        after = session_now(db);
        cr_expect(evidence_equal(&after.last, &before.last), "row %zu", i);
        cr_expect_not(after.moved, "row %zu", i);
        db_close(db);
    }
}

Test(moves, what_others_append_is_of_the_latest_evidence)
{
    sqlite3 *db = db_open(path.s, "preload");
    struct hint_session session;

    db_visit(db, 1, 3);
    run_elsewhere("INSERT INTO t SELECT id + 10000, body FROM t");
    db_visit(db, 1, 3);
    session = session_now(db);
    expect_evidence(&session.last, db, "appended");
    cr_expect_lt(session.first.page_count, session.last.page_count);
    db_close(db);
}

static void restore(sqlite3 *to)
{
    struct path other = scratch("other.db");
    sqlite3_backup *backup;
    sqlite3 *from;

    db_make(other.s, 700);
    from = db_open(other.s, "unix");
    backup = sqlite3_backup_init(to, "main", from, "main");
    cr_assert_not_null(backup);
    cr_assert_eq(sqlite3_backup_step(backup, -1), SQLITE_DONE);
    cr_assert_eq(sqlite3_backup_finish(backup), SQLITE_OK);
    db_close(from);
}

static void vacuum(sqlite3 *db)
{
    db_run(db, "VACUUM");
}

static void change_page_size(sqlite3 *db)
{
    db_run(db, "PRAGMA page_size=8192; VACUUM");
}

static void append(sqlite3 *db)
{
    db_run(db,
           "INSERT INTO t SELECT id + 10000, body FROM t; INSERT INTO t SELECT id + 20000, body "
           "FROM t; INSERT INTO t SELECT id + 40000, body FROM t");
}

static const struct move_case {
    const char *name;
    void (*move)(sqlite3 *db);
    bool moved;
} move_cases[] = {
    { "vacuum", vacuum, true },
    { "page size", change_page_size, true },
    { "restore", restore, true },
    { "append", append, false },
};

Test(moves, a_session_knows_that_it_moved_the_pages_itself)
{
    for (size_t i = 0; i < COUNT(move_cases); i++) {
        sqlite3 *db;

        path = scratch(move_cases[i].name);
        db_make(path.s, 200);
        db = db_open(path.s, "preload");
        db_visit(db, 1, 300);
        move_cases[i].move(db);
        cr_expect_eq(session_now(db).moved, move_cases[i].moved, "%s", move_cases[i].name);
        db_close(db);
    }
}

/* The book in the sidecar; the caller frees it. */
static struct hint_book stored_book(void)
{
    struct hint_book book = { 0 };
    uint64_t generation;
    size_t len;
    uint8_t *bytes = file_read(sidecar.s, &len);

    cr_assert_not_null(bytes);
    cr_assert_null(preload_sidecar_decode(&book, &generation, bytes, len, 1 << 20));
    free(bytes);
    return book;
}

static void visit(const char *parameters, unsigned first, unsigned last)
{
    char uri[600];
    sqlite3 *db;

    (void)snprintf(uri, sizeof uri, "file:%s?%s", path.s, parameters);
    db = db_open(uri, "preload");
    (void)wait_for_replay(db);
    db_visit(db, first, last);
    db_close(db);
}

Test(moves, a_session_that_moved_the_pages_leaves_the_hints_to_the_next_one)
{
    struct hint_book before, after;
    sqlite3 *db;

    visit("", 1, 100);
    before = stored_book();
    db = db_open(path.s, "preload");
    db_visit(db, 200, 300);
    db_run(db, "VACUUM");
    db_visit(db, 200, 300);
    db_close(db);
    after = stored_book();
    cr_expect(histories_equal(&after.shared, &before.shared));
    cr_expect(evidence_equal(&after.evidence, &before.evidence));
    hint_book_free(&before);
    hint_book_free(&after);
}

/* Nothing but the schema is new when the session ends. */
Test(moves, a_schema_that_changes_after_the_last_touch_is_saved)
{
    struct hint_book book;
    sqlite3 *db;

    db = db_open(path.s, "preload");
    db_visit(db, 1, 100);
    db_run(db, "CREATE TABLE u(x)");
    cr_assert_eq(preload_flush(db, "main"), SQLITE_OK);
    db_run(db, "DROP TABLE u");
    db_visit(db, 1, 3);
    {
        struct hint_session session = session_now(db);

        db_close(db);
        book = stored_book();
        cr_expect(evidence_equal(&book.evidence, &session.last));
    }
    hint_book_free(&book);
}

Test(moves, the_hints_know_what_was_prefetched)
{
    struct hint_book book;
    size_t fetched = 0;

    visit("preload_walk=0", 1, 100);
    visit("", 1, 3);
    book = stored_book();
    cr_assert_eq(book.shared.session_count, 2);
    for (size_t i = 0; i < book.shared.len; i++) {
        cr_expect_eq(book.shared.pages[i].fetched & 2, 0, "nothing was there to be prefetched");
        fetched += book.shared.pages[i].fetched & 1;
    }
    cr_expect_eq(fetched, book.shared.len, "%zu of %zu", fetched, book.shared.len);
    hint_book_free(&book);
}

/* A database of some 1500 pages, a third of which a session has read. */
static void learn_much(void)
{
    path = scratch("much.db");
    sidecar = scratch("much.db-preload");
    db_make(path.s, 2000);
    visit("", 1, 2000);
}

static sqlite3 *open_with(const char *parameters)
{
    char uri[600];

    (void)snprintf(uri, sizeof uri, "file:%s?%s", path.s, parameters);
    return db_open(uri, "preload");
}

/* What is fetched before anything was read: at the most what costs as much as four misses. */
#define TRIAL_PAGES_MAX 80

/* The prefetch has done what it may. */
static bool waits(void *db)
{
    struct preload_stats stats = stats_of(db);

    return stats.issued_pages > 0 || stats.state != PRELOAD_STATE_LOADING;
}

static struct preload_stats stats_at_rest(sqlite3 *db)
{
    cr_assert(wait_until(waits, db));
    sleep_ms(50);
    return stats_of(db);
}

static const struct change_case {
    const char *sql; /* by others */
    bool trusted;
} change_cases[] = {
    { "INSERT INTO t VALUES(100000, zeroblob(3000))", true },
    { "UPDATE t SET body = zeroblob(1000) WHERE id % 7 = 0", true },
    { "CREATE TABLE u(x)", false },
    { "VACUUM", false },
    { "DELETE FROM t WHERE id % 3 = 0; VACUUM", false },
};

Test(moves, the_evidence_decides_whether_all_is_fetched_at_once)
{
    for (size_t i = 0; i < COUNT(change_cases); i++) {
        struct preload_stats stats;
        sqlite3 *db;

        learn_much();
        run_elsewhere(change_cases[i].sql);
        db = open_with("");
        stats = stats_at_rest(db);
        cr_expect(stats.planned_pages > 400, "row %zu: %lld", i, stats.planned_pages);
        if (change_cases[i].trusted) {
            cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE, "row %zu", i);
            cr_expect_eq(stats_of(db).issued_pages, stats.planned_pages, "row %zu", i);
        } else {
            cr_expect_eq(stats.state, PRELOAD_STATE_LOADING, "row %zu: %s", i, log_heard());
            cr_expect(stats.issued_pages > 0, "row %zu", i);
            cr_expect(stats.issued_pages <= TRIAL_PAGES_MAX, "row %zu: %lld", i,
                      stats.issued_pages);
        }
        db_close(db);
        (void)remove(path.s);
        (void)remove(sidecar.s);
    }
}

Test(moves, own_tables_are_no_reason_to_doubt)
{
    sqlite3 *db;

    learn_much();
    db = open_with("");
    db_visit(db, 1, 1000);
    db_run(db, "CREATE TABLE u(x); CREATE INDEX i ON u(x); INSERT INTO u VALUES(1)");
    db_close(db);
    db = open_with("");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    cr_expect_gt(stats_of(db).issued_pages, 400);
    db_close(db);
}

Test(moves, hints_that_hold_are_reinstated)
{
    sqlite3 *db;

    learn_much();
    run_elsewhere("CREATE TABLE u(x)");
    db = open_with("");
    cr_expect_leq(stats_at_rest(db).issued_pages, TRIAL_PAGES_MAX);
    db_visit(db, 1, 200);
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE, "%s", log_heard());
    cr_expect_eq(stats_of(db).issued_pages, stats_of(db).planned_pages);
    db_visit(db, 1, 2000);
    cr_expect_lt(stats_of(db).demand_pages, 10);
    db_close(db);
    db = open_with("");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    cr_expect_eq(stats_of(db).history_sessions, 2);
    db_close(db);
}

Test(moves, hints_that_do_not_hold_are_dropped_and_learnt_anew)
{
    struct preload_stats stats;
    struct hint_book book;
    sqlite3 *db;

    learn_much();
    run_elsewhere("VACUUM");
    db = open_with("");
    (void)stats_at_rest(db);
    db_visit(db, 4000, 5000);
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_ABORTED);
    db_visit(db, 5001, 5002);
    stats = stats_of(db);
    cr_expect_leq(stats.issued_pages, TRIAL_PAGES_MAX);
    cr_expect_eq(log_times("the pages have moved since they were learnt"), 1, "%s", log_heard());
    db_close(db);
    book = stored_book();
    cr_expect_eq(book.shared.session_count, 1);
    cr_expect_eq((sqlite3_int64)book.shared.len, stats.touched_pages);
    hint_book_free(&book);
    db = open_with("");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    db_visit(db, 4000, 5000);
    cr_expect_lt(stats_of(db).demand_pages, 10, "%lld", stats_of(db).demand_pages);
    db_close(db);
}

Test(moves, a_trial_ends_with_the_record_window)
{
    sqlite3 *db;

    learn_much();
    run_elsewhere("VACUUM");
    db = open_with("preload_window_ms=300");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_ABORTED);
    db_visit(db, 1, 1);
    cr_expect_eq(log_times("too little was read to judge them by"), 1, "%s", log_heard());
    cr_expect_leq(stats_of(db).issued_pages, TRIAL_PAGES_MAX);
    db_close(db);
}

Test(moves, without_a_record_there_is_nothing_to_judge_by)
{
    sqlite3 *db;

    learn_much();
    run_elsewhere("VACUUM");
    db = open_with("preload=replay");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_ABORTED);
    db_visit(db, 1, 1);
    cr_expect_eq(log_times("no reads are recorded to judge them by"), 1, "%s", log_heard());
    db_close(db);
}

Test(moves, a_close_during_a_trial_ends_it)
{
    learn_much();
    run_elsewhere("VACUUM");
    for (int i = 0; i < 50; i++) {
        sqlite3 *db = open_with("");

        if (i % 2) sleep_ms(3);
        db_close(db);
    }
    cr_expect_eq(preload_log_errors(), 0, "%s", log_heard());
    cr_expect_eq(preload_unregister(), SQLITE_OK);
}

static void copy_file(const char *from, const char *to)
{
    size_t len;
    uint8_t *bytes = file_read(from, &len);

    cr_assert_not_null(bytes);
    file_write(to, bytes, len);
    free(bytes);
}

Test(moves, a_copy_with_the_same_content_is_trusted)
{
    struct path copy = scratch("copy.db");
    sqlite3 *db;

    learn_much();
    copy_file(path.s, copy.s);
    copy_file(sidecar.s, scratch("copy.db-preload").s);
    path = copy;
    db = open_with("");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    cr_expect_gt(stats_of(db).issued_pages, 400);
    db_close(db);
}

Test(moves, another_database_under_the_same_name_is_not)
{
    sqlite3 *db;

    learn_much();
    db = db_open(scratch("other.db").s, "unix");
    db_run(db, "CREATE TABLE somethingelse(id INTEGER PRIMARY KEY, body);"
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)"
               "INSERT INTO somethingelse SELECT i, randomblob(1000) FROM n;");
    db_close(db);
    copy_file(scratch("other.db").s, path.s);
    db = open_with("");
    cr_expect_eq(stats_at_rest(db).state, PRELOAD_STATE_LOADING);
    cr_expect_leq(stats_of(db).issued_pages, TRIAL_PAGES_MAX);
    db_close(db);
}

/* The cookie stays; pages from the end took the places of those that were freed. */
Test(moves, a_file_that_auto_vacuum_has_shrunk_is_judged)
{
    sqlite3 *db;

    path = scratch("auto.db");
    sidecar = scratch("auto.db-preload");
    db = db_open(path.s, "unix");
    db_run(db, "PRAGMA auto_vacuum=FULL");
    db_close(db);
    db_make(path.s, 2000);
    db = db_open(path.s, "unix");
    cr_assert_eq(number(db, "PRAGMA auto_vacuum"), 1);
    db_close(db);
    visit("", 1, 2000);
    run_elsewhere("DELETE FROM t WHERE id BETWEEN 1000 AND 2500");
    db = open_with("");
    cr_expect_eq(stats_at_rest(db).state, PRELOAD_STATE_LOADING);
    cr_expect_leq(stats_of(db).issued_pages, TRIAL_PAGES_MAX, "%lld", stats_of(db).issued_pages);
    db_close(db);
}

Test(moves, pages_of_another_size_are_learnt_anew)
{
    struct hint_book book;

    learn_much();
    run_elsewhere("PRAGMA page_size=8192; VACUUM");
    visit("", 1, 100);
    book = stored_book();
    cr_expect_eq(book.evidence.page_size, 8192);
    cr_expect_eq(book.shared.session_count, 1);
    hint_book_free(&book);
}

Test(moves, a_profile_has_a_history_of_its_own)
{
    struct hint_book book;
    sqlite3 *db;

    visit("preload_profile=a", 1, 100);
    visit("preload_profile=a", 1, 100);
    visit("preload_profile=b", 400, 500);
    visit("", 1, 3);
    book = stored_book();
    cr_assert_eq(book.profile_count, 2);
    cr_expect_str_eq(book.profiles[0].name, "b");
    cr_expect_eq(book.profiles[0].history.session_count, 1);
    cr_expect_eq(book.profiles[1].history.session_count, 2);
    cr_expect_eq(book.shared.session_count, 4);
    hint_book_free(&book);
    /* The budget is the usual session's of the profile, which its own pages fill first. */
    db = open_with("preload_profile=b");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    db_visit(db, 400, 500);
    cr_expect_lt(stats_of(db).demand_pages, 3, "%lld", stats_of(db).demand_pages);
    db_close(db);
}
