/* Calls of malloc, calloc, realloc and strdup, counted for each thread: what a worker allocates is
 * nobody's read. The linker turns the calls from all objects of the program to the counters, so
 * only a program that bench_counts_allocations() (CMake) names has them, and what a shared library
 * calls is not seen. Any thread. */
#ifndef BENCH_ALLOCATIONS_H
#define BENCH_ALLOCATIONS_H

#include <stdint.h>

/* Of this thread, since it began. */
uint64_t allocations_count(void);

#endif
