#include "tests/vfs/common.h"
#include "vfs/file/device.h"
#include "vfs/process/clock.h"

static uint64_t latency_ns(enum device_kind kind)
{
    return preload_device_of(kind, 4096).latency_ns;
}

Test(device, until_something_is_measured_it_is_what_such_bases_take)
{
    const struct hint_device disk = preload_device_of(DEVICE_LOCAL, 4096);
    const struct hint_device network = preload_device_of(DEVICE_FOREIGN, 512);

    cr_expect_eq(disk.latency_ns, 100000);
    cr_expect_eq(disk.page_ns, 4096);
    cr_expect_eq(disk.parallel, 16);
    cr_expect_eq(network.latency_ns, 1000000);
    cr_expect_eq(network.page_ns, 512);
    cr_expect_eq(network.parallel, 16);
}

Test(device, each_read_moves_its_latency_by_an_eighth)
{
    preload_device_saw_request(DEVICE_LOCAL, 900000);
    cr_expect_eq(latency_ns(DEVICE_LOCAL), 200000);
    cr_expect_eq(latency_ns(DEVICE_FOREIGN), 1000000, "the other base is another device");
    preload_device_saw_request(DEVICE_FOREIGN, 20000000);
    cr_expect_eq(latency_ns(DEVICE_FOREIGN), 3375000);
    for (int i = 0; i < 100; i++)
        preload_device_saw_request(DEVICE_FOREIGN, 20000000);
    cr_expect_gt(latency_ns(DEVICE_FOREIGN), 19900000);
    cr_expect_eq(preload_device_of(DEVICE_FOREIGN, 4096).parallel, 16,
                 "it serves as many at once as before");
}

Test(device, what_was_in_memory_or_waited_for_ever_says_nothing)
{
    preload_device_saw_request(DEVICE_LOCAL, DEVICE_NS_LEAST - 1);
    preload_device_saw_request(DEVICE_LOCAL, DEVICE_NS_MOST + 1);
    preload_device_saw_request(DEVICE_LOCAL, 0);
    cr_expect_eq(latency_ns(DEVICE_LOCAL), 100000);
    preload_device_saw_request(DEVICE_LOCAL, DEVICE_NS_LEAST);
    cr_expect_eq(latency_ns(DEVICE_LOCAL), 90000);
}

Test(device, small_requests_tell_how_many_are_served_at_once)
{
    for (int i = 0; i < 100; i++)
        preload_device_saw_batch(DEVICE_LOCAL, 16, 16, 16 * 4096, 16 * 12500);
    cr_expect_eq(preload_device_of(DEVICE_LOCAL, 4096).parallel, 8);
    cr_expect_eq(preload_device_of(DEVICE_LOCAL, 4096).page_ns, 4096,
                 "they are too small to tell that");
    for (int i = 0; i < 100; i++)
        preload_device_saw_batch(DEVICE_LOCAL, 16, 16, 16 * 4096, 16 * 3000000);
    cr_expect_eq(preload_device_of(DEVICE_LOCAL, 4096).parallel, 4,
                 "never fewer than are believed");
    for (int i = 0; i < 200; i++)
        preload_device_saw_batch(DEVICE_LOCAL, 1024, 1024, 1024 * 4096, 102400);
    cr_expect_eq(preload_device_of(DEVICE_LOCAL, 4096).parallel, 64, "never more than the most");
}

Test(device, large_requests_tell_its_bandwidth)
{
    for (int i = 0; i < 100; i++)
        preload_device_saw_batch(DEVICE_FOREIGN, 4, 4, 4 * 131072, 4 * 1310720);
    cr_expect_geq(preload_device_of(DEVICE_FOREIGN, 4096).page_ns, 40000);
    cr_expect_leq(preload_device_of(DEVICE_FOREIGN, 4096).page_ns, 40960);
    cr_expect_eq(preload_device_of(DEVICE_FOREIGN, 4096).parallel, 16);
}

Test(device, a_batch_of_nothing_or_out_of_memory_or_of_an_idle_device_says_nothing)
{
    preload_device_saw_batch(DEVICE_LOCAL, 0, 0, 0, 100000);
    preload_device_saw_batch(DEVICE_LOCAL, 8, 8, 8 * 4096, 800000);
    preload_device_saw_batch(DEVICE_LOCAL, 16, 16, 65536, DEVICE_NS_LEAST - 1);
    preload_device_saw_batch(DEVICE_LOCAL, 16, 16, 65536, DEVICE_NS_MOST + 1);
    cr_expect_eq(preload_device_of(DEVICE_LOCAL, 4096).parallel, 16);
}

Test(device, the_clock_goes_on)
{
    const uint64_t before_ns = preload_clock_ns();

    sleep_ms(2);
    cr_expect_geq(preload_clock_ns(), before_ns + 2000000);
}
