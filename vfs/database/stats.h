/* The statistics of one database, all its connections together. Any thread. */
#ifndef VFS_STATS_H
#define VFS_STATS_H

#include "vfs/database/database.h"
#include "vfs/session/connection.h"

void preload_database_stats(struct database *database, struct preload_stats *out);

/* Where nothing is fetched: why, by what a connection of the database has seen. */
void preload_stats_explain(struct preload_stats *stats, const struct connection *connection);

#endif
