#include "hints/plan.h"
#include "tests/hints/common.h"

static const struct plan_case {
    const char *pages; /* a forecast */
    const char *excluded;
    uint32_t page_count;
    uint64_t budget_pages;
    uint32_t gap, group;
    const char *want;
} plan_cases[] = {
    { "", "", 100, 100, 0, 4, "" },
    { "5:200@0", "", 100, 100, 0, 4, "5" },
    /* Groups go by rank, inside a group by page. */
    { "11:200@5 12:200@4 13:200@3 14:200@2 15:200@1 16:200@0", "", 100, 100, 0, 4,
      "13-16 | 11-12" },
    { "11:200@0 15:200@2 19:200@1", "", 100, 100, 0, 2, "11 19 | 15" },
    { "5:200@0 7:200@0 9:200@0", "", 100, 100, 0, 1, "5 | 7 | 9" },
    /* Interior pages are as good as sure, wherever they stand. */
    { "2l:200@1 3i:1@2 4l:200@4 9i:1@3", "", 100, 100, 0, 1, "2 | 3 | 9 | 4" },
    { "2i:1@2 3l:200@1 4o:900@3", "", 100, 100, 0, 4, "2-4" },
    /* .2 and .16 are above the least probability of .15, .128 is not. */
    { "11:200@0 12:160@1 13:128@2 14:288@3", "", 100, 100, 0, 9, "11-12 14" },
    /* The database's end. */
    { "4:200@0 5:200@1 6:200@2", "", 5, 100, 0, 9, "4-5" },
    { "4:200@0 5:200@1", "", 0, 100, 0, 9, "" },
    /* Pages that are excluded, wanted or in a gap. */
    { "4:200@0 5:200@1 6:200@2", "5", 100, 100, 0, 9, "4 6" },
    { "4:200@0 5:200@1 6:200@2", "5", 100, 100, 9, 9, "4 6" },
    { "4:200@0 6:200@1 8:200@2", "5", 100, 100, 1, 9, "4 6-8" },
    { "4:200@0 9:200@1", "8", 100, 100, 4, 9, "4 9" },
    { "4:200@0 9:200@1", "3 10", 100, 100, 4, 9, "4-9" },
    /* Gaps. */
    { "4:200@0 7:200@1 12:200@2", "", 100, 100, 1, 9, "4 7 12" },
    { "4:200@0 7:200@1 12:200@2", "", 100, 100, 2, 9, "4-7 12" },
    { "4:200@0 7:200@1 12:200@2", "", 100, 100, 4, 9, "4-12" },
    /* No gap from one group to the next. */
    { "4:200@0 6:200@1", "", 100, 100, 4, 1, "4 | 6" },
    /* A page that an earlier group bridged is not named again ... */
    { "11:200@0 12:200@3 13:200@1 19:200@4", "", 100, 100, 4, 2, "11-13 | 19" },
    { "11:200@0 12:200@3 13:200@1", "", 100, 100, 4, 2, "11-13" },
    { "1i:200@5 2l:200@0 3i:200@5 7l:200@3", "", 100, 100, 4, 9, "1-7" },
    /* ... nor in a gap of its own. */
    { "11:200@3 12:200@0 13:200@4", "", 100, 100, 4, 1, "12 | 11 | 13" },
    { "11:200@3 12:200@0 13:200@4 14:200@1", "", 100, 100, 4, 2, "12-14 | 11" },
    { "11:200@2 14:200@0 17:200@3 19:200@1", "", 100, 100, 1, 2, "14 19 | 11 17" },
    { "11:200@2 14:200@0 17:200@3 19:200@1", "", 100, 100, 2, 2, "14 19 | 11 17" },
    { "11:200@2 15:200@0 19:200@3 22:200@1", "", 100, 100, 7, 2, "15-22 | 11" },
    { "11:200@2 14:200@0 17:200@3", "", 100, 100, 7, 1, "14 | 11 | 17" },
    { "11:200@1 14:200@0 17:200@2", "", 100, 100, 7, 2, "11-14 | 17" },
    { "11:200@2 14:200@0 15:200@1 17:200@3", "", 100, 100, 7, 2, "14-15 | 11 17" },
    /* Page 1 is of the floor whatever it is, and the floor survives every budget. */
    { "1:1@6 2l:200@0 3i:1@5 4l:900@1", "", 100, 100, 0, 4, "1-4" },
    { "1:1@6 2l:200@0 3i:1@5 4l:900@1", "", 100, 3, 0, 4, "1 3-4" },
    { "1:1@6 2l:200@0 3i:1@5 4l:900@1", "", 100, 1, 0, 4, "3" },
    /* What is unlikely waits: place^4 / probability. */
    { "11:900@3 12:160@2 13:900@1", "", 100, 100, 0, 1, "13 | 11 | 12" },
    { "11:900@3 12:200@2 13:900@1", "", 100, 100, 0, 1, "13 | 12 | 11" },
    /* So a group may be due before one that precedes it. */
    { "11:160@7 12:900@8", "", 100, 100, 0, 9, "@1 12 | 11" },
    /* Stages of two touches behind a look-ahead of eight; each is due a touch before its middle. */
    { "11:200@7 12:200@8 13:200@9 14:200@10 15:200@13", "", 100, 100, 0, 9,
      "11 | @1 12-13 | @3 14 | @5 15" },
    { "11:200@0 12:200@4000000000", "", 100, 100, 0, 9, "11 | @3999999993 12" },
    /* An unlikely page goes with its own stage, which is not cut in two by the next one's. */
    { "11:900@6 12:900@8 13:160@7", "", 100, 100, 0, 9, "11 13 | @1 12" },
    /* The budget: the floor, however late and however sure the others are; the most probable, then
       the earliest, then the lowest page. */
    { "11:200@0 12:360@1 13:488@2", "", 100, 2, 0, 9, "12-13" },
    { "11:200@7 12:200@6 13:200@5", "", 100, 2, 0, 9, "12-13" },
    { "11:200@7 12:200@7 13:200@7", "", 100, 2, 0, 9, "11-12" },
    { "11:1000@0 12i:200@7 13:1000@1", "", 100, 1, 0, 9, "12" },
    { "11:200@0 12:360@1 13:488@2", "", 100, 0, 0, 9, "" },
    /* A gap spends what wanted pages leave of the budget, and no more. */
    { "11:200@0 14:200@1", "", 100, 3, 9, 9, "11 14" },
    { "11:200@0 14:200@1", "", 100, 4, 9, 9, "11-14" },
    { "11:200@0 13:200@1 16:200@2", "", 100, 4, 9, 9, "11-13 16" },
    { "11:200@0 13:200@1 16:200@2", "", 100, 5, 9, 9, "11-13 16" },
    { "11:200@0 13:200@1 16:200@2", "", 100, 6, 9, 9, "11-16" },
    { "11:200@0 14:200@1 17:200@2", "", 100, 6, 9, 9, "11-14 17" },
    /* A gap over pages that are wanted later takes nothing that another gap may use. */
    { "11:200@0 12:200@2 13:200@1 17:200@3 19:200@4", "", 100, 6, 1, 2, "11-13 | 17-19" },
    { "11:200@0 12:200@2 13:200@1 17:200@3 19:200@4", "", 100, 5, 1, 2, "11-13 | 17 19" },
};

