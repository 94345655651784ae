/* Two numbers. Two workers that see something at once may lose one of both; the mean does not mind.
 */
#include "vfs/latency.h"

#include <stdatomic.h>
#include <time.h>

static atomic_uint_fast64_t os_ns = LATENCY_NS_OS;
static atomic_uint_fast64_t foreign_ns = LATENCY_NS_FOREIGN;

static atomic_uint_fast64_t *latency_of(bool base_is_os)
{
    return base_is_os ? &os_ns : &foreign_ns;
}

uint64_t preload_latency_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void preload_latency_saw(bool base_is_os, uint64_t ns)
{
    uint64_t before = atomic_load_explicit(latency_of(base_is_os), memory_order_relaxed);

    if (ns < LATENCY_NS_LEAST || ns > LATENCY_NS_MOST) return;
    atomic_store_explicit(latency_of(base_is_os), before - before / 8 + ns / 8,
                          memory_order_relaxed);
}

uint64_t preload_latency_ns(bool base_is_os)
{
    return atomic_load_explicit(latency_of(base_is_os), memory_order_relaxed);
}
