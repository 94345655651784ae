/* The statistics of one database, all its connections together. Any thread. */
#ifndef VFS_STATS_H
#define VFS_STATS_H

#include "vfs/database/database.h"

void preload_database_stats(struct database *database, struct preload_stats *out);

#endif
