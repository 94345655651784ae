#include "hints/set.h"
#include "tests/hints/common.h"

/* "2 9-10 | 1-3": page numbers, then ranges. */
static struct text set_text(const struct hint_set *set)
{
    struct hint_runs ranges = { set->ranges, set->range_count, set->range_count };
    struct text text = { "" };

    for (size_t i = 0; i < set->pgno_count; i++)
        text_add(&text, "%u ", set->pgnos[i]);
    text_add(&text, "| %s", runs_text(&ranges).s);
    return text;
}

/* A set of two lists as they stand; runs_of reads both. */
static struct hint_set set_of(const char *pgnos, const char *ranges)
{
    struct hint_runs list = runs_of(ranges);
    struct hint_runs pages = runs_of(pgnos);
    struct hint_set set = { .ranges = list.items, .range_count = list.len };

    set.pgnos = calloc(pages.len + 1, sizeof(*set.pgnos));
    cr_assert_not_null(set.pgnos);
    for (size_t i = 0; i < pages.len; i++)
        set.pgnos[set.pgno_count++] = pages.items[i].first;
    hint_runs_free(&pages);
    return set;
}

static const struct encode_case {
    const char *runs, *want;
} encode_cases[] = {
    { "", "| " },
    { "7", "7 | " },
    { "7-8", "7 8 | " },
    { "7-9", "| 7-9" },
    { "1-3 7 9-12", "7 | 1-3 9-12" },
    { "1 3-4 6-8 10 20-29", "1 3 4 10 | 6-8 20-29" },
    { "1-4294967294", "| 1-4294967294" },
    { "4294967293-4294967294", "4294967293 4294967294 | " },
};

Test(set, a_run_of_three_pages_is_a_range_and_a_shorter_one_is_not)
{
    for (size_t i = 0; i < COUNT(encode_cases); i++) {
        struct hint_runs runs = runs_of(encode_cases[i].runs);
        struct hint_runs back = runs_of("100");
        struct hint_set set = { 0 };

        cr_expect_eq(hint_set_of_runs(&set, &runs), HINT_OK);
        expect_text(i, set_text(&set), encode_cases[i].want);
        cr_expect_eq(hint_set_to_runs(&back, &set), HINT_OK);
        expect_runs(i, &back, encode_cases[i].runs);
        hint_set_free(&set);
        hint_set_free(&set);
        hint_runs_free(&runs);
        hint_runs_free(&back);
    }
}

Test(set, making_a_set_replaces_what_was_there)
{
    struct hint_runs runs = runs_of("4-9");
    struct hint_set set = set_of("1 2", "5-7");

    cr_expect_eq(hint_set_of_runs(&set, &runs), HINT_OK);
    expect_text(0, set_text(&set), "| 4-9");
    hint_set_free(&set);
    hint_runs_free(&runs);
}

static const struct decode_case {
    const char *pgnos, *ranges, *want;
} decode_cases[] = {
    { "", "", "" },
    { "9 1 5", "", "1 5 9" },
    { "1 9 5", "", "1 5 9" },
    { "5 5 5", "", "5" },
    { "4 5 6", "", "4-6" },
    { "", "8-9 1-3", "1-3 8-9" },
    { "", "1-3 8-9 5-6", "1-3 5-6 8-9" },
    { "", "1-9 2-3", "1-9" },
    { "", "1-9 2-12", "1-12" },
    { "", "1-3 4-6", "1-6" },
    { "2", "1-3", "1-3" },
    { "4 10", "1-3 11-12", "1-4 10-12" },
    { "20 4 2", "8-9 1-3 9-10", "1-4 8-10 20" },
    { "4294967294", "4294967290-4294967293", "4294967290-4294967294" },
    { "1", "1-4294967294", "1-4294967294" },
};

Test(set, a_foreign_set_is_normalised)
{
    for (size_t i = 0; i < COUNT(decode_cases); i++) {
        struct hint_set set = set_of(decode_cases[i].pgnos, decode_cases[i].ranges);
        struct hint_runs runs = runs_of("100-200");

        cr_expect_eq(hint_set_to_runs(&runs, &set), HINT_OK);
        expect_runs(i, &runs, decode_cases[i].want);
        hint_set_free(&set);
        hint_runs_free(&runs);
    }
}

