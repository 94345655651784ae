/* A region is a list of blocks without gaps, each of which knows its own length and that of the one
 * before it. The first free block that is large enough is taken; neighbours that are free become
 * one. Workers have few blocks, a hundred or so, and not often a new one. */
#include "vfs/process/heap.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT   ((size_t)16)
#define MAPPED_STEP ((size_t)4096)
#define LARGE_BYTES (HEAP_REGION_BYTES / 4)
#define BYTES_MOST  (SIZE_MAX / 4)

/* Before each block's memory. */
struct block {
    _Alignas(ALIGNMENT) size_t bytes; /* with this header */
    size_t before;                    /* of the block before, and whether this one is used: bit 0 */
};

/* At the beginning of its own bytes; the first block follows. */
struct region {
    _Alignas(ALIGNMENT) struct region *next;
    struct region **link; /* what points here */
    size_t bytes;
    size_t used; /* blocks that are */
};

_Static_assert(ALIGNMENT >= _Alignof(max_align_t), "a block's memory suits any type");
_Static_assert(sizeof(struct block) % ALIGNMENT == 0, "memory behind it is aligned");
_Static_assert(sizeof(struct region) % ALIGNMENT == 0, "blocks behind it are aligned");

static pthread_mutex_t heap_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct region *regions;
static size_t kept; /* bytes of those in which nothing is used */
static atomic_size_t mapped;

/* Of the C library's, given back by workers; the first bytes of each point to the next. */
struct orphan {
    struct orphan *next;
};
static struct orphan *_Atomic orphans;

static size_t round_up(size_t bytes, size_t step)
{
    return (bytes + step - 1) / step * step;
}

static bool is_used(const struct block *block)
{
    return block->before & 1;
}

static size_t bytes_before(const struct block *block)
{
    return block->before & ~(size_t)1;
}

static struct block *first_block(struct region *region)
{
    return (struct block *)(void *)(region + 1);
}

/* NULL behind the last one. */
static struct block *next_block(const struct region *region, struct block *block)
{
    char *next = (char *)block + block->bytes;

    return next < (const char *)region + region->bytes ? (struct block *)(void *)next : NULL;
}

static void set_bytes(const struct region *region, struct block *block, size_t bytes)
{
    struct block *next;

    block->bytes = bytes;
    next = next_block(region, block);
    if (next) next->before = bytes | is_used(next);
}

static struct block *block_of(void *memory)
{
    return (struct block *)memory - 1;
}

/* The functions below hold the mutex. */

static void link_region(struct region *region)
{
    region->next = regions;
    region->link = &regions;
    if (regions) regions->link = &region->next;
    regions = region;
}

static void unlink_region(struct region *region)
{
    *region->link = region->next;
    if (region->next) region->next->link = region->link;
}

static struct region *new_region(size_t bytes)
{
    struct region *region =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (region == MAP_FAILED) return NULL;
    region->bytes = bytes;
    first_block(region)->bytes = bytes - sizeof *region;
    link_region(region);
    kept += bytes;
    atomic_fetch_add(&mapped, bytes);
    return region;
}

static void free_region(struct region *region)
{
    unlink_region(region);
    kept -= region->bytes;
    atomic_fetch_sub(&mapped, region->bytes);
    (void)munmap(region, region->bytes);
}

static struct region *region_of(const void *memory)
{
    const uintptr_t at = (uintptr_t)memory;
    struct region *region = regions;

    while (region && at - (uintptr_t)region >= region->bytes)
        region = region->next;
    return region;
}

/* Uses the first part of a free block, and leaves the rest free. */
static void use_block(struct region *region, struct block *block, size_t bytes)
{
    const size_t rest = block->bytes - bytes;

    if (rest > sizeof *block) {
        struct block *behind = (struct block *)(void *)((char *)block + bytes);

        *behind = (struct block){ .bytes = rest, .before = bytes };
        block->bytes = bytes;
        set_bytes(region, behind, rest);
    }
    block->before |= 1;
    if (region->used++ == 0) kept -= region->bytes;
}

static struct block *find_block(struct region *region, size_t bytes)
{
    struct block *block = first_block(region);

    while (block && (is_used(block) || block->bytes < bytes))
        block = next_block(region, block);
    return block;
}

/* Large blocks and small ones do not share a region, so that no small one keeps a large one. */
static bool takes(const struct region *region, size_t bytes)
{
    return (region->bytes > HEAP_REGION_BYTES) == (bytes > LARGE_BYTES);
}

/* `bytes` with the header. NULL: no memory. */
static struct block *take_block(size_t bytes, bool *is_fresh)
{
    struct region *region = regions;
    struct block *block = NULL;

