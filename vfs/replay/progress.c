/* Three bitmaps: of what was touched, is planned, was fetched. What the session writes it does not
 * wait for, so that counts as touched alone. */
#include "vfs/replay/progress.h"

#include "vfs/process/lock.h"

/* Touches that are taken from the session at once. */
#define TOUCHES_AT_ONCE 256

void preload_progress_init(struct progress *progress)
{
    pthread_mutex_init(&progress->lock, NULL);
}

static void classify_locked(struct progress *progress, uint32_t pgno)
{
    if (hint_bitmap_has(&progress->fetched, pgno))
        progress->counts.used++;
    else if (hint_bitmap_has(&progress->planned, pgno))
        progress->counts.late++;
    else
        progress->counts.demanded++;
}

static void take_touch_locked(struct progress *progress, struct hint_touch touch)
{
    struct progress_counts *counts = &progress->counts;

    if (hint_bitmap_has(&progress->touched, touch.pgno)) return;
    if (hint_bitmap_add(&progress->touched, touch.pgno) != HINT_OK) {
        counts->is_over = true;
        return;
    }
    counts->touched++;
    if (counts->judged < HINT_TRIAL_TOUCHES_MAX) {
        counts->judged++;
        counts->known +=
            progress->forecast && hint_forecast_find(progress->forecast, touch.pgno) != NULL;
    }
    if (hint_touch_how(touch) == HINT_READ) classify_locked(progress, touch.pgno);
}

static bool add_run(struct hint_bitmap *bitmap, struct hint_run run)
{
    for (uint32_t i = 0; i < run.count; i++)
        if (hint_bitmap_add(bitmap, run.first + i) != HINT_OK) return false;
    return true;
}

static void take_requests_locked(struct progress *progress, const struct queue *queue)
{
    size_t requests = preload_queue_next(queue);

    for (; progress->fetched_requests < requests; progress->fetched_requests++) {
        size_t at = progress->fetched_requests;

        if (preload_queue_is_spared(queue, at)) continue;
        if (!add_run(&progress->fetched, queue->requests[at])) progress->counts.is_over = true;
    }
}

/* What the session may read without a word against the hints. */
static bool add_planned(struct hint_bitmap *planned, const struct hint_plan *plan,
                        const struct hint_forecast *forecast, const struct hint_runs *in_log)
{
    for (size_t i = 0; i < plan->run_count; i++)
        if (!add_run(planned, plan->runs[i])) return false;
    for (size_t i = 0; forecast && in_log && i < forecast->len; i++) {
        const uint32_t pgno = forecast->pages[i].pgno;

        if (hint_runs_contains(in_log, pgno) && hint_bitmap_add(planned, pgno) != HINT_OK)
            return false;
    }
    return true;
}

void preload_progress_begin(struct progress *progress, const struct queue *queue,
                            const struct hint_forecast *forecast, const struct hint_runs *in_log)
{
    struct hint_bitmap planned = { 0 };
    bool good = add_planned(&planned, &queue->plan, forecast, in_log);

    preload_lock(&progress->lock);
    progress->begun = true;
    progress->forecast = forecast;
    progress->planned = planned;
    progress->counts.is_over = !good;
    preload_unlock(&progress->lock);
}

void preload_progress_decided(struct progress *progress)
{
    preload_lock(&progress->lock);
    progress->forecast = NULL;
    preload_unlock(&progress->lock);
}

/* Whether it counts, after having seen what was fetched. */
static bool begin_look(struct progress *progress, const struct queue *queue)
{
    bool counts;

    preload_lock(&progress->lock);
    counts = progress->begun;
    if (counts) take_requests_locked(progress, queue);
    preload_unlock(&progress->lock);
    return counts;
}

static void count(struct progress *progress, const struct hint_touch *touches, size_t len)
{
    preload_lock(&progress->lock);
    for (size_t i = 0; i < len && progress->begun && !progress->counts.is_over; i++)
        take_touch_locked(progress, touches[i]);
    preload_unlock(&progress->lock);
}

struct progress_counts preload_progress_look(struct progress *progress, const struct queue *queue,
                                             struct session *session)
{
    struct hint_touch touches[TOUCHES_AT_ONCE];
    struct progress_counts counts;
    size_t len = 0;

    if (begin_look(progress, queue)) {
        do {
            len = preload_session_take(session, touches, TOUCHES_AT_ONCE);
            count(progress, touches, len);
        } while (len == TOUCHES_AT_ONCE);
    }
    preload_lock(&progress->lock);
    counts = progress->counts;
    preload_unlock(&progress->lock);
    return counts;
}

bool preload_progress_has(struct progress *progress, struct hint_run run)
{
    bool all = true;

    preload_lock(&progress->lock);
    for (uint32_t i = 0; i < run.count && all; i++)
        all = hint_bitmap_has(&progress->touched, run.first + i);
    preload_unlock(&progress->lock);
    return all;
}

void preload_progress_end(struct progress *progress)
{
    preload_lock(&progress->lock);
    hint_bitmap_free(&progress->touched);
    hint_bitmap_free(&progress->planned);
    hint_bitmap_free(&progress->fetched);
    progress->begun = false;
    progress->forecast = NULL;
    progress->fetched_requests = 0;
    progress->counts = (struct progress_counts){ 0 };
    preload_unlock(&progress->lock);
}

void preload_progress_free(struct progress *progress)
{
    preload_progress_end(progress);
    pthread_mutex_destroy(&progress->lock);
}
