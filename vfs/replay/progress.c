/* Three bitmaps: of what was touched, is planned, was fetched. What the session writes it does not
 * wait for, so that counts as touched alone. */
#include "vfs/replay/progress.h"

#include "vfs/database/database.h"

/* The functions below are under the lock. */

static void classify(struct progress *progress, uint32_t pgno)
{
    if (hint_bitmap_has(&progress->fetched, pgno))
        progress->counts.used++;
    else if (hint_bitmap_has(&progress->planned, pgno))
        progress->counts.late++;
    else
        progress->counts.demanded++;
}

static void take_touch(struct progress *progress, struct hint_touch touch)
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
    if (hint_touch_how(touch) == HINT_READ) classify(progress, touch.pgno);
}

static bool add_run(struct hint_bitmap *bitmap, struct hint_run run)
{
    for (uint32_t i = 0; i < run.count; i++)
        if (hint_bitmap_add(bitmap, run.first + i) != HINT_OK) return false;
    return true;
}

static void take_requests(struct progress *progress, const struct prefetch *prefetch)
{
    size_t requests = atomic_load(&prefetch->begun);

    for (; progress->fetched_requests < requests; progress->fetched_requests++) {
        size_t at = progress->fetched_requests;

        if (preload_prefetch_is_spared(prefetch, at)) continue;
        if (!add_run(&progress->fetched, prefetch->queue[at])) progress->counts.is_over = true;
    }
}

void preload_progress_take(struct database *database, struct connection *connection)
{
    struct progress *progress = &database->progress;
    size_t count = hint_recorder_count(&connection->recorder);

    if (!progress->begun) return;
    if (connection->counted < connection->first_valid)
        connection->counted = connection->first_valid;
    for (; connection->counted < count && !progress->counts.is_over; connection->counted++) {
        struct hint_touch touch;

        hint_recorder_copy(&connection->recorder, &touch, connection->counted, 1);
        take_touch(progress, touch);
    }
}

/* The functions above are under the lock. */

/* What the session may read without a word against the hints. */
static bool add_planned(struct hint_bitmap *planned, const struct hint_plan *plan,
                        const struct hint_forecast *forecast, const struct hint_runs *elsewhere)
{
    for (size_t i = 0; i < plan->run_count; i++)
        if (!add_run(planned, plan->runs[i])) return false;
    for (size_t i = 0; forecast && elsewhere && i < forecast->len; i++) {
        const uint32_t pgno = forecast->pages[i].pgno;

        if (hint_runs_contains(elsewhere, pgno) && hint_bitmap_add(planned, pgno) != HINT_OK)
            return false;
    }
    return true;
}

void preload_progress_begin(struct database *database, const struct hint_forecast *forecast,
                            const struct hint_runs *elsewhere)
{
    struct progress *progress = &database->progress;
    struct hint_bitmap planned = { 0 };
    bool good = add_planned(&planned, &database->prefetch.plan, forecast, elsewhere);

    pthread_mutex_lock(&database->lock);
    progress->begun = true;
    progress->forecast = forecast;
    progress->planned = planned;
    progress->counts.is_over = !good;
    for (size_t i = 0; i < database->session.len && !progress->counts.is_over; i++)
        take_touch(progress, database->session.touches[i]);
    pthread_mutex_unlock(&database->lock);
}

struct progress_counts preload_progress_look(struct database *database)
{
    struct progress_counts counts;

    pthread_mutex_lock(&database->lock);
    take_requests(&database->progress, &database->prefetch);
    for (struct connection *c = database->connections; c; c = c->next)
        preload_progress_take(database, c);
    counts = database->progress.counts;
    pthread_mutex_unlock(&database->lock);
    return counts;
}

bool preload_progress_has(struct database *database, struct hint_run run)
{
    bool all = true;

    pthread_mutex_lock(&database->lock);
    for (uint32_t i = 0; i < run.count && all; i++)
        all = hint_bitmap_has(&database->progress.touched, run.first + i);
    pthread_mutex_unlock(&database->lock);
    return all;
}

void preload_progress_free(struct progress *progress)
{
    hint_bitmap_free(&progress->touched);
    hint_bitmap_free(&progress->planned);
    hint_bitmap_free(&progress->fetched);
    *progress = (struct progress){ 0 };
}