    for (; region; region = region->next) {
        block = takes(region, bytes) ? find_block(region, bytes) : NULL;
        if (block) break;
    }
    *is_fresh = !block;
    if (!block) {
        region = new_region(bytes > LARGE_BYTES
                                ? round_up(bytes + sizeof *region, MAPPED_STEP) + HEAP_REGION_BYTES
                                : HEAP_REGION_BYTES);
        if (!region) return NULL;
        block = first_block(region);
    }
    use_block(region, block, bytes);
    return block;
}

/* The block and a free one behind it become one. */
static void join_next(const struct region *region, struct block *block)
{
    const struct block *next = next_block(region, block);

    if (next && !is_used(next)) set_bytes(region, block, block->bytes + next->bytes);
}

static void give_block(struct region *region, struct block *block)
{
    struct block *before = NULL;

    assert(is_used(block));
    block->before = bytes_before(block);
    if (--region->used == 0) kept += region->bytes;
    if (block->before > 0) before = (struct block *)(void *)((char *)block - block->before);
    join_next(region, block);
    if (before && !is_used(before)) join_next(region, before);
    if (kept > HEAP_KEPT_BYTES && region->used == 0) free_region(region);
}

/* The functions above hold the mutex. */

/* 0: more than there can be. */
static size_t bytes_with_header(size_t bytes)
{
    return bytes > BYTES_MOST ? 0 : round_up(bytes + sizeof(struct block), ALIGNMENT);
}

void *preload_heap_alloc(size_t bytes, bool zeroed)
{
    const size_t needed = bytes_with_header(bytes);
    struct block *block;
    bool is_fresh;

    if (needed == 0) {
        errno = ENOMEM;
        return NULL;
    }
    pthread_mutex_lock(&heap_mutex);
    block = take_block(needed, &is_fresh);
    pthread_mutex_unlock(&heap_mutex);
    if (!block) return NULL;
    if (zeroed && !is_fresh) memset(block + 1, 0, bytes);
    return block + 1;
}

bool preload_heap_owns(const void *memory)
{
    bool owns;

    if (atomic_load_explicit(&mapped, memory_order_relaxed) == 0) return false;
    pthread_mutex_lock(&heap_mutex);
    owns = region_of(memory) != NULL;
    pthread_mutex_unlock(&heap_mutex);
    return owns;
}

/* How many bytes of a block may be used. */
static size_t room_of(void *memory)
{
    return preload_heap_owns(memory) ? block_of(memory)->bytes - sizeof(struct block)
                                     : malloc_usable_size(memory);
}

void *preload_heap_resize(void *memory, size_t bytes)
{
    const size_t room = memory ? room_of(memory) : 0;
    void *moved;

    if (memory && bytes <= room && bytes > room / 2 && preload_heap_owns(memory)) return memory;
    moved = preload_heap_alloc(bytes, false);
    if (!moved || !memory) return moved;
    memcpy(moved, memory, bytes < room ? bytes : room);
    preload_heap_release(memory);
    return moved;
}

static void leave(void *memory)
{
    struct orphan *orphan = memory;

    orphan->next = atomic_load(&orphans);
    while (!atomic_compare_exchange_weak(&orphans, &orphan->next, orphan)) {
    }
}

void preload_heap_release(void *memory)
{
    struct region *region;

    if (!memory) return;
    pthread_mutex_lock(&heap_mutex);
    region = region_of(memory);
    if (region) give_block(region, block_of(memory));
    pthread_mutex_unlock(&heap_mutex);
    if (!region) leave(memory);
}

void preload_heap_sweep(void)
{
    struct orphan *orphan;

    if (!atomic_load_explicit(&orphans, memory_order_relaxed)) return;
    orphan = atomic_exchange(&orphans, NULL);
    while (orphan) {
        struct orphan *next = orphan->next;

        free(orphan);
        orphan = next;
    }
}

void preload_heap_trim(void)
{
    struct region *next;

    pthread_mutex_lock(&heap_mutex);
    for (struct region *region = regions; region; region = next) {
        next = region->next;
        if (region->used == 0) free_region(region);
    }
    pthread_mutex_unlock(&heap_mutex);
}

size_t preload_heap_bytes(void)
{
    return atomic_load(&mapped);
}

/* A region may be half changed. What lies in it belongs to databases and workers that the child
 * does not have. */
void preload_heap_after_fork_in_child(void)
{
    (void)pthread_mutex_init(&heap_mutex, NULL);
    regions = NULL;
    kept = 0;
    atomic_store(&mapped, 0);
}
