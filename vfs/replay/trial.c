/* Thresholds are those of hints/evidence.h. */
#include "vfs/replay/trial.h"

#include "vfs/database/database.h"
#include "vfs/process/clock.h"
#include "vfs/process/log.h"

/* Hands the forecast back: nothing is compared with it any more. */
static void decide(struct database *database, enum hint_trust trust)
{
    database->trial.trust = trust;
    atomic_store(&database->prefetch.held, false);
    pthread_mutex_lock(&database->lock);
    database->progress.forecast = NULL;
    pthread_mutex_unlock(&database->lock);
    hint_forecast_free(&database->trial.forecast);
}

static enum trial_result end(struct database *database, enum preload_reason reason, const char *why)
{
    preload_prefetch_cancel(&database->prefetch, reason);
    preload_log_note("prefetch stopped: %s: %s", why, database->path);
    preload_prefetch_end(&database->prefetch, PRELOAD_STATE_ABORTED, reason);
    return TRIAL_ENDED;
}

void preload_trial_begin(struct database *database, enum hint_trust trust,
                         const struct hint_evidence *learnt, struct hint_forecast *forecast,
                         const struct hint_runs *elsewhere)
{
    struct trial *trial = &database->trial;

    hint_forecast_free(&trial->forecast);
    *trial = (struct trial){
        .trust = trust, .learnt = *learnt, .forecast = *forecast, .pause_us = TRIAL_PAUSE_US
    };
    *forecast = (struct hint_forecast){ 0 };
    preload_progress_begin(database, &trial->forecast, elsewhere);
}

/* Once the session has read page 1 itself, that is the evidence. */
static void look_at_page_1(struct database *database)
{
    struct hint_evidence found;
    enum hint_trust trust;

    if (!database->trial.forecast.pages) return;
    pthread_mutex_lock(&database->lock);
    found = database->session.first;
    pthread_mutex_unlock(&database->lock);
    if (found.page_size == 0) return;
    trust = hint_trust_of(&database->trial.learnt, &found);
    if (trust == HINT_TRUST_FULL) {
        decide(database, HINT_TRUST_FULL);
    } else if (database->trial.trust == HINT_TRUST_FULL) {
        /* What was not begun waits for the verdict. */
        atomic_store(&database->prefetch.held, true);
        database->trial.trust = trust;
    }
}

bool preload_trial_window_is_over(const struct database *database)
{
    return preload_clock_us() - database->opened_us >= database->config.window_ms * 1000;
}

static enum trial_result judge(struct database *database, struct progress_counts counts)
{
    switch (hint_verdict_of(counts.judged, counts.known)) {
    case HINT_VERDICT_GOOD:
        decide(database, HINT_TRUST_FULL);
        return TRIAL_GOOD;
    case HINT_VERDICT_MOVED:
        return end(database, PRELOAD_REASON_MOVED, "the pages have moved since they were learnt");
    case HINT_VERDICT_OPEN:
        break;
    }
    /* What may be fetched without a verdict is. */
    if (preload_prefetch_free_requests(&database->prefetch) > 0) return TRIAL_OPEN;
    if (counts.is_over)
        return end(database, PRELOAD_REASON_MEMORY,
                   "out of memory, so that the hints cannot be judged");
    if (!(database->config.mode & CONFIG_MODE_RECORD))
        return end(database, PRELOAD_REASON_UNPROVEN,
                   "the hints are of another state of the database, and no reads are "
                   "recorded to judge them by");
    if (preload_trial_window_is_over(database))
        return end(database, PRELOAD_REASON_UNPROVEN,
                   "the hints are of another state of the database, and too little was "
                   "read to judge them by");
    return TRIAL_OPEN;
}

/* A look takes processor time from a session beside it: where that reads nothing of what is
 * planned, nothing hurries. */
static void pace_looks(struct trial *trial, struct progress_counts counts)
{
    const uint64_t planned = counts.used + counts.late;

    if (planned != trial->planned)
        trial->pause_us = TRIAL_PAUSE_US;
    else if (counts.touched != trial->touches && trial->pause_us > TRIAL_PAUSE_US_ELSEWHERE)
        trial->pause_us = TRIAL_PAUSE_US_ELSEWHERE;
    trial->planned = planned;
    trial->touches = counts.touched;
}

enum trial_result preload_trial_look(struct database *database)
{
    struct prefetch *prefetch = &database->prefetch;
    struct progress_counts counts;

    if (atomic_load(&prefetch->cancelled))
        preload_prefetch_end(prefetch, PRELOAD_STATE_ABORTED, preload_prefetch_over(prefetch));
    if (atomic_load(&prefetch->state) != PRELOAD_STATE_LOADING) return TRIAL_ENDED;
    counts = preload_progress_look(database);
    pace_looks(&database->trial, counts);
    pthread_mutex_lock(&prefetch->reading);
    preload_prefetch_saw(prefetch,
                         (struct pace_touches){ counts.used, counts.late, counts.demanded },
                         counts.touched);
    pthread_mutex_unlock(&prefetch->reading);
    look_at_page_1(database);
    switch (database->trial.trust) {
    case HINT_TRUST_FULL:
        break;
    case HINT_TRUST_TRIAL:
    case HINT_TRUST_FLOOR:
        return judge(database, counts);
    case HINT_TRUST_NONE:
        return end(database, PRELOAD_REASON_PAGE_SIZE,
                   "the pages have another size than those that were learnt");
    }
    if (hint_replay_is_useless(counts.demanded, counts.used + counts.late))
        return end(database, PRELOAD_REASON_UNWANTED,
                   "hardly any of the pages that were fetched is wanted");
    return TRIAL_GOOD;
}

bool preload_trial_again(struct database *database, struct pool_task *task, unsigned threads_max)
{
    struct trial *trial = &database->trial;
    uint64_t due_us = preload_clock_us() + trial->pause_us;

    trial->pause_us *= 2;
    if (trial->pause_us > TRIAL_PAUSE_US_MOST) trial->pause_us = TRIAL_PAUSE_US_MOST;
    return preload_pool_submit(task, due_us, threads_max);
}

void preload_trial_end(struct database *database)
{
    pthread_mutex_lock(&database->lock);
    preload_progress_free(&database->progress);
    pthread_mutex_unlock(&database->lock);
    hint_forecast_free(&database->trial.forecast);
}
