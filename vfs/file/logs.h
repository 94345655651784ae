/* The journal and the write-ahead log beside a database, as a worker with a descriptor table of its
 * own sees them. No more of them is read or advised than SQLite is about to read itself. */
#ifndef VFS_LOGS_H
#define VFS_LOGS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "hints/run.h"
#include "vfs/file/identity.h"

/* Advises what SQLite reads whole before its first statement: a journal that may be hot, the frames
 * of a log that nobody has recovered yet. Whether there is any. */
bool preload_logs_advise(const struct named_file *file);

/* Adds the pages whose newest content is in the log alone: by its index, where connections use one,
 * else by its frames; not all of them when `*cancelled` is no longer 0. */
void preload_logs_pages(struct hint_runs *out, const struct named_file *file, uint32_t page_size,
                        const atomic_int *cancelled);

#endif
