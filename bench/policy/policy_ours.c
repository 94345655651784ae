/* Ours over hints/: what the library does with a database, without the database. Each idea can be
 * switched off, by feeding the same code less than it asks for. */
#include "bench/policy/policy_ours.h"

#include <stdlib.h>
#include <string.h>

#include "hints/plan.h"
#include "hints/sweep.h"

#define BUDGET_AUTO_MAX (UINT64_C(32) << 20)

/* Any plan fits into it. */
#define BUDGET_UNBOUNDED (UINT64_C(1) << 62)

/* How often it is asked whether anybody wants what is fetched. */
#define ASK_USELESS 64

static const struct hint_book_cap cap = { .pages_max = 65536, .profiles_max = 16 };

enum idea {
    IDEA_COUNTING = 1 << 0, /* p = .8 p + .2 used, whatever happened after such pasts */
    IDEA_SAY = 1 << 1,      /* every session has a say about every page */
    IDEA_PLACE = 1 << 2,    /* no order by place, and so no look-ahead */
    IDEA_PACE = 1 << 3,     /* all groups are due at once */
    IDEA_FLOOR = 1 << 4,    /* interior pages are like all others */
    IDEA_GROWTH = 1 << 5,
    IDEA_PROFILES = 1 << 6,
    IDEA_PROBATION = 1 << 7,
    IDEA_FEEDBACK = 1 << 8, /* what was fetched in vain is not known */
    IDEA_SWEEPS = 1 << 9,   /* a backup is a session as any other */
    IDEA_BUDGET = 1 << 10,
};

const struct policy_variant policy_variants[] = {
    { "ours", 0 },
    { "ours-without-counting", IDEA_COUNTING },
    { "ours-without-say", IDEA_SAY },
    { "ours-without-place", IDEA_PLACE },
    { "ours-without-pace", IDEA_PACE },
    { "ours-without-floor", IDEA_FLOOR },
    { "ours-without-growth", IDEA_GROWTH },
    { "ours-without-profiles", IDEA_PROFILES },
    { "ours-without-probation", IDEA_PROBATION },
    { "ours-without-feedback", IDEA_FEEDBACK },
    { "ours-without-sweeps", IDEA_SWEEPS },
    { "ours-without-budget", IDEA_BUDGET },
};

const size_t policy_variants_count = sizeof policy_variants / sizeof policy_variants[0];

struct policy_ours {
    uint32_t without; /* ideas */
    const struct replay_device *device;
    uint64_t budget_bytes;
    uint32_t sessions; /* learnt */
    struct hint_book book;

    /* Of the session that runs. */
    struct hint_forecast forecast;
    struct hint_plan plan;
    enum hint_trust trust;
};

static bool has(const struct policy_ours *ours, enum idea idea)
{
    return !(ours->without & (uint32_t)idea);
}

static int status_of(int rc)
{
    return rc == HINT_OK ? REPLAY_OK : REPLAY_NOMEM;
}

int policy_ours_begin(struct policy_ours **out, const struct policy_variant *variant,
                      const struct replay_device *device, uint64_t budget_bytes)
{
    struct policy_ours *ours = calloc(1, sizeof(*ours));

    *out = ours;
    if (!ours) return REPLAY_NOMEM;
    ours->without = variant->without;
    ours->device = device;
    ours->budget_bytes = has(ours, IDEA_BUDGET) ? budget_bytes : POLICY_BUDGET_NONE;
    return REPLAY_OK;
}

void policy_ours_end(struct policy_ours *ours)
{
    if (!ours) return;
    hint_book_free(&ours->book);
    hint_forecast_free(&ours->forecast);
    hint_plan_free(&ours->plan);
    free(ours);
}

static struct hint_evidence evidence_of(const struct policy_ours *ours,
                                        const struct policy_facts *facts)
{
    struct hint_evidence evidence = { .page_size = facts->page_size,
                                      .page_count = facts->page_count };

    if (facts->has_cookie && has(ours, IDEA_PROBATION)) evidence.schema_cookie = facts->cookie;
    return evidence;
}

static struct hint_costs costs_of(const struct policy_ours *ours, uint32_t page_size)
{
    const struct hint_device device = {
        .latency_ns = ours->device->latency_us * 1000,
        .page_ns = (uint64_t)page_size * 1000 / ours->device->bandwidth_mbs,
        .parallel = ours->device->parallel,
        .list = ours->device->list,
    };
    struct hint_costs costs = hint_costs_of(&device);

    if (!has(ours, IDEA_PACE)) costs.lookahead = UINT32_MAX;
    return costs;
}

