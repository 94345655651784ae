/* A clock of its own for each thread, which moves only when that thread sleeps: what the device
 * says about time can then be asserted to the nanosecond. Threads that do the same work in
 * parallel all start at 1 s and are done when the latest of them is. */
#ifndef TESTS_BENCH_THREAD_CLOCK_H
#define TESTS_BENCH_THREAD_CLOCK_H

#include "bench/kit/device.h"

#define THREAD_CLOCK_START_NS UINT64_C(1000000000)

/* For device_config.clock. Any thread. */
struct device_clock thread_clock(void);

/* What this thread has slept, and setting it. */
uint64_t thread_clock_slept_ns(void);
void thread_clock_set(uint64_t slept_ns);

#endif