static const struct check_case {
    const char *pgnos, *ranges;
    struct hint_set_cap cap;
    int want;
    const char *why;
} check_cases[] = {
    { "", "", { 0, 0 }, HINT_OK, NULL },
    { "1 4294967294", "1-4294967294", { 2, 1 }, HINT_OK, NULL },
    { "9 3 3", "5-6 1-9", { 3, 2 }, HINT_OK, NULL },
    { "1 2", "3", { 1, 1 }, HINT_FULL, "more page numbers than the cap" },
    { "1", "3 5", { 1, 1 }, HINT_FULL, "more ranges than the cap" },
    { "1 2", "3 5", { 1, 1 }, HINT_FULL, "more page numbers than the cap" },
    { "0", "3 5", { 1, 1 }, HINT_FULL, "more ranges than the cap" },
    { "5 0", "", { 9, 9 }, HINT_INVALID, "a page number is 0" },
    { "4294967295 0", "", { 9, 9 }, HINT_INVALID, "a page number is past the largest" },
    { "1", "0-3", { 9, 9 }, HINT_INVALID, "a range starts at page 0" },
    { "1",
      "7 2-4294967295 0",
      { 9, 9 },
      HINT_INVALID,
      "a range ends past the largest page number" },
    { "0", "0", { 9, 9 }, HINT_INVALID, "a page number is 0" },
};

Test(set, check_names_the_first_fault)
{
    for (size_t i = 0; i < COUNT(check_cases); i++) {
        const struct check_case *row = &check_cases[i];
        struct hint_set set = set_of(row->pgnos, row->ranges);
        const char *why = "untouched";

        cr_expect_eq(hint_set_check(&set, row->cap, &why), row->want, "row %zu", i);
        cr_expect(row->why ? why && strcmp(why, row->why) == 0 : !why, "row %zu: got \"%s\"", i,
                  why ? why : "no fault");
        hint_set_free(&set);
    }
}

Test(set, check_finds_an_empty_range)
{
    struct hint_run ranges[] = { { 4, 2 }, { 9, 0 } };
    struct hint_set set = { .ranges = ranges, .range_count = 2 };
    const char *why = NULL;

    cr_expect_eq(hint_set_check(&set, (struct hint_set_cap){ 0, 2 }, &why), HINT_INVALID);
    cr_expect_str_eq(why, "a range is empty");
}

Test(set, a_failed_allocation_leaves_both_objects_as_they_were)
{
    struct hint_runs runs = runs_of("1-3 7 9-12");
    struct hint_runs back = runs_of("50");
    struct hint_set set = set_of("4", "6-9");
    int rc;

    for (size_t n = 0;; n++) {
        heap_fail_at(n);
        rc = hint_set_of_runs(&set, &runs);
        if (!heap_restore()) break;
        cr_expect_eq(rc, HINT_NOMEM);
        expect_text(n, set_text(&set), "4 | 6-9");
    }
    cr_expect_eq(rc, HINT_OK);
    for (size_t n = 0;; n++) {
        heap_fail_at(n);
        rc = hint_set_to_runs(&back, &set);
        if (!heap_restore()) break;
        cr_expect_eq(rc, HINT_NOMEM);
        expect_runs(n, &back, "50");
    }
    cr_expect_eq(rc, HINT_OK);
    expect_runs(0, &back, "1-3 7 9-12");
    hint_set_free(&set);
    hint_runs_free(&runs);
    hint_runs_free(&back);
}

Test(set, any_run_list_comes_back_and_no_encoding_is_smaller)
{
    struct rng rng = rng_start();
    struct hint_set_cap cap = { SIZE_MAX, SIZE_MAX };

    for (size_t round = 0; round < 500; round++) {
        struct hint_runs runs = { 0 };
        struct hint_runs back = { 0 };
        struct hint_set set = { 0 };
        size_t words = 0;
        const char *why;

        for (uint32_t pgno = 1 + rng_below(&rng, 9); pgno < 400;) {
            struct hint_run run = { pgno, 1 + rng_below(&rng, 5) };

            cr_assert_eq(hint_runs_add(&runs, run), HINT_OK);
            words += run.count < 2 ? 1 : 2;
            pgno += run.count + 1 + rng_below(&rng, 9);
        }
        cr_assert_eq(hint_set_of_runs(&set, &runs), HINT_OK);
        cr_expect_eq(hint_set_check(&set, cap, &why), HINT_OK, "seed %" PRIu64, rng.seed);
        cr_expect_eq(set.pgno_count + 2 * set.range_count, words, "seed %" PRIu64, rng.seed);
        cr_assert_eq(hint_set_to_runs(&back, &set), HINT_OK);
        cr_expect(runs_equal(&runs, &back), "seed %" PRIu64 ", round %zu: %s", rng.seed, round,
                  runs_text(&runs).s);
        hint_runs_free(&runs);
        hint_runs_free(&back);
        hint_set_free(&set);
    }
}
