/* What a session teaches, told with real SQLite: the pages that its program needed, and not those
 * that SQLite went through for reasons of its own. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/vfs/common.h"
#include "vfs/database/database.h"

TestSuite(learning, .init = scratch_begin, .fini = scratch_end);

static struct text on_pages(sqlite3 *db, const char *pragma)
{
    return db_text(db, pragma);
}

static int pages_of(sqlite3 *db)
{
    return atoi(on_pages(db, "PRAGMA page_count").s);
}

static sqlite3_int64 touched(sqlite3 *db)
{
    return stats_of(db).touched_pages;
}

/* Sessions that the hints of a closed database remember. */
static sqlite3_int64 sessions_of(const char *path)
{
    sqlite3 *db = db_open(path, "preload");
    struct preload_stats stats;

    (void)wait_for_replay(db);
    stats = stats_of(db);
    db_close(db);
    return stats.history_sessions;
}

/* A log with `rows` rows of a kilobyte that is not checkpointed at the close. */
static void make_log(const char *path, int rows)
{
    sqlite3 *db = db_open(path, "unix");
    char sql[256];

    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_snprintf(
        sizeof sql, sql,
        "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE t(id INTEGER PRIMARY "
        "KEY, body);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%d)"
        "INSERT INTO t SELECT i, zeroblob(1000) FROM n;",
        rows);
    db_run(db, sql);
    db_close(db);
}

Test(learning, pages_in_the_log_are_known_by_the_shared_index)
{
    struct path path = scratch("a.db");
    sqlite3 *db;

    make_log(path.s, 20000); /* more frames than the first region of the index has */
    register_over(NULL);
    db = db_open(path.s, "preload");
    db_run(db, "SELECT sum(length(body)) FROM t");
    cr_assert_gt(pages_of(db), 4100);
    cr_expect_eq(touched(db), pages_of(db));
    db_close(db);
}

/* No lock says when a transaction ends there. */
Test(learning, a_database_that_is_made_in_exclusive_mode_is_learnt)
{
    struct path path = scratch("a.db");
    sqlite3 *db;

    register_over(NULL);
    db = db_open(path.s, "preload");
    db_run(db, "PRAGMA locking_mode=EXCLUSIVE; CREATE TABLE t(id INTEGER PRIMARY KEY, body);"
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<400)"
               "INSERT INTO t SELECT i, zeroblob(1000) FROM n;"
               "PRAGMA cache_size=10; SELECT sum(length(body)) FROM t");
    cr_expect_geq(touched(db), pages_of(db) - 1);
    db_close(db);
}

static const struct steady_case {
    const char *name, *modes;
} steady_cases[] = {
    { "wal", "PRAGMA journal_mode=WAL" },
    { "exclusive-wal", "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL" },
    { "exclusive", "PRAGMA locking_mode=EXCLUSIVE" },
};

/* Commit by commit a session writes more pages than the database has, and makes tables: that moves
 * no page. */
Test(learning, many_commits_are_no_restore)
{
    register_over(NULL);
    for (size_t i = 0; i < COUNT(steady_cases); i++) {
        struct path path = scratch(steady_cases[i].name);

        db_make(path.s, 84);
        for (unsigned session = 0; session < 3; session++) {
            sqlite3 *db = db_open(path.s, "preload");
            char sql[128];

            (void)wait_for_replay(db);
            db_run(db, steady_cases[i].modes);
            db_visit(db, 1, 50);
            (void)snprintf(sql, sizeof sql, "CREATE TABLE made_%u(x)", session);
            db_run(db, sql);
            for (unsigned row = 1; row <= 100; row++) {
                (void)snprintf(sql, sizeof sql,
                               "UPDATE t SET body = randomblob(1000) WHERE id = %u", row);
                db_run(db, sql);
            }
            db_close(db);
        }
        cr_expect_eq(sessions_of(path.s), 3, "%s", steady_cases[i].name);
    }
}

