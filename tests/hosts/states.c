/* What the statistics say of databases that are not fetched: each has a state, and a reason. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hosts/host.h"
#include "tests/hosts/veil.h"

static void expect(sqlite3 *db, const char *schema, const char *want)
{
    char sql[256];
    const char *got;

    (void)snprintf(sql, sizeof sql,
                   "SELECT coalesce(group_concat(value, ': '), 'none') FROM preload_stats('%s')"
                   " WHERE name IN ('state', 'reason')",
                   schema);
    got = host_text(db, sql);
    HOST_CHECK(strcmp(got, want) == 0, "%s: %s, not %s", schema, got, want);
}

static void load(void)
{
    sqlite3 *db = host_open(":memory:", NULL);

    host_load(db, true);
    host_close(db);
}

static sqlite3 *use(const char *name, const char *vfs)
{
    sqlite3 *db = host_open(name, vfs);

    host_run(db, "CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES(1); SELECT * FROM t");
    return db;
}

static void off_in_a_uri(void)
{
    sqlite3 *db;

    load();
    db = use("file:x.db?preload=off", NULL);
    expect(db, "main", "off: mode");
    HOST_CHECK(atoi(host_text(db, "SELECT count(*) FROM preload_stats")) > 20, "rows are missing");
    host_close(db);
    db = use("file:x.db?preload=record", NULL);
    expect(db, "main", "off: mode");
    host_close(db);
}

static void off_in_the_environment(void)
{
    sqlite3 *db;

    HOST_CHECK(setenv("SQLITE_PRELOAD", "off", 1) == 0, "setenv");
    load();
    db = use("x.db", NULL);
    expect(db, "main", "off: mode");
    host_close(db);
}

static void off_in_sql(void)
{
    sqlite3 *db;

    load();
    host_close(use("x.db", NULL));
    db = host_open("x.db", NULL);
    host_run(db, "SELECT preload_config('mode', 'off'); ATTACH 'y.db' AS y; CREATE TABLE y.t(x)");
    expect(db, "y", "off: mode");
    host_close(db);
}

static void opened_before_the_load(void)
{
    sqlite3 *db = use("x.db", NULL);

    host_load(db, true);
    expect(db, "main", "off: opened before");
    host_close(db);
    db = host_open("x.db", "unix");
    expect(db, "main", "off: vfs");
    host_run(db, "ATTACH ':memory:' AS m; CREATE TABLE m.t(x); CREATE TEMP TABLE u(x)");
    expect(db, "m", "off: file");
    expect(db, "temp", "off: file");
    expect(db, "nowhere", "none");
    host_close(db);
}

/* As SQLCipher does: what reaches us has no header. */
static void encrypted(void)
{
    sqlite3 *db;

    load();
    veil_load_over("preload", 0);
    for (int i = 0; i < 2; i++) {
        db = use("x.db", "veil");
        expect(db, "main", "off: no header");
        host_close(db);
    }
}

static const struct host_case cases[] = {
    { "off_in_a_uri", off_in_a_uri }, { "off_in_the_environment", off_in_the_environment },
    { "off_in_sql", off_in_sql },     { "opened_before_the_load", opened_before_the_load },
    { "encrypted", encrypted },
};

HOST_MAIN(cases)
