/* The rules for bases, names and the default. */
#include "vfs/entry/registration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vfs/database/database.h"
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

/* Not looked at where it has gone. Of two VFSes with one name SQLite finds the last. */
static bool has_base(const struct instance *instance)
{
    return sqlite3_vfs_find(instance->base_name) == instance->base.vfs;
}

/* A host may have put another one where its base was. That one is still the operating system's when
 * a host has hooked its open. */
static bool is_over(const struct instance *instance, const sqlite3_vfs *base)
{
    const sqlite3_vfs *was = &instance->base_was;

    return instance->base.vfs == base && strcmp(instance->base_name, base->zName) == 0 &&
           was->iVersion == base->iVersion && was->szOsFile == base->szOsFile &&
           was->mxPathname == base->mxPathname &&
           (was->xOpen == base->xOpen ||
            (instance->base.shows_files && is_operating_systems(base)));
}

/* Whether `base` has the address or the name of its base. Where it is not the same one, that has
 * gone or is found no more. */
static bool makes_room(const struct instance *instance, const sqlite3_vfs *base)
{
    return instance->base.vfs == base || strcmp(instance->base_name, base->zName) == 0;
}

static struct instance *registered_over(const sqlite3_vfs *base)
{
    struct instance *instance = preload_instances();

    while (instance && !(is_over(instance, base) && atomic_load(&instance->registered)))
        instance = instance->next;
    return instance;
}

static bool has_short_name(const struct instance *instance)
{
    return strcmp(instance->name, VFS_NAME) == 0;
}

/* Whether one over that base gets it: one over another has it. */
static bool gets_short_name(const sqlite3_vfs *base)
{
    const struct instance *now = preload_instance_of(sqlite3_vfs_find(VFS_NAME));

    return !now || makes_room(now, base);
}

/* One that was taken out, of the name that it is to have. */
static struct instance *left_over(const sqlite3_vfs *base, bool is_short)
{
    struct instance *instance = preload_instances();

    while (instance && !(is_over(instance, base) && has_short_name(instance) == is_short))
        instance = instance->next;
    return instance;
}

static struct instance *new_instance(sqlite3_vfs *base, bool is_short)
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
    (void)snprintf(name, room, "%s%s%s", VFS_NAME, is_short ? "" : "-",
                   is_short ? "" : base->zName);
    instance->name = name;
    preload_shim_init(instance, base);
    instance->base.shows_files = is_operating_systems(base);
    preload_instances_add(instance);
    return instance;
}

/* A host may have put it in itself, as the default. */
static int put_in(struct instance *instance)
{
    int rc = sqlite3_vfs_register(&instance->vfs, sqlite3_vfs_find(NULL) == &instance->vfs);

    atomic_store(&instance->registered, rc == SQLITE_OK);
    return rc;
}

/* By itself SQLite would take the next in its list, which may be anybody's. */
static void take_out(struct instance *instance)
{
    sqlite3_vfs *heir = has_base(instance) ? instance->base.vfs : sqlite3_vfs_find("unix");

    if (heir && sqlite3_vfs_find(NULL) == &instance->vfs) (void)sqlite3_vfs_register(heir, 1);
    (void)sqlite3_vfs_unregister(&instance->vfs);
    atomic_store(&instance->registered, false);
    instance->was_default = false;
}

/* Takes out whose bases have gone now that `instance` is registered. It becomes the default where
 * one over a base of its name was that. */
static void succeed(struct instance *instance)
{
    const sqlite3_vfs *base = instance->base.vfs;
    const sqlite3_vfs *now = sqlite3_vfs_find(NULL);
    bool is_heir = false;

    for (struct instance *i = preload_instances(); i; i = i->next) {
        if (is_over(i, base) || !makes_room(i, base)) continue;
        is_heir = is_heir || (now == &i->vfs && strcmp(i->base_name, instance->base_name) == 0);
        take_out(i);
        preload_database_forget_dormant();
    }
    if (is_heir) (void)preload_instance_make_default(instance);
}

/* Which one is meant when no base is named; NULL: there is none whose base is still there. */
static struct instance *usual_instance(void)
{
    struct instance *usual = preload_instances_default();

    if (usual && usual->was_default) return usual;
    usual = NULL;
    for (struct instance *i = preload_instances(); i; i = i->next)
        if (has_base(i)) usual = i;
    return usual;
}

static sqlite3_vfs *unnamed_base(const struct instance *usual, bool make_default)
{
    sqlite3_vfs *now = sqlite3_vfs_find(NULL);

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
    const bool is_named = base_name && base_name[0];
    struct instance *instance = is_named ? NULL : usual_instance();
    bool is_short;
    sqlite3_vfs *base;

    *rc = SQLITE_OK;
    /* It was the default. Its base has gone, or is hidden by another of its name. */
    if (instance && !has_base(instance)) {
        if (sqlite3_vfs_find(instance->name) == &instance->vfs) return instance;
        take_out(instance);
        instance = usual_instance();
    }
    base = is_named ? sqlite3_vfs_find(base_name) : unnamed_base(instance, make_default);
    instance = base ? registered_over(base) : NULL;
    if (instance) return instance_again(instance, rc);
    *rc = SQLITE_ERROR;
    if (!base || preload_shim_leads_here(base)) return NULL;
    *rc = SQLITE_NOMEM;
    is_short = gets_short_name(base);
    instance = left_over(base, is_short);
    if (!instance) instance = new_instance(base, is_short);
    if (instance) *rc = put_in(instance);
    if (*rc != SQLITE_OK) return NULL;
    succeed(instance);
    return instance;
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
    if (!instance->base.shows_files && has_base(instance) &&
        preload_shim_leads_here(instance->base.vfs)) {
        if (before) (void)sqlite3_vfs_register(before, 1);
        return SQLITE_ERROR;
    }
    instance->was_default = true;
    preload_instances_set_default(instance);
    return SQLITE_OK;
}

void preload_instances_unregister(void)
{
    for (struct instance *i = preload_instances(); i; i = i->next)
        take_out(i);
}