/* Where the cache is small, one transaction writes a page more than once. */
Test(learning, a_transaction_that_spills_is_no_restore)
{
    static const char *const modes[] = { "PRAGMA journal_mode=DELETE", "PRAGMA journal_mode=WAL" };

    register_over(NULL);
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct path path = scratch(i == 0 ? "delete" : "wal");
        sqlite3 *db;

        db_make(path.s, 84);
        db = db_open(path.s, "preload");
        db_run(db, modes[i]);
        db_visit(db, 1, 100);
        db_close(db);
        db = db_open(path.s, "preload");
        db_run(db, "PRAGMA cache_size=5; BEGIN; CREATE TABLE made(x)");
        for (unsigned round = 0; round < 10; round++)
            db_run(db, "UPDATE t SET body = randomblob(1000) WHERE id <= 100");
        db_run(db, "COMMIT");
        db_close(db);
        cr_expect_eq(sessions_of(path.s), 2, "%s", modes[i]);
    }
}

Test(learning, pages_in_the_log_are_known_by_their_headers_in_exclusive_mode)
{
    struct path path = scratch("a.db");
    sqlite3 *db;

    make_log(path.s, 400);
    register_over(NULL);
    db = db_open(path.s, "preload");
    db_run(db, "PRAGMA locking_mode=EXCLUSIVE; SELECT sum(length(body)) FROM t");
    cr_expect_eq(touched(db), pages_of(db));
    db_run(
        db,
        "UPDATE t SET body = zeroblob(999); PRAGMA cache_size=1; SELECT sum(length(body)) FROM t");
    cr_expect_eq(touched(db), pages_of(db));
    db_close(db);
}

Test(learning, a_checkpoint_teaches_nothing)
{
    struct path path = scratch("a.db");
    sqlite3 *db;

    make_log(path.s, 400);
    register_over(NULL);
    db = db_open(path.s, "preload");
    cr_expect_str_eq(db_text(db, "PRAGMA wal_checkpoint(TRUNCATE)").s, "0|0|0");
    cr_expect_lt(touched(db), 4, "%lld", touched(db));
    db_close(db);
}

static const char *const write_modes[] = {
    "DELETE", "TRUNCATE", "PERSIST", "MEMORY", "OFF", "WAL"
};

Test(learning, what_a_session_writes_the_next_one_needs)
{
    for (size_t i = 0; i < COUNT(write_modes); i++) {
        struct path path = scratch(write_modes[i]);
        char mode[64];
        sqlite3 *db;

        (void)sqlite3_snprintf(sizeof mode, mode, "PRAGMA journal_mode=%s", write_modes[i]);
        register_over(NULL);
        db = db_open(path.s, "preload");
        db_run(db, mode);
        db_run(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, body);"
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<100)"
                   "INSERT INTO t SELECT i, zeroblob(1000) FROM n;");
        cr_expect_eq(touched(db), pages_of(db), "%s: %lld of %d", write_modes[i], touched(db),
                     pages_of(db));
        db_close(db);
    }
}

/* A database and its journal, copied in the middle of a transaction that had spilled. */
static void make_hot(const char *path)
{
    struct path live = scratch("live.db");
    struct path live_journal = scratch("live.db-journal");
    struct path journal;
    sqlite3 *db;
    uint8_t *bytes;
    size_t len;

    db_make(live.s, 400);
    db = db_open(live.s, "unix");
    db_run(db, "PRAGMA cache_size=5; BEGIN; UPDATE t SET body = zeroblob(1000)");
    bytes = file_read(live.s, &len);
    file_write(path, bytes, len);
    free(bytes);
    bytes = file_read(live_journal.s, &len);
    cr_assert_gt(len, 100000);
    (void)sqlite3_snprintf(sizeof journal.s, journal.s, "%s-journal", path);
    file_write(journal.s, bytes, len);
    free(bytes);
    db_run(db, "ROLLBACK");
    db_close(db);
}

Test(learning, playing_a_hot_journal_back_teaches_nothing)
{
    struct path path = scratch("hot.db");
    sqlite3 *db;

    make_hot(path.s);
    register_over(NULL);
    db = db_open(path.s, "preload");
    db_run(db, "SELECT body FROM t WHERE id = 7");
    cr_expect_lt(touched(db), 8, "%lld", touched(db));
    cr_expect_str_eq(db_text(db, "PRAGMA integrity_check").s, "ok");
    db_close(db);
}

Test(learning, a_vacuum_forgets_and_teaches_nothing)
{
    for (int wal = 0; wal < 2; wal++) {
        struct path path = scratch(wal ? "wal.db" : "rollback.db");
        sqlite3 *db;

        db_make(path.s, 400);
        register_over(NULL);
        db = db_open(path.s, "preload");
        if (wal) db_run(db, "PRAGMA journal_mode=WAL");
        db_visit(db, 1, 400);
        cr_expect_gt(touched(db), 100);
        db_run(db, "VACUUM");
        cr_expect_lt(touched(db), 8, "wal %d: %lld", wal, touched(db));
        db_close(db);
    }
}

