/* From a heap of their own. */
#include "vfs/entry/memory.h"

#include "hints/memory.h"
#include "vfs/process/heap.h"
#include "vfs/process/pool.h"

/* 0: for a sanitizer, which looks after the C library's memory. */
#ifndef WORKER_HEAP
#define WORKER_HEAP 1
#endif

void preload_memory_init(void)
{
    static const struct hint_heap heap = {
        .serves = preload_pool_is_worker,
        .owns = preload_heap_owns,
        .alloc = preload_heap_alloc,
        .resize = preload_heap_resize,
        .release = preload_heap_release,
    };

    if (WORKER_HEAP) hint_memory_lend(&heap);
}
