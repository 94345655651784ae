/* A host that has libpreload.a inside and loads the extension, too: what it says to either copy is
 * heard by the one that serves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hosts/host.h"

#define TOUCHED "SELECT value FROM preload_stats WHERE name = 'touched_pages'"

static void load(void)
{
    char *error = NULL;
    sqlite3 *db = host_open(":memory:", NULL);

    HOST_CHECK(host_load_from(db, PRELOAD_BUILD "/preloaddefault", NULL, &error) == SQLITE_OK, "%s",
               error ? error : "");
    host_close(db);
}

/* By what SQL says, and by what is opened. */
static void expect_mode(const char *want)
{
    const char *chain = strcmp(want, "off") == 0 ? "unix" : "preload/unix";
    sqlite3 *db = host_open("x.db", NULL);
    const char *got = host_text(db, "SELECT preload_config('mode')");

    HOST_CHECK(strcmp(got, want) == 0, "%s, not %s", got, want);
    HOST_CHECK(strcmp(host_chain(db), chain) == 0, "%s", host_chain(db));
    host_close(db);
}

static void expect_option(const char *name, const char *want)
{
    sqlite3 *db = host_open("x.db", NULL);
    char sql[64];

    (void)snprintf(sql, sizeof sql, "SELECT preload_config('%s')", name);
    HOST_CHECK(strcmp(host_text(db, sql), want) == 0, "%s: %s", name, host_text(db, sql));
    host_close(db);
}

static void configure(const char *value)
{
    HOST_CHECK(preload_configure("mode", value) == SQLITE_OK, "%s", value);
}

static void off_is_handed_over(void)
{
    load();
    HOST_CHECK(preload_register(NULL) == SQLITE_OK, "register");
    expect_mode("on");
    configure("off");
    expect_mode("off");
    configure("on");
    expect_mode("on");
    HOST_CHECK(preload_configure("mode", "sideways") == SQLITE_ERROR, "a bad value");
    HOST_CHECK(preload_configure("nothing", "1") == SQLITE_ERROR, "a bad name");
}

static void off_before_the_copy_is_registered_is_handed_over(void)
{
    load();
    configure("off");
    expect_mode("off");
}

/* Nor is it ever registered. */
static void off_before_the_other_came_is_heard(void)
{
    configure("off");
    load();
    expect_mode("off");
    configure("on");
    expect_mode("on");
}

static void what_was_set_before_the_other_came_is_heard_with_the_options(void)
{
    static const char *const options[] = { "save_ms=777", NULL };

    configure("off");
    HOST_CHECK(preload_configure("lock_ms", "55") == SQLITE_OK, "lock_ms");
    load();
    HOST_CHECK(preload_register(&(struct preload_config){ .options = options }) == SQLITE_OK,
               "register");
    expect_mode("off");
    expect_option("lock_ms", "55");
    expect_option("save_ms", "777");
}

static void count_no_memory(void)
{
    HOST_CHECK(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK, "config");
}

static void off_is_heard_where_sqlite_counts_no_memory(void)
{
    count_no_memory();
    load();
    configure("off");
    expect_mode("off");
}

static void off_between_two_uses_of_sqlite_is_heard(void)
{
    load();
    HOST_CHECK(sqlite3_shutdown() == SQLITE_OK, "shutdown");
    configure("off");
    HOST_CHECK(sqlite3_config(SQLITE_CONFIG_MULTITHREAD) == SQLITE_OK, "it was initialized");
    load();
    expect_mode("off");
}

/* What SQL says to the one that serves holds for the other when that serves. */
static void sql_is_heard_by_the_other(void)
{
    sqlite3 *db;

    load();
    db = host_open("x.db", NULL);
    HOST_CHECK(strcmp(host_text(db, "SELECT preload_config('mode', 'off')"), "off") == 0, "SQL");
    host_close(db);
    HOST_CHECK(sqlite3_vfs_unregister(sqlite3_vfs_find("preload")) == SQLITE_OK, "taken out");
    HOST_CHECK(preload_register(&(struct preload_config){ .make_default = 1 }) == SQLITE_OK,
               "register");
    expect_mode("off");
}

