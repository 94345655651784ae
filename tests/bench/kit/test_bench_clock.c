/* It is the monotonic clock, in nanoseconds. */
#include "bench/kit/clock.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <time.h>

static uint64_t monotonic_ns(void)
{
    struct timespec now;

    cr_assert_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

Test(bench_clock, it_lies_between_two_looks_at_the_monotonic_clock)
{
    const uint64_t before = monotonic_ns();
    const uint64_t now = clock_now_ns();
    const uint64_t after = monotonic_ns();

    cr_expect(before <= now && now <= after, "%" PRIu64 " <= %" PRIu64 " <= %" PRIu64, before, now,
              after);
}
