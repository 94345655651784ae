/* SQLite's table of functions, and where in the process it lies. */
#ifndef SQLITE_CORE
#include "vfs/entry/served.h"

SQLITE_EXTENSION_INIT1

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "vfs/database/database.h"
#include "vfs/entry/idle.h"
#include "vfs/entry/instances.h"
#include "vfs/entry/shim_list.h"

/* Two tables with the same functions are one SQLite. Behind the instances' lock. In a process that
 * is copied by fork() amid a change none is served. */
static struct {
    sqlite3_vfs *(*_Atomic vfs_find)(const char *);
    void *object; /* the program or library that has the table; NULL: it cannot be told */
    char *path;   /* its name */
} served;

static void take(const sqlite3_api_routines *api)
{
    char *path_before = served.path;
    Dl_info info;

    atomic_store(&served.vfs_find, NULL);
    served.path = dladdr(api, &info) != 0 && info.dli_fname ? strdup(info.dli_fname) : NULL;
    served.object = served.path ? info.dli_fbase : NULL;
    SQLITE_EXTENSION_INIT2(api);
    atomic_store(&served.vfs_find, api->vfs_find);
    free(path_before);
}

/* Whether its table is no longer there. */
static bool has_gone(void)
{
    Dl_info info;

    if (!served.object) return false;
    return dladdr(sqlite3_api, &info) == 0 || info.dli_fbase != served.object || !info.dli_fname ||
           strcmp(info.dli_fname, served.path) != 0;
}

/* Whoever unloads an SQLite with files open leaves databases of ours that call it. */
static bool forget(void)
{
    if (preload_shim_open_files() > 0) return false;
    preload_database_forget_dormant();
    preload_instances_forget();
    return true;
}

bool preload_served_take(const sqlite3_api_routines *api)
{
    bool is_served;

    preload_instances_lock();
    if (!atomic_load(&served.vfs_find) || (api->vfs_find != atomic_load(&served.vfs_find) &&
                                           has_gone() && !preload_idle_is(api) && forget()))
        take(api);
    is_served = api->vfs_find == atomic_load(&served.vfs_find);
    preload_instances_unlock();
    return is_served;
}

#endif
