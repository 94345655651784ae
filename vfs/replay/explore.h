/* Where no history is known: reads the pages that every lookup passes (hints/walk.h), from page 1
 * on; or all of a small database. */
#ifndef VFS_EXPLORE_H
#define VFS_EXPLORE_H

#include "vfs/replay/prefetch.h"

#define EXPLORE_PAGES_MAX 1024

/* Reads them on the calling worker, through a descriptor that it opened itself; at most
 * EXPLORE_PAGES_MAX and `bytes_max` (CONFIG_AUTO: no other limit). Ends early when the prefetch is
 * over. What was read becomes the queue, all of it begun. Pages in `in_log` are left out. */
void preload_explore(struct prefetch *prefetch, int fd, struct hint_database found,
                     uint64_t bytes_max, const struct hint_runs *in_log);

/* Says so of a small database that was fetched whole, by one request. */
void preload_explore_whole(struct prefetch *prefetch, struct hint_database found);

#endif
