/* What ours promises whatever its ideas are: it plans what it learnt, within the database and the
 * budget, and knows nothing that it was not told. */
#include "bench/policy/policy_ours.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/heap.h"

static const struct replay_device device = { 1000, 1000, 16, false };

static const char five_sessions[] = "session 500\nread 1:i 17:i 300 200 77\n"
                                    "session 500\nread 1:i 17:i 300 200\n"
                                    "session 500\nread 1:i 17:i 300@99 201\n"
                                    "session 500\nread 1:i 17:i 300@90000000000000\n"
                                    "session 250\nread 1:i 17:i 300\n";

static struct trace trace_of(const char *text)
{
    struct trace trace = { 0 };
    struct trace_error error;

    cr_assert_eq(trace_parse(&trace, text, strlen(text), &error), TRACE_OK, "%s", error.why);
    return trace;
}

static bool plans(const struct replay_plan *plan, uint32_t pgno)
{
    for (size_t i = 0; i < plan->len; i++)
        if (plan->pgnos[i] == pgno) return true;
    return false;
}

static struct policy_ours *begun(uint64_t budget_bytes)
{
    struct policy_ours *ours;

    cr_assert_eq(policy_ours_begin(&ours, &policy_variants[0], &device, budget_bytes), REPLAY_OK);
    return ours;
}

/* Learns four sessions and plans the fifth. */
static struct replay_plan plan_of(uint64_t budget_bytes, uint32_t page_count)
{
    struct policy_ours *ours = begun(budget_bytes);
    struct trace trace = trace_of(five_sessions);
    struct policy_facts facts = policy_facts_of(&trace.sessions[4]);
    struct replay_plan plan = { 0 };

    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(policy_ours_learn(ours, &trace.sessions[i], NULL, 0), REPLAY_OK);
    facts.page_count = page_count;
    cr_assert_eq(policy_ours_plan(&plan, ours, &facts), REPLAY_OK);
    policy_ours_end(ours);
    trace_free(&trace);
    return plan;
}

Test(policy_ours, the_first_variant_has_all_ideas)
{
    cr_expect_geq(policy_variants_count, 1);
    cr_expect_str_eq(policy_variants[0].name, "ours");
    cr_expect_eq(policy_variants[0].without, 0);
    for (size_t i = 1; i < policy_variants_count; i++)
        cr_expect_neq(policy_variants[i].without, 0, "%s", policy_variants[i].name);
}

Test(policy_ours, nothing_learnt_is_nothing_planned)
{
    struct policy_ours *ours = begun(POLICY_BUDGET_AUTO);
    const struct policy_facts facts = { .page_size = 4096, .page_count = 100 };
    struct replay_plan plan = { 0 };

    cr_assert_eq(policy_ours_plan(&plan, ours, &facts), REPLAY_OK);
    cr_expect_eq(plan.len, 0);
    replay_plan_free(&plan);
    policy_ours_end(ours);
    policy_ours_end(NULL);
}

Test(policy_ours, what_each_session_touched_is_planned)
{
    struct replay_plan plan = plan_of(POLICY_BUDGET_NONE, 500);

    cr_expect(plans(&plan, 1));
    cr_expect(plans(&plan, 17));
    cr_expect(plans(&plan, 300));
    replay_plan_free(&plan);
}

Test(policy_ours, no_page_lies_past_the_end)
{
    struct replay_plan plan = plan_of(POLICY_BUDGET_NONE, 250);

    cr_expect(plans(&plan, 17));
    cr_expect_not(plans(&plan, 300));
    replay_plan_free(&plan);
}

Test(policy_ours, a_budget_binds)
{
    struct replay_plan plan = plan_of(2 * 4096, 500);

    cr_expect_leq(plan.len, 2, "%zu pages", plan.len);
    cr_expect(plans(&plan, 1));
    replay_plan_free(&plan);
    plan = plan_of(0, 500);
    cr_expect_eq(plan.len, 0);
    replay_plan_free(&plan);
}

Test(policy_ours, every_variant_runs)
{
    struct trace trace = trace_of(five_sessions);

    for (size_t i = 0; i < policy_variants_count; i++) {
        struct policy_facts facts = policy_facts_of(&trace.sessions[0]);
        struct replay_plan plan = { 0 };
        struct policy_ours *ours;

        cr_assert_eq(policy_ours_begin(&ours, &policy_variants[i], &device, 4096), REPLAY_OK);
        cr_assert_eq(policy_ours_learn(ours, &trace.sessions[0], NULL, 0), REPLAY_OK);
        cr_assert_eq(policy_ours_plan(&plan, ours, &facts), REPLAY_OK);
        replay_plan_free(&plan);
        policy_ours_end(ours);
    }
    trace_free(&trace);
}

Test(policy_ours, memory_that_runs_out_is_said)
{
    struct trace trace = trace_of(five_sessions);
    struct policy_facts facts = policy_facts_of(&trace.sessions[0]);

    for (size_t n = 0;; n++) {
        struct replay_plan plan = { 0 };
        struct policy_ours *ours = NULL;
        int rc;

        heap_fail_at(n);
        rc = policy_ours_begin(&ours, &policy_variants[0], &device, POLICY_BUDGET_AUTO);
        for (size_t i = 0; i < 4 && rc == REPLAY_OK; i++)
            rc = policy_ours_learn(ours, &trace.sessions[i], NULL, 0);
        if (rc == REPLAY_OK) rc = policy_ours_plan(&plan, ours, &facts);
        replay_plan_free(&plan);
        policy_ours_end(ours);
        if (!heap_restore()) {
            cr_expect_eq(rc, REPLAY_OK);
            break;
        }
        cr_expect_eq(rc, REPLAY_NOMEM, "allocation %zu: %d", n, rc);
    }
    trace_free(&trace);
}
