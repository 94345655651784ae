/* Where no hints are known: what is fetched of a real database. */
#include "vfs/replay/explore.h"

#include <stdio.h>
#include <string.h>

#include "tests/vfs/common.h"
#include "vfs/database/save.h"
#include "vfs/entry/shim_file.h"
#include "vfs/process/log.h"

static struct path path;

static void begin(void)
{
    scratch_begin();
    log_listen();
    path = scratch("x.db");
    register_over(NULL);
}

TestSuite(explore, .init = begin, .fini = scratch_end);

/* Small pages and long keys, so that trees are deep. */
static void make_forest(unsigned rows)
{
    sqlite3 *db = db_open(path.s, "unix");
    char *sql = sqlite3_mprintf(
        "PRAGMA page_size=512; CREATE TABLE t(id INTEGER PRIMARY KEY, a, b);"
        "CREATE INDEX ta ON t(a); CREATE TABLE w(k PRIMARY KEY, v) WITHOUT ROWID;"
        "CREATE TABLE empty(x); CREATE VIEW v AS SELECT a FROM t;"
        "CREATE TRIGGER g AFTER INSERT ON empty BEGIN SELECT 1; END;"
        "CREATE TABLE wide(c00 DEFAULT 'a column that is named for its length alone, it seems',"
        " c01 DEFAULT 'a column that is named for its length alone, it seems', c02, c03, c04, c05,"
        " c06 DEFAULT 'and so on, until the row of the schema has an overflow page of its own', "
        "c07,"
        " c08 DEFAULT 'and so on, until the row of the schema has an overflow page of its own', "
        "c09,"
        " c10 DEFAULT 'and so on, until the row of the schema has an overflow page of its own', "
        "c11,"
        " c12 DEFAULT 'and so on, until the row of the schema has an overflow page of its own');"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u)"
        "INSERT INTO t SELECT i, hex(randomblob(40)), 'b' FROM n;"
        "INSERT INTO w SELECT a, id FROM t; INSERT INTO wide(c00) SELECT a FROM t WHERE id < 30;",
        rows);

    db_run(db, sql);
    sqlite3_free(sql);
    db_close(db);
}

static sqlite3 *open_with(const char *parameters)
{
    char uri[600];

    (void)snprintf(uri, sizeof uri, "file:%s?%s", path.s, parameters);
    return db_open(uri, "preload");
}

/* What was fetched for the session; the caller frees it. */
static struct hint_runs fetched_for(sqlite3 *db)
{
    struct database *database = preload_shim_of(db_file(db))->attachment.database;
    struct hint_session session = { 0 };
    struct hint_runs fetched;

    cr_assert_eq(preload_saving_session(&session, &database->saving), HINT_OK);
    fetched = session.fetched;
    session.fetched = (struct hint_runs){ 0 };
    hint_session_free(&session);
    return fetched;
}

/* The pages that SQLite's own table of pages names for a condition. */
static size_t count_fetched(sqlite3 *db, const struct hint_runs *fetched, const char *condition,
                            size_t *all)
{
    char *sql = sqlite3_mprintf("SELECT pageno FROM dbstat WHERE %s", condition);
    sqlite3_stmt *statement = NULL;
    size_t found = 0;

    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(db));
    for (*all = 0; sqlite3_step(statement) == SQLITE_ROW; ++*all)
        found += hint_runs_contains(fetched, (uint32_t)sqlite3_column_int64(statement, 0));
    cr_assert_eq(sqlite3_finalize(statement), SQLITE_OK);
    sqlite3_free(sql);
    return found;
}

#define ALL SIZE_MAX

static const struct part_case {
    const char *condition;
    size_t most; /* fetched; ALL: all there are */
} part_cases[] = {
    { "pagetype = 'internal'", ALL },
    { "path = '/'", ALL },
    { "name = 'sqlite_schema' AND pagetype <> 'overflow'", ALL },
    /* One of each tree that is deeper than its root: t, ta, w, wide. */
    { "pagetype = 'leaf' AND path <> '/' AND name <> 'sqlite_schema'", 4 },
    { "pagetype = 'overflow'", 0 },
};