static struct hint_budget budget_of(const struct policy_ours *ours, struct hint_costs costs,
                                    struct hint_database database)
{
    if (ours->budget_bytes == POLICY_BUDGET_NONE) return (struct hint_budget){ BUDGET_UNBOUNDED };
    if (ours->budget_bytes != POLICY_BUDGET_AUTO) return (struct hint_budget){ ours->budget_bytes };
    return hint_budget_of(&ours->forecast, costs, database, BUDGET_AUTO_MAX);
}

/* The book as it would be if each session had come to every page's place. */
static int forecast_with_every_say(struct policy_ours *ours, const char *profile,
                                   uint32_t page_count)
{
    const uint32_t usual = hint_history_usual_pages(&ours->book.shared);
    struct hint_book book = { 0 };
    int rc = hint_book_copy(&book, &ours->book);

    for (uint32_t i = 0; rc == HINT_OK && i < book.shared.session_count; i++)
        book.shared.sessions[i].pages = UINT32_MAX;
    for (size_t k = 0; rc == HINT_OK && k < book.profile_count; k++)
        for (uint32_t i = 0; i < book.profiles[k].history.session_count; i++)
            book.profiles[k].history.sessions[i].pages = UINT32_MAX;
    if (rc == HINT_OK) rc = hint_forecast_make(&ours->forecast, &book, profile, page_count);
    if (rc == HINT_OK) ours->forecast.usual_pages = usual;
    hint_book_free(&book);
    return rc;
}

/* What is left of the forecast when some ideas are off. */
static void take_ideas_out(struct policy_ours *ours)
{
    for (size_t i = 0; i < ours->forecast.len; i++) {
        struct hint_guess *guess = &ours->forecast.pages[i];
        const struct hint_page *page = hint_history_find(&ours->book.shared, guess->pgno);

        if (!has(ours, IDEA_COUNTING) && page) guess->ppm = hint_decayed_ppm(page->seen);
        if (!has(ours, IDEA_PLACE)) guess->rank = 0;
        if (!has(ours, IDEA_FLOOR)) guess->page_class = HINT_CLASS_UNKNOWN;
    }
}

static int forecast(struct policy_ours *ours, const struct policy_facts *facts)
{
    const char *profile = has(ours, IDEA_PROFILES) ? facts->profile : NULL;
    const uint32_t page_count = has(ours, IDEA_GROWTH) ? facts->page_count : 0;
    int rc;

    if (has(ours, IDEA_SAY))
        rc = hint_forecast_make(&ours->forecast, &ours->book, profile, page_count);
    else
        rc = forecast_with_every_say(ours, profile, page_count);
    if (rc == HINT_OK) take_ideas_out(ours);
    return rc;
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
    rc = replay_plan_add(out, pgnos, count, group->due);
    free(pgnos);
    return rc;
}

static int add_groups(struct replay_plan *out, const struct hint_plan *plan, size_t from, size_t to)
{
    int rc = REPLAY_OK;

    for (size_t i = from; i < to && rc == REPLAY_OK; i++)
        rc = add_group(out, plan, &plan->groups[i]);
    return rc;
}

int policy_ours_plan(struct replay_plan *out, struct policy_ours *ours,
                     const struct policy_facts *facts)
{
    const struct hint_database database = { facts->page_size, facts->page_count };
    const struct hint_evidence found = evidence_of(ours, facts);
    const struct hint_costs costs = costs_of(ours, facts->page_size);
    int rc = forecast(ours, facts);

    ours->trust =
        has(ours, IDEA_PROBATION) ? hint_trust_of(&ours->book.evidence, &found) : HINT_TRUST_FULL;
    if (rc == HINT_OK)
        rc = hint_plan_make(&ours->plan, &ours->forecast, database, costs,
                            budget_of(ours, costs, database), ours->trust, NULL);
    out->ask_at = ours->trust == HINT_TRUST_FULL ? HINT_USELESS_DEMANDS : HINT_TRIAL_TOUCHES_MIN;
    return rc == HINT_OK ? add_groups(out, &ours->plan, 0, ours->plan.proven_from) : status_of(rc);
}

/* What is judged: how many of the first touches were known, on a trial; how much was wanted. */
static size_t known_of(const struct policy_ours *ours, const struct replay_view *view, size_t count)
{
    size_t known = 0;

    for (size_t i = 0; i < count; i++)
        known += hint_history_find(&ours->book.shared, view->touches[i].pgno) != NULL;
    return known;
}

