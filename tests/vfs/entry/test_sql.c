#include "vfs/entry/sql.h"

#include <stdio.h>

#include "tests/vfs/common.h"
#include "vfs/process/log.h"

static struct path path;
static sqlite3 *db;

static void begin(void)
{
    scratch_begin();
    log_listen();
    path = scratch("x.db");
    db_make(path.s, 20);
    register_over(NULL);
    db = db_open(path.s, "preload");
}

static void end(void)
{
    (void)sqlite3_close(db);
    scratch_end();
}

TestSuite(sql, .init = begin, .fini = end);

static const struct query_case {
    const char *sql, *want;
} query_cases[] = {
    { "SELECT preload_version()", PRELOAD_VERSION },
    { "SELECT preload_version(1)", "error 1" },
    { "SELECT preload_config('mode')", "on" },
    { "SELECT preload_config('mode', 'record')", "record" },
    { "SELECT preload_config('mode')", "record" },
    { "SELECT preload_config('mode', 'sideways')", "error 1" },
    { "SELECT preload_config('pace', 'x')", "error 1" },
    { "SELECT preload_config('pace', 12.5)", "error 1" },
    { "SELECT preload_config('mode', NULL)", "record" },
    { "SELECT preload_config('budget')", "auto" },
    { "SELECT preload_config('budget', '2M')", "2097152" },
    { "SELECT preload_config('budget', 4096)", "4096" },
    { "SELECT preload_config('budget', '9G')", "1073741824" },
    { "SELECT preload_config('store')", "sidecar" },
    { "SELECT preload_config('store', NULL)", "sidecar" },
    { "SELECT preload_config('store', 'sidecar:/x')", "error 1" },
    { "SELECT preload_config('trace', '/x')", "error 1" },
    { "SELECT preload_config('log', 'stderr')", "error 1" },
    { "SELECT preload_config('base', 'unix')", "error 1" },
    { "SELECT preload_config('uri_paths', 1)", "error 1" },
    { "SELECT preload_config('uri_paths')", "0" },
    { "SELECT preload_config('workers', 4)", "4" },
    { "SELECT preload_config('nothing')", "error 1" },
    { "SELECT preload_config('nothing', 1)", "error 1" },
    { "SELECT preload_config(NULL)", "error 1" },
    { "SELECT preload_config()", "error 1" },
    { "SELECT preload_config('mode', 'on', 1)", "error 1" },
    { "SELECT preload_flush('nowhere')", "NULL" },
    { "SELECT preload_flush('temp')", "NULL" },
    { "SELECT preload_flush(1, 2)", "error 1" },
    { "SELECT count(*) FROM preload_stats", "27" },
    { "SELECT count(*) FROM preload_stats('main')", "27" },
    { "SELECT count(*) FROM preload_stats('MAIN')", "27" },
    { "SELECT count(*) FROM preload_stats(NULL)", "27" },
    { "SELECT count(*) FROM preload_stats('temp')", "0" },
    { "SELECT count(*) FROM preload_stats('nowhere')", "0" },
    { "SELECT count(*) FROM preload_stats WHERE schema = 'nowhere'", "0" },
    { "SELECT count(*) FROM pragma_database_list d, preload_stats(d.name)", "27" },
    { "SELECT count(*) FROM pragma_database_list d JOIN preload_stats s ON s.schema = d.name",
      "27" },
    { "SELECT count(DISTINCT name), count(value), min(rowid), max(rowid) FROM preload_stats",
      "27|27|0|26" },
    { "SELECT group_concat(name) FROM preload_stats",
      "state,history_pages,history_sessions,planned_pages,issued_pages,issued_requests,issued_"
      "bytes,"
      "touched_pages,used_pages,demand_pages,saves,errors,replay_us,reason,resident_pages,"
      "wasted_pages,late_pages,tenth_1_us,tenth_2_us,tenth_3_us,tenth_4_us,tenth_5_us,"
      "tenth_6_us,tenth_7_us,tenth_8_us,tenth_9_us,tenth_10_us" },
    { "INSERT INTO preload_stats VALUES(1, 2)", "error 1" },
    { "DROP TABLE preload_stats", "error 1" },
};

Test(sql, a_query_gives)
{
    (void)wait_for_replay(db);
    for (size_t i = 0; i < COUNT(query_cases); i++)
        expect_text(i, db_text(db, query_cases[i].sql), query_cases[i].want);
}

