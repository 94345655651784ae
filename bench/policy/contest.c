/* The sessions pass once, and every policy runs each of them. */
#include "bench/policy/contest.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "bench/policy/policy_ours.h"

#define NS_A_MS 1e6

/* Sums over the tested sessions. */
struct score {
    size_t sessions;
    double recall, recall_worst;
    double precision;
    size_t precise; /* sessions for which something was fetched */
    double requests, bytes, wasted_bytes;
    double ms, ms_worst;
};

/* A fixed policy, or a variant of ours. */
struct competitor {
    const char *name;
    const struct policy *fixed;
    struct policy_ours *ours;
    struct score score;
};

/* All of them: the fixed ones, ours, and the oracle last. */
struct field {
    struct competitor *competitors;
    size_t len;
};

static void free_field(struct field *field)
{
    for (size_t i = 0; i < field->len; i++)
        policy_ours_end(field->competitors[i].ours);
    free(field->competitors);
}

static int make_field(struct field *field, const struct contest *contest)
{
    size_t variants = contest->ablate ? policy_variants_count : 1;
    struct competitor *next;
    int rc = CONTEST_OK;

    next = calloc(policies_count + variants, sizeof(*next));
    if (!next) return CONTEST_NOMEM;
    field->competitors = next;
    for (size_t i = 0; i + 1 < policies_count; i++)
        *next++ = (struct competitor){ .name = policies[i].name, .fixed = &policies[i] };
    for (size_t i = 0; i < variants && rc == CONTEST_OK; i++, next++) {
        next->name = policy_variants[i].name;
        rc = policy_ours_begin(&next->ours, &policy_variants[i], &contest->device,
                               contest->budget_bytes);
    }
    *next = (struct competitor){ .name = policies[policies_count - 1].name,
                                 .fixed = &policies[policies_count - 1] };
    field->len = policies_count + variants;
    return rc;
}

static void add_score(struct score *score, const struct replay_result *result, uint32_t page_size)
{
    double recall = (double)result->covered / (double)result->touches;
    double ms = (double)result->ns / NS_A_MS;
    size_t wanted = result->covered + result->wasted;

    if (score->sessions == 0 || recall < score->recall_worst) score->recall_worst = recall;
    if (ms > score->ms_worst) score->ms_worst = ms;
    score->sessions++;
    score->recall += recall;
    if (wanted > 0) {
        score->precision += (double)result->covered / (double)wanted;
        score->precise++;
    }
    score->requests += (double)(result->demands + result->requests);
    score->bytes += (double)(result->demands + result->fetched_count) * page_size;
    score->wasted_bytes += (double)result->wasted * page_size;
    score->ms += ms;
}

static int ask_ours(struct replay_plan *fresh, const struct replay_view *view, void *ctx)
{
    return policy_ours_replan(fresh, ctx, view);
}

static int make_plan(struct replay_plan *plan, const struct competitor *competitor,
                     const struct past *past, const struct trace_session *session)
{
    const struct policy_question question = { past, policy_facts_of(session),
                                              competitor->fixed && competitor->fixed->is_oracle
                                                  ? session
                                                  : NULL };

    if (competitor->fixed) return competitor->fixed->plan(plan, &question);
    return policy_ours_plan(plan, competitor->ours, &question.facts);
}

static int compete(struct competitor *competitor, const struct contest *contest,
                   const struct past *past, size_t number)
{
    const struct trace_session *session = &contest->trace->sessions[number - 1];
    bool is_tested = number >= contest->first;
    struct replay_plan plan = { 0 };
    struct replay_result result = { 0 };
    int rc = REPLAY_OK;

    if (is_tested) rc = make_plan(&plan, competitor, past, session);
    if (rc == REPLAY_OK && is_tested)
        rc = replay_run(&result, session, &contest->device, &plan, ask_ours, competitor->ours);
    if (rc == REPLAY_OK && is_tested && session->len > 0 && !session->is_maintenance)
        add_score(&competitor->score, &result, trace_page_size(session));
    if (rc == REPLAY_OK && competitor->ours)
        rc = policy_ours_learn(competitor->ours, session, result.fetched, result.fetched_count);
    replay_result_free(&result);
    replay_plan_free(&plan);
    return rc == REPLAY_OK ? CONTEST_OK : CONTEST_NOMEM;
}

static struct policy_row row_of(const struct competitor *competitor, const char *trace)
{
    const struct score *score = &competitor->score;
    double n = (double)score->sessions;

    return (struct policy_row){
        .trace = trace,
        .policy = competitor->name,
        .sessions = score->sessions,
        .recall = score->recall / n,
        .recall_worst = score->recall_worst,
        .precision = score->precise > 0 ? score->precision / (double)score->precise : NAN,
        .requests = score->requests / n,
        .bytes = score->bytes / n,
        .wasted_bytes = score->wasted_bytes / n,
        .ms = score->ms / n,
        .ms_worst = score->ms_worst,
    };
}

static int add_rows(struct policy_rows *rows, const struct field *field, const char *trace)
{
    size_t first = rows->len;
    int rc = POLICY_ROW_OK;

    for (size_t i = 0; i < field->len && rc == POLICY_ROW_OK; i++) {
        const struct policy_row row = row_of(&field->competitors[i], trace);

        if (row.sessions > 0) rc = policy_rows_add(rows, &row);
    }
    policy_rows_compare(rows, first);
    return rc == POLICY_ROW_OK ? CONTEST_OK : CONTEST_NOMEM;
}

int contest_run(struct policy_rows *rows, const struct contest *contest)
{
    struct field field = { 0 };
    struct past past = { 0 };
    int rc = make_field(&field, contest);

    assert(contest->first >= 1);
    for (size_t i = 0; i < contest->trace->len && rc == CONTEST_OK; i++) {
        for (size_t k = 0; k < field.len && rc == CONTEST_OK; k++)
            rc = compete(&field.competitors[k], contest, &past, i + 1);
        if (rc == CONTEST_OK && past_fold(&past, &contest->trace->sessions[i]) != PAST_OK)
            rc = CONTEST_NOMEM;
    }
    if (rc == CONTEST_OK) rc = add_rows(rows, &field, contest->name);
    past_free(&past);
    free_field(&field);
    return rc;
}
