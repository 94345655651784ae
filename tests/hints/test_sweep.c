/* Stories of rows of pages: what is a full sweep of a database, and what only looks like one. */
#include "hints/sweep.h"
#include "tests/hints/common.h"

static const struct hint_window wide = { 1 << 20, UINT64_MAX };

/* Touches pages first..last; returns whether the last one was part of a sweep. */
static bool touch_row(struct hint_sweep *sweep, struct hint_recorder *recorder, uint32_t first,
                      uint32_t last, uint32_t page_count)
{
    bool full = false;

    for (uint32_t pgno = first; pgno <= last; pgno++) {
        size_t index = hint_recorder_count(recorder);

        if (hint_recorder_touch(recorder, pgno, HINT_CLASS_LEAF, HINT_READ))
            full = hint_sweep_touch(sweep, recorder, pgno, index, page_count);
    }
    return full;
}

static const struct sweep_case {
    uint32_t first, last, page_count;
    bool want;
} sweep_cases[] = {
    { 1, 1000, 1000, true },   { 1, 900, 1000, true },     { 1, 899, 1000, false },
    { 101, 1000, 1000, true }, { 102, 1000, 1000, false }, { 1, 511, 511, false },
    { 1, 512, 512, true },     { 1, 512, 569, false },     { 1, 512, 568, true },
};

Test(sweep, most_of_the_database_in_a_row_is_one)
{
    for (size_t i = 0; i < COUNT(sweep_cases); i++) {
        const struct sweep_case *row = &sweep_cases[i];
        struct hint_recorder recorder;
        struct hint_sweep sweep = { 0 };

        hint_recorder_init(&recorder, wide);
        cr_expect_eq(touch_row(&sweep, &recorder, row->first, row->last, row->page_count),
                     row->want, "row %zu", i);
        cr_expect_eq(sweep.from, 0, "row %zu", i);
        hint_recorder_free(&recorder);
    }
}

Test(sweep, a_page_out_of_the_row_begins_anew)
{
    struct hint_recorder recorder;
    struct hint_sweep sweep = { 0 };

    hint_recorder_init(&recorder, wide);
    (void)touch_row(&sweep, &recorder, 2, 400, 1000);
    (void)touch_row(&sweep, &recorder, 990, 990, 1000);
    cr_expect(!touch_row(&sweep, &recorder, 401, 989, 1000));
    cr_expect_eq(sweep.from, 400);
    hint_recorder_free(&recorder);
}

Test(sweep, pages_that_the_pager_has_are_stepped_over)
{
    struct hint_recorder recorder;
    struct hint_sweep sweep = { 0 };

    hint_recorder_init(&recorder, wide);
    (void)touch_row(&sweep, &recorder, 300, 310, 1000);
    (void)touch_row(&sweep, &recorder, 7, 7, 1000);
    cr_expect(touch_row(&sweep, &recorder, 1, 1000, 1000));
    cr_expect_eq(sweep.first, 1);
    cr_expect_eq(sweep.from, 12, "the touches before the sweep stay");
    hint_recorder_free(&recorder);
}
