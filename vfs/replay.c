/* Load, plan, start; where the hints are on trial, look again; where there are none, explore. */
#include "vfs/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vfs/explore.h"
#include "vfs/latency.h"
#include "vfs/log.h"
#include "vfs/wal.h"

/* What was not measured: a gigabyte a second, and so many requests served at once. */
#define REQUESTS_AT_ONCE 16
#define PAGE_SIZE_USUAL  4096

#define BUDGET_BYTES_DEFAULT ((uint64_t)32 << 20)

/* Set when a worker found that the kernel gives it no descriptor table of its own: from then on the
 * read backend serves. */
static atomic_bool advising_is_denied;

static struct database *of_replay_task(struct pool_task *task)
{
    return (struct database *)(void *)((char *)task - offsetof(struct database, replay_task));
}

static struct hint_costs costs_of(const struct database *database, uint32_t page_size)
{
    const struct hint_device device = {
        .latency_ns = preload_latency_ns(database->base_is_os),
        .page_ns = page_size,
        .parallel = REQUESTS_AT_ONCE,
    };

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

/* Where nothing is recorded nobody knows how far the session has come: all is due at once. */
static uint64_t touches_of(const struct database *database, uint64_t touches)
{
    const bool paced = database->config.pace && database->config.mode & CONFIG_MODE_RECORD;

    return paced ? touches : UINT64_MAX;
}

/* Queues what the session has come to, all groups being trusted. */
static void release_due(struct database *database)
{
    preload_prefetch_release(&database->prefetch, SIZE_MAX,
                             touches_of(database, database->trial.touches));
}

/* Nothing more is recorded, so nothing more comes due. */
static bool window_is_over(const struct database *database)
{
    return preload_pool_now_us() - database->opened_us >= database->config.window_ms * 1000;
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
    if (rc == HINT_OK && !preload_prefetch_prepare(prefetch)) rc = HINT_NOMEM;
    if (rc == HINT_OK) {
        preload_prefetch_release(prefetch, prefetch->plan.proven_from, touches_of(database, 0));
        atomic_store_explicit(&database->plan_ready, true, memory_order_release);
        preload_trial_begin(database, trust, &book->evidence, &forecast);
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

/* Opens the database's file, or one beside it, on a worker. A database must be the very file that
 * the connection opened. */
static int open_own(const struct database *database, const char *suffix, struct stat *st)
{
    char path[4096];
    bool is_database = suffix[0] == '\0';
    int fd;

    if (snprintf(path, sizeof path, "%s%s", database->path, suffix) >= (int)sizeof path) return -1;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return -1;
    if (fstat(fd, st) == 0 && S_ISREG(st->st_mode) &&
        (!is_database ||
         (st->st_ino == database->identity.inode && st->st_dev == database->identity.device)))
        return fd;
    close(fd);
    return -1;
}

/* A log or journal that SQLite is about to read whole comes first, and its pages are not fetched
 * from the database. */
static void advise_log(const struct database *database, const char *suffix, uint32_t page_size,
                       struct hint_runs *elsewhere)
{
    struct stat st;
    int fd = open_own(database, suffix, &st);
    off_t most = (off_t)BUDGET_BYTES_DEFAULT;

    if (fd < 0) return;
    if (st.st_size < most) most = st.st_size;
    for (off_t offset = 0; offset < most; offset += PREFETCH_PIECE_BYTES)
        (void)posix_fadvise(fd, offset, PREFETCH_PIECE_BYTES, POSIX_FADV_WILLNEED);
    if (elsewhere) (void)preload_wal_pages(elsewhere, fd, page_size);
    close(fd);
}

/* Page 1 as the file has it, unless the log has a newer one: then its sizes and its schema are of
 * before. */
static void read_evidence(struct hint_evidence *out, int fd, const struct geometry *geometry,
                          bool is_stale)
{
    uint8_t *page_1 = malloc(geometry->page_size);

    *out = (struct hint_evidence){ .page_size = geometry->page_size };
    if (!is_stale) {
        out->page_count = geometry->page_count;
        out->schema_cookie = geometry->schema_cookie;
        if (page_1 && pread(fd, page_1, geometry->page_size, 0) == (ssize_t)geometry->page_size)
            out->schema_hash = preload_schema_hash(page_1, geometry->page_size);
    }
    free(page_1);
}

/* The first request to the file; where nobody has read it before, it tells what one takes. */
static bool read_header(uint8_t header[GEOMETRY_HEADER_BYTES], int fd)
{
    uint64_t before_ns = preload_latency_now_ns();
    bool done = pread(fd, header, GEOMETRY_HEADER_BYTES, 0) == GEOMETRY_HEADER_BYTES;

    if (done) preload_latency_saw(true, preload_latency_now_ns() - before_ns);
    return done;
}

/* What the file is like; `out` has the page size of the hints. Where it does not state its own
 * (encrypted), that is all. False with a log line when the two differ. Advises a log or a journal
 * that SQLite is about to read, and says which pages live there. */
static bool find_evidence(struct hint_evidence *out, const struct database *database, int fd,
                          struct hint_runs *elsewhere)
{
    uint8_t header[GEOMETRY_HEADER_BYTES];
    struct geometry geometry = { 0 };

    if (read_header(header, fd)) (void)preload_geometry_read(&geometry, header);
    if (geometry.page_size && geometry.page_size != out->page_size) {
        preload_log_error("hints not used: pages are %u bytes, the hints are for %u: %s",
                          (unsigned)geometry.page_size, (unsigned)out->page_size, database->path);
        return false;
    }
    advise_log(database, "-wal", out->page_size, elsewhere);
    advise_log(database, "-journal", out->page_size, NULL);
    if (geometry.page_size) read_evidence(out, fd, &geometry, hint_runs_contains(elsewhere, 1));
    return true;
}

/* Advises what may be; the state is LOADING where the rest waits for the session to come to it, or
 * for the trial. */
static int advise_free(struct database *database, int fd)
{
    preload_prefetch_advise(&database->prefetch, fd);
    return atomic_load(&database->prefetch.state);
}

static int open_database(const struct database *database, struct stat *st)
{
    int fd = open_own(database, "", st);

    if (fd < 0)
        preload_log_error(
            "nothing prefetched: the file cannot be opened again, or is another one: %s",
            database->path);
    return fd;
}

static int advise_with(struct database *database, const struct hint_book *book)
{
    struct hint_evidence found = { .page_size = book->evidence.page_size };
    struct hint_runs elsewhere = { 0 };
    struct stat st;
    int fd = open_database(database, &st);
    int state = PRELOAD_STATE_FAILED;

    if (fd < 0) return PRELOAD_STATE_FAILED;
    if (!find_evidence(&found, database, fd, &elsewhere))
        state = PRELOAD_STATE_NONE;
    else if (make_plan(database, book, &found, (uint64_t)st.st_size, &elsewhere))
        state = advise_free(database, fd);
    close(fd);
    hint_runs_free(&elsewhere);
    return state;
}

static void finish(struct database *database, int state)
{
    preload_prefetch_end(&database->prefetch, state);
    preload_trial_end(database);
}

/* Advises what has come due; the descriptor is not kept while nothing does. */
static int advise_due(struct database *database)
{
    struct prefetch *prefetch = &database->prefetch;
    struct stat st;
    int state;
    int fd;

    release_due(database);
    if (atomic_load(&prefetch->issued_runs) == preload_prefetch_runs_free(prefetch))
        return window_is_over(database) ? PRELOAD_STATE_DONE : PRELOAD_STATE_LOADING;
    fd = open_database(database, &st);
    if (fd < 0) return PRELOAD_STATE_FAILED;
    state = advise_free(database, fd);
    close(fd);
    return state;
}

static void look_then_advise(struct pool_task *task)
{
    struct database *database = of_replay_task(task);
    int state = PRELOAD_STATE_LOADING;

    switch (preload_trial_look(database)) {
    case TRIAL_OPEN:
        break;
    case TRIAL_GOOD:
        state = advise_due(database);
        break;
    case TRIAL_ENDED:
        state = PRELOAD_STATE_ABORTED;
        break;
    }
    if (state == PRELOAD_STATE_LOADING)
        (void)preload_trial_again(database, task, 1);
    else
        finish(database, state);
}

/* No hints: the pages that every lookup passes. */
static void explore(struct database *database)
{
    uint8_t header[GEOMETRY_HEADER_BYTES];
    struct hint_runs elsewhere = { 0 };
    struct geometry geometry;
    struct stat st;
    int fd = database->config.walk ? open_own(database, "", &st) : -1;

    if (fd < 0) return;
    if (read_header(header, fd) && preload_geometry_read(&geometry, header)) {
        advise_log(database, "-wal", geometry.page_size, &elsewhere);
        preload_explore(database, fd, size_of(geometry.page_size, (uint64_t)st.st_size),
                        &elsewhere);
    }
    close(fd);
    hint_runs_free(&elsewhere);
}

static void replay_by_advice(struct pool_task *task)
{
    struct database *database = of_replay_task(task);
    struct hint_book book = { 0 };
    int state = PRELOAD_STATE_NONE;

    if (!preload_pool_has_private_table()) {
        atomic_store(&advising_is_denied, true);
        preload_log_error("the kernel gives no private descriptor table; databases opened from now "
                          "on are read instead");
        state = PRELOAD_STATE_FAILED;
    } else if (load_book(database, &book)) {
        state = advise_with(database, &book);
        if (state != PRELOAD_STATE_NONE) keep_book(database, &book);
    }
    hint_book_free(&book);
    if (state == PRELOAD_STATE_NONE) explore(database);
    if (state == PRELOAD_STATE_LOADING) {
        task->run = look_then_advise;
        (void)preload_trial_again(database, task, 1);
    } else {
        finish(database, state);
    }
}

/* While the readers read, and until the last run may be begun. */
static void look_then_read(struct pool_task *task)
{
    struct database *database = of_replay_task(task);

    switch (preload_trial_look(database)) {
    case TRIAL_GOOD:
        release_due(database);
        break;
    case TRIAL_OPEN:
        break;
    case TRIAL_ENDED:
        preload_trial_end(database);
        return;
    }
    preload_prefetch_read_on(&database->prefetch);
    if (window_is_over(database))
        finish(database, PRELOAD_STATE_DONE);
    else
        (void)preload_trial_again(database, task, 1);
}

/* Of the file only the size is known: page 1 is the connection's to read, and the first look that
 * finds it read goes by that. */
static int read_with(struct connection *connection, const struct hint_book *book, uint64_t bytes,
                     const char *name)
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
    database->replay_task.run = look_then_read;
    (void)preload_trial_again(database, &database->replay_task, preload_config_workers());
    return PRELOAD_STATE_LOADING;
}

static void replay_by_reading(struct connection *connection, sqlite3_file *main, const char *name)
{
    struct database *database = connection->database;
    struct hint_book book = { 0 };
    sqlite3_int64 bytes = 0;
    int state = PRELOAD_STATE_NONE;

    if (load_book(database, &book) && main->pMethods->xFileSize(main, &bytes) == SQLITE_OK &&
        bytes > 0) {
        state = read_with(connection, &book, (uint64_t)bytes, name);
        if (state != PRELOAD_STATE_FAILED) keep_book(database, &book);
    }
    if (state != PRELOAD_STATE_LOADING) finish(database, state);
    hint_book_free(&book);
}

void preload_replay_start(struct connection *connection, sqlite3_file *main, const char *name)
{
    struct database *database = connection->database;

    atomic_store(&database->prefetch.state, PRELOAD_STATE_LOADING);
    if (!database->base_is_os || atomic_load(&advising_is_denied)) {
        replay_by_reading(connection, main, name);
        return;
    }
    database->replay_task.run = replay_by_advice;
    if (!preload_pool_submit(&database->replay_task, 0, preload_config_workers()))
        preload_prefetch_end(&database->prefetch, PRELOAD_STATE_FAILED);
}

struct hint_costs preload_replay_costs(const struct database *database)
{
    return costs_of(database, PAGE_SIZE_USUAL);
}
