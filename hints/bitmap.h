/* A set of page numbers for the hot path: test is two loads, memory follows the pages that are in
 * it.
 *
 * Two levels: a directory of blocks, each block 32,768 bits (4 KiB), allocated when its first page
 * is added; the directory doubles up to what the largest page number needs (1 MiB). One thread at a
 * time. */
#ifndef HINTS_BITMAP_H
#define HINTS_BITMAP_H

#include "hints/run.h"

#define HINT_BITMAP_BLOCK_BITS  15
#define HINT_BITMAP_BLOCK_WORDS ((size_t)1 << (HINT_BITMAP_BLOCK_BITS - 6))

/* Zeroed is a valid empty bitmap. */
struct hint_bitmap {
    /* Never NULL: where no page of a block is in the set, one shared empty block. */
    uint64_t **blocks;
    size_t block_count;
};

void hint_bitmap_free(struct hint_bitmap *bitmap);

/* Any number, also past the largest: then false. */
static inline bool hint_bitmap_has(const struct hint_bitmap *bitmap, uint32_t pgno)
{
    size_t block = pgno >> HINT_BITMAP_BLOCK_BITS;

    if (block >= bitmap->block_count) return false;
    return bitmap->blocks[block][(pgno >> 6) % HINT_BITMAP_BLOCK_WORDS] >> (pgno & 63) & 1;
}

/* Adds a page, or another number; one that is there already stays. HINT_NOMEM. */
int hint_bitmap_add(struct hint_bitmap *bitmap, uint32_t pgno);

/* Bytes held, for the bounds tests and the benchmarks. */
size_t hint_bitmap_bytes(const struct hint_bitmap *bitmap);

#endif
