#include "vfs/replay/prefetch_pace.h"

#include "tests/vfs/common.h"

static struct prefetch_pace pace_after(uint64_t used, uint64_t late, uint64_t demand)
{
    struct prefetch_pace pace;

    preload_pace_init(&pace, PACE_WINDOW_FIRST, PACE_WINDOW_MOST);
    pace.touches = (struct pace_touches){ used, late, demand };
    return pace;
}

static const struct credit_case {
    struct pace_touches touches;
    uint64_t credit;
} credit_cases[] = {
    { { 0, 0, 0 }, 32 },     { { 1, 0, 0 }, 48 },   { { 0, 1, 0 }, 48 },   { { 0, 0, 256 }, 32 },
    { { 31, 0, 256 }, 528 }, { { 2, 10, 4 }, 160 }, { { 2, 10, 10 }, 64 }, { { 2, 10, 700 }, 64 },
};

Test(prefetch_pace, each_used_page_pays_for_further_ones)
{
    for (size_t i = 0; i < COUNT(credit_cases); i++) {
        const struct pace_touches *touches = &credit_cases[i].touches;
        struct prefetch_pace pace = pace_after(touches->used, touches->late, touches->demand);

        cr_expect_eq(preload_pace_credit(&pace), credit_cases[i].credit, "row %zu: %llu", i,
                     (unsigned long long)preload_pace_credit(&pace));
    }
}

static const struct certain_case {
    struct pace_touches touches;
    bool is_certain;
} certain_cases[] = {
    { { 63, 0, 0 }, false },     { { 0, 64, 0 }, true },       { { 0, 64, 8 }, true },
    { { 0, 64, 9 }, false },     { { 1, 62, 0 }, false },      { { 1, 63, 0 }, true },
    { { 400, 400, 100 }, true }, { { 400, 400, 101 }, false },
};

Test(prefetch_pace, a_plan_is_certain_when_it_had_many_pages_and_nearly_all_of_them)
{
    for (size_t i = 0; i < COUNT(certain_cases); i++) {
        const struct pace_touches *touches = &certain_cases[i].touches;
        struct prefetch_pace pace = pace_after(touches->used, touches->late, touches->demand);

        cr_expect_eq(preload_pace_is_certain(&pace), certain_cases[i].is_certain, "row %zu", i);
    }
}

Test(prefetch_pace, three_more_pages_cost_as_much_as_a_request)
{
    cr_expect_eq(preload_pace_cost(0, 0), 0);
    cr_expect_eq(preload_pace_cost(1, 1), 1);
    cr_expect_eq(preload_pace_cost(1, 3), 1);
    cr_expect_eq(preload_pace_cost(1, 4), 2);
    cr_expect_eq(preload_pace_cost(10, 40), 20);
}

Test(prefetch_pace, an_idle_session_doubles_the_credit)
{
    struct prefetch_pace pace = pace_after(0, 0, 0);

    cr_expect_not(preload_pace_idle(&pace, 1999));
    cr_expect_eq(preload_pace_credit(&pace), 32);
    cr_expect(preload_pace_idle(&pace, 2000));
    cr_expect_eq(preload_pace_credit(&pace), 64);
    cr_expect(preload_pace_idle(&pace, 2500));
    cr_expect_eq(preload_pace_credit(&pace), 128);
}

/* Over a slow device a demand read may take that long. */
Test(prefetch_pace, on_a_slow_device_idle_is_longer)
{
    struct prefetch_pace pace = pace_after(0, 0, 0);

    preload_pace_arrived(&pace, 20000);
    cr_expect_not(preload_pace_idle(&pace, 79999));
    cr_expect_eq(preload_pace_credit(&pace), 32);
    cr_expect(preload_pace_idle(&pace, 80000));
    cr_expect_eq(preload_pace_credit(&pace), 64);
}

static const struct window_case {
    uint64_t arrived[6]; /* 0 ends */
    uint32_t window;
} window_cases[] = {
    { { 0 }, 32 },
    { { 1000 }, 64 },
    { { 100, 1000 }, 128 },
    { { 100, 1500 }, 64 },
    { { 100, 2001 }, 32 },
    { { 100, 2001, 2001, 2001, 2001, 2001 }, 2 },
    { { 100, 100, 100, 100, 100, 100 }, 256 },
    { { 1000, 2000 }, 128 },
    { { 1000, 4000 }, 64 },
    { { 1000, 4001 }, 32 },
};

Test(prefetch_pace, the_window_follows_the_device)
{
    for (size_t i = 0; i < COUNT(window_cases); i++) {
        struct prefetch_pace pace = pace_after(0, 0, 0);

        for (size_t j = 0; j < 6 && window_cases[i].arrived[j] > 0; j++)
            preload_pace_arrived(&pace, window_cases[i].arrived[j]);
        cr_expect_eq(pace.window, window_cases[i].window, "row %zu: %u", i, pace.window);
    }
}

/* As through a base that serves one request after the other. */
Test(prefetch_pace, a_window_ends_at_one_request_and_at_its_most)
{
    struct prefetch_pace pace;

    preload_pace_init(&pace, 4, 16);
    preload_pace_arrived(&pace, 1000);
    for (int i = 0; i < 9; i++)
        preload_pace_arrived(&pace, 4001);
    cr_expect_eq(pace.window, 1);
    for (int i = 0; i < 9; i++)
        preload_pace_arrived(&pace, 1000);
    cr_expect_eq(pace.window, 16);
}

Test(prefetch_pace, a_demand_read_that_waits_has_half_of_the_window_until_the_hints_are_proven)
{
    static const uint32_t windows[][2] = { { 1, 1 }, { 2, 1 }, { 4, 2 }, { 16, 8 }, { 256, 128 } };

    for (size_t i = 0; i < COUNT(windows); i++) {
        struct prefetch_pace pace;

        preload_pace_init(&pace, windows[i][0], 256);
        cr_expect_eq(preload_pace_window(&pace, false), windows[i][0], "row %zu", i);
        cr_expect_eq(preload_pace_window(&pace, true), windows[i][1], "row %zu", i);
        pace.touches.used = PACE_PROVEN_USED - 1;
        cr_expect_eq(preload_pace_window(&pace, true), windows[i][1], "row %zu", i);
        pace.touches.used = PACE_PROVEN_USED;
        cr_expect_eq(preload_pace_window(&pace, true), windows[i][0], "row %zu", i);
    }
}

Test(prefetch_pace, what_was_there_already_is_in_time_and_no_latency)
{
    struct prefetch_pace pace = pace_after(0, 0, 0);

    preload_pace_arrived(&pace, 0);
    cr_expect_eq(pace.window, 64);
    cr_expect_eq(pace.latency_us, 0);
}

Test(prefetch_pace, a_session_that_is_faster_than_the_disk_is_let_go)
{
    struct prefetch_pace pace = pace_after(0, 0, 0);

    cr_expect(preload_pace_is_overtaken(&pace, 10, 499));
    cr_expect_not(preload_pace_is_overtaken(&pace, 10, 500));
    cr_expect_not(preload_pace_is_overtaken(&pace, 7, 1), "too few to say");
    preload_pace_arrived(&pace, 20000);
    cr_expect(preload_pace_is_overtaken(&pace, 10, 49999));
    cr_expect_not(preload_pace_is_overtaken(&pace, 10, 50000));
}
