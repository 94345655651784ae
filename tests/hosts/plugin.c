/* A host that loads and unloads what holds us. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/hosts/host.h"

#define ROUNDS   50
#define PAUSE_US 2000

static pthread_t first_thread;

/* The plugin finds this one. A thread that lets others go on is held up before it does itself, as a
 * scheduler may do. */
__attribute__((visibility("default"))) int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    static int (*unlock)(pthread_mutex_t * mutex);
    void *found = unlock ? NULL : dlsym(RTLD_NEXT, "pthread_mutex_unlock");
    int rc;

    if (found) memcpy(&unlock, &found, sizeof unlock);
    rc = unlock(mutex);
    if (first_thread && !pthread_equal(pthread_self(), first_thread)) (void)usleep(PAUSE_US);
    return rc;
}

static void make_database(const char *name)
{
    sqlite3 *db = host_open(name, "unix");

    host_run(db, "CREATE TABLE t(body);"
                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)"
                 "INSERT INTO t SELECT randomblob(900) FROM n");
    host_close(db);
}

static bool is_loaded(const char *path)
{
    void *library = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);

    if (library) (void)dlclose(library);
    return library != NULL;
}

/* A function of the plugin's. */
static void *found_in(void *plugin, const char *name)
{
    void *found = dlsym(plugin, name);

    HOST_CHECK(found, "%s", dlerror());
    return found;
}

static int call(void *plugin, const char *name)
{
    void *found = found_in(plugin, name);
    int (*function)(void);

    memcpy(&function, &found, sizeof function);
    return function();
}

/* As its end code would: it goes when it may. */
static bool let_go(void *plugin)
{
    int rc = call(plugin, "plugin_end");

    HOST_CHECK(rc == SQLITE_OK || rc == SQLITE_BUSY, "%d", rc);
    if (rc == SQLITE_OK) HOST_CHECK(dlclose(plugin) == 0 && !is_loaded(PLUGIN), "it stayed");
    return rc == SQLITE_OK;
}

/* No file of theirs is under it, and they call it. */
static void plugin_stays_while_connections_are_open(void)
{
    static const char *const names[] = { ":memory:", "", "file:x.db?preload=off", "x.db" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        void *plugin = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
        bool has_gone;
        sqlite3 *db;

        HOST_CHECK(plugin, "%s", dlerror());
        HOST_CHECK(call(plugin, "plugin_begin") == SQLITE_OK, "begin");
        db = host_open(names[i], i % 2 ? "unix" : NULL);
        has_gone = let_go(plugin);
        host_run(db, "CREATE TABLE t(x DEFAULT CURRENT_TIMESTAMP); INSERT INTO t DEFAULT VALUES;"
                     "CREATE TEMP TABLE u AS SELECT preload_version(), * FROM t, preload_stats;"
                     "DROP TABLE t");
        HOST_CHECK(!has_gone, "%s: it went", names[i]);
        host_close(db);
        HOST_CHECK(let_go(plugin), "%s: it stays", names[i]);
    }
}

struct plugin {
    void *library;
    int (*session)(const char *);
    int (*configure)(const char *, const char *);
    sqlite3_int64 (*wrapped)(void);
};

static void find_symbol(void *out, void *library, const char *name)
{
    void *found = dlsym(library, name);

    HOST_CHECK(found, "%s", dlerror());
    memcpy(out, &found, sizeof found);
}

/* Another file is another plugin. */
static void bring_plugin(struct plugin *plugin, const char *name)
{
    char command[512];

    (void)snprintf(command, sizeof command, "cp '%s' %s", PLUGIN, name);
    HOST_CHECK(system(command) == 0, "%s", command);
    plugin->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    HOST_CHECK(plugin->library, "%s", dlerror());
    find_symbol(&plugin->session, plugin->library, "plugin_session");
    find_symbol(&plugin->configure, plugin->library, "plugin_configure");
    find_symbol(&plugin->wrapped, plugin->library, "plugin_wrapped");
}

static void configure_plugin(const struct plugin *plugin, const char *mode)
{
    HOST_CHECK(plugin->configure("mode", mode) == SQLITE_OK, "%s", mode);
}

/* Each session opens two connections. */
static void expect_wrapped(const struct plugin *plugin, sqlite3_int64 before, sqlite3_int64 after)
{
    HOST_CHECK(plugin->wrapped() == before, "%lld", plugin->wrapped());
    HOST_CHECK(plugin->session("x.db") == SQLITE_OK, "session");
    HOST_CHECK(plugin->wrapped() == after, "%lld", plugin->wrapped());
}

static void what_one_plugin_sets_others_hear(void)
{
    struct plugin one = { 0 };
    struct plugin two = { 0 };
    struct plugin three = { 0 };

    make_database("x.db");
    bring_plugin(&one, "./one.so");
    configure_plugin(&one, "off");
    bring_plugin(&two, "./two.so");
    expect_wrapped(&two, 0, 0);
    expect_wrapped(&one, 0, 0);
    configure_plugin(&two, "on");
    expect_wrapped(&one, 0, 2);
    expect_wrapped(&two, 2, 4);
    configure_plugin(&two, "off");
    HOST_CHECK(dlclose(two.library) == 0 && !is_loaded("./two.so"), "it stayed");
    bring_plugin(&three, "./three.so");
    expect_wrapped(&three, 4, 4);
    HOST_CHECK(dlclose(one.library) == 0 && !is_loaded("./one.so"), "it stayed");
    expect_wrapped(&three, 4, 4);
    configure_plugin(&three, "on");
    expect_wrapped(&three, 4, 6);
    HOST_CHECK(preload_configure("mode", "off") == SQLITE_OK, "the program's own");
    expect_wrapped(&three, 6, 6);
}

/* A thread that still runs, or ends, in what is no longer mapped is a SIGSEGV. */
static void plugin_comes_and_goes(void)
{
    first_thread = pthread_self();
    make_database("x.db");
    for (int round = 0; round < ROUNDS; round++) {
        void *plugin = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
        int (*session)(const char *);
        void *found;
        int rc;

        HOST_CHECK(plugin, "%s", dlerror());
        found = found_in(plugin, "plugin_session");
        memcpy(&session, &found, sizeof session);
        rc = session("x.db");
        HOST_CHECK(rc == SQLITE_OK, "round %d: %d", round, rc);
        HOST_CHECK(dlclose(plugin) == 0, "%s", dlerror());
        HOST_CHECK(!is_loaded(PLUGIN), "it stayed, so nothing was tried");
        HOST_CHECK(!sqlite3_vfs_find("preload"), "its VFS stayed");
        (void)usleep(2 * PAUSE_US); /* before the next one lies in its place */
    }
}

#ifdef EXTENSION
/* The extension itself never goes: SQLite may have it open in another connection. */
static void extension_stays(void)
{
    void *library = dlopen(EXTENSION, RTLD_NOW | RTLD_LOCAL);

    HOST_CHECK(library, "%s", dlerror());
    HOST_CHECK(dlclose(library) == 0, "%s", dlerror());
    HOST_CHECK(is_loaded(EXTENSION), "it was unloaded");
}
#endif

static const struct host_case cases[] = {
    { "plugin_comes_and_goes", plugin_comes_and_goes },
    { "plugin_stays_while_connections_are_open", plugin_stays_while_connections_are_open },
    { "what_one_plugin_sets_others_hear", what_one_plugin_sets_others_hear },
#ifdef EXTENSION
    { "extension_stays", extension_stays },
#endif
};

HOST_MAIN(cases)
