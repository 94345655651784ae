/* Where no history is known: reads the pages that every lookup passes (hints/walk.h), from page 1
 * on. */
#ifndef VFS_EXPLORE_H
#define VFS_EXPLORE_H

#include "hints/plan.h"

#define EXPLORE_PAGES_MAX 1024

struct database;

/* Reads them on the calling worker, through a descriptor that it opened itself; at most
 * EXPLORE_PAGES_MAX and what the option `budget` allows. Ends early when the prefetch is cancelled.
 * What was read makes the plan, whose runs count as begun. Pages in `elsewhere` are left out. */
void preload_explore(struct database *database, int fd, struct hint_database found,
                     const struct hint_runs *elsewhere);

#endif
