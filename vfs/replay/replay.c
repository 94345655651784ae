/* Load, plan, start; while the plan is not all begun, look again; where there are no hints,
 * explore. */
#include "vfs/replay/replay.h"

#include <stddef.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vfs/file/inspect.h"
#include "vfs/file/medium.h"
#include "vfs/file/residency.h"
#include "vfs/process/clock.h"
#include "vfs/process/log.h"
#include "vfs/replay/explore.h"

#define PAGE_SIZE_USUAL 4096

#define BUDGET_BYTES_DEFAULT ((uint64_t)32 << 20)

/* The read backend begins with so many readers. */
#define READERS_FIRST 4

/* Looks at a session that needs no help before it is asked whether the file is cold. */
#define REPLAY_POSTPONED 3

/* An opener that waits looks again that often. */
#define SYNC_PAUSE_US UINT64_C(200)

/* Set when a worker found that the kernel gives it no descriptor table of its own: from then on the
 * read backend serves. */
static atomic_bool advising_is_denied;

static struct database *of_replay_task(struct pool_task *task)
{
    return (struct database *)(void *)((char *)task - offsetof(struct database, replay_task));
}

static struct database *of_prefetch(struct prefetch *prefetch)
{
    return (struct database *)(void *)((char *)prefetch - offsetof(struct database, prefetch));
}

/* ---- the plan ---- */

static struct hint_costs costs_of(const struct database *database, uint32_t page_size)
{
    const struct hint_device device = preload_medium_of(database->base_is_os, page_size);

    return hint_costs_of(&device);
}

static struct hint_budget budget_of(const struct database *database,
                                    const struct hint_forecast *forecast, struct hint_costs costs,
                                    struct hint_database found)
{
    if (database->config.budget != CONFIG_AUTO)
        return (struct hint_budget){ .bytes_max = database->config.budget };
    return hint_budget_of(forecast, costs, found, BUDGET_BYTES_DEFAULT);
}

/* The book to replay: what the store holds; what this process remembers, where that is more (it
 * could not be stored). False: there is none. */
static bool load_book(struct database *database, struct hint_book *book)
{
    uint64_t generation;
    int rc = HINT_OK;

    if (database->store) (void)database->store->verbs->load(database->store, book, &generation);
    pthread_mutex_lock(&database->lock);
    if (database->book.shared.folded > book->shared.folded)
        rc = hint_book_copy(book, &database->book);
    pthread_mutex_unlock(&database->lock);
    return rc == HINT_OK && book->shared.len > 0;
}

/* Hints of a larger database, or of this one before it shrank; those that live in the WAL are where
 * they should be. */
static void say_clipped(const struct database *database, const struct hint_forecast *forecast,
                        uint32_t pages, const struct hint_runs *elsewhere)
{
    size_t clipped = 0;

    for (size_t i = forecast->len; i > 0 && forecast->pages[i - 1].pgno > pages; i--)
        clipped += !hint_runs_contains(elsewhere, forecast->pages[i - 1].pgno);
    if (clipped > 0)
        preload_log_note("%zu of %zu hinted pages lie past the end and are not fetched: %s",
                         clipped, forecast->len, database->path);
}

/* Where nothing is recorded nobody knows how far the session has come, and where the opener waits
 * it has not begun: all is due at once. */
static uint64_t touches_of(const struct database *database, uint64_t touches)
{
    const bool paced = database->config.pace && database->config.mode & CONFIG_MODE_RECORD &&
                       !atomic_load(&database->prefetch.awaited);

    return paced ? touches : UINT64_MAX;
}

/* Queues what the session has come to, all groups being trusted. */
static void release_due(struct database *database)
{
    preload_prefetch_release(&database->prefetch, SIZE_MAX,
                             touches_of(database, database->trial.touches));
}

static struct hint_database size_of(uint32_t page_size, uint64_t bytes)
{
    uint64_t pages = bytes / page_size;

    return (struct hint_database){
        .page_size = page_size,
        .page_count = pages > HINT_PGNO_MAX ? HINT_PGNO_MAX : (uint32_t)pages,
    };
}

/* Makes the plan for the database as it was found, which is `bytes` long; the forecast that it is
 * made of goes to the trial. False: no memory, logged. */