static struct hint_costs costs_of(const struct plan_case *row)
{
    return (struct hint_costs){ .probability_min_ppm = 150000,
                                .lookahead = 8,
                                .gap_pages_max = row->gap,
                                .group_pages_max = row->group };
}

static int make(struct hint_plan *plan, const struct plan_case *row, uint32_t page_size)
{
    struct hint_forecast forecast = forecast_of(0, row->pages);
    struct hint_runs excluded = runs_of(row->excluded);
    struct hint_database database = { page_size, row->page_count };
    struct hint_budget budget = { row->budget_pages * page_size + page_size - 1 };
    int rc = hint_plan_make(plan, &forecast, database, costs_of(row), budget, HINT_TRUST_FULL,
                            &excluded);

    hint_forecast_free(&forecast);
    hint_runs_free(&excluded);
    return rc;
}

Test(plan, a_plan_is_what_the_table_says)
{
    for (size_t i = 0; i < COUNT(plan_cases); i++) {
        struct hint_plan plan = { 0 };
        uint64_t pages = 0;

        cr_expect_eq(make(&plan, &plan_cases[i], i % 2 ? 512 : 65536), HINT_OK);
        expect_text(i, plan_text(&plan), plan_cases[i].want);
        for (size_t run = 0; run < plan.run_count; run++)
            pages += plan.runs[run].count;
        cr_expect_eq(plan.page_count, pages, "row %zu", i);
        hint_plan_free(&plan);
        hint_plan_free(&plan);
    }
}

