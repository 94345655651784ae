/* Each policy's pages and their order, worked out by hand. */
#include "bench/kit/policies.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/heap.h"
#include "tests/support/runs.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct policy *policy_of(const char *name)
{
    for (size_t i = 0; i < policies_count; i++)
        if (strcmp(policies[i].name, name) == 0) return &policies[i];
    cr_assert_fail("no policy %s", name);
    return NULL;
}

static struct trace trace_of(const char *text)
{
    struct trace trace = { 0 };
    struct trace_error error;

    cr_assert_eq(trace_parse(&trace, text, strlen(text), &error), TRACE_OK, "line %zu: %s",
                 error.line, error.why);
    return trace;
}

/* Pages in order, a run of ascending ones as "1-3", groups parted by "|". */
static struct text plan_text(const struct replay_plan *plan)
{
    struct text text = { "" };

    for (size_t g = 0; g < plan->group_count; g++) {
        const struct replay_group *group = &plan->groups[g];
        const uint32_t *pgnos = plan->pgnos + group->first;

        if (g > 0) text_add(&text, " | ");
        for (size_t i = 0; i < group->len; i++) {
            size_t end = i + 1;

            while (end < group->len && pgnos[end] == pgnos[end - 1] + 1)
                end++;
            text_add(&text, "%s%" PRIu32, i > 0 ? " " : "", pgnos[i]);
            if (end - i > 2) text_add(&text, "-%" PRIu32, pgnos[end - 1]);
            if (end - i > 2) i = end - 1;
        }
    }
    return text;
}

/* What a policy plans for the last session of a trace, from the others. */
static struct text plan_of(const char *name, const struct trace *trace)
{
    const struct policy *policy = policy_of(name);
    const struct trace_session *last = &trace->sessions[trace->len - 1];
    struct past past = { 0 };
    struct replay_plan plan = { 0 };
    struct policy_question question = { &past, policy_facts_of(last),
                                        policy->is_oracle ? last : NULL };
    struct text text;

    for (size_t i = 0; i + 1 < trace->len; i++)
        cr_assert_eq(past_fold(&past, &trace->sessions[i]), PAST_OK);
    cr_assert_eq(policy->plan(&plan, &question), REPLAY_OK);
    for (size_t i = 0; i < plan.group_count; i++)
        cr_expect_eq(plan.groups[i].due, 0, "%s", name);
    text = plan_text(&plan);
    replay_plan_free(&plan);
    past_free(&past);
    return text;
}

static const char six_sessions[] = "page_size 4096\n"
                                   "session 500 \nread 1:i 400 90:l\n"
                                   "session 500\nread 1:i 17:i 300\n"
                                   "session 500\nread 1 17 200 300\n"
                                   "session 500\nread 1 200 17 500:i\n"
                                   "session 500\nread 1 60\n"
                                   "session 500\nread 1 17 61 60\n"
                                   /* The tested one, of a smaller database. */
                                   "session 450\nread 1 61 440 17 451\n";

static const struct policy_case {
    const char *name, *want;
} policy_cases[] = {
    { "none", "" },
    { "first-128", "1-128" },
    { "prefix-2mib", "1-450" },
    { "interior", "1 17" },
    /* Usual ranks: 1 is 0; 17 is 1; 60 was 1 and 3; 61 is 2; 90 is 2; 200 was 2 and 1; 300 was 2
     * and 3; 400 is 1. All are among the hottest, and the first 128 fill up. */
    { "hot-ranges", "1 17 200 400 60 61 90 300 2-9 | 10-16 18-42 | 43-59 62-89 91-109 | 110-128" },
    { "last", "1 17 60 61" },
    { "two-of-five", "1 17 200 60 300" },
    /* .2 * .8^i, i sessions back: the fourth last one is .1024, the fifth last .0819. */
    { "decayed", "1 17 200 60 61 300" },
    { "union", "1 17 200 400 60 61 90 300" },
    { "oracle", "1 61 440 17" },
};

Test(policies, each_chooses_and_orders_as_worked_out_by_hand)
{
    struct trace trace = trace_of(six_sessions);

    cr_expect_eq(policies_count, COUNT(policy_cases), "%zu policies", policies_count);
    cr_expect_str_eq(policies[0].name, "none");
    cr_expect(policies[policies_count - 1].is_oracle);
    for (size_t i = 0; i < COUNT(policy_cases); i++) {
        struct text got = plan_of(policy_cases[i].name, &trace);

        cr_expect_str_eq(got.s, policy_cases[i].want, "%s: %s", policy_cases[i].name, got.s);
    }
    trace_free(&trace);
}

Test(policies, without_a_past_only_the_first_pages_and_the_oracle_plan)
{
    struct trace trace = trace_of("page_size 65536\nsession 100\nread 7 5\n");

    for (size_t i = 0; i < policies_count; i++) {
        const char *name = policies[i].name;
        const char *want = "";
        struct text got = plan_of(name, &trace);

        if (strcmp(name, "first-128") == 0) want = "1-100";
        if (strcmp(name, "prefix-2mib") == 0) want = "1-32";
        if (strcmp(name, "hot-ranges") == 0) want = "1-16 | 17-48 | 49-100";
        if (strcmp(name, "oracle") == 0) want = "7 5";
        cr_expect_str_eq(got.s, want, "%s: %s", name, got.s);
    }
    trace_free(&trace);
}

