/* A write-ahead log as found at open (file format, "The Write-Ahead Log"). */
#ifndef VFS_WAL_H
#define VFS_WAL_H

#include <stdatomic.h>

#include "hints/run.h"

/* As much is advised, and so is there soon. */
#define WAL_BYTES_MOST ((uint64_t)32 << 20)

/* The pages that the log's frames hold: their content in the database file is stale, so fetching it
 * there is waste. Read by 24 bytes a frame through `fd`, which the caller opened; frames of an
 * earlier round (other salts) end the walk. A file that is no log, or one for another page size,
 * gives no pages. Of a larger log than WAL_BYTES_MOST, the pages of its beginning; less when
 * `*cancelled` (may be NULL) is no longer 0. Replaces what `out` held. HINT_NOMEM. Any thread. */
int preload_wal_pages(struct hint_runs *out, int fd, uint32_t page_size,
                      const atomic_int *cancelled);

#endif
