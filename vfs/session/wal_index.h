/* Which page a frame of the write-ahead log holds.
 *
 * Where connections share memory, the wal-index says it: its regions are SQLite's, seen as xShmMap
 * hands them through, and read without a lock, for a frame that SQLite reads is one whose entry it
 * has just looked up. In exclusive mode there is no shared memory, and the page numbers are taken
 * from the frame headers that pass by. One thread at a time. */
#ifndef VFS_WAL_INDEX_H
#define VFS_WAL_INDEX_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "hints/format/wal.h"

/* Zeroed is a valid empty one. */
struct wal_index {
    const atomic_uint **regions; /* 32 KiB each; one of zeroes where none is mapped */
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

/* The same in shared memory alone, for the hot path. A region's page numbers, the header before the
 * first ones included, are 4,096 words; the regions follow each other. */
static inline uint32_t preload_wal_index_shared_page(const struct wal_index *index, uint64_t frame)
{
    uint64_t word = HINT_WAL_INDEX_HEADER_WORDS + frame - 1;
    uint64_t region = word / HINT_WAL_INDEX_REGION_WORDS;

    if (region >= index->region_count) return 0;
    return atomic_load_explicit(&index->regions[region][word % HINT_WAL_INDEX_REGION_WORDS],
                                memory_order_relaxed);
}

#endif
