/* Counters. */
#include "vfs/process/process.h"

#include <stdatomic.h>

static atomic_uint_fast64_t counters[PROCESS_COUNTERS];
atomic_uint preload_process_notified;

void preload_process_count(enum process_counter counter)
{
    atomic_fetch_add_explicit(&counters[counter], 1, memory_order_relaxed);
}

uint64_t preload_process_counter(enum process_counter counter)
{
    return atomic_load_explicit(&counters[counter], memory_order_relaxed);
}

void preload_process_notify(void)
{
    atomic_fetch_add_explicit(&preload_process_notified, 1, memory_order_release);
}
