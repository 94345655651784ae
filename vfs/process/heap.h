/* Memory for workers. The C library's allocator sets 64 MiB of address space aside for each thread
 * that uses it, and workers come and go in a host that may count that (ulimit -v) or lock all of it
 * (mlockall). So what hints/memory.h gives to a worker comes from here.
 *
 * Small blocks lie in regions of HEAP_REGION_BYTES, large ones in larger regions. A block may be
 * given back by any thread. A worker that gives back one of the C library's leaves it for the next
 * thread of the host that passes. *Any thread*. */
#ifndef VFS_HEAP_H
#define VFS_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#define HEAP_REGION_BYTES ((size_t)256 << 10)

/* Regions that are not used are kept for the next block, up to here: what the system gives anew has
 * to be faulted in page by page. */
#define HEAP_KEPT_BYTES ((size_t)4 << 20)

/* Aligned for any type. NULL: no memory. */
void *preload_heap_alloc(size_t bytes, bool zeroed);

/* Whether a block is one of this heap's. Cheap while the heap is empty. */
bool preload_heap_owns(const void *memory);

/* As realloc, for blocks of this heap and of the C library's; the result is one of this heap's. */
void *preload_heap_resize(void *memory, size_t bytes);

/* Gives a block back, of this heap or of the C library's. */
void preload_heap_release(void *memory);

/* Frees what workers left, on a thread of the host. Cheap when there is nothing. */
void preload_heap_sweep(void);

/* Gives what is kept back to the system; when the last worker leaves. */
void preload_heap_trim(void);

/* Address space that is in use, or kept. */
size_t preload_heap_bytes(void);

/* fork(): the child begins with an empty heap. Its parent's regions stay where they are, shared
 * with the parent, and nothing in them is given back or changed. */
void preload_heap_after_fork_in_child(void);

#endif