static const struct stretch_case {
    const char *pages;
    uint32_t group, run_pages_max;
    const char *want;
} stretch_cases[] = {
    /* The first two groups go alone; from the third on a page takes along what stands beside it. */
    { "1:900@0 5:900@1 9:900@2 10:900@5 6:900@4 8:900@6", 1, 32, "1 | 5 | 8-10 | 6" },
    { "1:900@0 5:900@1 9:900@2 10:900@5 6:900@4 8:900@6", 1, 0, "1 | 5 | 9 | 6 | 10 | 8" },
    { "1:900@0 5:900@1 9:900@2 10:900@5 6:900@4 8:900@6", 1, 2, "1 | 5 | 9-10 | 6 | 8" },
    { "1:900@0 5:900@1 9:900@2 10:900@5 11:900@4", 1, 2, "1 | 5 | 9-10 | 11" },
    /* Not what was planned before it, nor what is not worth a fetch. */
    { "1:900@0 5:900@1 6:900@2 7:900@5 8:1@5 9:900@5", 1, 32, "1 | 5 | 6-7 | 9" },
    /* One of a group takes another of it along. */
    { "1:900@0 5:900@1 20:900@2 21:900@3 22:900@4 30:900@5", 2, 32, "1 5 | 20-21 | 22 30" },
};

Test(plan, pages_that_stand_together_are_fetched_together)
{
    for (size_t i = 0; i < COUNT(stretch_cases); i++) {
        const struct stretch_case *row = &stretch_cases[i];
        struct hint_forecast forecast = forecast_of(0, row->pages);
        struct hint_costs costs = { .probability_min_ppm = 150000,
                                    .lookahead = 100,
                                    .run_pages_max = row->run_pages_max,
                                    .group_pages_max = row->group };
        struct hint_plan plan = { 0 };

        cr_expect_eq(hint_plan_make(&plan, &forecast, (struct hint_database){ 4096, 100 }, costs,
                                    (struct hint_budget){ 1 << 20 }, HINT_TRUST_FULL, NULL),
                     HINT_OK);
        expect_text(i, plan_text(&plan), row->want);
        hint_plan_free(&plan);
        hint_forecast_free(&forecast);
    }
}

Test(plan, a_page_at_the_least_probability_is_not_worth_its_fetch)
{
    struct hint_forecast forecast = forecast_of(0, "5:200@0");
    struct hint_database database = { 4096, 100 };
    struct hint_costs costs = { .probability_min_ppm = 200000, .group_pages_max = 4 };
    struct hint_budget budget = { 1 << 20 };
    struct hint_plan plan = { 0 };

    cr_expect_eq(hint_plan_make(&plan, &forecast, database, costs, budget, HINT_TRUST_FULL, NULL),
                 HINT_OK);
    expect_text(0, plan_text(&plan), "");
    costs.probability_min_ppm = 199999;
    cr_expect_eq(hint_plan_make(&plan, &forecast, database, costs, budget, HINT_TRUST_FULL, NULL),
                 HINT_OK);
    expect_text(1, plan_text(&plan), "5");
    hint_plan_free(&plan);
    hint_forecast_free(&forecast);
}

