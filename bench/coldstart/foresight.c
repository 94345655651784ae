/* Policies answer with a plan, whose order becomes requests. */
#include "bench/coldstart/foresight.h"

#include "bench/kit/policies.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int foresight_load(struct foresight *foresight, const char *path, size_t learnt)
{
    struct trace_error error;
    int rc;

    foresight_free(foresight);
    rc = trace_load(&foresight->trace, path, &error);
    if (rc == TRACE_OK && foresight->trace.len < learnt) rc = TRACE_INVALID;
    for (size_t i = 0; i < learnt && rc == TRACE_OK; i++) {
        if (past_fold(&foresight->past, &foresight->trace.sessions[i]) != PAST_OK) {
            rc = TRACE_NOMEM;
        }
    }
    foresight->learnt = learnt;
    if (rc != TRACE_OK) foresight_free(foresight);
    return rc;
}

size_t foresight_tested(const struct foresight *foresight)
{
    return foresight->trace.len - foresight->learnt;
}

static const struct trace_session *tested_session(const struct foresight *foresight, size_t tested)
{
    assert(tested < foresight_tested(foresight));
    return &foresight->trace.sessions[foresight->learnt + tested];
}

static const struct policy *policy_called(const char *name)
{
    const struct policy *policy = policies;

    while (strcmp(policy->name, name) != 0) {
        policy++;
        assert(policy < policies + policies_count);
    }
    return policy;
}

int foresight_list(const struct foresight *foresight, const char *policy, size_t tested,
                   struct fetch_list *out)
{
    const struct policy *chosen = policy_called(policy);
    const struct trace_session *session = tested_session(foresight, tested);
    const struct policy_question question = {
        .past = &foresight->past,
        .facts = policy_facts_of(session),
        .itself = chosen->is_oracle ? session : NULL,
    };
    struct replay_plan plan = { 0 };
    int rc = FETCH_NOMEM;

    fetch_list_free(out);
    out->page_size = question.facts.page_size;
    if (chosen->plan(&plan, &question) == REPLAY_OK) {
        rc = fetch_list_add(out, plan.pgnos, plan.len);
    }
    replay_plan_free(&plan);
    return rc;
}

int foresight_used(const struct foresight *foresight, size_t tested, const struct fetch_list *list,
                   uint64_t pages, uint64_t *used)
{
    const struct trace_session *session = tested_session(foresight, tested);
    bool *needed = calloc((size_t)session->page_count + 1, sizeof(*needed));

    *used = 0;
    if (needed == NULL) return FETCH_NOMEM;
    for (size_t i = 0; i < session->len; i++) {
        if (session->touches[i].pgno <= session->page_count) {
            needed[session->touches[i].pgno] = true;
        }
    }
    for (size_t i = 0; i < list->len; i++) {
        const struct fetch_request request = list->items[i];

        for (uint32_t j = 0; j < request.count && pages > 0; j++, pages--) {
            const uint64_t pgno = (uint64_t)request.first + j;

            *used += pgno <= session->page_count && needed[pgno];
        }
    }
    free(needed);
    return FETCH_OK;
}

void foresight_free(struct foresight *foresight)
{
    trace_free(&foresight->trace);
    past_free(&foresight->past);
    foresight->learnt = 0;
}