static void copy_all(sqlite3 *to, sqlite3 *from)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");

    cr_assert_not_null(backup);
    cr_assert_eq(sqlite3_backup_step(backup, -1), SQLITE_DONE);
    cr_assert_eq(sqlite3_backup_finish(backup), SQLITE_OK);
}

Test(learning, a_backup_teaches_neither_side)
{
    struct path path = scratch("from.db");
    struct path copy = scratch("to.db");
    sqlite3 *from;
    sqlite3 *to;

    db_make(path.s, 1000);
    db_make(copy.s, 1000);
    register_over(NULL);
    from = db_open(path.s, "preload");
    to = db_open(copy.s, "preload");
    db_visit(from, 500, 501);
    copy_all(to, from);
    cr_expect_lt(touched(from), 8, "%lld", touched(from));
    cr_expect_lt(touched(to), 8, "%lld", touched(to));
    db_close(from);
    db_close(to);
}

Test(learning, an_integrity_check_teaches_nothing)
{
    struct path path = scratch("a.db");
    sqlite3 *db;

    db_make(path.s, 400);
    register_over(NULL);
    db = db_open(path.s, "preload");
    cr_expect_str_eq(db_text(db, "PRAGMA integrity_check").s, "ok");
    cr_expect_lt(touched(db), 8, "%lld", touched(db));
    db_close(db);
}

Test(learning, a_whole_table_is_worth_remembering)
{
    struct path path = scratch("a.db");
    sqlite3 *db;

    db_make(path.s, 2000);
    register_over(NULL);
    db = db_open(path.s, "preload");
    db_run(db, "SELECT sum(length(body)) FROM t");
    cr_expect_eq(touched(db), pages_of(db));
    db_close(db);
}

Test(learning, mapped_pages_count)
{
    struct path path = scratch("a.db");
    sqlite3 *db;

    db_make(path.s, 400);
    register_over(NULL);
    db = db_open(path.s, "preload");
    cr_expect_str_eq(db_text(db, "PRAGMA mmap_size=100000000").s, "100000000");
    db_run(db, "SELECT sum(length(body)) FROM t");
    cr_expect_eq(touched(db), pages_of(db));
    db_close(db);
}

Test(learning, off_while_open_drops_everything_and_on_begins_anew)
{
    struct path path = scratch("a.db");
    struct path sidecar = scratch("a.db-preload");
    sqlite3 *db;

    db_make(path.s, 400);
    register_over(NULL);
    db = db_open(path.s, "preload");
    db_visit(db, 1, 400);
    db_run(db, "SELECT preload_config('mode', 'off')");
    db_visit(db, 1, 10);
    cr_expect_eq(touched(db), 0);
    db_run(db, "SELECT preload_config('mode', 'on')");
    db_run(db, "PRAGMA cache_size=1");
    db_visit(db, 1, 10);
    cr_expect_gt(touched(db), 0);
    cr_expect_lt(touched(db), 10);
    db_run(db, "SELECT preload_config('mode', 'off')");
    db_close(db);
    cr_expect(!file_exists(sidecar.s));
}

Test(learning, a_trace_names_each_page_once_with_its_time_and_kind)
{
    struct path path = scratch("a.db");
    struct path trace = scratch("trace");
    uint8_t *text;
    size_t len;
    sqlite3 *db;

    db_make(path.s, 20);
    register_over(NULL);
    cr_assert_eq(preload_configure("trace", trace.s), SQLITE_OK);
    db = db_open(path.s, "preload");
    db_visit(db, 1, 1);
    db_run(db, "INSERT INTO t VALUES(1000000, zeroblob(3000))");
    db_close(db);
    text = file_read(trace.s, &len);
    cr_assert_not_null(text);
    text = realloc(text, len + 1);
    text[len] = '\0';
    cr_expect_not_null(strstr((char *)text, "page_size 4096\nsession "), "%s", (char *)text);
    cr_expect_not_null(strstr((char *)text, "\nread 1@"), "%s", (char *)text);
    cr_expect_not_null(strstr((char *)text, "\nwrite "), "%s", (char *)text);
    free(text);
}
