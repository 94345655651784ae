/* What SQL sees: preload_version(), preload_config(name [, value]), preload_flush([schema]), and
 * the table preload_stats. */
#ifndef VFS_SQL_H
#define VFS_SQL_H

#include <stdbool.h>

#include "vfs/sqlite.h"

/* Adds them to a connection, which may be in a statement; what the host has defined under these
 * names stays. `is_early`: it was opened before we were loaded. An SQLite result code. */
int preload_sql_init(sqlite3 *db, bool is_early);

/* How many connections may call us: those that were given here, until they are closed. One that
 * memory ran out for, so that its end will not be seen, counts for good where it has a VFS of ours.
 * A child of fork() has its parent's beside its own. *Any thread.* */
unsigned preload_sql_connections(void);

#endif
