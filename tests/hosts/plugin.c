/* A host that loads and unloads what holds us. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
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
        found = dlsym(plugin, "plugin_session");
        HOST_CHECK(found, "%s", dlerror());
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
#ifdef EXTENSION
    { "extension_stays", extension_stays },
#endif
};

HOST_MAIN(cases)
