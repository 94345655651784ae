/* The model of the device, on a virtual clock: every number is exact. */
#include "bench/kit/device.h"
#include "tests/bench/kit/thread_clock.h"

#include <criterion/criterion.h>
#include <inttypes.h>

#define MS UINT64_C(1000000)

static struct device device;
static struct device_file *file;

static void start(struct device_config config)
{
    config.clock = thread_clock();
    device_init(&device, &config);
    file = device_open(&device, "a");
    cr_assert_not_null(file);
}

static void stop(void)
{
    device_free(&device);
}

/* Reads, waits, and returns what it took. */
static uint64_t read_ns(uint64_t offset, uint64_t amount)
{
    const uint64_t before = thread_clock_slept_ns();

    device_wait(&device, device_read(&device, file, offset, amount));
    return thread_clock_slept_ns() - before;
}

static struct device_counters counters(void)
{
    struct device_counters out;

    device_counters(&device, file, &out);
    return out;
}

/* Each row is read after the rows above it, from a device of 2 ms with pages of 4,096 bytes. */
static const struct read_case {
    uint64_t offset, amount, want_ms, want_requests, want_pages;
} read_cases[] = {
    { 0, 100, 2, 1, 1 },           { 0, 4096, 0, 1, 1 },         { 24, 16, 0, 1, 1 },
    { 4096, 4096, 2, 2, 2 },       { 4000, 200, 0, 2, 2 },       { 0, 5 * 4096, 2, 3, 5 },
    { 8192, 8192, 0, 3, 5 },       { 5 * 4096 - 1, 2, 2, 4, 6 }, { 6 * 4096, 0, 0, 4, 6 },
    { 100 * 4096, 4096, 2, 5, 7 },
};

Test(device, a_read_costs_one_latency_if_a_page_of_it_is_absent, .fini = stop)
{
    start((struct device_config){ .latency_us = 2000 });
    for (size_t i = 0; i < sizeof(read_cases) / sizeof(read_cases[0]); i++) {
        const struct read_case *row = &read_cases[i];
        const uint64_t got_ns = read_ns(row->offset, row->amount);
        const struct device_counters got = counters();

        cr_expect(got_ns == row->want_ms * MS, "row %zu: %" PRIu64 " ns, want %" PRIu64 " ms", i,
                  got_ns, row->want_ms);
        cr_expect(got.requests == row->want_requests, "row %zu: %" PRIu64 " requests", i,
                  got.requests);
        cr_expect(got.pages == row->want_pages, "row %zu: %" PRIu64 " pages", i, got.pages);
        cr_expect(got.reads == i + 1, "row %zu: %" PRIu64 " reads", i, got.reads);
    }
    cr_expect_eq(device_resident(&device, file), 7);
    cr_expect_eq(counters().hits, 4);
}

Test(device, without_a_cache_every_read_costs, .fini = stop)
{
    start((struct device_config){ .latency_us = 3000, .cache_off = true });
    cr_expect_eq(read_ns(0, 4096), 3 * MS);
    cr_expect_eq(read_ns(0, 4096), 3 * MS);
    cr_expect_eq(read_ns(24, 16), 3 * MS);
    device_write(&device, file, 0, 4096);
    cr_expect_eq(read_ns(0, 8192), 3 * MS);
    cr_expect_eq(counters().requests, 4);
    cr_expect_eq(counters().pages, 5);
    cr_expect_eq(device_resident(&device, file), 0);
}

Test(device, the_bytes_of_a_request_take_their_time_on_the_link, .fini = stop)
{
    start((struct device_config){ .latency_us = 1000, .bandwidth_bytes_s = 4096000 });
    cr_expect_eq(read_ns(0, 4096), 2 * MS);
    cr_expect_eq(read_ns(0, 11 * 4096), 11 * MS, "ten pages are missing");
    cr_expect_eq(read_ns(0, 11 * 4096), 0);
}

Test(device, requests_share_one_link, .fini = stop)
{
    uint64_t first;
    uint64_t second;

    start((struct device_config){ .latency_us = 1000, .bandwidth_bytes_s = 4096000 });
    first = device_read(&device, file, 0, 4096);
    second = device_read(&device, file, 4096, 4096);
    cr_expect_eq(first - THREAD_CLOCK_START_NS, 2 * MS);
    cr_expect_eq(second - THREAD_CLOCK_START_NS, 3 * MS, "the latencies overlap, the bytes do not");
}

Test(device, no_more_requests_than_parallel_are_served_at_once, .fini = stop)
{
    start((struct device_config){ .latency_us = 1000, .parallel = 3 });
    for (uint64_t i = 0; i < 9; i++) {
        const uint64_t done_ns = device_read(&device, file, i * 4096, 4096);

        cr_expect_eq(done_ns - THREAD_CLOCK_START_NS, (i / 3 + 1) * MS, "read %" PRIu64, i);
    }
    cr_expect_eq(counters().most_at_once, 3);
}

