/* Loading: once we are registered it succeeds, and what the host has defined itself stays. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hosts/host.h"

#define EXPECT_TEXT(db, sql, want)                                                                 \
    do {                                                                                           \
        const char *got = host_text(db, sql);                                                      \
        HOST_CHECK(strcmp(got, want) == 0, "%s: %s", sql, got);                                    \
    } while (0)

/* What the host's log is told. */
static char logged[1024];

static void hear(void *unused, int code, const char *text)
{
    size_t len = strlen(logged);

    (void)unused;
    (void)snprintf(logged + len, sizeof logged - len, "%d %s\n", code, text);
}

/* SELECT load_extension(…), by whatever way this host has. */
static void load_in_statement(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    host_load(sqlite3_context_db_handle(context), false);
    sqlite3_result_int(context, 1);
}

static sqlite3 *open_able_to_load(const char *name)
{
    sqlite3 *db = host_open(name, NULL);
    int rc = sqlite3_create_function_v2(db, "load_it", 0, SQLITE_UTF8, NULL, load_in_statement,
                                        NULL, NULL, NULL);

    HOST_CHECK(rc == SQLITE_OK, "%d", rc);
    return db;
}

static void in_a_statement_it_is_loaded_as_often_as_one_likes(void)
{
    HOST_CHECK(sqlite3_config(SQLITE_CONFIG_LOG, hear, NULL) == SQLITE_OK, "log");
    for (int i = 0; i < 3; i++) {
        sqlite3 *db = open_able_to_load("x.db");

        for (int j = 0; j < 3; j++) {
            EXPECT_TEXT(db, "SELECT load_it()", "1");
            HOST_CHECK(sqlite3_errcode(db) == SQLITE_OK, "%s", sqlite3_errmsg(db));
            EXPECT_TEXT(db, "SELECT preload_version()", PRELOAD_VERSION);
            host_load(db, false);
            HOST_CHECK(sqlite3_errcode(db) == SQLITE_OK, "%s", sqlite3_errmsg(db));
        }
        host_close(db);
    }
    HOST_CHECK(!logged[0], "%s", logged);
}

/* Its own table is being read at that moment. */
static void in_a_statement_on_the_statistics_it_is_loaded(void)
{
    sqlite3 *db = open_able_to_load("x.db");

    host_load(db, true);
    host_close(db);
    db = open_able_to_load("x.db");
    host_run(db, "CREATE TABLE t(x)");
    EXPECT_TEXT(db, "SELECT count(*) > 5 AND sum(load_it()) = count(*) FROM preload_stats", "1");
    EXPECT_TEXT(db, "SELECT max(name) FROM preload_stats a JOIN (SELECT load_it()) ON 1",
                "wasted_pages");
    host_close(db);
}

static void say_mine(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    sqlite3_result_text(context, "mine", -1, SQLITE_STATIC);
}

static void define_mine(sqlite3 *db, const char *name, int arguments)
{
    int rc = sqlite3_create_function_v2(db, name, arguments, SQLITE_UTF8, NULL, say_mine, NULL,
                                        NULL, NULL);

    HOST_CHECK(rc == SQLITE_OK, "%s: %d", name, rc);
}

static void a_function_of_the_host_stays(void)
{
    sqlite3 *db = open_able_to_load("x.db");

    define_mine(db, "preload_version", 0);
    define_mine(db, "preload_config", -1);
    EXPECT_TEXT(db, "SELECT load_it()", "1");
    host_load(db, true);
    EXPECT_TEXT(db, "SELECT preload_version()", "mine");
    EXPECT_TEXT(db, "SELECT preload_config('mode')", "mine");
    EXPECT_TEXT(db, "SELECT preload_config('mode', 'off')", "mine");
    EXPECT_TEXT(db, "SELECT preload_flush('temp') IS NULL", "1");
    host_close(db);
    db = host_open("x.db", NULL);
    host_run(db, "CREATE TABLE t(x)");
    EXPECT_TEXT(db, "SELECT preload_version()", PRELOAD_VERSION);
    EXPECT_TEXT(db, "SELECT preload_config('mode')", "on");
    host_close(db);
}