Test(plan, the_lock_page_is_neither_wanted_nor_bridged)
{
    static const struct {
        uint32_t page_size, page;
    } rows[] = { { 512, 2097153 }, { 1024, 1048577 }, { 4096, 262145 }, { 65536, 16385 } };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct text pages = { "" };
        struct text want = { "" };
        struct hint_forecast forecast;
        struct hint_plan plan = { 0 };
        uint32_t lock = rows[i].page;

        text_add(&pages, "%u:1@0 %u:1@0 %u:1@0 %u:1@0", lock - 2, lock - 1, lock, lock + 1);
        text_add(&want, "%u-%u %u", lock - 2, lock - 1, lock + 1);
        forecast = forecast_of(0, pages.s);
        cr_expect_eq(hint_plan_make(&plan, &forecast,
                                    (struct hint_database){ rows[i].page_size, lock + 9 },
                                    (struct hint_costs){ .probability_min_ppm = 1,
                                                         .lookahead = 9,
                                                         .gap_pages_max = 9,
                                                         .group_pages_max = 9 },
                                    (struct hint_budget){ 1 << 30 }, HINT_TRUST_FULL, NULL),
                     HINT_OK);
        expect_text(i, plan_text(&plan), want.s);
        hint_plan_free(&plan);
        hint_forecast_free(&forecast);
    }
}

Test(plan, the_last_page_of_the_format_can_be_planned)
{
    struct hint_forecast forecast = forecast_of(0, "4294967292:1@0 4294967294:1@1");
    struct hint_plan plan = { 0 };

    cr_expect_eq(hint_plan_make(&plan, &forecast, (struct hint_database){ 512, UINT32_MAX },
                                (struct hint_costs){ .probability_min_ppm = 1,
                                                     .lookahead = UINT32_MAX,
                                                     .gap_pages_max = UINT32_MAX,
                                                     .group_pages_max = 64 },
                                (struct hint_budget){ UINT64_MAX }, HINT_TRUST_FULL, NULL),
                 HINT_OK);
    expect_text(0, plan_text(&plan), "4294967292-4294967294");
    hint_plan_free(&plan);
    hint_forecast_free(&forecast);
}

Test(plan, the_latest_places_are_ordered_like_all_others)
{
    struct hint_forecast forecast =
        forecast_of(0, "10:200@4294967294 11:200@1000000 12:200@33554432 13:400@2000000");
    struct hint_plan plan = { 0 };

    cr_expect_eq(hint_plan_make(&plan, &forecast, (struct hint_database){ 512, 100 },
                                (struct hint_costs){ .probability_min_ppm = 1,
                                                     .lookahead = UINT32_MAX,
                                                     .group_pages_max = 1 },
                                (struct hint_budget){ UINT64_MAX }, HINT_TRUST_FULL, NULL),
                 HINT_OK);
    expect_text(0, plan_text(&plan), "11 | 13 | 12 | 10");
    hint_plan_free(&plan);
    hint_forecast_free(&forecast);
}

Test(plan, a_failed_allocation_leaves_the_plan_as_it_was)
{
    struct plan_case first = { "5:200@0", "", 100, 100, 0, 4, "" };
    struct plan_case second = { "1i:200@0 3i:200@1 90000:200@2", "", 100000, 9, 1, 4, "" };
    struct hint_forecast forecast = forecast_of(0, second.pages);
    struct hint_database database = { 4096, 100000 };
    struct hint_plan plan = { 0 };
    size_t n;
    int rc;

    cr_assert_eq(make(&plan, &first, 4096), HINT_OK);
    for (n = 0;; n++) {
        /* A budget of 4 pages prunes nothing, one of 2 does. */
        struct hint_budget budget = { n % 2 ? 4 * 4096 : 2 * 4096 };

        heap_fail_at(n / 2);
        rc = hint_plan_make(&plan, &forecast, database, costs_of(&second), budget, HINT_TRUST_FULL,
                            NULL);
        if (!heap_restore()) break;
        cr_expect_eq(rc, HINT_NOMEM, "n %zu", n);
        expect_text(n, plan_text(&plan), "5");
    }
    cr_expect_geq(n, 6);
    cr_expect_eq(rc, HINT_OK);
    hint_plan_free(&plan);
    hint_forecast_free(&forecast);
}

