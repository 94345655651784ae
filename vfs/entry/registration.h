/* Which instances there are, and which of them is the default. */
#ifndef VFS_REGISTRATION_H
#define VFS_REGISTRATION_H

#include "vfs/entry/instances.h"

/* Under the lock: the instance that a host asks for, made where there is none, and registered.
 *
 * Without a name (NULL or empty) it is the one that was the default last, else the oldest, else one
 * over the default VFS; where `make_default` is asked for the first time, and somebody else's VFS
 * is the default, it is one over that. An instance whose base has made room for this one, at its
 * address or under its name, is taken out, and leaves it its place. NULL with `*rc`: SQLITE_ERROR
 * when there is no such base, or it is one of ours or leads to one; SQLITE_NOMEM. */
struct instance *preload_instance_register(const char *base_name, bool make_default, int *rc);

/* Under the lock: makes an instance the default unless somebody's VFS loses its place by that.
 * SQLITE_OK, also when the default stays as it is. SQLITE_ERROR: the base itself asks for the
 * default, so that none could open a file; the default stays as it is. */
int preload_instance_make_default(struct instance *instance);

/* Under the lock: takes all of them out. Where one is the default, its base is that again, or, when
 * that has gone, what SQLite starts with. */
void preload_instances_unregister(void);

/* Whether a VFS is the one that SQLite starts with as the default, and that sqlite3_shutdown()
 * makes the default again. */
bool preload_is_first_default(const sqlite3_vfs *vfs);

#endif