static bool make_plan(struct database *database, const struct hint_book *book,
                      const struct hint_evidence *found, uint64_t bytes,
                      const struct hint_runs *elsewhere)
{
    const struct hint_costs costs = costs_of(database, found->page_size);
    const struct hint_database size = size_of(found->page_size, bytes);
    enum hint_trust trust = hint_trust_of(&book->evidence, found);
    struct prefetch *prefetch = &database->prefetch;
    struct hint_forecast forecast = { 0 };
    int rc = hint_forecast_make(&forecast, book, database->config.profile, size.page_count);

    prefetch->page_size = found->page_size;
    if (rc == HINT_OK)
        rc = hint_plan_make(&prefetch->plan, &forecast, size, costs,
                            budget_of(database, &forecast, costs, size), trust, elsewhere);
    if (elsewhere) say_clipped(database, &forecast, size.page_count, elsewhere);
    if (rc == HINT_OK &&
        !preload_prefetch_prepare(
            prefetch, database->base_is_os ? PACE_WINDOW_FIRST : READERS_FIRST,
            database->base_is_os ? PACE_WINDOW_MOST : (uint32_t)database->config.requests))
        rc = HINT_NOMEM;
    if (rc == HINT_OK) {
        preload_prefetch_release(prefetch, prefetch->plan.proven_from, touches_of(database, 0));
        atomic_store_explicit(&database->plan_ready, true, memory_order_release);
        preload_trial_begin(database, trust, &book->evidence, &forecast, elsewhere);
    } else {
        preload_log_error("nothing prefetched: out of memory: %s", database->path);
    }
    hint_forecast_free(&forecast);
    return rc == HINT_OK;
}

/* What was loaded becomes what this process knows, unless a save has brought more meanwhile. */
static void keep_book(struct database *database, struct hint_book *book)
{
    pthread_mutex_lock(&database->lock);
    if (database->book.shared.folded <= book->shared.folded) {
        struct hint_book old = database->book;

        database->book = *book;
        *book = old;
    }
    pthread_mutex_unlock(&database->lock);
}

static void finish(struct database *database, enum preload_state state, enum preload_reason reason)
{
    preload_prefetch_end(&database->prefetch, state, reason);
    atomic_store(&database->prefetch.awaited, false);
    preload_trial_end(database);
}

/* ---- the session ---- */

static void look_at_session(struct prefetch *prefetch)
{
    struct database *database = of_prefetch(prefetch);

    if (preload_trial_look(database) == TRIAL_GOOD) release_due(database);
}

static bool session_has_read(struct prefetch *prefetch, struct hint_run run)
{
    return preload_progress_has(of_prefetch(prefetch), run);
}

static bool session_waits(struct prefetch *prefetch)
{
    struct database *database = of_prefetch(prefetch);
    bool waits = false;

    pthread_mutex_lock(&database->lock);
    for (const struct connection *c = database->connections; c && !waits; c = c->next)
        waits = atomic_load_explicit(&c->reading, memory_order_relaxed);
    pthread_mutex_unlock(&database->lock);
    return waits;
}

/* A look at the session; what may be fetched now is, by `fetch`; then again later, or the end. */
static void go_on(struct pool_task *task, void (*fetch)(struct database *database))
{
    struct database *database = of_replay_task(task);
    struct prefetch *prefetch = &database->prefetch;
    enum preload_reason reason;

    look_at_session(prefetch);
    reason = preload_prefetch_over(prefetch);
    if (reason != PRELOAD_REASON_NONE) {
        preload_prefetch_cancel(prefetch, reason);
        preload_prefetch_end(prefetch, PRELOAD_STATE_ABORTED, reason);
    } else if (preload_prefetch_free_requests(prefetch) > 0) {
        fetch(database);
    } else if (preload_trial_window_is_over(database)) {
        preload_prefetch_end(prefetch, PRELOAD_STATE_DONE, PRELOAD_REASON_NONE);
    }
    if (atomic_load(&prefetch->state) == PRELOAD_STATE_LOADING)
        (void)preload_trial_again(database, task, 1);
    else
        finish(database, PRELOAD_STATE_DONE, PRELOAD_REASON_NONE);
}

/* ---- by advice ---- */

static int open_database(const struct database *database, struct stat *st)
{
    int fd = preload_inspect_open(database, st);

    if (fd < 0)
        preload_log_error(
            "nothing prefetched: the file cannot be opened again, or is another one: %s",
            database->path);
    return fd;
}

/* The descriptor is not kept while nothing may be fetched. */
static void advise_more(struct database *database)
{
    struct prefetch *prefetch = &database->prefetch;
    struct stat st;
    int fd;

    if (preload_prefetch_credit(prefetch) == 0) return;
    fd = open_database(database, &st);
    if (fd < 0) {
        preload_prefetch_end(prefetch, PRELOAD_STATE_FAILED, PRELOAD_REASON_FILE);
        return;
    }
    preload_prefetch_advise(prefetch, fd);
    close(fd);
}

static void advise_on(struct pool_task *task)
{
    go_on(task, advise_more);
}