static const struct trust_case {
    enum hint_trust trust;
    uint32_t probability_min_ppm;
    uint32_t pages, floor; /* foreseen: so many, the first of them interior */
    size_t unproven;       /* pages that do not wait for a verdict */
} trust_cases[] = {
    { HINT_TRUST_FULL, 62500, 500, 0, 500 },
    /* Four misses cost 64 fetches, but a group is not cut in two: 16 + 32. */
    { HINT_TRUST_TRIAL, 62500, 500, 0, 48 },
    { HINT_TRUST_TRIAL, 62500, 500, 112, 48 },
    { HINT_TRUST_TRIAL, 62500, 48, 0, 48 },
    { HINT_TRUST_TRIAL, 2000, 500, 0, 500 },
    /* Two misses cost 32: 16. The floor has no limit but the budget. */
    { HINT_TRUST_FLOOR, 62500, 500, 0, 16 },
    { HINT_TRUST_FLOOR, 62500, 500, 5, 5 },
    { HINT_TRUST_FLOOR, 62500, 500, 100, 100 },
    { HINT_TRUST_FLOOR, 4000, 500, 0, 500 },
    { HINT_TRUST_FLOOR, 4001, 500, 0, 496 },
    { HINT_TRUST_NONE, 62500, 500, 100, 0 },
};

Test(plan, what_waits_for_a_verdict_depends_on_the_trust_and_the_costs)
{
    for (size_t i = 0; i < COUNT(trust_cases); i++) {
        const struct trust_case *row = &trust_cases[i];
        struct hint_forecast forecast = { .len = row->pages };
        struct hint_costs costs = { .probability_min_ppm = row->probability_min_ppm,
                                    .lookahead = 1000,
                                    .group_pages_max = HINT_GROUP_PAGES_MAX };
        struct hint_plan plan = { 0 };
        size_t unproven = 0;

        forecast.pages = calloc(row->pages, sizeof(*forecast.pages));
        cr_assert_not_null(forecast.pages);
        for (uint32_t page = 0; page < row->pages; page++)
            forecast.pages[page] =
                (struct hint_guess){ 2 * page + 2, 500000, page,
                                     page < row->floor ? HINT_CLASS_INTERIOR : HINT_CLASS_LEAF };
        cr_expect_eq(hint_plan_make(&plan, &forecast, (struct hint_database){ 4096, 10000 }, costs,
                                    (struct hint_budget){ 1 << 30 }, row->trust, NULL),
                     HINT_OK);
        for (size_t group = 0; group < plan.proven_from; group++)
            unproven += plan.groups[group].len;
        cr_expect_eq(unproven, row->unproven, "row %zu: %zu", i, unproven);
        cr_expect_eq(plan.page_count, row->trust == HINT_TRUST_NONE ? 0 : row->pages, "row %zu", i);
        hint_plan_free(&plan);
        hint_forecast_free(&forecast);
    }
}

static const struct floor_case {
    enum hint_trust trust;
    const char *pages, *want;
} floor_cases[] = {
    { HINT_TRUST_FULL, "11:200@0 12i:1@5 13:200@1", "11 | 13 | 12" },
    { HINT_TRUST_TRIAL, "11:200@0 12i:1@5 13:200@1", "11 | 13 | 12" },
    { HINT_TRUST_FLOOR, "11:200@0 12i:1@5 13:200@1", "12 | 11 | 13" },
    /* Behind the look-ahead, too. */
    { HINT_TRUST_FULL, "11:200@0 12i:1@20", "11 | @13 12" },
    { HINT_TRUST_TRIAL, "11:200@0 12i:1@20", "11 | @13 12" },
    { HINT_TRUST_FLOOR, "11:200@0 12i:1@20", "12 | 11" },
    { HINT_TRUST_FLOOR, "11:200@0 12i:1@20 13i:1@9", "13 | 12 | 11" },
};