Test(policies, interior_pages_are_not_guessed)
{
    struct trace trace = trace_of("session 100\nread 1 2 3\nsession 100\nread 1 2 3\n");
    struct text got = plan_of("interior", &trace);

    cr_expect_str_eq(got.s, "", "%s", got.s);
    trace_free(&trace);
}

/* A session that touches 200 lone pages, then 20 stretches of 2 to 21 pages. A second one touches
 * the last 100 of the lone pages, and the stretch of 3. */
static struct trace trace_of_hot_pages(void)
{
    struct trace trace = { 0 };
    struct trace_session *session = trace_add_session(&trace, 100000, NULL);
    struct trace_touch touch = { 0 };

    for (uint32_t i = 0; i < 200; i++) {
        touch.pgno = 1000 + 2 * i;
        cr_assert_eq(trace_session_add(session, touch), TRACE_OK);
    }
    for (uint32_t i = 2; i < 22; i++) {
        for (uint32_t k = 0; k < i; k++) {
            touch.pgno = 1000 * i + k;
            cr_assert_eq(trace_session_add(session, touch), TRACE_OK);
        }
    }
    session = trace_add_session(&trace, 100000, NULL);
    for (touch.pgno = 1200; touch.pgno < 1400; touch.pgno += 2)
        cr_assert_eq(trace_session_add(session, touch), TRACE_OK);
    for (touch.pgno = 3000; touch.pgno < 3003; touch.pgno++)
        cr_assert_eq(trace_session_add(session, touch), TRACE_OK);
    cr_assert_not_null(trace_add_session(&trace, 100000, NULL));
    return trace;
}

Test(policies, hot_pages_are_the_128_most_touched_and_ranges_the_16_longest)
{
    struct trace trace = trace_of_hot_pages();
    struct past past = { 0 };
    struct replay_plan plan = { 0 };
    struct policy_question question = { &past, policy_facts_of(&trace.sessions[2]), NULL };
    size_t lone = 0, stretch = 0, first = 0, three = 0, shorter = 0;

    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(past_fold(&past, &trace.sessions[i]), PAST_OK);
    cr_assert_eq(policy_of("hot-ranges")->plan(&plan, &question), REPLAY_OK);
    for (size_t i = 0; i < plan.len; i++) {
        uint32_t pgno = plan.pgnos[i];

        lone += pgno >= 1000 && pgno < 2000;
        shorter += pgno >= 2000 && pgno < 6000 && pgno / 1000 != 3;
        three += pgno / 1000 == 3;
        stretch += pgno >= 6000;
        first += pgno <= 128;
    }
    /* 103 pages were touched twice; 25 more are the earliest of the rest. */
    cr_expect_eq(lone, 125, "%zu lone pages", lone);
    cr_expect_eq(three, 3, "%zu", three);
    cr_expect_eq(shorter, 0, "%zu", shorter);
    cr_expect_eq(stretch, 216, "%zu pages of the stretches of 6 to 21", stretch);
    cr_expect_eq(first, 128, "%zu", first);
    replay_plan_free(&plan);
    past_free(&past);
    trace_free(&trace);
}

Test(policies, what_is_unknown_of_a_session_has_its_default)
{
    struct trace trace = trace_of("session 100\nsession 7 cookie=3 profile=a\n");
    struct policy_facts facts = policy_facts_of(&trace.sessions[0]);

    cr_expect_eq(facts.page_size, 4096);
    cr_expect_eq(facts.page_count, 100);
    cr_expect_null(facts.profile);
    cr_expect_not(facts.has_cookie);
    facts = policy_facts_of(&trace.sessions[1]);
    cr_expect_eq(facts.page_count, 7);
    cr_expect_str_eq(facts.profile, "a");
    cr_expect(facts.has_cookie);
    cr_expect_eq(facts.cookie, 3);
    trace_free(&trace);
}

Test(policies, memory_that_runs_out_is_said)
{
    struct trace trace = trace_of(six_sessions);
    struct past past = { 0 };

    for (size_t i = 0; i + 1 < trace.len; i++)
        cr_assert_eq(past_fold(&past, &trace.sessions[i]), PAST_OK);
    for (size_t i = 1; i < policies_count; i++) {
        const struct trace_session *last = &trace.sessions[6];
        struct policy_question question = { &past, policy_facts_of(last),
                                            policies[i].is_oracle ? last : NULL };

        for (size_t n = 0;; n++) {
            struct replay_plan plan = { 0 };
            int rc;

            heap_fail_at(n);
            rc = policies[i].plan(&plan, &question);
            replay_plan_free(&plan);
            if (!heap_restore()) {
                cr_expect_eq(rc, REPLAY_OK, "%s", policies[i].name);
                cr_expect_geq(n, 3, "%s", policies[i].name);
                break;
            }
            cr_expect_eq(rc, REPLAY_NOMEM, "%s, allocation %zu: %d", policies[i].name, n, rc);
        }
    }
    past_free(&past);
    trace_free(&trace);
}