Test(explore, roots_and_interior_pages_and_the_schema)
{
    struct preload_stats stats;
    struct hint_runs fetched;
    sqlite3 *reader;
    sqlite3 *db;

    make_forest(1000);
    db = open_with("");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_NONE);
    stats = stats_of(db);
    fetched = fetched_for(db);
    cr_expect_eq((sqlite3_int64)hint_runs_pages(&fetched), stats.issued_pages);
    cr_expect_eq(stats.planned_pages, stats.issued_pages);
    reader = db_open(path.s, "unix");
    for (size_t i = 0; i < COUNT(part_cases); i++) {
        size_t all;
        size_t found = count_fetched(reader, &fetched, part_cases[i].condition, &all);

        cr_expect(all > 0, "row %zu", i);
        if (part_cases[i].most != ALL)
            cr_expect_leq(found, part_cases[i].most, "row %zu: %zu of %zu", i, found, all);
        else
            cr_expect_eq(found, all, "row %zu: %zu of %zu", i, found, all);
    }
    db_close(reader);
    db_close(db);
    hint_runs_free(&fetched);
    cr_expect_eq(preload_log_errors(), 0, "%s", log_heard());
}

Test(explore, what_was_fetched_is_used_by_the_first_lookup)
{
    sqlite3 *db;

    make_forest(1000);
    db = open_with("");
    (void)wait_for_replay(db);
    db_run(db, "SELECT a FROM t WHERE id = 500; SELECT v FROM w WHERE k = 'x'");
    cr_expect_gt(stats_of(db).used_pages, 4, "%lld", stats_of(db).used_pages);
    cr_expect_leq(stats_of(db).demand_pages, 4, "%lld", stats_of(db).demand_pages);
    db_close(db);
}

static const struct option_case {
    const char *parameters;
    sqlite3_int64 least, most;
} option_cases[] = {
    { "preload_walk=1", 10, 1024 }, { "preload_walk=0", 0, 0 },
    { "preload=record", 0, 0 },     { "preload=replay", 10, 1024 },
    { "preload_budget=0", 0, 0 },   { "preload_budget=511", 0, 0 },
    { "preload_budget=2K", 4, 4 },  { "preload_budget=1G", 10, 1024 },
};

Test(explore, options_and_the_budget_bind)
{
    make_forest(1000);
    for (size_t i = 0; i < COUNT(option_cases); i++) {
        const struct option_case *row = &option_cases[i];
        sqlite3 *db = open_with(row->parameters);
        struct preload_stats stats;

        (void)wait_for_replay(db);
        stats = stats_of(db);
        cr_expect(stats.issued_pages >= row->least && stats.issued_pages <= row->most,
                  "row %zu: %lld", i, stats.issued_pages);
        db_close(db);
    }
}

Test(explore, at_most_1024_pages)
{
    sqlite3 *db;

    make_forest(15000);
    db = open_with("");
    (void)wait_for_replay(db);
    cr_expect_eq(stats_of(db).issued_pages, 1024);
    db_close(db);
}

Test(explore, not_where_hints_are_known)
{
    sqlite3 *db;

    make_forest(1000);
    db = open_with("");
    db_run(db, "SELECT count(*) FROM empty");
    db_close(db);
    db = open_with("");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    cr_expect_lt(stats_of(db).issued_pages, 10);
    db_close(db);
}

Test(explore, a_close_ends_it)
{
    make_forest(1000);
    for (int i = 0; i < 100; i++)
        db_close(open_with(""));
    cr_expect_eq(preload_log_errors(), 0, "%s", log_heard());
    cr_expect_eq(preload_unregister(), SQLITE_OK);
}

Test(explore, pages_that_live_in_the_log_are_left_out)
{
    sqlite3 *writer;
    sqlite3 *db;

    make_forest(300);
    writer = db_open(path.s, "unix");
    db_run(writer, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; VACUUM");
    db = open_with("");
    (void)wait_for_replay(db);
    cr_expect_eq(stats_of(db).issued_pages, 1, "%lld: page 1 leads to the others",
                 stats_of(db).issued_pages);
    db_close(db);
    db_close(writer);
}

static const char *const no_databases[] = { "", "SQLite format 3", "something else altogether" };

Test(explore, what_is_no_database_gets_nothing)
{
    for (size_t i = 0; i < COUNT(no_databases); i++) {
        sqlite3 *db;

        file_write(path.s, no_databases[i], strlen(no_databases[i]));
        db = open_with("");
        cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_NONE);
        cr_expect_eq(stats_of(db).issued_pages, 0);
        db_close(db);
    }
    cr_expect_eq(preload_log_errors(), 0, "%s", log_heard());
}
