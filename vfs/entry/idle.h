/* What an SQLite gets that loads us while another one is served. Everything is done by the table of
 * functions that it passes. It stays so: its connections say it. */
#ifndef VFS_IDLE_H
#define VFS_IDLE_H

#include <stdbool.h>

#include "vfs/sqlite.h"

/* Whether that SQLite has such a VFS already. Under the instances' lock. */
bool preload_idle_is(const sqlite3_api_routines *api);

/* Registers a VFS `preload` that asks its default VFS, so that names which ask for that open, and
 * adds a table preload_stats that says why nothing is done, to `db` and to each connection that
 * follows. What is there under these names stays. */
void preload_idle_load(sqlite3 *db, const sqlite3_api_routines *api);

#endif