Test(device, a_page_in_flight_is_waited_for_and_not_paid_twice, .fini = stop)
{
    uint64_t first;

    start((struct device_config){ .latency_us = 1000 });
    first = device_read(&device, file, 0, 4096);
    cr_expect_eq(device_read(&device, file, 0, 4096), first);
    cr_expect_eq(device_resident(&device, file), 0);
    device_wait(&device, first);
    cr_expect_eq(device_read(&device, file, 0, 4096), 0);
    cr_expect_eq(device_resident(&device, file), 1);
    cr_expect_eq(counters().requests, 1);
    cr_expect_eq(counters().joined, 1);
    cr_expect_eq(counters().hits, 1);
}

Test(device, a_write_makes_resident_and_a_truncation_absent, .fini = stop)
{
    start((struct device_config){ .latency_us = 1000 });
    device_write(&device, file, 0, 10 * 4096);
    cr_expect_eq(device_resident(&device, file), 10);
    cr_expect_eq(read_ns(0, 10 * 4096), 0);
    device_truncate(&device, file, 4 * 4096 + 1);
    cr_expect_eq(device_resident(&device, file), 5, "the page that is cut in two stays");
    cr_expect_eq(read_ns(4 * 4096, 4096), 0);
    cr_expect_eq(read_ns(5 * 4096, 4096), 1 * MS);
}

Test(device, eviction_is_of_one_file_or_of_all, .fini = stop)
{
    struct device_file *other;

    start((struct device_config){ .latency_us = 1000 });
    other = device_open(&device, "b");
    device_write(&device, file, 0, 4096);
    device_write(&device, other, 0, 4096);
    cr_expect_eq(device_open(&device, "a"), file, "a name is a file");
    device_evict(&device, file);
    cr_expect_eq(device_resident(&device, file), 0);
    cr_expect_eq(device_resident(&device, other), 1);
    device_evict(&device, NULL);
    cr_expect_eq(device_resident(&device, other), 0);
    device_write(&device, other, 0, 4096);
    device_forget(&device, "b");
    device_forget(&device, "never seen");
    cr_expect_eq(device_resident(&device, other), 0);
}

Test(device, it_can_be_configured_while_it_runs, .fini = stop)
{
    struct device_config config = { .latency_us = 7000, .clock = thread_clock() };

    start((struct device_config){ .latency_us = 1000 });
    cr_expect_eq(read_ns(0, 4096), 1 * MS);
    device_configure(&device, &config);
    cr_expect_eq(read_ns(0, 4096), 0, "what is resident stays so");
    cr_expect_eq(read_ns(4096, 4096), 7 * MS);
    config.unit_bytes = 1024;
    device_configure(&device, &config);
    cr_expect_eq(device_resident(&device, file), 0, "units of another size start afresh");
    cr_expect_eq(read_ns(0, 4096), 7 * MS);
    cr_expect_eq(device_resident(&device, file), 4);
    device_reset(&device, file);
    cr_expect_eq(counters().reads, 0);
    cr_expect_eq(counters().pages, 0);
}

Test(device, a_unit_far_out_costs_each_time_and_takes_no_memory, .fini = stop)
{
    start((struct device_config){ .latency_us = 1000 });
    device_write(&device, file, UINT64_C(1) << 46, 4096);
    cr_expect_eq(read_ns(UINT64_C(1) << 46, 4096), 1 * MS);
    cr_expect_eq(read_ns(UINT64_C(1) << 46, 4096), 1 * MS);
    cr_expect_eq(device_resident(&device, file), 0);
}

/* Thirty-two readers of 20 pages each. The one whose time is earliest reads next, as real time
 * would have it: threads on clocks of their own would book in the order in which the kernel lets
 * them run. */
Test(device, sixteen_readers_take_a_sixteenth_of_the_time_and_twice_as_many_no_less, .fini = stop)
{
    uint64_t slept_ns[32] = { 0 };
    uint64_t pages_read[32] = { 0 };
    uint64_t longest_ns = 0;

    start((struct device_config){ .latency_us = 1000, .parallel = 16 });
    for (int i = 0; i < 32 * 20; i++) {
        uint64_t reader = 0;

        for (uint64_t j = 1; j < 32; j++)
            if (slept_ns[j] < slept_ns[reader]) reader = j;
        thread_clock_set(slept_ns[reader]);
        read_ns((reader * 20 + pages_read[reader]++) * 4096, 4096);
        slept_ns[reader] = thread_clock_slept_ns();
        if (slept_ns[reader] > longest_ns) longest_ns = slept_ns[reader];
    }
    for (int i = 0; i < 32; i++)
        cr_expect_eq(pages_read[i], 20, "reader %d: %" PRIu64 " pages", i, pages_read[i]);
    cr_expect_eq(counters().requests, 640);
    cr_expect_eq(counters().most_at_once, 16);
    cr_expect_eq(longest_ns, 40 * MS, "%" PRIu64 " ns", longest_ns);
}
