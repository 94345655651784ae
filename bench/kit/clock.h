/* The clock of the benchmarks: CLOCK_MONOTONIC in nanoseconds. Any thread. */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>

uint64_t clock_now_ns(void);

#endif
