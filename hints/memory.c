/* Two questions to the heap, where one was lent: of the thread, and of the memory. */
#include "hints/memory.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

static const struct hint_heap *_Atomic lent;

void hint_memory_lend(const struct hint_heap *heap)
{
    atomic_store(&lent, heap);
}

/* The heap, when the calling thread's memory comes from it. */
static const struct hint_heap *own_heap(void)
{
    const struct hint_heap *heap = atomic_load_explicit(&lent, memory_order_acquire);

    return heap && heap->serves() ? heap : NULL;
}

/* The heap, when this memory is its business. */
static const struct hint_heap *heap_of(const void *memory)
{
    const struct hint_heap *heap = atomic_load_explicit(&lent, memory_order_acquire);

    return heap && memory && (heap->serves() || heap->owns(memory)) ? heap : NULL;
}

/* A heap may want to write a pointer into what is given back to it. */
static size_t at_least_a_pointer(size_t bytes)
{
    return bytes < sizeof(void *) ? sizeof(void *) : bytes;
}

void *hint_malloc(size_t bytes)
{
    const struct hint_heap *heap = own_heap();

    return heap ? heap->alloc(bytes, false) : malloc(at_least_a_pointer(bytes));
}

void *hint_calloc(size_t count, size_t bytes)
{
    const struct hint_heap *heap = own_heap();

    if (bytes > 0 && count > SIZE_MAX / bytes) return NULL;
    return heap ? heap->alloc(count * bytes, true) : calloc(1, at_least_a_pointer(count * bytes));
}

void *hint_realloc(void *memory, size_t bytes)
{
    const struct hint_heap *heap = heap_of(memory);

    if (!memory) return hint_malloc(bytes);
    return heap ? heap->resize(memory, bytes) : realloc(memory, at_least_a_pointer(bytes));
}

void hint_free(void *memory)
{
    const struct hint_heap *heap = heap_of(memory);

    if (heap)
        heap->release(memory);
    else
        free(memory);
}
