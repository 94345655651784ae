/* What each set is by its name. */
#include "bench/replay/fetch_set.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define FILE_PAGES FETCH_FILE_PAGES_MIN

static struct fetch_set set;

static void stop(void)
{
    fetch_set_free(&set);
}

TestSuite(fetch_set, .fini = stop);

static int compare(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a;
    const uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Pages that are in both lists. */
static uint32_t count_common(const uint32_t *a, const uint32_t *b)
{
    static uint32_t x[FETCH_PAGES], y[FETCH_PAGES];
    uint32_t common = 0;

    memcpy(x, a, sizeof(x));
    memcpy(y, b, sizeof(y));
    qsort(x, FETCH_PAGES, sizeof(*x), compare);
    qsort(y, FETCH_PAGES, sizeof(*y), compare);
    for (size_t i = 0, j = 0; i < FETCH_PAGES && j < FETCH_PAGES;) {
        common += x[i] == y[j];
        if (x[i] <= y[j])
            i++;
        else
            j++;
    }
    return common;
}

static uint32_t count_distinct(const uint32_t *pages)
{
    static uint32_t sorted[FETCH_PAGES];
    uint32_t distinct = 1;

    memcpy(sorted, pages, sizeof(sorted));
    qsort(sorted, FETCH_PAGES, sizeof(*sorted), compare);
    for (size_t i = 1; i < FETCH_PAGES; i++)
        distinct += sorted[i] != sorted[i - 1];
    return distinct;
}

static uint32_t least_of(const uint32_t *pages)
{
    uint32_t least = pages[0];

    for (size_t i = 1; i < FETCH_PAGES; i++)
        if (pages[i] < least) least = pages[i];
    return least;
}

static const struct set_case {
    enum fetch_kind kind;
    uint32_t common;              /* wanted and hinted */
    size_t runs_least, runs_most; /* of the hinted ones, joined */
} set_cases[] = {
    { FETCH_SCATTERED, FETCH_PAGES, 2000, FETCH_PAGES },
    { FETCH_CLUSTERED, FETCH_PAGES, 200, FETCH_PAGES / 16 },
    { FETCH_SCAN, FETCH_PAGES, 1, 1 },
    { FETCH_USELESS, 0, 2000, FETCH_PAGES },
};

Test(fetch_set, each_is_what_its_name_says)
{
    for (size_t i = 0; i < sizeof(set_cases) / sizeof(set_cases[0]); i++) {
        const struct set_case *row = &set_cases[i];

        cr_assert_eq(fetch_set_make(&set, row->kind, FILE_PAGES, 1), HINT_OK);
        cr_expect_eq(count_common(set.wanted, set.hinted), row->common, "row %zu: %u", i,
                     count_common(set.wanted, set.hinted));
        cr_expect_eq(count_distinct(set.wanted), FETCH_PAGES, "row %zu: %u", i,
                     count_distinct(set.wanted));
        cr_expect_eq(count_distinct(set.hinted), FETCH_PAGES, "row %zu: %u", i,
                     count_distinct(set.hinted));
        cr_expect(set.runs.len >= row->runs_least && set.runs.len <= row->runs_most,
                  "row %zu: %zu runs", i, set.runs.len);
        cr_expect(hint_run_end(set.runs.items[set.runs.len - 1]) <= FILE_PAGES + 1, "row %zu", i);
    }
}

Test(fetch_set, a_scan_goes_from_its_first_page_to_its_last)
{
    cr_assert_eq(fetch_set_make(&set, FETCH_SCAN, FILE_PAGES, 7), HINT_OK);
    for (uint32_t i = 1; i < FETCH_PAGES; i++)
        cr_assert_eq(set.wanted[i], set.wanted[0] + i);
}

Test(fetch_set, the_same_seed_makes_the_same_set)
{
    static uint32_t wanted[FETCH_PAGES];

    cr_assert_eq(fetch_set_make(&set, FETCH_CLUSTERED, FILE_PAGES, 3), HINT_OK);
    memcpy(wanted, set.wanted, sizeof(wanted));
    cr_assert_eq(fetch_set_make(&set, FETCH_CLUSTERED, FILE_PAGES, 4), HINT_OK);
    cr_expect_neq(memcmp(wanted, set.wanted, sizeof(wanted)), 0);
    cr_assert_eq(fetch_set_make(&set, FETCH_CLUSTERED, FILE_PAGES, 3), HINT_OK);
    cr_expect_eq(memcmp(wanted, set.wanted, sizeof(wanted)), 0);
}

Test(fetch_set, page_1_is_in_no_set)
{
    for (int kind = 0; kind < FETCH_KIND_COUNT; kind++) {
        for (uint64_t seed = 0; seed < 40; seed++) {
            cr_assert_eq(fetch_set_make(&set, (enum fetch_kind)kind, FILE_PAGES, seed), HINT_OK);
            cr_assert_geq(least_of(set.wanted), 2, "kind %d, seed %d", kind, (int)seed);
            cr_assert_geq(least_of(set.hinted), 2, "kind %d, seed %d", kind, (int)seed);
        }
    }
}