Test(plan, the_floor_comes_first_where_nothing_else_is_trusted)
{
    const struct hint_costs costs = { .probability_min_ppm = 150000,
                                      .lookahead = 8,
                                      .group_pages_max = 1 };

    for (size_t i = 0; i < COUNT(floor_cases); i++) {
        struct hint_forecast forecast = forecast_of(0, floor_cases[i].pages);
        struct hint_plan plan = { 0 };

        cr_expect_eq(hint_plan_make(&plan, &forecast, (struct hint_database){ 4096, 100 }, costs,
                                    (struct hint_budget){ 1 << 20 }, floor_cases[i].trust, NULL),
                     HINT_OK);
        expect_text(i, plan_text(&plan), floor_cases[i].want);
        hint_plan_free(&plan);
        hint_forecast_free(&forecast);
    }
}

static const struct device_case {
    struct hint_device device;
    uint32_t probability_min_ppm, lookahead, budget_percent, gap;
} device_cases[] = {
    /* A local disk, a network disk, a remote base that takes a list; 4 KiB at 1 GB/s and 100 MB/s.
     */
    { { 100000, 4096, 16, false }, 60040, 166, 300, 0 },
    { { 1000000, 4096, 16, false }, 62245, 160, 300, 0 },
    { { 20000000, 40960, 16, false }, 62372, 160, 300, 1 },
    { { 20000000, 40960, 16, true }, 2043, 4894, 1725, 0 },
    { { 20000000, 1000, 16, false }, 62496, 160, 300, 4 },
    /* The link is the bottleneck. */
    { { 100000, 40960, 16, false }, 290578, 34, 150, 0 },
    /* One request at a time: a fetch costs a miss, and nothing is worth it. */
    { { 100000, 0, 1, false }, 1000000, 10, 75, 0 },
    { { 0, 0, 16, false }, 1000000, 10, 75, 0 },
    { { 0, 0, 1, true }, 1000000, 10, 75, 0 },
    { { 1000000000000, 1, 256, true }, 1, 10000000, 75000, 0 },
};

Test(plan, the_costs_follow_from_the_device)
{
    for (size_t i = 0; i < COUNT(device_cases); i++) {
        const struct device_case *row = &device_cases[i];
        const struct hint_costs got = hint_costs_of(&row->device);

        cr_expect_eq(got.probability_min_ppm, row->probability_min_ppm, "row %zu: %u", i,
                     got.probability_min_ppm);
        cr_expect_eq(got.lookahead, row->lookahead, "row %zu: %u", i, got.lookahead);
        cr_expect_eq(got.budget_percent, row->budget_percent, "row %zu: %u", i, got.budget_percent);
        cr_expect_eq(got.gap_pages_max, row->gap, "row %zu: %u", i, got.gap_pages_max);
        cr_expect_eq(got.group_pages_max, HINT_GROUP_PAGES_MAX);
        cr_expect_eq(got.run_pages_max, row->device.list ? 0 : HINT_RUN_PAGES_MAX, "row %zu", i);
    }
}

Test(plan, the_budget_is_the_usual_session_and_a_cap)
{
    const struct hint_forecast forecast = { .usual_pages = 401 };
    const struct hint_costs costs = { .budget_percent = 250 };
    const struct hint_database database = { 4096, 10 };

    cr_expect_eq(hint_budget_of(&forecast, costs, database, 1 << 30).bytes_max, 1002 * 4096);
    cr_expect_eq(hint_budget_of(&forecast, costs, database, 5000).bytes_max, 5000);
    cr_expect_eq(hint_budget_of(&(struct hint_forecast){ .usual_pages = 40000000 }, costs, database,
                                UINT64_MAX)
                     .bytes_max,
                 UINT64_C(409600000000));
}

