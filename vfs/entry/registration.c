/* The rules for bases, names and the default. */
#include "vfs/entry/registration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vfs/entry/shim_vfs.h"

#define VFS_NAME "preload"

/* The base must be one of os_unix.c's, by name and by code: only then is its file a file that
 * workers may open themselves. */
static bool is_operating_systems(const sqlite3_vfs *base)
{
    const sqlite3_vfs *system = sqlite3_vfs_find("unix");

    return system && strncmp(base->zName, "unix", 4) == 0 && base->xOpen == system->xOpen;
}

/* The others of os_unix.c lock in another way, and are the default where the host says so. */
bool preload_is_first_default(const sqlite3_vfs *vfs)
{
    return strcmp(vfs->zName, "unix") == 0 && is_operating_systems(vfs);
}

/* The functions below are under the lock. */

static struct instance *instance_over(const sqlite3_vfs *base)
{
    struct instance *instance = preload_instances();

    while (instance && instance->base.vfs != base)
        instance = instance->next;
    return instance;
}

static struct instance *new_instance(sqlite3_vfs *base)
{
    const size_t room = sizeof VFS_NAME "-" + strlen(base->zName);
    struct instance *instance = calloc(1, sizeof *instance);
    char *base_name = strdup(base->zName);
    char *name = malloc(room);

    if (!instance || !base_name || !name) {
        free(instance);
        free(base_name);
        free(name);
        return NULL;
    }
    instance->base_name = base_name;
    instance->next = preload_instances();
    /* Whole: of two names that were cut to the same one SQLite finds the last alone. */
    (void)snprintf(name, room, "%s%s%s", VFS_NAME, instance->next ? "-" : "",
                   instance->next ? base->zName : "");
    instance->name = name;
    return instance;
}

/* Fills it in, once more where it was taken out: the base may be another one at the same place. */
static int put_in(struct instance *instance, sqlite3_vfs *base)
{
    int rc;

    preload_shim_init(instance, base);
    instance->base.shows_files = is_operating_systems(base);
    if (!preload_instance_of(&instance->vfs)) preload_instances_add(instance);
    rc = sqlite3_vfs_register(&instance->vfs, 0);
    atomic_store(&instance->registered, rc == SQLITE_OK);
    return rc;
}

/* Which one is meant when no base is named; NULL: there is none whose base is still there. */
static struct instance *usual_instance(void)
{
    struct instance *usual = preload_instances_default();

    if (usual && usual->was_default) return usual;
    usual = NULL;
    for (struct instance *i = preload_instances(); i; i = i->next)
        if (sqlite3_vfs_find(i->base_name) == i->base.vfs) usual = i;
    return usual;
}

static sqlite3_vfs *unnamed_base(bool make_default)
{
    sqlite3_vfs *now = sqlite3_vfs_find(NULL);
    struct instance *usual = usual_instance();

    if (!usual) return now;
    if (make_default && !usual->was_default && now && !preload_is_first_default(now) &&
        !preload_shim_leads_here(now))
        return now;
    return usual->base.vfs;
}

/* A host may have taken it out by SQLite's own call. */
static struct instance *instance_again(struct instance *instance, int *rc)
{
    if (sqlite3_vfs_find(instance->name) != &instance->vfs)
        *rc = sqlite3_vfs_register(&instance->vfs, 0);
    return *rc == SQLITE_OK ? instance : NULL;
}

struct instance *preload_instance_register(const char *base_name, bool make_default, int *rc)
{
    sqlite3_vfs *base =
        base_name && base_name[0] ? sqlite3_vfs_find(base_name) : unnamed_base(make_default);
    struct instance *instance = base ? instance_over(base) : NULL;

    *rc = SQLITE_OK;
    if (instance && atomic_load(&instance->registered)) return instance_again(instance, rc);
    *rc = SQLITE_ERROR;
    if (!base || preload_shim_leads_here(base)) return NULL;
    *rc = SQLITE_NOMEM;
    if (!instance) instance = new_instance(base);
    if (instance) *rc = put_in(instance, base);
    return *rc == SQLITE_OK ? instance : NULL;
}

/* One of ours, the base and what SQLite starts with lose nothing when `instance` takes the place.
 * Any other has taken it from these: it keeps it when what it opens comes through us anyway, and
 * when the host has asked before. */
static bool may_replace(const struct instance *instance, sqlite3_vfs *now)
{
    if (!now || now == instance->base.vfs || preload_instance_of(now)) return true;
    if (preload_is_first_default(now)) return true;
    return !instance->was_default && !preload_shim_leads_here(now);
}

int preload_instance_make_default(struct instance *instance)
{
    sqlite3_vfs *before = sqlite3_vfs_find(NULL);
    int rc;

    if (!may_replace(instance, before)) return SQLITE_OK;
    rc = sqlite3_vfs_register(&instance->vfs, 1);
    if (rc != SQLITE_OK) return rc;
    if (!instance->base.shows_files && preload_shim_leads_here(instance->base.vfs)) {
        if (before) (void)sqlite3_vfs_register(before, 1);
        return SQLITE_ERROR;
    }
    instance->was_default = true;
    preload_instances_set_default(instance);
    return SQLITE_OK;
}

void preload_instances_unregister(void)
{
    for (struct instance *i = preload_instances(); i; i = i->next) {
        atomic_store(&i->registered, false);
        i->was_default = false;
        (void)sqlite3_vfs_unregister(&i->vfs);
    }
}