/* Plans for the database as it is found and begins. */
static enum preload_state advise_with(struct database *database, const struct hint_book *book,
                                      enum preload_reason *reason)
{
    struct hint_evidence found = { .page_size = book->evidence.page_size };
    struct hint_runs elsewhere = { 0 };
    enum preload_state state = PRELOAD_STATE_LOADING;
    struct stat st;
    int fd = open_database(database, &st);

    if (fd < 0) {
        *reason = PRELOAD_REASON_FILE;
        return PRELOAD_STATE_FAILED;
    }
    if (!preload_inspect_evidence(&found, database, fd, &elsewhere)) {
        *reason = PRELOAD_REASON_PAGE_SIZE;
        state = PRELOAD_STATE_NONE;
    } else if (!make_plan(database, book, &found, (uint64_t)st.st_size, &elsewhere)) {
        *reason = PRELOAD_REASON_MEMORY;
        state = PRELOAD_STATE_FAILED;
    } else {
        preload_prefetch_advise(&database->prefetch, fd);
    }
    close(fd);
    hint_runs_free(&elsewhere);
    return state;
}

/* No hints: the pages that every lookup passes. */
static void explore(struct database *database)
{
    struct hint_runs elsewhere = { 0 };
    struct hint_header geometry;
    struct stat st;
    int fd = database->config.walk ? preload_inspect_open(database, &st) : -1;

    if (fd < 0) return;
    if (preload_inspect_header(&geometry, fd)) {
        preload_inspect_log_pages(&elsewhere, database, geometry.page_size);
        preload_explore(database, fd, size_of(geometry.page_size, (uint64_t)st.st_size),
                        &elsewhere);
    }
    close(fd);
    hint_runs_free(&elsewhere);
}

static uint64_t touches_so_far(struct database *database)
{
    uint64_t touches = 0;

    pthread_mutex_lock(&database->lock);
    for (const struct connection *c = database->connections; c; c = c->next)
        touches += hint_recorder_count(&c->recorder);
    pthread_mutex_unlock(&database->lock);
    return touches;
}

static void load_and_advise(struct pool_task *task);

/* By places that lie evenly between the file's begin and its end. */
static bool is_cold(const struct database *database)
{
    struct residency residency = { 0 };
    uint64_t offsets[RESIDENCY_PLACES];
    struct stat st;
    bool cold = false;
    int fd = preload_inspect_open(database, &st);

    if (fd < 0) return false;
    for (uint64_t i = 0; i < RESIDENCY_PLACES; i++)
        offsets[i] = (uint64_t)st.st_size / RESIDENCY_PLACES * i;
    if (preload_residency_open(&residency, fd, database->path))
        cold = preload_residency_is_cold(&residency, offsets);
    preload_residency_close(&residency);
    close(fd);
    return cold;
}

/* Loading beside a session that needs no help would only take processor time from it. One that
 * goes on so in a cold file may be helped after all (prefetch_advise.c, the leap). */
static bool needs_no_help(struct database *database)
{
    struct prefetch *prefetch = &database->prefetch;

    if (!preload_prefetch_runs_ahead(prefetch, touches_so_far(database)) ||
        preload_prefetch_over(prefetch) != PRELOAD_REASON_NONE)
        return false;
    return ++prefetch->postponed != REPLAY_POSTPONED || !is_cold(database);
}

static void load_in_time(struct pool_task *task)
{
    struct database *database = of_replay_task(task);
    struct prefetch *prefetch = &database->prefetch;

    if (needs_no_help(database)) {
        (void)preload_pool_submit(task, preload_clock_us() + REPLAY_START_US, 1);
        return;
    }
    prefetch->unserved = 0;
    load_and_advise(task);
}

static void load_and_advise(struct pool_task *task)
{
    struct database *database = of_replay_task(task);
    struct hint_book book = { 0 };
    enum preload_state state = PRELOAD_STATE_NONE;
    enum preload_reason reason = PRELOAD_REASON_NONE;

    if (load_book(database, &book)) {
        state = advise_with(database, &book, &reason);
        if (state != PRELOAD_STATE_NONE) keep_book(database, &book);
    }
    hint_book_free(&book);
    if (state == PRELOAD_STATE_NONE) explore(database);
    if (state == PRELOAD_STATE_LOADING &&
        atomic_load(&database->prefetch.state) == PRELOAD_STATE_LOADING) {
        task->run = advise_on;
        (void)preload_trial_again(database, task, 1);
    } else {
        finish(database, state, reason);
    }
}

