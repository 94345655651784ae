/* Two bitmaps, of what was touched and of what was fetched; a page that is in both is a used one,
 * in whichever order it got there. */
#include "vfs/progress.h"

#include "vfs/database.h"

/* The functions below are under the lock. */

static void take_touch(struct progress *progress, uint32_t pgno)
{
    struct progress_counts *counts = &progress->counts;

    if (hint_bitmap_has(&progress->touched, pgno)) return;
    if (hint_bitmap_add(&progress->touched, pgno) != HINT_OK) {
        progress->counts.is_over = true;
        return;
    }
    counts->touched++;
    if (counts->judged < HINT_TRIAL_TOUCHES_MAX) {
        counts->judged++;
        counts->known += progress->forecast && hint_forecast_find(progress->forecast, pgno) != NULL;
    }
    if (hint_bitmap_has(&progress->fetched, pgno))
        counts->used++;
    else
        counts->demanded++;
}

static void take_fetched(struct progress *progress, uint32_t pgno)
{
    if (hint_bitmap_has(&progress->fetched, pgno)) return;
    if (hint_bitmap_add(&progress->fetched, pgno) != HINT_OK) {
        progress->counts.is_over = true;
        return;
    }
    if (!hint_bitmap_has(&progress->touched, pgno)) return;
    progress->counts.used++;
    progress->counts.demanded--;
}

static void take_runs(struct progress *progress, const struct prefetch *prefetch)
{
    size_t runs = atomic_load(&prefetch->issued_runs);

    for (; progress->fetched_runs < runs && !progress->counts.is_over; progress->fetched_runs++) {
        struct hint_run run = prefetch->queue[progress->fetched_runs];

        for (uint32_t i = 0; i < run.count && !progress->counts.is_over; i++)
            take_fetched(progress, run.first + i);
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
        take_touch(progress, touch.pgno);
    }
}

/* The functions above are under the lock. */

void preload_progress_begin(struct database *database, const struct hint_forecast *forecast)
{
    struct progress *progress = &database->progress;

    pthread_mutex_lock(&database->lock);
    progress->begun = true;
    progress->forecast = forecast;
    for (size_t i = 0; i < database->session.len && !progress->counts.is_over; i++)
        take_touch(progress, database->session.touches[i].pgno);
    pthread_mutex_unlock(&database->lock);
}

struct progress_counts preload_progress_look(struct database *database)
{
    struct progress_counts counts;

    pthread_mutex_lock(&database->lock);
    take_runs(&database->progress, &database->prefetch);
    for (struct connection *c = database->connections; c; c = c->next)
        preload_progress_take(database, c);
    counts = database->progress.counts;
    pthread_mutex_unlock(&database->lock);
    return counts;
}

void preload_progress_free(struct progress *progress)
{
    hint_bitmap_free(&progress->touched);
    hint_bitmap_free(&progress->fetched);
    *progress = (struct progress){ 0 };
}
