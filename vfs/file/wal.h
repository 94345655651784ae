/* A write-ahead log as found at open (file format, "The Write-Ahead Log"). */
#ifndef VFS_WAL_H
#define VFS_WAL_H

#include <stdatomic.h>

#include "hints/format/wal.h"
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

/* The same by the log's index, open at `fd` with that header: none where the database has all of
 * them. At most WAL_INDEX_FRAMES_MAX frames, the newest. */
#define WAL_INDEX_FRAMES_MAX ((uint32_t)1 << 20)
int preload_wal_index_pages(struct hint_runs *out, int fd, const struct hint_wal_index *index,
                            const atomic_int *cancelled);

/* Whether the frame that covers the byte before `offset` is of the log's round. */
bool preload_wal_goes_on(int fd, uint64_t offset);

#endif
