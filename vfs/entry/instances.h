/* The instances: one VFS over each base that was asked for.
 *
 * An instance is never freed, and leaves the list only with its SQLite: files, copies of its VFS
 * and methods that a host borrowed may outlast its registration. Nor is its VFS written again: a
 * connection may call it at any time. So the list is read without a lock, by any thread. It is
 * changed under the instances' lock, which the caller holds where a function says so. */
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
    sqlite3_vfs base_was; /* as it was then: at its address there may be another one now */
    char *base_name;      /* ours: once we are taken out, the base may be gone */
    atomic_bool registered;
    bool was_default; /* since it was registered; under the lock */
    char *name;
    struct instance *next;
};

void preload_instances_lock(void);
void preload_instances_unlock(void);

/* The newest instance; `next` leads to the older ones. */
struct instance *preload_instances(void);

/* Whether one of them is registered with SQLite. */
bool preload_instances_any_registered(void);

/* The instance whose VFS that is; NULL: it is none of ours. The pointer is compared, not followed.
 */
struct instance *preload_instance_of(const sqlite3_vfs *vfs);

/* Whose method is called with `vfs`, which may be any: a host's copy of our struct, a struct of a
 * host's own that has methods of ours, or NULL. Where neither the pointer nor its pAppData is one
 * of ours, it is the instance that is or was the default, else the oldest. NULL: there is none. */
extern __attribute__((visibility("hidden"))) struct instance *_Atomic preload_instances_newest;
struct instance *preload_instance_found(const sqlite3_vfs *vfs);
/* Whether it is the newest instance's, which is the usual case and costs a load and a comparison:
 * SQLite asks for files at each lock. There is an instance wherever a method of ours is called. */
static inline bool preload_instance_is_newest(const sqlite3_vfs *vfs)
{
    return atomic_load_explicit(&preload_instances_newest, memory_order_relaxed) ==
           (const struct instance *)vfs;
}

static inline struct instance *preload_instance_serving(const sqlite3_vfs *vfs)
{
    return preload_instance_is_newest(vfs) ? (struct instance *)vfs : preload_instance_found(vfs);
}

/* Under the lock: lists a new one, which stays. */
void preload_instances_add(struct instance *instance);

/* Under the lock: their SQLite was unloaded, so that nothing calls them any more. They leave the
 * list all the same; they are not freed. */
void preload_instances_forget(void);

/* fork(): the list is whole at any moment; the lock is nobody's in the child. */
void preload_instances_after_fork_in_child(void);

/* The one that was the default last; it stays so when it is taken out. NULL: none was. Set under
 * the lock. */
struct instance *preload_instances_default(void);
void preload_instances_set_default(struct instance *instance);

#endif