/* A table of the host's under the name of ours. */
static int connect_mine(sqlite3 *db, void *aux, int argc, const char *const *argv,
                        sqlite3_vtab **out, char **error)
{
    (void)aux;
    (void)argc;
    (void)argv;
    *error = sqlite3_mprintf("mine");
    *out = NULL;
    (void)db;
    return SQLITE_ERROR;
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    (void)info;
    return SQLITE_OK;
}

static const sqlite3_module my_module = { .xConnect = connect_mine, .xBestIndex = best_index };

static int define_first(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
    (void)error;
    (void)api;
    define_mine(db, "preload_flush", 0);
    return sqlite3_create_module_v2(db, "preload_stats", &my_module, NULL, NULL);
}

static void what_the_hosts_own_auto_extension_defines_stays(void)
{
    sqlite3 *db;

    HOST_CHECK(sqlite3_config(SQLITE_CONFIG_LOG, hear, NULL) == SQLITE_OK, "log");
    HOST_CHECK(sqlite3_auto_extension((void (*)(void))define_first) == SQLITE_OK, "own");
    db = host_open("x.db", NULL);
    host_load(db, true);
    EXPECT_TEXT(db, "SELECT preload_flush()", "mine");
    host_close(db);
    for (int i = 0; i < 2; i++) {
        db = host_open("x.db", NULL);
        HOST_CHECK(sqlite3_errcode(db) == SQLITE_OK, "%s", sqlite3_errmsg(db));
        EXPECT_TEXT(db, "SELECT preload_flush()", "mine");
        EXPECT_TEXT(db, "SELECT preload_version()", PRELOAD_VERSION);
        HOST_CHECK(!logged[0], "%s", logged);
        EXPECT_TEXT(db, "SELECT * FROM preload_stats", "error: mine");
        logged[0] = '\0';
        host_close(db);
    }
}

#ifndef HOST_LOADS
/* A base that is wrong later is no reason to be unloaded; by C alone it becomes so. */
static void once_registered_a_bad_base_is_no_error(void)
{
    sqlite3 *db = open_able_to_load("x.db");

    host_load(db, true);
    HOST_CHECK(preload_configure("base", "nowhere") == SQLITE_OK, "base");
    host_load(db, true);
    EXPECT_TEXT(db, "SELECT load_it()", "1");
    host_close(db);
    db = host_open("x.db", NULL);
    HOST_CHECK(strcmp(host_chain(db), "preload/unix") == 0, "%s", host_chain(db));
    host_close(db);
}
#endif

/* After whatever came of a load: opens by all ways, and a fork, whose handlers must be there. */
static void expect_open(void)
{
    sqlite3 *db = host_open("x.db", NULL);
    int status = -1;
    pid_t child;

    host_run(db, "CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES(1); SELECT * FROM t");
    host_close(db);
    if (sqlite3_vfs_find("preload")) host_close(host_open("x.db", "preload"));
    child = fork();
    if (child == 0) _exit(0);
    HOST_CHECK(waitpid(child, &status, 0) == child && status == 0, "%d", status);
}

#ifdef HOST_LOADS

static void in_sql_it_is_loaded_as_often_as_one_likes(void)
{
    sqlite3 *db = host_open("x.db", NULL);

    HOST_CHECK(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL) == SQLITE_OK &&
                   sqlite3_enable_load_extension(db, 1) == SQLITE_OK,
               "enable");
    for (int i = 0; i < 3; i++)
        host_run(db, "SELECT load_extension('" HOST_LOADS "/preload'),"
                     "load_extension('" HOST_LOADS "/preload', 'sqlite3_preloaddefault_init'),"
                     "load_extension('" HOST_LOADS "/preloaddefault')");
    host_close(db);
    db = host_open("x.db", NULL);
    HOST_CHECK(strcmp(host_chain(db), "preload/unix") == 0, "%s", host_chain(db));
    host_close(db);
}

