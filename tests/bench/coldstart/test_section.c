/* What the arms found becomes rows with ratios to plain. */
#include "bench/coldstart/section.h"

#include <criterion/criterion.h>

/* Two rounds of four arms; plain takes 100 ms, then 300. */
static void record_two_rounds(struct section *section)
{
    struct trial_found found[TRIAL_ARM_COUNT] = {
        [TRIAL_PLAIN] = { .first_row_us = 999,
                          .end_us = 99999,
                          .needed_pages = 50,
                          .demand_pages = 50 },
        [TRIAL_PRELOAD] = { .first_row_us = 1999,
                            .end_us = 9999,
                            .needed_pages = 50,
                            .demand_pages = 10,
                            .prefetched_pages = 80,
                            .used_pages = 40 },
        [TRIAL_WHOLE] = { .first_row_us = 199999, .end_us = 199999, .needed_pages = 50 },
        [TRIAL_WARM] = { .first_row_us = 99, .end_us = 4999, .needed_pages = 50 },
    };

    section_name(section, "1 ms", "fresh keys", TRIAL_SHORT_COUNT);
    cr_assert_eq(section_record(section, found), ROW_OK);
    found[TRIAL_PLAIN].end_us = 299999;
    cr_assert_eq(section_record(section, found), ROW_OK);
    cr_assert_eq(section_finish(section), ROW_OK);
}

static const struct section_case {
    const char *name;
    enum trial_arm arm;
    double want, want_ratio; /* 0: it has none */
} section_cases[] = {
    { "1 ms, fresh keys: first row", TRIAL_PRELOAD, 1.999, 1.999 / .999 },
    { "1 ms, fresh keys: end of session", TRIAL_PLAIN, 199.999, 1 },
    { "1 ms, fresh keys: end of session", TRIAL_WARM, 4.999, 4.999 / 199.999 },
    { "1 ms, fresh keys: pages needed", TRIAL_PLAIN, 50, 1 },
    { "1 ms, fresh keys: read on demand", TRIAL_PRELOAD, 10, .2 },
    { "1 ms, fresh keys: prefetched", TRIAL_PRELOAD, 80, 0 },
    { "1 ms, fresh keys: first row, plain / arm", TRIAL_PRELOAD, .5, 0 },
    { "1 ms, fresh keys: end of session, plain / arm", TRIAL_PRELOAD, 20, 0 },
    { "1 ms, fresh keys: end of session, plain / arm", TRIAL_WHOLE, 1, 0 },
};

Test(section, rows_are_medians_of_rounds_and_speed_is_by_pairs)
{
    struct section section = { 0 };

    record_two_rounds(&section);
    for (size_t i = 0; i < sizeof(section_cases) / sizeof(section_cases[0]); i++) {
        const struct section_case *want = &section_cases[i];
        const struct row *got = rows_find(&section.rows, want->name, trial_arm_names[want->arm]);

        cr_assert_not_null(got, "row %zu: %s", i, want->name);
        cr_expect_eq(got->n, 2);
        cr_expect_float_eq(got->median, want->want, 1e-9, "row %zu: %g", i, got->median);
        cr_expect_float_eq(got->ratio, want->want_ratio, 1e-9, "row %zu: %g", i, got->ratio);
    }
    section_free(&section);
    section_free(&section);
}

Test(section, what_an_arm_has_none_of_is_no_row)
{
    struct section section = { 0 };

    record_two_rounds(&section);
    cr_expect_null(rows_find(&section.rows, "1 ms, fresh keys: prefetched", "plain cold"));
    cr_expect_null(rows_find(&section.rows, "1 ms, fresh keys: requests", "plain cold"));
    cr_expect_null(rows_find(&section.rows, "1 ms, fresh keys: pages needed", "warm"));
    cr_expect_str_eq(section.title, "1 ms, fresh keys");
    cr_expect_float_eq(section_median(&section, TRIAL_PRELOAD, SECTION_USED), 40, 1e-9);
    cr_expect_float_eq(section_median(&section, TRIAL_WARM, SECTION_USED), 0, 1e-9);
    section_free(&section);
}

/* All arms: plain takes 100 ms, the oracle 20, the whole file 140, every other arm 60. */
static void record_every_arm(struct section *section)
{
    struct trial_found found[TRIAL_ARM_COUNT];

    for (int i = 0; i < TRIAL_ARM_COUNT; i++) {
        found[i] = (struct trial_found){ .first_row_us = 999,
                                         .end_us = 60000,
                                         .needed_pages = 50,
                                         .prefetched_pages = 100,
                                         .used_pages = 40,
                                         .page_bytes = 1024,
                                         .fetch_requests = 90,
                                         .read_p50_ns = 1500,
                                         .read_p99_ns = 2500 };
    }
    found[TRIAL_PLAIN].end_us = 100000;
    found[TRIAL_PLAIN].prefetched_pages = 0;
    found[TRIAL_PLAIN].used_pages = 0;
    found[TRIAL_ORACLE].end_us = 20000;
    found[TRIAL_WHOLE].end_us = 140000;
    section_name(section, "disk", "fresh keys", TRIAL_ARM_COUNT);
    cr_assert_eq(section_record(section, found), ROW_OK);
    cr_assert_eq(section_finish(section), ROW_OK);
}

static const struct every_case {
    enum section_measure measure;
    enum trial_arm arm;
    double want;
} every_cases[] = {
    { SECTION_RECALL, TRIAL_UNION, .8 },     { SECTION_PRECISION, TRIAL_UNION, .4 },
    { SECTION_WASTED, TRIAL_FIRST, 61440 },  { SECTION_FETCH_REQUESTS, TRIAL_LAST, 90 },
    { SECTION_READ_P50, TRIAL_ORACLE, 1.5 }, { SECTION_READ_P99, TRIAL_PLAIN, 2.5 },
    { SECTION_SHARE, TRIAL_PLAIN, 0 },       { SECTION_SHARE, TRIAL_PRELOAD, .5 },
    { SECTION_SHARE, TRIAL_WHOLE, -.5 },     { SECTION_SHARE, TRIAL_ORACLE, 1 },
    { SECTION_OF_ORACLE, TRIAL_ORACLE, 1 },  { SECTION_OF_ORACLE, TRIAL_INTERIOR, 60001. / 20001 },
};

Test(section, where_every_arm_is_run_it_is_measured_by_the_oracle)
{
    struct section section = { 0 };

    record_every_arm(&section);
    for (size_t i = 0; i < sizeof(every_cases) / sizeof(every_cases[0]); i++) {
        const struct every_case *want = &every_cases[i];
        const struct row *got = section_row(&section, want->arm, want->measure);

        cr_assert_not_null(got, "row %zu", i);
        cr_expect_float_eq(got->median, want->want, 1e-9, "row %zu: %g", i, got->median);
    }
    cr_expect_null(section_row(&section, TRIAL_PLAIN, SECTION_PRECISION));
    cr_expect_null(section_row(&section, TRIAL_PLAIN, SECTION_WASTED));
    section_free(&section);
}

Test(section, four_arms_have_no_oracle_to_be_measured_by)
{
    struct section section = { 0 };

    record_two_rounds(&section);
    cr_expect_null(section_row(&section, TRIAL_PRELOAD, SECTION_RECALL));
    cr_expect_null(section_row(&section, TRIAL_PRELOAD, SECTION_SHARE));
    cr_expect_null(section_row(&section, TRIAL_ORACLE, SECTION_END));
    cr_expect_not_null(section_row(&section, TRIAL_PRELOAD, SECTION_END));
    section_free(&section);
}
