/* Picks the backend, and is asked from outside. */
#include "vfs/replay/replay.h"

#include <time.h>

#include "vfs/process/clock.h"
#include "vfs/process/log.h"
#include "vfs/replay/by_advice.h"
#include "vfs/replay/by_reading.h"
#include "vfs/replay/planning.h"
#include "vfs/replay/reach.h"

#define PAGE_SIZE_USUAL 4096

/* An opener that waits looks again that often. */
#define SYNC_PAUSE_US UINT64_C(200)

void preload_replay_init(struct course *course, const struct base *base,
                         const struct named_file *file, const struct config *config,
                         struct session *session, struct keeper *keeper)
{
    course->base = base;
    course->file = file;
    course->config = config;
    course->session = session;
    course->keeper = keeper;
    course->backend = base->shows_files ? &preload_by_advice : &preload_by_reading;
    preload_progress_init(&course->progress);
}

void preload_replay_free(struct course *course)
{
    preload_progress_free(&course->progress);
    preload_trial_end(&course->trial);
    preload_prefetch_free(&course->prefetch);
}

/* The host prefers to wait: no longer than it said. */
static void await(struct prefetch *prefetch, uint64_t until_us)
{
    uint64_t now_us = preload_clock_us();

    while (atomic_load(&prefetch->awaited) && now_us < until_us) {
        uint64_t pause_us = until_us - now_us < SYNC_PAUSE_US ? until_us - now_us : SYNC_PAUSE_US;

        nanosleep(&(struct timespec){ .tv_nsec = (long)pause_us * 1000 }, NULL);
        now_us = preload_clock_us();
    }
    atomic_store(&prefetch->awaited, false);
}

/* True when handles were opened. */
static bool begin_by_backend(struct course *course, sqlite3_file *main, const char *uri_name)
{
    const enum reach reach = preload_reach_of(course->base, course->file, main, course->config);

    switch (reach) {
    case REACH_NONE:
        preload_log_note("nothing is fetched: the database does not lie in the file of its name as "
                         "it is, and the base was not asked to be read by workers: %s",
                         course->file->path);
        preload_course_finish(course, PRELOAD_STATE_OFF, PRELOAD_REASON_BASE);
        break;
    case REACH_ADVICE:
        if (!preload_by_advice_begin(course))
            preload_course_finish(course, PRELOAD_STATE_FAILED, PRELOAD_REASON_THREAD);
        break;
    case REACH_REQUESTS:
    case REACH_PAGES:
        return preload_by_reading_begin(course, main, uri_name, reach == REACH_PAGES);
    }
    return false;
}

bool preload_replay_start(struct course *course, sqlite3_file *main, const char *uri_name)
{
    struct prefetch *prefetch = &course->prefetch;
    const struct config *config = course->config;
    const uint64_t began_us = course->session->began_us;
    bool has_handles;

    if (preload_config_workers() == 0) {
        atomic_store(&prefetch->reason, PRELOAD_REASON_THREAD);
        return false;
    }
    atomic_store(&prefetch->state, PRELOAD_STATE_LOADING);
    atomic_store(&prefetch->awaited, config->sync > 0);
    prefetch->program = preload_course_program(course);
    prefetch->watch.began_us = began_us;
    prefetch->watch.deadline_us = began_us + config->replay_ms * 1000;
    prefetch->advice.path = course->file->path;
    has_handles = begin_by_backend(course, main, uri_name);
    if (config->sync > 0) await(prefetch, began_us + config->sync * 1000);
    return has_handles;
}

bool preload_replay_start_over(struct course *course, sqlite3_file *main, const char *uri_name)
{
    if (!atomic_load_explicit(&course->is_refused, memory_order_relaxed) ||
        !atomic_exchange(&course->is_refused, false))
        return false;
    preload_pool_cancel(&course->task); /* it is on its way out */
    if (atomic_load(&course->prefetch.state) != PRELOAD_STATE_LOADING) return false;
    return begin_by_backend(course, main, uri_name);
}

/* The task comes first: it sets readers to work. */
static void close_handles(struct course *course)
{
    preload_pool_cancel(&course->task);
    preload_prefetch_stop_readers(&course->prefetch);
    preload_prefetch_close_handles(&course->prefetch);
}

void preload_replay_stop_reading(struct course *course)
{
    preload_prefetch_cancel(&course->prefetch, PRELOAD_REASON_CLOSED);
    close_handles(course);
}

bool preload_replay_close_handles(struct course *course)
{
    if (atomic_load_explicit(&course->prefetch.state, memory_order_relaxed) ==
        PRELOAD_STATE_LOADING)
        return false;
    close_handles(course);
    return true;
}

void preload_replay_cancel(struct course *course, enum preload_reason reason)
{
    preload_prefetch_cancel(&course->prefetch, reason);
}

void preload_replay_stop(struct course *course)
{
    preload_pool_cancel(&course->task);
    preload_prefetch_end(&course->prefetch, PRELOAD_STATE_ABORTED, PRELOAD_REASON_CLOSED);
}

void preload_replay_catch_up(struct course *course)
{
    (void)preload_progress_look(&course->progress, &course->prefetch.queue, course->session);
}

static bool has_plan(const struct course *course)
{
    return atomic_load_explicit(&course->plan_ready, memory_order_acquire);
}

int preload_replay_fetched(struct hint_runs *out, const struct course *course)
{
    hint_runs_clear(out);
    return has_plan(course) ? preload_queue_fetched(out, &course->prefetch.queue) : HINT_OK;
}

/* Microseconds from the open; 0: not yet. */
static sqlite3_int64 since_open(const struct course *course, uint64_t at_us)
{
    return at_us ? (sqlite3_int64)(at_us - course->session->began_us) : 0;
}

void preload_replay_stats(const struct course *course, struct preload_stats *out)
{
    const struct prefetch *prefetch = &course->prefetch;
    const struct prefetch_counts *counts = &prefetch->counts;

    out->state = (enum preload_state)atomic_load(&prefetch->state);
    out->reason = (enum preload_reason)atomic_load(&prefetch->reason);
    if (has_plan(course)) out->planned_pages = (sqlite3_int64)prefetch->queue.plan.page_count;
    out->issued_pages = (sqlite3_int64)atomic_load(&counts->issued_pages);
    out->issued_requests = (sqlite3_int64)atomic_load(&counts->issued_requests);
    out->issued_bytes = (sqlite3_int64)atomic_load(&counts->issued_bytes);
    out->resident_pages = (sqlite3_int64)atomic_load(&counts->resident_pages);
    out->late_pages = (sqlite3_int64)atomic_load(&counts->late_pages);
    out->replay_us = since_open(course, atomic_load(&prefetch->ended_us));
    for (size_t i = 0; i < sizeof out->tenth_us / sizeof out->tenth_us[0]; i++)
        out->tenth_us[i] = since_open(course, atomic_load(&counts->tenth_us[i]));
}

struct hint_costs preload_replay_costs(const struct course *course)
{
    return preload_planning_costs(course->backend, PAGE_SIZE_USUAL);
}
