/* A set of page numbers: a directory of blocks that appear when their first page does. */
#include "hints/bitmap.h"

#include <assert.h>

#include "hints/memory.h"

#define BLOCK_BYTES         (HINT_BITMAP_BLOCK_WORDS * sizeof(uint64_t))
#define DIRECTORY_COUNT_MIN 16
#define DIRECTORY_COUNT_MAX ((size_t)1 << (32 - HINT_BITMAP_BLOCK_BITS))

/* Stands in every place of a directory that has no block yet, so that a test needs not ask. Never
 * written to. */
static uint64_t empty_block[HINT_BITMAP_BLOCK_WORDS];

/* Makes the directory reach `block`. */
static int directory_reach(struct hint_bitmap *bitmap, size_t block)
{
    size_t count = bitmap->block_count ? bitmap->block_count : DIRECTORY_COUNT_MIN;
    uint64_t **blocks;

    if (block < bitmap->block_count) return HINT_OK;
    while (count <= block)
        count *= 2;
    assert(count <= DIRECTORY_COUNT_MAX);

    blocks = hint_realloc(bitmap->blocks, count * sizeof(*blocks));
    if (!blocks) return HINT_NOMEM;
    for (size_t i = bitmap->block_count; i < count; i++)
        blocks[i] = empty_block;
    bitmap->blocks = blocks;
    bitmap->block_count = count;
    return HINT_OK;
}

void hint_bitmap_free(struct hint_bitmap *bitmap)
{
    for (size_t i = 0; i < bitmap->block_count; i++)
        if (bitmap->blocks[i] != empty_block) hint_free(bitmap->blocks[i]);
    hint_free(bitmap->blocks);
    *bitmap = (struct hint_bitmap){ 0 };
}

int hint_bitmap_add(struct hint_bitmap *bitmap, uint32_t pgno)
{
    size_t block = pgno >> HINT_BITMAP_BLOCK_BITS;
    uint64_t *words;

    if (directory_reach(bitmap, block) != HINT_OK) return HINT_NOMEM;
    words = bitmap->blocks[block];
    if (words == empty_block) words = hint_calloc(HINT_BITMAP_BLOCK_WORDS, sizeof(*words));
    if (!words) return HINT_NOMEM;
    words[(pgno >> 6) % HINT_BITMAP_BLOCK_WORDS] |= UINT64_C(1) << (pgno & 63);
    bitmap->blocks[block] = words;
    return HINT_OK;
}

size_t hint_bitmap_bytes(const struct hint_bitmap *bitmap)
{
    size_t bytes = bitmap->block_count * sizeof(*bitmap->blocks);

    for (size_t i = 0; i < bitmap->block_count; i++)
        if (bitmap->blocks[i] != empty_block) bytes += BLOCK_BYTES;
    return bytes;
}
