/* SQLite's table of functions, and where in the process it lies. */
#ifndef SQLITE_CORE
#include "vfs/entry/served.h"

SQLITE_EXTENSION_INIT1

#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vfs/database/database.h"
#include "vfs/entry/idle.h"
#include "vfs/entry/instances.h"
#include "vfs/entry/shim_list.h"

/* The program or a library, as the loader has it. Another one may come to lie in its place. */
struct object {
    const void *headers; /* NULL: there is none */
    uintptr_t base;
    char *name; /* NULL of the program: it has argv[0] for a name, and may overwrite it */
};

/* Two tables with the same functions are one SQLite. Behind the instances' lock. In a process that
 * is copied by fork() amid a change none is served. */
static struct {
    sqlite3_vfs *(*_Atomic vfs_find)(const char *);
    struct object object; /* that has the table; none: it cannot be told */
} served;

struct object_search {
    uintptr_t address; /* that the object contains */
    size_t passed;
    struct object found;
};

static bool contains(const struct dl_phdr_info *info, uintptr_t address)
{
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];

        if (part->p_type == PT_LOAD && address - info->dlpi_addr - part->p_vaddr < part->p_memsz)
            return true;
    }
    return false;
}

/* The program is the first. */
static int match_object(struct dl_phdr_info *info, size_t size, void *data)
{
    struct object_search *search = data;
    const bool is_program = search->passed++ == 0;

    (void)size;
    if (!contains(info, search->address)) return 0;
    search->found = (struct object){ .headers = info->dlpi_phdr, .base = info->dlpi_addr };
    if (is_program) return 1;
    search->found.name = strdup(info->dlpi_name);
    if (!search->found.name) search->found.headers = NULL;
    return 1;
}

static struct object object_of(const sqlite3_api_routines *api)
{
    struct object_search search = { .address = (uintptr_t)api };

    (void)dl_iterate_phdr(match_object, &search);
    return search.found;
}

static bool is_same(const struct object *one, const struct object *other)
{
    if (one->headers != other->headers || one->base != other->base) return false;
    return one->name && other->name ? strcmp(one->name, other->name) == 0
                                    : one->name == other->name;
}

static void take(const sqlite3_api_routines *api)
{
    char *name_before = served.object.name;

    atomic_store(&served.vfs_find, NULL);
    served.object = object_of(api);
    SQLITE_EXTENSION_INIT2(api);
    atomic_store(&served.vfs_find, api->vfs_find);
    free(name_before);
}

/* Whether its table is no longer there. */
static bool has_gone(void)
{
    struct object now;
    bool is_there;

    if (!served.object.headers) return false;
    now = object_of(sqlite3_api);
    is_there = is_same(&now, &served.object);
    free(now.name);
    return !is_there;
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
