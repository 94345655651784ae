/* The write-ahead log: its header, its frames and the layout of its index in shared memory.
 *
 * The log is a header, then frames; a frame is a header, then a page. Layouts are those of
 * https://www.sqlite.org/fileformat2.html, "The Write-Ahead Log", and
 * https://www.sqlite.org/walformat.html, "The WAL-Index File Format". Offsets are bytes of the log,
 * frames and pages are numbered from 1; 0 is none. Checksums are not followed. Pure. */
#ifndef HINTS_FORMAT_WAL_H
#define HINTS_FORMAT_WAL_H

#include <stdbool.h>
#include <stdint.h>

#include "hints/format/bytes.h"

#define HINT_WAL_HEADER_BYTES       32
#define HINT_WAL_FRAME_HEADER_BYTES 24

/* The index is regions of 32 KiB: page numbers of frames in order, as words of 4 bytes in native
 * byte order, then a hash table. A region has so many words before the table; in the first one they
 * begin with the index's header. */
#define HINT_WAL_INDEX_HEADER_WORDS 34
#define HINT_WAL_INDEX_REGION_WORDS 4096

/* What the index says of the log, in its first region. */
#define HINT_WAL_INDEX_HEADER_BYTES (4 * HINT_WAL_INDEX_HEADER_WORDS)
struct hint_wal_index {
    uint32_t page_size;
    uint32_t frames;     /* committed */
    uint32_t backfilled; /* of them, which the database has, too */
};

/* Reads that header; false: the index is not in use, or is being written. */
bool hint_wal_index_read(struct hint_wal_index *out,
                         const uint8_t header[HINT_WAL_INDEX_HEADER_BYTES]);

/* Its file's byte on which each connection holds a lock while it uses the index. */
#define HINT_WAL_INDEX_USERS_OFFSET 128

/* Whether these bytes are the header of a log for pages of that size. */
bool hint_wal_is_of(const uint8_t header[HINT_WAL_HEADER_BYTES], uint32_t page_size);

/* Whether a frame belongs to the log's current round: an earlier one has other salts. */
bool hint_wal_frame_is_of(const uint8_t frame[HINT_WAL_FRAME_HEADER_BYTES],
                          const uint8_t header[HINT_WAL_HEADER_BYTES]);

/* The page that a frame holds, as its header says: any number. */
static inline uint32_t hint_wal_frame_pgno(const uint8_t frame[HINT_WAL_FRAME_HEADER_BYTES])
{
    return bytes_get_be32(frame);
}

/* Where a frame's header begins. `frame` is at least 1. */
static inline uint64_t hint_wal_frame_offset(uint64_t frame, uint32_t page_size)
{
    return HINT_WAL_HEADER_BYTES +
           (frame - 1) * (HINT_WAL_FRAME_HEADER_BYTES + (uint64_t)page_size);
}

/* The frame whose header begins at `offset`; 0: none does. */
uint64_t hint_wal_frame_at(uint64_t offset, uint32_t page_size);

/* The frame whose page begins at `offset`, for the hot path: where none does, it names any frame.
 */
static inline uint64_t hint_wal_frame_of_page_at(uint64_t offset, uint64_t page_size)
{
    uint64_t body = offset - HINT_WAL_HEADER_BYTES - HINT_WAL_FRAME_HEADER_BYTES;

    return body / (page_size + HINT_WAL_FRAME_HEADER_BYTES) + 1;
}

#endif
