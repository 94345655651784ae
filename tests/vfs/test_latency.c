#include "tests/vfs/common.h"
#include "vfs/latency.h"

Test(latency, until_something_is_measured_it_is_what_such_bases_take)
{
    cr_expect_eq(preload_latency_ns(true), 100000);
    cr_expect_eq(preload_latency_ns(false), 1000000);
}

Test(latency, each_read_moves_it_by_an_eighth)
{
    preload_latency_saw(true, 900000);
    cr_expect_eq(preload_latency_ns(true), 200000);
    cr_expect_eq(preload_latency_ns(false), 1000000, "the other base is another device");
    preload_latency_saw(false, 20000000);
    cr_expect_eq(preload_latency_ns(false), 3375000);
    for (int i = 0; i < 100; i++)
        preload_latency_saw(false, 20000000);
    cr_expect_gt(preload_latency_ns(false), 19900000);
}

Test(latency, what_was_in_memory_or_waited_for_ever_says_nothing)
{
    preload_latency_saw(true, LATENCY_NS_LEAST - 1);
    preload_latency_saw(true, LATENCY_NS_MOST + 1);
    preload_latency_saw(true, 0);
    cr_expect_eq(preload_latency_ns(true), 100000);
    preload_latency_saw(true, LATENCY_NS_LEAST);
    cr_expect_eq(preload_latency_ns(true), 90000);
}

Test(latency, the_clock_goes_on)
{
    const uint64_t before_ns = preload_latency_now_ns();

    sleep_ms(2);
    cr_expect_geq(preload_latency_now_ns(), before_ns + 2000000);
}
