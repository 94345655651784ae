/* Ours over the history and the plan of hints/. */
#include "bench/policy_ours.h"

#include <stdlib.h>
#include <string.h>

#include "hints/plan.h"

#define PROBABILITY_MIN_PPM 100000
#define GAP_PAGES_MAX       2
#define BUDGET_AUTO_MAX     (UINT64_C(32) << 20)

/* Any plan fits into it. */
#define BUDGET_UNBOUNDED (UINT64_C(1) << 62)

enum idea { IDEA_BUDGET = 1 };

const struct policy_variant policy_variants[] = {
    { "ours", 0 },
    { "ours-without-budget", IDEA_BUDGET },
};

const size_t policy_variants_count = sizeof policy_variants / sizeof policy_variants[0];

struct policy_ours {
    const struct replay_device *device;
    uint64_t budget_bytes;
    uint64_t sessions; /* learnt */
    struct hint_history history;
};

int policy_ours_begin(struct policy_ours **out, const struct policy_variant *variant,
                      const struct replay_device *device, uint64_t budget_bytes)
{
    struct policy_ours *ours = calloc(1, sizeof(*ours));

    *out = ours;
    if (!ours) return REPLAY_NOMEM;
    ours->device = device;
    ours->budget_bytes = variant->without & IDEA_BUDGET ? POLICY_BUDGET_NONE : budget_bytes;
    return REPLAY_OK;
}

void policy_ours_end(struct policy_ours *ours)
{
    if (ours) hint_history_free(&ours->history);
    free(ours);
}

static uint64_t budget_of(const struct policy_ours *ours, uint32_t page_size)
{
    uint64_t usual = (uint64_t)hint_history_usual_pages(&ours->history) * 2 * page_size;

    if (ours->budget_bytes == POLICY_BUDGET_NONE) return BUDGET_UNBOUNDED;
    if (ours->budget_bytes != POLICY_BUDGET_AUTO) return ours->budget_bytes;
    return usual < BUDGET_AUTO_MAX ? usual : BUDGET_AUTO_MAX;
}

static int add_group(struct replay_plan *out, const struct hint_plan *plan,
                     const struct hint_group *group)
{
    uint32_t *pgnos = calloc(plan->page_count + 1, sizeof(*pgnos));
    size_t count = 0;
    int rc;

    if (!pgnos) return REPLAY_NOMEM;
    for (size_t i = 0; i < group->len; i++)
        for (uint32_t k = 0; k < plan->runs[group->first + i].count; k++)
            pgnos[count++] = plan->runs[group->first + i].first + k;
    rc = replay_plan_add(out, pgnos, count, 0);
    free(pgnos);
    return rc;
}

int policy_ours_plan(struct replay_plan *out, struct policy_ours *ours,
                     const struct policy_facts *facts)
{
    const struct hint_database database = { facts->page_size, facts->page_count };
    const struct hint_costs costs = { PROBABILITY_MIN_PPM, GAP_PAGES_MAX, HINT_GROUP_PAGES_MAX };
    const struct hint_budget budget = { budget_of(ours, facts->page_size) };
    struct hint_plan plan = { 0 };
    int rc = hint_plan_make(&plan, &ours->history, database, costs, budget, NULL);

    rc = rc == HINT_OK ? REPLAY_OK : REPLAY_NOMEM;
    for (size_t i = 0; i < plan.group_count && rc == REPLAY_OK; i++)
        rc = add_group(out, &plan, &plan.groups[i]);
    hint_plan_free(&plan);
    return rc;
}

int policy_ours_replan(struct replay_plan *fresh, struct policy_ours *ours,
                       const struct replay_view *view)
{
    (void)fresh;
    (void)ours;
    (void)view;
    return REPLAY_KEEP;
}

static struct hint_touch touch_of(const struct trace_touch *touch)
{
    uint64_t units = touch->us == TRACE_US_UNKNOWN ? 0 : touch->us / HINT_STAMP_UNIT_US;
    uint32_t most = UINT32_MAX >> HINT_STAMP_SHIFT;
    uint32_t stamp = units < most ? (uint32_t)units : most;

    stamp = stamp << HINT_STAMP_SHIFT | (uint32_t)touch->how << 2 | (uint32_t)touch->page_class;
    return (struct hint_touch){ touch->pgno, stamp };
}

int policy_ours_learn(struct policy_ours *ours, const struct trace_session *session,
                      const uint32_t *fetched, size_t fetched_count)
{
    struct hint_session learnt = { .len = session->len };
    int rc = REPLAY_NOMEM;

    (void)fetched;
    (void)fetched_count;
    ours->sessions++;
    memcpy(learnt.id.bytes, &ours->sessions, sizeof ours->sessions);
    learnt.touches = calloc(session->len + 1, sizeof(*learnt.touches));
    if (learnt.touches) {
        for (size_t i = 0; i < session->len; i++)
            learnt.touches[i] = touch_of(&session->touches[i]);
        if (hint_history_fold(&ours->history, &learnt) == HINT_OK) rc = REPLAY_OK;
    }
    hint_session_free(&learnt);
    return rc;
}