/* Pages below 2,000 with random probabilities, places and classes. */
static struct hint_forecast random_forecast(struct rng *rng)
{
    struct hint_forecast forecast = { 0 };
    uint32_t dense = 1 + rng_below(rng, 12);

    forecast.pages = calloc(2000, sizeof(*forecast.pages));
    cr_assert_not_null(forecast.pages);
    for (uint32_t pgno = 1; pgno < 2000; pgno++) {
        if (rng_below(rng, dense) > 0) continue;
        forecast.pages[forecast.len++] =
            (struct hint_guess){ .pgno = pgno,
                                 .ppm = rng_below(rng, 1000001),
                                 .rank = rng_below(rng, 500),
                                 .page_class = (uint8_t)rng_below(rng, 4) };
    }
    return forecast;
}

struct trial {
    struct hint_forecast forecast;
    struct hint_runs excluded;
    struct hint_database database;
    struct hint_costs costs;
    struct hint_budget budget;
    enum hint_trust trust;
};

static struct trial random_trial(struct rng *rng)
{
    struct trial trial = { .forecast = random_forecast(rng) };

    trial.database = (struct hint_database){ 512U << rng_below(rng, 8), rng_below(rng, 2500) };
    trial.costs =
        (struct hint_costs){ .probability_min_ppm = 1 + rng_below(rng, 600000),
                             .lookahead = rng_below(rng, 600),
                             .gap_pages_max = rng_below(rng, 8),
                             .run_pages_max = rng_below(rng, 40),
                             .group_pages_max = 1 + rng_below(rng, HINT_GROUP_PAGES_MAX) };
    trial.trust = (enum hint_trust)rng_below(rng, 3);
    trial.budget.bytes_max = (uint64_t)rng_below(rng, 2500) * trial.database.page_size;
    for (uint32_t i = rng_below(rng, 40); i > 0; i--) {
        struct hint_run run = { 1 + rng_below(rng, 2000), 1 + rng_below(rng, 20) };

        cr_assert_eq(hint_runs_add(&trial.excluded, run), HINT_OK);
    }
    return trial;
}

static bool trial_wants(const struct trial *trial, struct hint_guess guess)
{
    return guess.pgno <= trial->database.page_count &&
           (guess.ppm > trial->costs.probability_min_ppm || guess.pgno == 1 ||
            guess.page_class == HINT_CLASS_INTERIOR) &&
           !hint_runs_contains(&trial->excluded, guess.pgno);
}

/* What holds for any group: its runs ascend and do not touch, and name no page twice, none past the
 * end, none that is excluded. Returns its pages. */
static uint64_t expect_lawful_group(const struct trial *trial, const struct hint_plan *plan,
                                    const struct hint_group *group, bool *named)
{
    uint64_t pages = 0;
    uint64_t end = 0;

    cr_assert_gt(group->len, 0);
    cr_assert_leq(group->first + group->len, plan->run_count);
    for (size_t run = group->first; run < group->first + group->len; run++) {
        cr_assert_gt(plan->runs[run].first, end, "runs of a group do not touch");
        end = hint_run_end(plan->runs[run]);
        cr_assert_leq(end, (uint64_t)trial->database.page_count + 1);
        for (uint32_t pgno = plan->runs[run].first; pgno < end; pgno++, pages++) {
            cr_assert(!named[pgno], "page %u twice", pgno);
            cr_assert(!hint_runs_contains(&trial->excluded, pgno));
            named[pgno] = true;
        }
    }
    return pages;
}

/* What holds for any plan. */
static void expect_lawful(const struct trial *trial, const struct hint_plan *plan)
{
    static bool named[5000];
    uint64_t pages = 0;
    size_t runs = 0;

    memset(named, 0, sizeof(named));
    for (size_t i = 0; i < plan->group_count; i++) {
        pages += expect_lawful_group(trial, plan, &plan->groups[i], named);
        runs += plan->groups[i].len;
    }
    cr_assert_eq(runs, plan->run_count);
    cr_assert_leq(plan->proven_from, plan->group_count);
    cr_assert_eq(pages, plan->page_count);
    cr_assert_leq(pages * trial->database.page_size, trial->budget.bytes_max);
}

