/* Load, plan, advise; where there are no hints, explore.
 *
 * A task's runs may be on different workers, and each worker has to get its descriptor table for
 * itself. So each run asks. */
#include "vfs/replay/by_advice.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vfs/file/inspect.h"
#include "vfs/file/logs.h"
#include "vfs/file/residency.h"
#include "vfs/process/clock.h"
#include "vfs/process/log.h"
#include "vfs/process/process.h"
#include "vfs/process/worker.h"
#include "vfs/replay/explore.h"
#include "vfs/replay/planning.h"

/* Looks at a session that needs no help before it is asked whether the file is cold. */
#define POSTPONED_MOST 3

static atomic_bool is_denied;

bool preload_by_advice_is_denied(void)
{
    return atomic_load(&is_denied) || !preload_worker_tables_work();
}

/* The file is not opened from here on. The plan is not made yet: a connection
 * begins anew by reading. */
static void refuse(struct course *course)
{
    atomic_store(&is_denied, true);
    preload_log_error("the kernel gives no private descriptor table; databases are read instead");
    atomic_store(&course->prefetch.awaited, false);
    atomic_store(&course->is_refused, true);
    preload_process_notify();
}

static int open_database(const struct course *course, struct stat *st)
{
    int fd = preload_inspect_open(course->file, st);

    if (fd < 0)
        preload_log_error(
            "nothing prefetched: the file cannot be opened again, or is another one: %s",
            course->file->path);
    return fd;
}

/* The descriptor is not kept while nothing may be fetched. */
static void advise_more(struct course *course)
{
    struct prefetch *prefetch = &course->prefetch;
    struct stat st;
    int fd;

    if (!preload_pool_has_private_table()) {
        preload_course_finish(course, PRELOAD_STATE_FAILED, PRELOAD_REASON_THREAD);
        return;
    }
    preload_prefetch_credit_idle(prefetch);
    if (preload_prefetch_credit(prefetch) == 0) return;
    fd = open_database(course, &st);
    if (fd < 0) {
        preload_prefetch_end(prefetch, PRELOAD_STATE_FAILED, PRELOAD_REASON_FILE);
        return;
    }
    preload_prefetch_advise(prefetch, fd);
    close(fd);
}

const struct backend preload_by_advice = {
    .device = DEVICE_LOCAL,
    .requests_first = PACE_WINDOW_FIRST,
    .requests_most = PACE_WINDOW_MOST,
    .fetch = advise_more,
};

/* Plans for the database as it is found and begins. */
static enum preload_state advise_with(struct course *course, const struct hint_book *book,
                                      enum preload_reason *reason)
{
    struct hint_evidence found = { .page_size = book->evidence.page_size };
    struct hint_runs in_log = { 0 };
    enum preload_state state = PRELOAD_STATE_LOADING;
    struct stat st;
    int fd = open_database(course, &st);

    if (fd < 0) {
        *reason = PRELOAD_REASON_FILE;
        return PRELOAD_STATE_FAILED;
    }
    if (!preload_inspect_evidence(&found, course->file, fd, &in_log, &course->prefetch.cancelled)) {
        *reason = PRELOAD_REASON_PAGE_SIZE;
        state = PRELOAD_STATE_NONE;
    } else if (!preload_planning_make(course, book, &found, (uint64_t)st.st_size, &in_log)) {
        *reason = PRELOAD_REASON_MEMORY;
        state = PRELOAD_STATE_FAILED;
    } else {
        preload_prefetch_advise(&course->prefetch, fd);
    }
    close(fd);
    hint_runs_free(&in_log);
    return state;
}

/* No hints: the pages that every lookup passes, or all of them where they are few. */
static void explore(struct course *course, enum preload_reason *reason)
{
    const struct config *config = course->config;
    struct hint_runs in_log = { 0 };
    struct hint_header geometry;
    struct stat st;
    int fd = config->walk ? preload_inspect_open(course->file, &st) : -1;
    bool is_small;

    if (fd < 0) return;
    is_small = (uint64_t)st.st_size <= config->small;
    if (is_small) (void)posix_fadvise(fd, 0, st.st_size, POSIX_FADV_WILLNEED);
    if (preload_inspect_header(&geometry, fd)) {
        const struct hint_database size =
            preload_planning_size(geometry.page_size, (uint64_t)st.st_size);

        preload_logs_pages(&in_log, course->file, geometry.page_size, &course->prefetch.cancelled);
        if (is_small && in_log.len == 0) {
            preload_explore_whole(&course->prefetch, size);
            *reason = PRELOAD_REASON_SMALL;
        } else {
            preload_explore(&course->prefetch, fd, size, config->budget, &in_log);
        }
        atomic_store_explicit(&course->plan_ready, true, memory_order_release);
    }
    close(fd);
    hint_runs_free(&in_log);
}

static bool is_cold(const struct course *course)
{
    struct stat st;
    int fd = preload_inspect_open(course->file, &st);
    bool cold;

    if (fd < 0) return false;
    cold = preload_residency_file_is_cold(fd, course->file->path, (uint64_t)st.st_size);
    close(fd);
    return cold;
}

/* Loading beside a session that needs no help would only take processor time from it. One that
 * goes on so in a cold file may be helped after all (prefetch_advise.c, catching up). */
static bool needs_no_help(struct course *course)
{
    struct prefetch *prefetch = &course->prefetch;

    if (!preload_prefetch_runs_ahead(prefetch, preload_session_touches(course->session)) ||
        preload_prefetch_over(prefetch) != PRELOAD_REASON_NONE)
        return false;
    return ++course->postponed != POSTPONED_MOST || !is_cold(course);
}

static void load_and_advise(struct course *course)
{
    struct hint_book book = { 0 };
    enum preload_state state = PRELOAD_STATE_NONE;
    enum preload_reason reason = PRELOAD_REASON_NONE;

    if (preload_keeper_load(course->keeper, &book)) {
        state = advise_with(course, &book, &reason);
        if (state != PRELOAD_STATE_NONE) preload_keeper_take(course->keeper, &book);
    }
    hint_book_free(&book);
    if (state == PRELOAD_STATE_NONE) explore(course, &reason);
    if (state == PRELOAD_STATE_LOADING &&
        atomic_load(&course->prefetch.state) == PRELOAD_STATE_LOADING)
        (void)preload_course_again(course, 1);
    else
        preload_course_finish(course, state, reason);
}

static void load_in_time(struct pool_task *task)
{
    struct course *course = (struct course *)task;

    if (!preload_pool_has_private_table()) {
        refuse(course);
        return;
    }
    if (needs_no_help(course)) {
        (void)preload_pool_submit(task, preload_clock_us() + BY_ADVICE_START_US, 1);
        return;
    }
    course->prefetch.watch.unserved = 0;
    load_and_advise(course);
}

/* A log to recover comes first, and then there is time; else the first statement does. */
static void begin(struct pool_task *task)
{
    struct course *course = (struct course *)task;
    bool at_once = atomic_load(&course->prefetch.awaited);

    if (!preload_pool_has_private_table()) {
        refuse(course);
        return;
    }
    task->run = load_in_time;
    if (preload_logs_advise(course->file) || at_once)
        load_and_advise(course);
    else
        (void)preload_pool_submit(task, course->session->began_us + BY_ADVICE_START_US, 1);
}

bool preload_by_advice_begin(struct course *course)
{
    course->backend = &preload_by_advice;
    course->task.run = begin;
    return preload_pool_submit(&course->task, 0, preload_config_workers());
}
