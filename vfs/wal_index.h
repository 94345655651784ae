/* Which page a frame of the write-ahead log holds.
 *
 * Where connections share memory, the wal-index says it: its regions are SQLite's, seen as xShmMap
 * hands them through, and read without a lock, for a frame that SQLite reads is one whose entry it
 * has just looked up. In exclusive mode there is no shared memory, and the page numbers are taken
 * from the frame headers that pass by. One thread at a time. */
#ifndef VFS_WAL_INDEX_H
#define VFS_WAL_INDEX_H

#include <stddef.h>
#include <stdint.h>

#define WAL_HEADER_BYTES       32
#define WAL_FRAME_HEADER_BYTES 24

/* Zeroed is a valid empty one. */
struct wal_index {
    const volatile uint32_t **regions; /* 32 KiB each; NULL where not mapped */
    size_t region_count;
    uint32_t *frames; /* pgno of frame i + 1; 0: not seen */
    size_t frame_count;
};

void preload_wal_index_free(struct wal_index *index);

/* Region `number` of the shared memory lies at `region`. Without memory for it, its frames are
 * unknown. */
void preload_wal_index_map(struct wal_index *index, int number, const volatile void *region);

/* The shared memory is about to go. */
void preload_wal_index_unmap(struct wal_index *index);

/* A frame header with this page number was seen. Ignored where shared memory is mapped, and past a
 * million frames. */
void preload_wal_index_note(struct wal_index *index, uint64_t frame, uint32_t pgno);

/* The page of a frame (from 1), 0 when unknown. */
uint32_t preload_wal_index_page(const struct wal_index *index, uint64_t frame);

/* The frame whose header begins at `offset` of the log; 0: none does. */
uint64_t preload_wal_frame_at(uint64_t offset, uint32_t page_size);

#endif