static void where_nothing_was_registered_nothing_is_left(void)
{
    sqlite3 *db = host_open("x.db", NULL);
    char *error = NULL;

    HOST_CHECK(setenv("SQLITE_PRELOAD_BASE", "nowhere", 1) == 0, "setenv");
    HOST_CHECK(host_load_from(db, HOST_LOADS "/preload", NULL, &error) == SQLITE_ERROR, "loaded");
    sqlite3_free(error);
    HOST_CHECK(!sqlite3_vfs_find("preload"), "registered");
    host_close(db);
    expect_open();
}

/* SQLite's allocator, with one call that fails. */
static sqlite3_mem_methods memory;
static int calls_left = -1;

static bool is_denied(void)
{
    return calls_left >= 0 && calls_left-- == 0;
}

static void *may_alloc(int bytes)
{
    return is_denied() ? NULL : memory.xMalloc(bytes);
}

static void *may_realloc(void *old, int bytes)
{
    return is_denied() ? NULL : memory.xRealloc(old, bytes);
}

static void load_without_memory(int denied)
{
    sqlite3_mem_methods mine;
    char *error = NULL;
    sqlite3 *db;
    bool loaded;

    HOST_CHECK(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory) == SQLITE_OK, "memory");
    mine = memory;
    mine.xMalloc = may_alloc;
    mine.xRealloc = may_realloc;
    HOST_CHECK(sqlite3_config(SQLITE_CONFIG_MALLOC, &mine) == SQLITE_OK, "memory");
    db = host_open("x.db", NULL);
    HOST_CHECK(sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0) == SQLITE_OK, "aside");
    calls_left = denied;
    loaded = host_load_from(db, HOST_LOADS "/preload", "sqlite3_preloaddefault_init", &error) ==
             SQLITE_OK;
    loaded = loaded && calls_left < 0;
    denied = calls_left;
    calls_left = -1;
    sqlite3_free(error);
    host_close(db);
    HOST_CHECK(!loaded || sqlite3_vfs_find("preload"), "loaded");
    expect_open();
    _exit(denied < 0 ? 0 : 77);
}

/* Ends when a load needs no more of them. */
static void without_memory_it_is_there_whole_or_not_at_all(void)
{
    for (int denied = 0;; denied++) {
        int status = -1;
        pid_t child = fork();

        HOST_CHECK(denied < 1000, "%d", denied);
        if (child == 0) load_without_memory(denied);
        HOST_CHECK(waitpid(child, &status, 0) == child, "%d", denied);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77) break;
        HOST_CHECK(status == 0, "allocation %d: status %x", denied, (unsigned)status);
    }
}
#else

static void where_nothing_was_registered_nothing_is_left(void)
{
    HOST_CHECK(setenv("SQLITE_PRELOAD_BASE", "nowhere", 1) == 0, "setenv");
    HOST_CHECK(sqlite3_preload_init(NULL, NULL, NULL) == SQLITE_ERROR, "loaded");
    HOST_CHECK(!sqlite3_vfs_find("preload"), "registered");
    expect_open();
}
#endif

static const struct host_case cases[] = {
    { "in_a_statement_it_is_loaded_as_often_as_one_likes",
      in_a_statement_it_is_loaded_as_often_as_one_likes },
    { "in_a_statement_on_the_statistics_it_is_loaded",
      in_a_statement_on_the_statistics_it_is_loaded },
    { "a_function_of_the_host_stays", a_function_of_the_host_stays },
    { "what_the_hosts_own_auto_extension_defines_stays",
      what_the_hosts_own_auto_extension_defines_stays },
    { "where_nothing_was_registered_nothing_is_left",
      where_nothing_was_registered_nothing_is_left },
#ifndef HOST_LOADS
    { "once_registered_a_bad_base_is_no_error", once_registered_a_bad_base_is_no_error },
#else
    { "in_sql_it_is_loaded_as_often_as_one_likes", in_sql_it_is_loaded_as_often_as_one_likes },
    { "without_memory_it_is_there_whole_or_not_at_all",
      without_memory_it_is_there_whole_or_not_at_all },
#endif
};

HOST_MAIN(cases)
