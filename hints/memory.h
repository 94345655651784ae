/* The memory of hints/ and of what works with it. It is the C library's, but for threads that must
 * not use that: its allocator sets 64 MiB of address space aside for each one that does. Whoever
 * has such threads lends a heap for them. Memory may go from one kind of thread to the other and
 * back. *Any thread*. */
#ifndef HINTS_MEMORY_H
#define HINTS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct hint_heap {
    bool (*serves)(void); /* whether the calling thread is one of those */
    bool (*owns)(const void *memory);
    void *(*alloc)(size_t bytes, bool zeroed); /* NULL: no memory */
    /* As realloc and free, of the heap's memory; on a thread that it serves also of what was got
     * here from the C library. */
    void *(*resize)(void *memory, size_t bytes);
    void (*release)(void *memory);
};

/* From now on; before one of these threads has called anything here. */
void hint_memory_lend(const struct hint_heap *heap);

/* As malloc, calloc, realloc and free. */
void *hint_malloc(size_t bytes);
void *hint_calloc(size_t count, size_t bytes);
void *hint_realloc(void *memory, size_t bytes);
void hint_free(void *memory);

#endif
