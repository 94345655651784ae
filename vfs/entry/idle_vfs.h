/* The VFS of an SQLite that is not served: whatever it is asked, it asks another one. That one is
 * called with its own struct, behind which it may have more. */
#ifndef VFS_IDLE_VFS_H
#define VFS_IDLE_VFS_H

#include <stdbool.h>

#include "vfs/sqlite.h"

/* Under the instances' lock: one for that SQLite, by `name`, which stays the caller's. It asks
 * `usual` until that is registered no more, and then the one that SQLite starts with. NULL: no
 * room, or too long a name. It is never freed, nor changed. */
sqlite3_vfs *preload_idle_vfs_for(const sqlite3_api_routines *api, const char *name,
                                  sqlite3_vfs *usual);

/* Whether that is one of them. The pointer is compared, not followed. */
bool preload_idle_vfs_is(const sqlite3_vfs *vfs);

#endif
