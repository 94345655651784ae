/* What SQL sees: preload_version(), preload_config(name [, value]), preload_flush([schema]), and
 * the table preload_stats. */
#ifndef VFS_SQL_H
#define VFS_SQL_H

#include <stdbool.h>

#include "vfs/sqlite.h"

/* Adds them to a connection, which may be in a statement; what the host has defined under these
 * names stays. `is_early`: it was opened before we were loaded. An SQLite result code. */
int preload_sql_init(sqlite3 *db, bool is_early);

#endif