/* They look at each read. */
static void off_is_heard_by_open_connections(void)
{
    sqlite3 *db;

    count_no_memory();
    load();
    db = host_open("x.db", NULL);
    host_run(db, "CREATE TABLE t(x); INSERT INTO t VALUES(1)");
    HOST_CHECK(atoi(host_text(db, TOUCHED)) > 0, "%s", host_text(db, TOUCHED));
    configure("off");
    host_run(db, "CREATE TABLE u AS SELECT randomblob(100000); PRAGMA shrink_memory");
    host_run(db, "SELECT * FROM u");
    HOST_CHECK(atoi(host_text(db, TOUCHED)) < 9, "%s", host_text(db, TOUCHED));
    host_close(db);
}

static void the_counters_are_the_processs(void)
{
    struct preload_process_stats stats;

    preload_process_stats(&stats);
    HOST_CHECK(stats.opens == 0, "%lld", stats.opens);
    load();
    expect_mode("on");
    preload_process_stats(&stats);
    HOST_CHECK(stats.opens > 0 && stats.wrapped == 1, "%lld %lld", stats.opens, stats.wrapped);
}

static void the_copy_that_serves_is_not_asked_twice(void)
{
    HOST_CHECK(preload_register(&(struct preload_config){ .make_default = 1 }) == SQLITE_OK,
               "register");
    load();
    configure("off");
    expect_mode("off");
}

/* It cannot be told, so it is no success. */
static void a_foreign_vfs_of_our_name_is_an_error(void)
{
    static sqlite3_vfs foreign;

    foreign = *sqlite3_vfs_find("unix");
    foreign.zName = "preload";
    HOST_CHECK(sqlite3_vfs_register(&foreign, 0) == SQLITE_OK, "register");
    host_close(host_open("x.db", NULL));
    HOST_CHECK(preload_configure("mode", "off") == SQLITE_ERROR, "nobody heard it");
}

static void a_foreign_vfs_is_an_error_where_sqlite_counts_no_memory(void)
{
    count_no_memory();
    a_foreign_vfs_of_our_name_is_an_error();
}

static void sqlite_may_still_be_configured(void)
{
    configure("record");
    HOST_CHECK(sqlite3_config(SQLITE_CONFIG_MULTITHREAD) == SQLITE_OK, "it was initialized");
}

static const struct host_case cases[] = {
    { "off_is_handed_over", off_is_handed_over },
    { "off_before_the_copy_is_registered_is_handed_over",
      off_before_the_copy_is_registered_is_handed_over },
    { "off_before_the_other_came_is_heard", off_before_the_other_came_is_heard },
    { "what_was_set_before_the_other_came_is_heard_with_the_options",
      what_was_set_before_the_other_came_is_heard_with_the_options },
    { "off_is_heard_where_sqlite_counts_no_memory", off_is_heard_where_sqlite_counts_no_memory },
    { "off_between_two_uses_of_sqlite_is_heard", off_between_two_uses_of_sqlite_is_heard },
    { "sql_is_heard_by_the_other", sql_is_heard_by_the_other },
    { "off_is_heard_by_open_connections", off_is_heard_by_open_connections },
    { "the_counters_are_the_processs", the_counters_are_the_processs },
    { "a_foreign_vfs_is_an_error_where_sqlite_counts_no_memory",
      a_foreign_vfs_is_an_error_where_sqlite_counts_no_memory },
    { "the_copy_that_serves_is_not_asked_twice", the_copy_that_serves_is_not_asked_twice },
    { "a_foreign_vfs_of_our_name_is_an_error", a_foreign_vfs_of_our_name_is_an_error },
    { "sqlite_may_still_be_configured", sqlite_may_still_be_configured },
};

HOST_MAIN(cases)
