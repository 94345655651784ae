/* Makes a replay's plan out of the book, for the database as it was found. */
#ifndef VFS_PLANNING_H
#define VFS_PLANNING_H

#include "vfs/replay/course.h"

/* The database is `bytes` long; pages in `in_log` (NULL: unknown) are left out. The queue is then
 * prepared and what may be fetched without a verdict released; the forecast goes to the trial. On
 * the thread that has the replay's task. False: no memory, logged. */
bool preload_planning_make(struct course *course, const struct hint_book *book,
                           const struct hint_evidence *found, uint64_t bytes,
                           const struct hint_runs *in_log);

/* So many bytes as pages. */
struct hint_database preload_planning_size(uint32_t page_size, uint64_t bytes);

/* What a fetch costs, what a miss, in pages of this size. Any thread. */
struct hint_costs preload_planning_costs(const struct backend *backend, uint32_t page_size);

#endif
