/* Two lists that grow. */
#include "bench/kit/replay_plan.h"

#include <stdlib.h>
#include <string.h>

void replay_plan_free(struct replay_plan *plan)
{
    free(plan->pgnos);
    free(plan->groups);
    *plan = (struct replay_plan){ 0 };
}

static int reserve_pages(struct replay_plan *plan, size_t count)
{
    size_t cap = plan->cap ? plan->cap : REPLAY_GROUP_PAGES_MAX;
    uint32_t *pgnos;

    if (plan->cap - plan->len >= count) return REPLAY_OK;
    while (cap - plan->len < count)
        cap *= 2;
    pgnos = realloc(plan->pgnos, cap * sizeof(*pgnos));
    if (!pgnos) return REPLAY_NOMEM;
    plan->pgnos = pgnos;
    plan->cap = cap;
    return REPLAY_OK;
}

static int reserve_group(struct replay_plan *plan)
{
    size_t cap = plan->group_cap ? plan->group_cap * 2 : 16;
    struct replay_group *groups;

    if (plan->group_cap > plan->group_count) return REPLAY_OK;
    groups = realloc(plan->groups, cap * sizeof(*groups));
    if (!groups) return REPLAY_NOMEM;
    plan->groups = groups;
    plan->group_cap = cap;
    return REPLAY_OK;
}

int replay_plan_add(struct replay_plan *plan, const uint32_t *pgnos, size_t count, size_t due)
{
    if (count == 0) return REPLAY_OK;
    if (reserve_pages(plan, count) != REPLAY_OK || reserve_group(plan) != REPLAY_OK)
        return REPLAY_NOMEM;
    memcpy(plan->pgnos + plan->len, pgnos, count * sizeof(*pgnos));
    plan->groups[plan->group_count++] = (struct replay_group){ plan->len, count, due };
    plan->len += count;
    return REPLAY_OK;
}

int replay_plan_add_in_order(struct replay_plan *plan, const uint32_t *pgnos, size_t count)
{
    size_t group_len = REPLAY_GROUP_PAGES_FIRST;
    int rc = REPLAY_OK;

    for (size_t first = 0; first < count && rc == REPLAY_OK; group_len *= 2) {
        if (group_len > REPLAY_GROUP_PAGES_MAX) group_len = REPLAY_GROUP_PAGES_MAX;
        if (group_len > count - first) group_len = count - first;
        rc = replay_plan_add(plan, pgnos + first, group_len, 0);
        first += group_len;
    }
    return rc;
}