Test(sql, the_table_says_what_the_structure_says)
{
    struct preload_stats stats;

    (void)wait_for_replay(db);
    db_visit(db, 1, 40);
    stats = stats_of(db);
    expect_text(0, db_text(db, "SELECT value FROM preload_stats WHERE name = 'state'"), "none");
    cr_expect_eq(
        atoi(db_text(db, "SELECT value FROM preload_stats WHERE name = 'touched_pages'").s),
        stats.touched_pages);
    cr_expect_eq(atoi(db_text(db, "SELECT value FROM preload_stats WHERE name = 'replay_us'").s),
                 stats.replay_us);
    expect_text(1, db_text(db, "SELECT typeof(value) FROM preload_stats WHERE name = 'saves'"),
                "integer");
}

Test(sql, a_flush_saves)
{
    db_visit(db, 1, 40);
    expect_text(0, db_text(db, "SELECT preload_flush()"), "1");
    cr_expect(file_exists(scratch("x.db-preload").s));
    expect_text(1, db_text(db, "SELECT preload_flush('main')"), "1");
    expect_text(2, db_text(db, "SELECT value FROM preload_stats WHERE name = 'saves'"), "1");
}

Test(sql, a_flush_that_fails_gives_0)
{
    struct path sidecar = scratch("x.db-preload");

    file_write(sidecar.s, "somebody else's", 15);
    db_visit(db, 1, 40);
    expect_text(0, db_text(db, "SELECT preload_flush()"), "0");
    expect_text(1, db_text(db, "SELECT preload_flush(NULL)"), "1");
}

Test(sql, an_attached_database_has_statistics_of_its_own)
{
    struct path other = scratch("y.db");
    char sql[2000];

    db_make(other.s, 20);
    (void)snprintf(sql, sizeof sql, "ATTACH '%s' AS aux; ATTACH 'file:%s?vfs=unix' AS plain;",
                   other.s, other.s);
    db_run(db, sql);
    db_run(db, "SELECT sum(length(body)) FROM aux.t;");
    db_visit(db, 1, 1);
    cr_expect(atoi(db_text(db, "SELECT value FROM preload_stats('aux') WHERE name = "
                               "'touched_pages'")
                       .s) > 15);
    cr_expect(atoi(db_text(db, "SELECT value FROM preload_stats('main') WHERE name = "
                               "'touched_pages'")
                       .s) < 10);
    expect_text(0, db_text(db, "SELECT value FROM preload_stats('plain') WHERE name = 'reason'"),
                "vfs");
    expect_text(1, db_text(db, "SELECT preload_flush('aux'), preload_flush('plain')"), "1|NULL");
}

#define STATE_AND_REASON                                                                           \
    "SELECT a.value, b.value FROM preload_stats a, preload_stats b WHERE a.name = 'state' AND "    \
    "b.name = 'reason'"

Test(sql, databases_without_a_file_are_not_under_preload)
{
    sqlite3 *memory = db_open(":memory:", "preload");
    sqlite3 *temporary = db_open("", "preload");

    db_run(memory, "CREATE TABLE t(x)");
    db_run(temporary, "CREATE TABLE t(x)");
    expect_text(0, db_text(memory, STATE_AND_REASON), "off|file");
    expect_text(1, db_text(temporary, STATE_AND_REASON), "off|file");
    expect_text(2, db_text(memory, "SELECT preload_flush()"), "NULL");
    expect_text(3, db_text(temporary, "SELECT preload_flush()"), "NULL");
    db_close(memory);
    db_close(temporary);
}

Test(sql, a_bad_value_is_logged_and_a_schema_cannot_call_us)
{
    expect_text(0, db_text(db, "SELECT preload_config('save_ms', 'soon')"), "error 1");
    expect_text(0, db_text(db, "SELECT preload_config('save_ms')"), "30000");
    cr_expect_eq(log_times("preload_config: soon is not a value for save_ms"), 1, "%s",
                 log_heard());
    db_run(db, "CREATE VIEW v AS SELECT preload_config('mode', 'off') AS x;");
    expect_text(1, db_text(db, "SELECT x FROM v"), "error 1");
    expect_text(2, db_text(db, "SELECT preload_config('mode')"), "on");
}

Test(sql, off_at_run_time_is_heard)
{
    expect_text(0, db_text(db, "SELECT preload_config('mode', 'off')"), "off");
    db_visit(db, 1, 40);
    cr_expect_eq(stats_of(db).touched_pages, 0);
}

Test(sql, without_memory_a_statistic_is_an_error_and_nothing_leaks)
{
    for (size_t n = 0; n < 10; n++) {
        struct text text;

        heap_fail_at(n);
        text = db_text(db, "SELECT count(*) FROM preload_stats");
        (void)heap_restore();
        cr_expect(strcmp(text.s, "27") == 0, "n %zu: %s", n, text.s);
    }
}
