/* While the plan is not all begun, look again. */
#include "vfs/replay/course.h"

#include "vfs/process/clock.h"
#include "vfs/process/log.h"

uint64_t preload_course_due(const struct course *course, uint64_t touches)
{
    const bool paced = course->config->pace && course->config->mode & CONFIG_MODE_RECORD &&
                       !atomic_load(&course->prefetch.awaited);

    return paced ? touches : UINT64_MAX;
}

bool preload_course_window_is_over(const struct course *course)
{
    return preload_session_us(course->session) >= course->config->window_ms * 1000;
}

void preload_course_finish(struct course *course, enum preload_state state,
                           enum preload_reason reason)
{
    preload_prefetch_end(&course->prefetch, state, reason);
    atomic_store(&course->prefetch.awaited, false);
    preload_progress_end(&course->progress);
    preload_trial_end(&course->trial);
}

/* ---- the look ---- */

static void release_due(struct course *course)
{
    preload_queue_release(&course->prefetch.queue, SIZE_MAX,
                          preload_course_due(course, course->looks.touched),
                          preload_pace_is_certain(&course->prefetch.pace));
}

static void abort_for(struct course *course, enum preload_reason reason)
{
    preload_prefetch_cancel(&course->prefetch, reason);
    preload_prefetch_end(&course->prefetch, PRELOAD_STATE_ABORTED, reason);
}

/* The connection that reads page 1 only notes its size. */
static void say_page_size(const struct course *course)
{
    preload_log_note("prefetch stopped: pages are %u bytes, the hints are for %u: %s",
                     atomic_load(&course->session->page_size),
                     (unsigned)course->prefetch.queue.page_size, course->file->path);
}

static enum trial_result judge(struct course *course, struct progress_counts counts)
{
    const struct trial_facts facts = {
        .counts = counts,
        .found = preload_session_found(course->session),
        .may_fetch = preload_queue_ready(&course->prefetch.queue) > 0,
        .is_recorded = (course->config->mode & CONFIG_MODE_RECORD) != 0,
        .window_is_over = preload_course_window_is_over(course),
    };
    enum trial_result result = preload_trial_judge(&course->trial, &facts);

    if (course->trial.is_decided) {
        preload_progress_decided(&course->progress);
        preload_trial_end(&course->trial);
    }
    preload_queue_pause(&course->prefetch.queue, course->trial.pauses);
    return result;
}

static struct progress_counts count(struct course *course)
{
    struct prefetch *prefetch = &course->prefetch;
    const struct progress_counts counts =
        preload_progress_look(&course->progress, &prefetch->queue, course->session);

    preload_looks_saw(&course->looks, counts.touched, counts.used + counts.late);
    pthread_mutex_lock(&prefetch->reading.lock);
    preload_prefetch_saw(prefetch,
                         (struct pace_touches){ counts.used, counts.late, counts.demanded },
                         counts.touched);
    pthread_mutex_unlock(&prefetch->reading.lock);
    return counts;
}

static void look(struct course *course)
{
    struct prefetch *prefetch = &course->prefetch;
    enum preload_reason reason = preload_prefetch_over(prefetch);

    if (reason == PRELOAD_REASON_PAGE_SIZE && !atomic_load(&prefetch->cancelled))
        say_page_size(course);
    if (reason != PRELOAD_REASON_NONE) abort_for(course, reason);
    if (atomic_load(&prefetch->state) != PRELOAD_STATE_LOADING) return;
    switch (judge(course, count(course))) {
    case TRIAL_OPEN:
        break;
    case TRIAL_GOOD:
        release_due(course);
        break;
    case TRIAL_ENDED:
        preload_log_note("prefetch stopped: %s: %s", course->trial.why, course->file->path);
        abort_for(course, course->trial.reason);
        break;
    }
}

/* ---- the program ---- */

static void look_at_program(void *ctx)
{
    look(ctx);
}

static bool program_has_read(void *ctx, struct hint_run run)
{
    return preload_progress_has(&((struct course *)ctx)->progress, run);
}

static bool program_waits(void *ctx)
{
    return preload_session_waits(((struct course *)ctx)->session);
}

static enum preload_reason program_stop_reason(void *ctx)
{
    const struct course *course = ctx;

    return preload_session_stop_reason(course->session, course->prefetch.queue.page_size);
}

struct prefetch_program preload_course_program(struct course *course)
{
    return (struct prefetch_program){ .ctx = course,
                                      .look = look_at_program,
                                      .has_read = program_has_read,
                                      .waits = program_waits,
                                      .stop_reason = program_stop_reason };
}

/* ---- the task ---- */

bool preload_course_again(struct course *course, unsigned threads_max)
{
    course->task.run = preload_course_go_on;
    return preload_pool_submit(
        &course->task, preload_clock_us() + preload_looks_pause(&course->looks), threads_max);
}

static void fetch_or_end(struct course *course)
{
    if (preload_queue_ready(&course->prefetch.queue) > 0)
        course->backend->fetch(course);
    else if (preload_course_window_is_over(course))
        preload_prefetch_end(&course->prefetch, PRELOAD_STATE_DONE, PRELOAD_REASON_NONE);
}

static bool is_loading(const struct course *course)
{
    return atomic_load(&course->prefetch.state) == PRELOAD_STATE_LOADING;
}

void preload_course_go_on(struct pool_task *task)
{
    struct course *course = (struct course *)task;

    look(course);
    if (is_loading(course)) fetch_or_end(course);
    if (is_loading(course))
        (void)preload_course_again(course, 1);
    else
        preload_course_finish(course, PRELOAD_STATE_DONE, PRELOAD_REASON_NONE);
}