/* A log to recover comes first, and then there is time; else the first statement does. */
static void begin_advice(struct pool_task *task)
{
    struct database *database = of_replay_task(task);
    bool at_once = atomic_load(&database->prefetch.awaited);

    if (!preload_pool_has_private_table()) {
        atomic_store(&advising_is_denied, true);
        preload_log_error("the kernel gives no private descriptor table; databases opened from now "
                          "on are read instead");
        finish(database, PRELOAD_STATE_FAILED, PRELOAD_REASON_THREAD);
        return;
    }
    task->run = load_in_time;
    if (preload_inspect_logs(database) || at_once)
        load_and_advise(task);
    else
        (void)preload_pool_submit(task, database->opened_us + REPLAY_START_US, 1);
}

/* ---- by reading ---- */

static void read_more(struct database *database)
{
    preload_prefetch_read_on(&database->prefetch);
}

static void read_on(struct pool_task *task)
{
    go_on(task, read_more);
}

/* Of the file only the size is known: page 1 is the connection's to read, and the first look that
 * finds it read goes by that. */
static enum preload_state read_with(struct connection *connection, const struct hint_book *book,
                                    uint64_t bytes, const char *name)
{
    struct database *database = connection->database;
    const uint32_t page_size = book->evidence.page_size;
    const struct hint_evidence found = { page_size, (uint32_t)(bytes / page_size), 0, 0 };

    if (!make_plan(database, book, &found, bytes, NULL)) return PRELOAD_STATE_FAILED;
    if (database->prefetch.plan.run_count == 0) return PRELOAD_STATE_DONE;
    connection->owns_readers = true;
    if (!preload_prefetch_read(&database->prefetch, database->base, name,
                               (unsigned)database->config.requests))
        return PRELOAD_STATE_FAILED;
    database->replay_task.run = read_on;
    database->replay_task.kind = POOL_SHARING; /* it starts readers */
    (void)preload_trial_again(database, &database->replay_task, POOL_THREADS_MAX);
    return PRELOAD_STATE_LOADING;
}

static void replay_by_reading(struct connection *connection, sqlite3_file *main, const char *name)
{
    struct database *database = connection->database;
    struct hint_book book = { 0 };
    sqlite3_int64 bytes = 0;
    enum preload_state state = PRELOAD_STATE_NONE;

    if (load_book(database, &book) && main->pMethods->xFileSize(main, &bytes) == SQLITE_OK &&
        bytes > 0) {
        state = read_with(connection, &book, (uint64_t)bytes, name);
        if (state != PRELOAD_STATE_FAILED) keep_book(database, &book);
    }
    if (state != PRELOAD_STATE_LOADING)
        finish(database, state,
               state == PRELOAD_STATE_FAILED ? PRELOAD_REASON_MEMORY : PRELOAD_REASON_NONE);
    hint_book_free(&book);
}

/* ---- the start ---- */

/* The host prefers to wait: no longer than it said. */
static void await_replay(struct prefetch *prefetch, uint64_t until_us)
{
    uint64_t now_us = preload_clock_us();

    while (atomic_load(&prefetch->awaited) && now_us < until_us) {
        uint64_t pause_us = until_us - now_us < SYNC_PAUSE_US ? until_us - now_us : SYNC_PAUSE_US;

        nanosleep(&(struct timespec){ .tv_nsec = (long)pause_us * 1000 }, NULL);
        now_us = preload_clock_us();
    }
    atomic_store(&prefetch->awaited, false);
}

void preload_replay_start(struct connection *connection, sqlite3_file *main, const char *name)
{
    struct database *database = connection->database;
    struct prefetch *prefetch = &database->prefetch;
    const struct config *config = &database->config;

    atomic_store(&prefetch->state, PRELOAD_STATE_LOADING);
    atomic_store(&prefetch->awaited, config->sync > 0);
    prefetch->session = (struct prefetch_session){ .look = look_at_session,
                                                   .has_read = session_has_read,
                                                   .waits = session_waits };
    prefetch->began_us = database->opened_us;
    prefetch->deadline_us = database->opened_us + config->replay_ms * 1000;
    prefetch->advice.path = database->path;
    if (!database->base_is_os || atomic_load(&advising_is_denied)) {
        replay_by_reading(connection, main, name);
    } else {
        database->replay_task.run = begin_advice;
        if (!preload_pool_submit(&database->replay_task, 0, preload_config_workers()))
            finish(database, PRELOAD_STATE_FAILED, PRELOAD_REASON_THREAD);
    }
    if (config->sync > 0) await_replay(prefetch, database->opened_us + config->sync * 1000);
}

struct hint_costs preload_replay_costs(const struct database *database)
{
    return costs_of(database, PAGE_SIZE_USUAL);
}
