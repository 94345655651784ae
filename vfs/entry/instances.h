/* The instances: one VFS over each base that was asked for, and which of them is the default.
 *
 * An instance is never freed and never leaves the list: files, copies of its VFS and methods that a
 * host borrowed may outlast its registration. So the list is read without a lock, by any thread. It
 * is changed under the instances' lock, which the caller holds where a function says so. */
#ifndef VFS_INSTANCES_H
#define VFS_INSTANCES_H

#include <stdatomic.h>
#include <stdbool.h>

#include "vfs/process/base.h"
#include "vfs/sqlite.h"

/* One VFS over one base. */
struct instance {
    sqlite3_vfs vfs; /* first: SQLite hands it back as a sqlite3_vfs */
    struct base base;
    char *base_name; /* ours: once we are taken out, the base may be gone */
    atomic_bool registered;
    bool was_default; /* since it was registered; under the lock */
    char name[64];
    struct instance *next;
};

void preload_instances_lock(void);
void preload_instances_unlock(void);

/* The newest instance; `next` leads to the older ones. */
struct instance *preload_instances(void);

/* The instance whose VFS that is; NULL: it is none of ours. The pointer is compared, not followed.
 */
struct instance *preload_instance_of(const sqlite3_vfs *vfs);

/* Whose method is called with `vfs`, which may be any: a host's copy of our struct, a struct of a
 * host's own that has methods of ours, or NULL. Where neither the pointer nor its pAppData is one
 * of ours, it is the instance that is or was the default, else the oldest. NULL: there is none. */
struct instance *preload_instance_serving(const sqlite3_vfs *vfs);

/* Under the lock: the instance that a host asks for, made where there is none, and registered.
 *
 * Without a name (NULL or empty) it is the one that was the default last, else the oldest, else one
 * over the default VFS; where `make_default` is asked for the first time, and somebody else's VFS
 * is the default, it is one over that. NULL with `*rc`: SQLITE_ERROR when there is no such base, or
 * it is one of ours or leads to one; SQLITE_NOMEM. */
struct instance *preload_instance_register(const char *base_name, bool make_default, int *rc);

/* Under the lock: makes an instance the default unless somebody's VFS loses its place by that.
 * SQLITE_OK, also when the default stays as it is. SQLITE_ERROR: the base itself asks for the
 * default, so that none could open a file; the default stays as it is. */
int preload_instance_make_default(struct instance *instance);

/* Under the lock: takes all of them out. */
void preload_instances_unregister(void);

/* Whether a VFS is the one that SQLite starts with as the default, and that sqlite3_shutdown()
 * makes the default again. */
bool preload_is_first_default(const sqlite3_vfs *vfs);

#endif