/* How many wanted pages there are, and how many of them the plan names. */
static void count_wanted(const struct trial *trial, const struct hint_plan *plan, uint64_t *wanted,
                         uint64_t *named)
{
    *wanted = 0;
    *named = 0;
    for (size_t i = 0; i < trial->forecast.len; i++) {
        struct hint_guess page = trial->forecast.pages[i];

        if (!trial_wants(trial, page)) continue;
        ++*wanted;
        for (size_t run = 0; run < plan->run_count; run++)
            if (page.pgno >= plan->runs[run].first && page.pgno < hint_run_end(plan->runs[run]))
                ++*named;
    }
}

Test(plan, every_plan_keeps_the_law_and_spends_the_budget_on_wanted_pages_first)
{
    struct rng rng = rng_start();

    cr_log_info("seed %" PRIu64, rng.seed);
    for (size_t round = 0; round < 200; round++) {
        struct trial trial = random_trial(&rng);
        struct hint_plan plan = { 0 };
        uint64_t wanted;
        uint64_t named;
        uint64_t most;

        cr_assert_eq(hint_plan_make(&plan, &trial.forecast, trial.database, trial.costs,
                                    trial.budget, trial.trust, &trial.excluded),
                     HINT_OK);
        expect_lawful(&trial, &plan);
        count_wanted(&trial, &plan, &wanted, &named);
        most = trial.budget.bytes_max / trial.database.page_size;
        if (most > wanted) most = wanted;
        cr_assert(named == most, "seed %" PRIu64 ", round %zu: named %" PRIu64 " of %" PRIu64,
                  rng.seed, round, named, most);
        if (trial.costs.gap_pages_max == 0) cr_assert_eq(plan.page_count, named);
        hint_plan_free(&plan);
        hint_forecast_free(&trial.forecast);
        hint_runs_free(&trial.excluded);
    }
}

static const struct size_case {
    uint32_t pages, lookahead; /* in first-touch order */
    size_t want[8];            /* pages of the groups */
} size_cases[] = {
    { 300, 1000, { 16, 32, 64, 64, 64, 60 } },
    /* A stage begins a group, and the first stage the doubling. */
    { 40, 20, { 16, 4, 5, 5, 5, 5 } },
};

Test(plan, groups_begin_small_and_double)
{
    for (size_t row = 0; row < COUNT(size_cases); row++) {
        struct hint_forecast forecast = { .len = size_cases[row].pages };
        struct hint_plan plan = { 0 };
        const struct hint_costs costs = { .probability_min_ppm = 1,
                                          .lookahead = size_cases[row].lookahead,
                                          .group_pages_max = HINT_GROUP_PAGES_MAX };

        forecast.pages = calloc(forecast.len, sizeof *forecast.pages);
        cr_assert_not_null(forecast.pages);
        for (uint32_t i = 0; i < forecast.len; i++)
            forecast.pages[i] = (struct hint_guess){ .pgno = 2 * i + 2, .ppm = 500000, .rank = i };
        cr_assert_eq(hint_plan_make(&plan, &forecast, (struct hint_database){ 4096, 10000 }, costs,
                                    (struct hint_budget){ 1 << 30 }, HINT_TRUST_FULL, NULL),
                     HINT_OK);
        cr_assert_lt(plan.group_count, 8);
        for (size_t i = 0; i < 8; i++) {
            size_t len = i < plan.group_count ? plan.groups[i].len : 0;

            cr_expect_eq(len, size_cases[row].want[i], "row %zu, group %zu: %zu", row, i, len);
        }
        hint_plan_free(&plan);
        hint_forecast_free(&forecast);
    }
}
