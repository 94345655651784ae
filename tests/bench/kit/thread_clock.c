/* One thread-local number. */
#include "tests/bench/kit/thread_clock.h"

static _Thread_local uint64_t clock_ns = THREAD_CLOCK_START_NS;

static uint64_t now_ns(void *ctx)
{
    (void)ctx;
    return clock_ns;
}

static void sleep_until_ns(void *ctx, uint64_t deadline_ns)
{
    (void)ctx;
    if (deadline_ns > clock_ns) clock_ns = deadline_ns;
}

struct device_clock thread_clock(void)
{
    return (struct device_clock){ .now_ns = now_ns, .sleep_until_ns = sleep_until_ns };
}

uint64_t thread_clock_slept_ns(void)
{
    return clock_ns - THREAD_CLOCK_START_NS;
}

void thread_clock_set(uint64_t slept_ns)
{
    clock_ns = THREAD_CLOCK_START_NS + slept_ns;
}
