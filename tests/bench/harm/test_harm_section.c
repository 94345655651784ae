/* From pairs to rows and to a verdict. */
#include "bench/harm/harm_section.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MIB          (UINT64_C(1) << 20)

static struct harm_section section;

static void start(void)
{
    harm_section_name(&section, "quiet", "useless history");
}

static void stop(void)
{
    harm_section_free(&section);
}

TestSuite(harm_section, .init = start, .fini = stop);

/* Pair `i` of some: the times of both arms grow with it, and their ratio stays. */
static void record(uint64_t i, uint64_t tenth_us, uint64_t end_us, uint64_t fetched, double percent)
{
    const struct harm_run runs[HARM_ARM_COUNT] = {
        [HARM_NONE] = { { .first_row_us = 1000,
                          .tenth_us = 100000 + i,
                          .end_us = 1000000 + i,
                          .needed_pages = 2000 },
                        4.0 },
        [HARM_PRELOAD] = { { .first_row_us = 2000,
                             .tenth_us = tenth_us + i,
                             .end_us = end_us + i,
                             .needed_pages = 2000,
                             .fetched_bytes = fetched,
                             .used_pages = 7 },
                           percent },
    };

    cr_assert_eq(harm_section_record(&section, runs), ROW_OK);
}

Test(harm_section, rows_have_both_arms_and_ratios_of_pairs)
{
    const struct row *row;

    for (uint64_t i = 0; i < 3; i++)
        record(i, 110000, 900000, 3 * MIB, 5.0);
    cr_assert_eq(harm_section_finish(&section), ROW_OK);
    cr_expect_str_eq(section.title, "quiet, useless history");
    row = rows_find(&section.rows, "quiet, useless history: first tenth of the session", "preload");
    cr_assert_not_null(row);
    cr_expect_float_eq(row->median, 110.001, 1e-6);
    cr_expect_float_eq(row->ratio, 1.1, 1e-4);
    row = rows_find(&section.rows, "quiet, useless history: end, preload / none", "preload");
    cr_assert_not_null(row);
    cr_expect_float_eq(row->median, 0.9, 1e-4);
    row = rows_find(&section.rows, "quiet, useless history: fetched ahead", "preload");
    cr_assert_not_null(row);
    cr_expect_float_eq(row->median, 3.0, 1e-9);
    cr_expect_null(rows_find(&section.rows, "quiet, useless history: fetched ahead", "none"));
    cr_expect_null(rows_find(&section.rows, "quiet, useless history: pages needed", "preload"));
}

/* One slow pair of so many widens the interval's upper end where there are few. */
static const struct verdict_case {
    uint64_t pairs, slow_pairs;
    uint64_t tenth_us, end_us, fetched;
    double percent;
    unsigned missed; /* lines */
} verdict_cases[] = {
    { 21, 0, 104000, 1040000, 32 * MIB, 49.9, 0 }, { 21, 0, 106000, 1000000, 0, 1.0, 1 },
    { 21, 0, 100000, 1060000, 0, 1.0, 1 },         { 21, 1, 100000, 1000000, 0, 1.0, 0 },
    { 21, 10, 100000, 1000000, 0, 1.0, 2 },        { 5, 2, 100000, 1000000, 0, 1.0, 0 },
    { 5, 0, 106000, 1060000, 0, 1.0, 2 },          { 21, 0, 90000, 900000, 32 * MIB + 1, 1.0, 1 },
    { 21, 0, 90000, 900000, 0, 50.0, 1 },
};

static unsigned count_words(FILE *in, const char *word)
{
    char line[512];
    unsigned count = 0;

    rewind(in);
    while (fgets(line, sizeof(line), in) != NULL)
        count += strstr(line, word) != NULL;
    return count;
}

static void expect_verdict(size_t i, const struct verdict_case *row)
{
    FILE *out = tmpfile();
    bool ok;

    for (uint64_t pair = 0; pair < row->pairs; pair++) {
        const uint64_t slower = pair < row->slow_pairs ? 2 : 1;

        record(pair, slower * row->tenth_us, slower * row->end_us, row->fetched, row->percent);
    }
    cr_assert_eq(harm_section_finish(&section), ROW_OK);
    cr_assert_not_null(out);
    ok = harm_section_judge(&section, 32 * MIB, out);
    cr_expect_eq(ok, row->missed == 0, "row %zu", i);
    cr_expect_eq(count_words(out, "MISSED"), row->missed, "row %zu: %u missed, %u wanted", i,
                 count_words(out, "MISSED"), row->missed);
    cr_expect_eq(count_words(out, ": ok"), 4 - row->missed, "row %zu", i);
    fclose(out);
}

Test(harm_section, each_bound_is_judged)
{
    for (size_t i = 0; i < COUNT(verdict_cases); i++) {
        expect_verdict(i, &verdict_cases[i]);
        harm_section_free(&section);
        section = (struct harm_section){ 0 };
        start();
    }
}

Test(harm_section, nothing_measured_is_no_success)
{
    FILE *out = tmpfile();

    cr_assert_eq(harm_section_finish(&section), ROW_OK);
    cr_assert_not_null(out);
    cr_expect_not(harm_section_judge(&section, 32 * MIB, out));
    fclose(out);
}