static int compare_pgnos(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* REPLAY_NOMEM. */
static int count_used(size_t *used, const struct replay_view *view)
{
    uint32_t *fetched = calloc(view->fetched_count + 1, sizeof(*fetched));

    if (!fetched) return REPLAY_NOMEM;
    if (view->fetched_count > 0)
        memcpy(fetched, view->fetched, view->fetched_count * sizeof(*fetched));
    qsort(fetched, view->fetched_count, sizeof(*fetched), compare_pgnos);
    *used = 0;
    for (size_t i = 0; i < view->touch_count; i++)
        *used += bsearch(&view->touches[i].pgno, fetched, view->fetched_count, sizeof(*fetched),
                         compare_pgnos) != NULL;
    free(fetched);
    return REPLAY_OK;
}

static int ask_verdict(struct replay_plan *fresh, struct policy_ours *ours,
                       const struct replay_view *view)
{
    const size_t touched =
        view->touch_count < HINT_TRIAL_TOUCHES_MAX ? view->touch_count : HINT_TRIAL_TOUCHES_MAX;

    switch (hint_verdict_of(touched, known_of(ours, view, touched))) {
    case HINT_VERDICT_OPEN:
        fresh->ask_at = view->touch_count + 1;
        return REPLAY_KEEP;
    case HINT_VERDICT_MOVED:
        return REPLAY_OK;
    case HINT_VERDICT_GOOD:
        break;
    }
    ours->trust = HINT_TRUST_FULL;
    fresh->ask_at = HINT_USELESS_DEMANDS;
    return add_groups(fresh, &ours->plan, ours->plan.proven_from, ours->plan.group_count);
}

int policy_ours_replan(struct replay_plan *fresh, struct policy_ours *ours,
                       const struct replay_view *view)
{
    size_t used;
    int rc;

    if (ours->trust != HINT_TRUST_FULL) return ask_verdict(fresh, ours, view);
    rc = count_used(&used, view);
    if (rc != REPLAY_OK) return rc;
    if (hint_replay_is_useless(view->touch_count - used, used)) return REPLAY_OK;
    fresh->ask_at = view->touch_count + ASK_USELESS;
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

/* The touches that are not part of a sweep, as the shim records them. */
static int take_touches(struct hint_session *learnt, const struct policy_ours *ours,
                        const struct trace_session *session)
{
    struct hint_recorder recorder;
    struct hint_sweep sweep = { 0 };
    size_t ignored_from = session->len;
    size_t ignored_to = session->len;
    int rc = HINT_OK;

    learnt->touches = calloc(session->len + 1, sizeof(*learnt->touches));
    if (!learnt->touches) return HINT_NOMEM;
    hint_recorder_init(&recorder, (struct hint_window){ UINT32_MAX, UINT64_MAX });
    for (size_t i = 0; i < session->len; i++) {
        uint32_t pgno = session->touches[i].pgno;

        if (!hint_recorder_touch(&recorder, pgno, HINT_CLASS_UNKNOWN, HINT_READ)) continue;
        if (!has(ours, IDEA_SWEEPS) ||
            !hint_sweep_touch(&sweep, &recorder, pgno, i, session->page_count))
            continue;
        ignored_from = sweep.from;
        ignored_to = i + 1;
    }
    if (recorder.full) rc = HINT_NOMEM;
    hint_recorder_free(&recorder);
    for (size_t i = 0; i < session->len; i++)
        if (i < ignored_from || i >= ignored_to)
            learnt->touches[learnt->len++] = touch_of(&session->touches[i]);
    return rc;
}

static void take_evidence(struct hint_session *learnt, const struct policy_ours *ours,
                          const struct trace_session *session)
{
    const struct policy_facts facts = policy_facts_of(session);

    learnt->first = evidence_of(ours, &facts);
    learnt->last = learnt->first;
    /* What it appended itself. */
    for (size_t i = 0; i < session->len; i++)
        if (learnt->last.page_count && session->touches[i].pgno > learnt->last.page_count)
            learnt->last.page_count = session->touches[i].pgno;
    if (!has(ours, IDEA_SWEEPS)) learnt->last.page_count = 0;
}

int policy_ours_learn(struct policy_ours *ours, const struct trace_session *session,
                      const uint32_t *fetched, size_t fetched_count)
{
    const char *profile = has(ours, IDEA_PROFILES) ? session->profile : NULL;
    struct hint_session learnt = { .began_s = ++ours->sessions };
    uint32_t *pgnos = calloc(fetched_count + 1, sizeof(*pgnos));
    int rc = pgnos ? take_touches(&learnt, ours, session) : HINT_NOMEM;

    memcpy(learnt.id.bytes, &ours->sessions, sizeof ours->sessions);
    take_evidence(&learnt, ours, session);
    if (rc == HINT_OK && fetched_count > 0 && has(ours, IDEA_FEEDBACK)) {
        memcpy(pgnos, fetched, fetched_count * sizeof(*pgnos));
        rc = hint_runs_of_pages(&learnt.fetched, pgnos, fetched_count);
    }
    if (rc == HINT_OK) rc = hint_book_fold(&ours->book, &learnt, profile, cap);
    free(pgnos);
    hint_session_free(&learnt);
    return status_of(rc);
}
