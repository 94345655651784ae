#include "vfs/process/heap.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "hints/memory.h"
#include "tests/vfs/job.h"

TestSuite(heap, .init = scratch_begin, .fini = scratch_end);

#define HELD 200

struct held {
    unsigned char *memory;
    size_t bytes;
    unsigned char mark;
};

static bool holds_mark(const struct held *held, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (held->memory[i] != held->mark) return false;
    return true;
}

/* Mostly small ones, some of a region and more. */
static size_t some_bytes(struct rng *rng)
{
    return rng_below(rng, 10) == 0 ? rng_below(rng, 600000) : rng_below(rng, 3000);
}

static void change(struct rng *rng, struct held *held, unsigned round)
{
    const size_t bytes = some_bytes(rng);
    const bool zeroed = rng_below(rng, 2) == 0;

    cr_assert(!held->memory || holds_mark(held, held->bytes), "round %u: overwritten", round);
    switch (rng_below(rng, 3)) {
    case 0:
        preload_heap_release(held->memory);
        *held = (struct held){ 0 };
        return;
    case 1:
        held->memory = preload_heap_resize(held->memory, bytes);
        cr_assert(holds_mark(held, bytes < held->bytes ? bytes : held->bytes), "round %u: lost",
                  round);
        break;
    default:
        preload_heap_release(held->memory);
        held->memory = preload_heap_alloc(bytes, zeroed);
        held->mark = 0;
        cr_assert(!zeroed || holds_mark(held, bytes), "round %u: not zeroed", round);
    }
    cr_assert(held->memory && (uintptr_t)held->memory % 16 == 0);
    cr_assert(preload_heap_owns(held->memory));
    held->bytes = bytes;
    held->mark = (unsigned char)(round + 1);
    memset(held->memory, held->mark, bytes);
}

Test(heap, blocks_keep_what_they_hold_and_all_goes_back)
{
    struct rng rng = rng_start();
    struct held held[HELD] = { 0 };

    for (unsigned round = 0; round < 20000; round++)
        change(&rng, &held[rng_below(&rng, HELD)], round);
    cr_expect(preload_heap_bytes() > 0);
    for (size_t i = 0; i < HELD; i++)
        preload_heap_release(held[i].memory);
    cr_expect(preload_heap_bytes() <= HEAP_KEPT_BYTES);
    preload_heap_trim();
    cr_expect_eq(preload_heap_bytes(), 0);
}

Test(heap, small_blocks_share_a_region_and_holes_are_used_again)
{
    void *blocks[1000];
    size_t bytes;

    for (size_t i = 0; i < COUNT(blocks); i++)
        blocks[i] = preload_heap_alloc(100, false);
    bytes = preload_heap_bytes();
    cr_expect_eq(bytes, HEAP_REGION_BYTES);
    for (unsigned round = 0; round < 100; round++) {
        for (size_t i = round % 2; i < COUNT(blocks); i += 2)
            preload_heap_release(blocks[i]);
        for (size_t i = round % 2; i < COUNT(blocks); i += 2)
            blocks[i] = preload_heap_alloc(100 - round % 3, false);
    }
    cr_expect_eq(preload_heap_bytes(), bytes);
    /* Neighbours that are free become one. */
    for (size_t i = 0; i + 1 < COUNT(blocks); i++)
        preload_heap_release(blocks[i]);
    blocks[0] = preload_heap_alloc(60000, false);
    cr_expect_eq(preload_heap_bytes(), bytes);
    preload_heap_release(blocks[0]);
    preload_heap_release(blocks[COUNT(blocks) - 1]);
    cr_expect_eq(preload_heap_bytes(), bytes, "it is kept for the next one");
    preload_heap_trim();
    cr_expect_eq(preload_heap_bytes(), 0);
}

