/* Counts calls of malloc, calloc, realloc and strdup, for each thread by itself: what a worker
 * allocates is not counted for a reader. The linker redirects the calls of all objects of the
 * program to the counters (`--wrap`). Only programs that are named to bench_counts_allocations()
 * in CMake have them. Calls inside of shared libraries are not counted. Any thread. */
#ifndef BENCH_ALLOCATIONS_H
#define BENCH_ALLOCATIONS_H

#include <stdint.h>

/* Of this thread, since it began. */
uint64_t allocations_count(void);

#endif
