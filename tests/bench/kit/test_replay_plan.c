/* Groups as they are cut. */
#include "bench/kit/replay_plan.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/support/heap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The pages 1..count, to be freed. */
static uint32_t *pages_to(uint32_t count)
{
    uint32_t *pgnos = calloc(count + 1, sizeof(*pgnos));

    cr_assert_not_null(pgnos);
    for (uint32_t i = 0; i < count; i++)
        pgnos[i] = i + 1;
    return pgnos;
}

Test(replay_plan, a_group_has_its_pages_and_when_it_is_due)
{
    static const uint32_t pgnos[] = { 9, 7, 8 };
    struct replay_plan plan = { 0 };

    cr_assert_eq(replay_plan_add(&plan, pgnos, 3, 0), REPLAY_OK);
    cr_assert_eq(replay_plan_add(&plan, pgnos, 0, 5), REPLAY_OK);
    cr_assert_eq(replay_plan_add(&plan, pgnos, 1, 40), REPLAY_OK);
    cr_assert_eq(plan.group_count, 2, "no pages are no group");
    cr_expect_eq(plan.groups[0].first, 0);
    cr_expect_eq(plan.groups[0].len, 3);
    cr_expect_eq(plan.groups[0].due, 0);
    cr_expect_eq(plan.groups[1].first, 3);
    cr_expect_eq(plan.groups[1].len, 1);
    cr_expect_eq(plan.groups[1].due, 40);
    cr_expect_eq(plan.pgnos[1], 7);
    cr_expect_eq(plan.pgnos[3], 9);
    replay_plan_free(&plan);
    replay_plan_free(&plan);
}

static const struct order_case {
    uint32_t pages;
    size_t lens[9];
} order_cases[] = {
    { 0, { 0 } },
    { 1, { 1 } },
    { 16, { 16 } },
    { 17, { 16, 1 } },
    { 496, { 16, 32, 64, 128, 256 } },
    { 1010, { 16, 32, 64, 128, 256, 256, 256, 2 } },
};

Test(replay_plan, pages_in_order_make_groups_that_double_up_to_256)
{
    for (size_t i = 0; i < COUNT(order_cases); i++) {
        struct replay_plan plan = { 0 };
        uint32_t *pgnos = pages_to(order_cases[i].pages);
        size_t group = 0;

        cr_assert_eq(replay_plan_add_in_order(&plan, pgnos, order_cases[i].pages), REPLAY_OK);
        for (; group < plan.group_count; group++)
            cr_expect_eq(plan.groups[group].len, order_cases[i].lens[group],
                         "row %zu, group %zu: %zu", i, group, plan.groups[group].len);
        cr_expect_eq(order_cases[i].lens[group], 0, "row %zu: %zu groups", i, group);
        cr_expect_eq(plan.len, order_cases[i].pages);
        for (size_t k = 0; k < plan.len; k++)
            cr_expect_eq(plan.pgnos[k], k + 1, "row %zu, page %zu", i, k);
        replay_plan_free(&plan);
        free(pgnos);
    }
}

Test(replay_plan, memory_that_runs_out_is_said)
{
    uint32_t *pgnos = pages_to(5000);

    for (size_t n = 0;; n++) {
        struct replay_plan plan = { 0 };
        int rc;

        heap_fail_at(n);
        rc = replay_plan_add_in_order(&plan, pgnos, 5000);
        if (!heap_restore()) {
            cr_expect_eq(rc, REPLAY_OK);
            cr_expect_eq(plan.len, 5000);
            replay_plan_free(&plan);
            break;
        }
        cr_expect_eq(rc, REPLAY_NOMEM, "allocation %zu: %d", n, rc);
        replay_plan_free(&plan);
    }
    free(pgnos);
}
