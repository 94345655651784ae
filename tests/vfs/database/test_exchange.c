/* Hints leave a database as a message and come to another one, in SQL. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/vfs/common.h"

TestSuite(exchange, .init = scratch_begin, .fini = scratch_end);

static struct text hex_of_export(sqlite3 *db)
{
    return db_text(db, "SELECT hex(preload_export())");
}

Test(exchange, what_one_database_learnt_another_replays)
{
    struct path from = scratch("from.db");
    struct path to = scratch("to.db");
    struct path sidecar = scratch("to.db-preload");
    char sql[sizeof(struct text) + 64];
    struct text hex;
    sqlite3 *db;

    db_make(from.s, 200);
    db_make(to.s, 200);
    register_over(NULL);
    db = db_open(from.s, "preload");
    db_visit(db, 100, 101);
    hex = hex_of_export(db);
    db_close(db);

    db = db_open(to.s, "preload");
    (void)sqlite3_snprintf(sizeof sql, sql, "SELECT preload_import(x'%s')", hex.s);
    cr_expect_str_eq(db_text(db, sql).s, "4", "page 1, the root and two leaves");
    cr_expect(file_exists(sidecar.s), "before anything was read");
    cr_expect_str_eq(db_text(db, sql).s, "4");
    db_run(db, "SELECT preload_config('mode', 'off')");
    db_close(db);

    db_run((db = db_open(":memory:", NULL)), "SELECT preload_config('mode', 'replay')");
    db_close(db);
    db = db_open(to.s, "preload");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    cr_expect_eq(stats_of(db).history_sessions, 1, "the same message twice is one session");
    cr_expect_geq(stats_of(db).issued_pages, 4);
    db_close(db);
}

Test(exchange, nothing_known_is_null_and_a_bad_message_is_an_error)
{
    struct path path = scratch("a.db");
    sqlite3 *db;

    db_make(path.s, 20);
    register_over(NULL);
    db = db_open(path.s, "preload");
    cr_expect_str_eq(db_text(db, "SELECT preload_import(x'')").s, "error 1");
    cr_expect_not_null(strstr(sqlite3_errmsg(db), "preload_import: "));
    cr_expect_str_eq(db_text(db, "SELECT typeof(preload_export('temp'))").s, "null");
    cr_expect_str_eq(db_text(db, "SELECT preload_import(x'00', 'nowhere')").s, "error 1");
    db_close(db);
    db = db_open(":memory:", NULL);
    cr_expect_str_eq(db_text(db, "SELECT typeof(preload_export())").s, "null");
    db_close(db);
}

/* An empty file has no page size yet, and hints without one fit nothing. */
Test(exchange, an_empty_database_takes_no_hints)
{
    struct path from = scratch("from.db");
    struct path to = scratch("to.db");
    char sql[sizeof(struct text) + 64];
    sqlite3 *db;

    db_make(from.s, 200);
    register_over(NULL);
    db = db_open(from.s, "preload");
    db_visit(db, 100, 101);
    (void)sqlite3_snprintf(sizeof sql, sql, "SELECT preload_import(x'%s')", hex_of_export(db).s);
    db_close(db);
    db = db_open(to.s, "preload");
    cr_expect_str_eq(db_text(db, sql).s, "error 1");
    cr_expect_not(file_exists(scratch("to.db-preload").s));
    db_run(db, "CREATE TABLE t(x)");
    cr_expect_str_eq(db_text(db, sql).s, "4");
    db_close(db);
    db = db_open(to.s, "preload");
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    db_close(db);
}

/* A persist request of generation 1 that names no page. */
#define EMPTY_MESSAGE "09000000000001000000000000000000"

static const struct empty_case {
    unsigned pages;
    const char *generation, *want;
} empty_cases[] = {
    { 0, "0", "0" },
    { 20, "0", "0" },
    { 20, "1", "0" },
    { 20, "2", "error 1" },
};

Test(exchange, a_message_without_pages_stores_nothing)
{
    register_over(NULL);
    for (size_t i = 0; i < COUNT(empty_cases); i++) {
        const struct empty_case *row = &empty_cases[i];
        struct text name = { "" };
        char uri[1024];
        sqlite3 *db;

        text_add(&name, "%zu.db", i);
        if (row->pages) db_make(scratch(name.s).s, row->pages);
        (void)snprintf(uri, sizeof uri, "file:%s?preload_generation=%s", scratch(name.s).s,
                       row->generation);
        db = db_open(uri, "preload");
        expect_text(i, db_text(db, "SELECT preload_import(x'" EMPTY_MESSAGE "')"), row->want);
        cr_expect_eq(stats_of(db).saves, 0, "row %zu", i);
        text_add(&name, "-preload");
        cr_expect_not(file_exists(scratch(name.s).s), "row %zu: stored", i);
        db_close(db);
    }
}

/* What is known already stays as it is. */
Test(exchange, a_message_without_pages_takes_nothing_away)
{
    struct path path = scratch("a.db");
    struct path sidecar = scratch("a.db-preload");
    struct path before = scratch("before");
    uint8_t *bytes;
    size_t len;
    sqlite3 *db;

    db_make(path.s, 200);
    register_over(NULL);
    db = db_open(path.s, "preload");
    db_visit(db, 100, 101);
    db_close(db);
    bytes = file_read(sidecar.s, &len);
    cr_assert_not_null(bytes);
    file_write(before.s, bytes, len);
    free(bytes);
    db = db_open(path.s, "preload");
    expect_text(0, db_text(db, "SELECT preload_import(x'" EMPTY_MESSAGE "')"), "0");
    cr_expect(file_equal(sidecar.s, before.s));
    db_close(db);
}
