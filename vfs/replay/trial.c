/* Page 1 first, then the first touches. */
#include "vfs/replay/trial.h"

void preload_trial_begin(struct trial *trial, enum hint_trust trust,
                         const struct hint_evidence *learnt, struct hint_forecast *forecast)
{
    hint_forecast_free(&trial->forecast);
    *trial = (struct trial){ .trust = trust, .learnt = *learnt, .forecast = *forecast };
    *forecast = (struct hint_forecast){ 0 };
}

void preload_trial_end(struct trial *trial)
{
    hint_forecast_free(&trial->forecast);
}

static enum trial_result decide(struct trial *trial)
{
    trial->trust = HINT_TRUST_FULL;
    trial->is_decided = true;
    trial->pauses = false;
    return TRIAL_GOOD;
}

static enum trial_result end(struct trial *trial, enum preload_reason reason, const char *why)
{
    trial->reason = reason;
    trial->why = why;
    return TRIAL_ENDED;
}

/* Once the session has read page 1 itself, that is the evidence. What was not begun waits for the
 * verdict where that says something else than the evidence before. */
static void look_at_page_1(struct trial *trial, const struct hint_evidence *found)
{
    enum hint_trust trust;

    if (trial->is_decided || found->page_size == 0) return;
    trust = hint_trust_of(&trial->learnt, found);
    if (trust == HINT_TRUST_FULL) {
        (void)decide(trial);
    } else if (trial->trust == HINT_TRUST_FULL) {
        trial->pauses = true;
        trial->trust = trust;
    }
}

static enum trial_result judge_touches(struct trial *trial, const struct trial_facts *facts)
{
    switch (hint_verdict_of(facts->counts.judged, facts->counts.known)) {
    case HINT_VERDICT_GOOD:
        return decide(trial);
    case HINT_VERDICT_MOVED:
        return end(trial, PRELOAD_REASON_MOVED, "the pages have moved since they were learnt");
    case HINT_VERDICT_OPEN:
        break;
    }
    /* What may be fetched without a verdict is. */
    if (facts->may_fetch && !trial->pauses) return TRIAL_OPEN;
    if (facts->counts.is_over)
        return end(trial, PRELOAD_REASON_MEMORY,
                   "out of memory, so that the hints cannot be judged");
    if (!facts->is_recorded)
        return end(trial, PRELOAD_REASON_UNPROVEN,
                   "the hints are of another state of the database, and no reads are "
                   "recorded to judge them by");
    if (facts->window_is_over)
        return end(trial, PRELOAD_REASON_UNPROVEN,
                   "the hints are of another state of the database, and too little was "
                   "read to judge them by");
    return TRIAL_OPEN;
}

enum trial_result preload_trial_judge(struct trial *trial, const struct trial_facts *facts)
{
    look_at_page_1(trial, &facts->found);
    switch (trial->trust) {
    case HINT_TRUST_FULL:
        break;
    case HINT_TRUST_TRIAL:
    case HINT_TRUST_FLOOR:
        return judge_touches(trial, facts);
    case HINT_TRUST_NONE:
        return end(trial, PRELOAD_REASON_PAGE_SIZE,
                   "the pages have another size than those that were learnt");
    }
    if (hint_replay_is_useless(facts->counts.demanded, facts->counts.used + facts->counts.late))
        return end(trial, PRELOAD_REASON_UNWANTED,
                   "hardly any of the pages that were fetched is wanted");
    return TRIAL_GOOD;
}
