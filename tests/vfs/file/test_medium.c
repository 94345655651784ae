#include "tests/vfs/common.h"
#include "vfs/file/medium.h"
#include "vfs/process/clock.h"

static uint64_t latency_ns(bool base_is_os)
{
    return preload_medium_of(base_is_os, 4096).latency_ns;
}

Test(medium, until_something_is_measured_it_is_what_such_bases_take)
{
    const struct hint_device disk = preload_medium_of(true, 4096);
    const struct hint_device network = preload_medium_of(false, 512);

    cr_expect_eq(disk.latency_ns, 100000);
    cr_expect_eq(disk.page_ns, 4096);
    cr_expect_eq(disk.parallel, 16);
    cr_expect_eq(network.latency_ns, 1000000);
    cr_expect_eq(network.page_ns, 512);
    cr_expect_eq(network.parallel, 16);
}

Test(medium, each_read_moves_its_latency_by_an_eighth)
{
    preload_medium_saw_request(true, 900000);
    cr_expect_eq(latency_ns(true), 200000);
    cr_expect_eq(latency_ns(false), 1000000, "the other base is another device");
    preload_medium_saw_request(false, 20000000);
    cr_expect_eq(latency_ns(false), 3375000);
    for (int i = 0; i < 100; i++)
        preload_medium_saw_request(false, 20000000);
    cr_expect_gt(latency_ns(false), 19900000);
    cr_expect_eq(preload_medium_of(false, 4096).parallel, 16,
                 "it serves as many at once as before");
}

Test(medium, what_was_in_memory_or_waited_for_ever_says_nothing)
{
    preload_medium_saw_request(true, MEDIUM_NS_LEAST - 1);
    preload_medium_saw_request(true, MEDIUM_NS_MOST + 1);
    preload_medium_saw_request(true, 0);
    cr_expect_eq(latency_ns(true), 100000);
    preload_medium_saw_request(true, MEDIUM_NS_LEAST);
    cr_expect_eq(latency_ns(true), 90000);
}

Test(medium, small_requests_tell_how_many_are_served_at_once)
{
    for (int i = 0; i < 100; i++)
        preload_medium_saw_batch(true, 16, 16, 16 * 4096, 16 * 12500);
    cr_expect_eq(preload_medium_of(true, 4096).parallel, 8);
    cr_expect_eq(preload_medium_of(true, 4096).page_ns, 4096, "they are too small to tell that");
    for (int i = 0; i < 100; i++)
        preload_medium_saw_batch(true, 16, 16, 16 * 4096, 16 * 3000000);
    cr_expect_eq(preload_medium_of(true, 4096).parallel, 4, "never fewer than are believed");
    for (int i = 0; i < 200; i++)
        preload_medium_saw_batch(true, 1024, 1024, 1024 * 4096, 102400);
    cr_expect_eq(preload_medium_of(true, 4096).parallel, 64, "never more than the most");
}

Test(medium, large_requests_tell_its_bandwidth)
{
    for (int i = 0; i < 100; i++)
        preload_medium_saw_batch(false, 4, 4, 4 * 131072, 4 * 1310720);
    cr_expect_geq(preload_medium_of(false, 4096).page_ns, 40000);
    cr_expect_leq(preload_medium_of(false, 4096).page_ns, 40960);
    cr_expect_eq(preload_medium_of(false, 4096).parallel, 16);
}

Test(medium, a_batch_of_nothing_or_out_of_memory_or_of_an_idle_device_says_nothing)
{
    preload_medium_saw_batch(true, 0, 0, 0, 100000);
    preload_medium_saw_batch(true, 8, 8, 8 * 4096, 800000);
    preload_medium_saw_batch(true, 16, 16, 65536, MEDIUM_NS_LEAST - 1);
    preload_medium_saw_batch(true, 16, 16, 65536, MEDIUM_NS_MOST + 1);
    cr_expect_eq(preload_medium_of(true, 4096).parallel, 16);
}

Test(medium, the_clock_goes_on)
{
    const uint64_t before_ns = preload_clock_ns();

    sleep_ms(2);
    cr_expect_geq(preload_clock_ns(), before_ns + 2000000);
}