Test(heap, what_cannot_be_had_is_no_memory)
{
    const size_t more_than_mapped = sizeof(size_t) > 4 ? SIZE_MAX >> 4 : SIZE_MAX >> 1;
    void *memory = preload_heap_alloc(10, false);

    cr_expect_null(preload_heap_alloc(SIZE_MAX, false));
    cr_expect_null(preload_heap_alloc(SIZE_MAX - 40, true));
    cr_expect_null(preload_heap_alloc(more_than_mapped, false));
    cr_expect_null(preload_heap_resize(memory, SIZE_MAX));
    cr_expect(preload_heap_owns(memory), "it is as it was");
    preload_heap_release(memory);
    preload_heap_release(NULL);
    preload_heap_trim();
    cr_expect_eq(preload_heap_bytes(), 0);
}

Test(heap, no_block_of_the_c_library_is_one_of_the_heaps)
{
    void *own = preload_heap_alloc(10, false);
    void *small = malloc(10);
    void *large = malloc(1000000);

    cr_expect_not(preload_heap_owns(small));
    cr_expect_not(preload_heap_owns(large));
    cr_expect_not(preload_heap_owns(&own));
    cr_expect_not(preload_heap_owns(NULL));
    free(small);
    free(large);
    preload_heap_release(own);
}

/* It cannot be freed where it is given back, and is not lost: the leak sanitizer looks. */
Test(heap, what_the_c_library_gave_is_left_for_the_hosts_threads)
{
    char *memory = malloc(100);

    memset(memory, 'x', 100);
    memory = preload_heap_resize(memory, 200);
    cr_expect(preload_heap_owns(memory));
    for (size_t i = 0; i < 100; i++)
        cr_expect_eq(memory[i], 'x');
    preload_heap_release(memory);
    for (size_t i = 0; i < 10; i++)
        preload_heap_release(malloc(sizeof(void *) + i));
    preload_heap_sweep();
    preload_heap_trim();
    cr_expect_eq(preload_heap_bytes(), 0);
}

static void *passed[4];

static void look_at_memory(struct job *job)
{
    passed[0] = hint_malloc(100);
    passed[1] = hint_calloc(3, 100000);
    hint_free(passed[2]);
    passed[3] = hint_realloc(passed[3], 500);
    job->answer = preload_pool_is_worker();
}

Test(heap, memory_passes_between_workers_and_the_hosts_threads)
{
    static const struct hint_heap heap = {
        .serves = preload_pool_is_worker,
        .owns = preload_heap_owns,
        .alloc = preload_heap_alloc,
        .resize = preload_heap_resize,
        .release = preload_heap_release,
    };
    struct job job = { .task.run = job_run, .look = look_at_memory };

    hint_memory_lend(&heap);
    cr_expect_not(preload_pool_is_worker());
    passed[2] = hint_malloc(10);
    passed[3] = hint_malloc(10);
    cr_expect_eq(preload_heap_bytes(), 0);
    memset(passed[3], 'y', 10);
    cr_assert(preload_pool_submit(&job.task, 0, 1));
    cr_assert(wait_until(job_has_run, &job));
    cr_expect(job.answer);
    for (size_t i = 0; i < COUNT(passed); i++)
        cr_expect(i == 2 || preload_heap_owns(passed[i]), "block %zu", i);
    cr_expect_eq(memcmp(passed[3], "yyyyyyyyyy", 10), 0);
    passed[0] = hint_realloc(passed[0], 1000);
    hint_free(passed[0]);
    hint_free(passed[1]);
    hint_free(passed[3]);
    preload_heap_trim();
    cr_expect_eq(preload_heap_bytes(), 0);
    cr_expect(preload_pool_stop());
}

static void *churn(void *seed)
{
    struct rng rng = { .state = (uintptr_t)seed };
    struct held held[20] = { 0 };

    for (unsigned round = 0; round < 3000; round++)
        change(&rng, &held[rng_below(&rng, COUNT(held))], round);
    for (size_t i = 0; i < COUNT(held); i++)
        preload_heap_release(held[i].memory);
    return NULL;
}

Test(heap, many_threads_use_it)
{
    pthread_t threads[4];

    for (uintptr_t i = 0; i < COUNT(threads); i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    preload_heap_trim();
    cr_expect_eq(preload_heap_bytes(), 0);
}
