/* The arms in one table, and the bound that ours is held to. */
#include "bench/coldstart/arms_table.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* One round in which plain takes 100 ms, the oracle and ours what is given. */
static void record_round(struct section *section, uint64_t oracle_ms, uint64_t ours_ms)
{
    struct trial_found found[TRIAL_ARM_COUNT];

    for (int i = 0; i < TRIAL_ARM_COUNT; i++) {
        found[i] = (struct trial_found){ .first_row_us = 1000,
                                         .end_us = 100000,
                                         .needed_pages = 50,
                                         .demand_pages = 50,
                                         .page_bytes = 4096 };
    }
    found[TRIAL_WARM].end_us = 10000;
    found[TRIAL_WHOLE].end_us = 180000;
    found[TRIAL_ORACLE].end_us = oracle_ms * 1000;
    found[TRIAL_PRELOAD].end_us = ours_ms * 1000;
    found[TRIAL_PRELOAD].prefetched_pages = 80;
    found[TRIAL_PRELOAD].used_pages = 40;
    found[TRIAL_PRELOAD].demand_pages = 10;
    found[TRIAL_PRELOAD].fetch_requests = 70;
    section_name(section, "1 ms", "fresh keys", TRIAL_ARM_COUNT);
    cr_assert_eq(section_record(section, found), ROW_OK);
    cr_assert_eq(section_finish(section), ROW_OK);
}

static const struct verdict_case {
    uint64_t oracle_ms, ours_ms;
    enum arms_verdict want;
    const char *says;
} verdict_cases[] = {
    { 20, 26, ARMS_KEPT, "1 ms, fresh keys: ours / oracle at the median: 1.30 (1.3 allowed)" },
    { 20, 26, ARMS_KEPT, "by rounds 1.30 (1.30-1.30): kept\n" },
    { 20, 26, ARMS_KEPT, "takes 2.00 times what warm takes; ours has 92 % of its gain\n" },
    { 20, 27, ARMS_MISSED, ": MISSED\n" },
    { 90, 117, ARMS_KEPT, "the oracle is 1.11 times faster than plain (judged from 1.1 on)" },
    { 95, 200, ARMS_NO_GAIN, ": not judged\n" },
    { 120, 200, ARMS_NO_GAIN, "what warm takes\n" },
};

static char *text_of(struct section *section)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    cr_assert_not_null(out);
    arms_verdict_print(section, out);
    arms_table_print(section, out);
    fclose(out);
    return text;
}

Test(arms_table, the_bound_holds_where_the_oracle_gains)
{
    for (size_t i = 0; i < sizeof(verdict_cases) / sizeof(verdict_cases[0]); i++) {
        const struct verdict_case *want = &verdict_cases[i];
        struct section section = { 0 };
        char *text;

        record_round(&section, want->oracle_ms, want->ours_ms);
        text = text_of(&section);
        cr_expect_eq(arms_verdict_of(&section), want->want, "row %zu", i);
        cr_expect_not_null(strstr(text, want->says), "row %zu: %s", i, text);
        free(text);
        section_free(&section);
    }
}

static const char *const lines[] = {
    "1 ms, fresh keys\narm ",
    "\nplain cold                 1.0       100.0 (100.0-100.0)          -        5.00    0.00"
    "         50           -       -       -          - ",
    "\npreload cold               1.0          26.0 (26.0-26.0)       3.85        1.30    0.93"
    "         10          80      40    0.80       0.50       0.16       70         - ",
    "\nwhole file                 1.0       180.0 (180.0-180.0)       0.56        9.00   -1.00 ",
    "\noracle                     1.0          20.0 (20.0-20.0)       5.00        1.00    1.00 ",
};

Test(arms_table, an_arm_is_a_line_and_what_it_has_none_of_a_dash)
{
    struct section section = { 0 };
    char *text;

    record_round(&section, 20, 26);
    text = text_of(&section);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        cr_expect_not_null(strstr(text, lines[i]), "row %zu is not in\n%s", i, text);
    }
    free(text);
    section_free(&section);
}
