/* The table preload_stats: a row a statistic of one schema's database.
 *
 *   SELECT name, value FROM preload_stats;                                       of `main`
 *   SELECT value FROM preload_stats('aux') WHERE name = 'used_pages';            of another */
#ifndef VFS_SQL_STATS_H
#define VFS_SQL_STATS_H

#include <stdbool.h>

#include "vfs/sqlite.h"

#define SQL_STATS_TABLE "preload_stats"

/* Adds it to a connection, which may have been opened before we were loaded. An SQLite result code.
 */
int preload_sql_stats_init(sqlite3 *db, bool is_early);

#endif
