/* Load, plan, start. */
#include "vfs/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vfs/log.h"
#include "vfs/wal.h"

/* Reading a gap of two pages costs less than a second request to a local disk; of four, to a device
 * at 1 ms. */
#define GAP_PAGES_LOCAL   2
#define GAP_PAGES_FOREIGN 4

#define BUDGET_BYTES_DEFAULT ((uint64_t)32 << 20)

/* Set when a worker found that the kernel gives it no descriptor table of its own: from then on the
 * read backend serves. */
static atomic_bool advising_is_denied;

static struct database *of_replay_task(struct pool_task *task)
{
    return (struct database *)(void *)((char *)task - offsetof(struct database, replay_task));
}

static uint64_t budget_bytes(const struct database *database, const struct hint_history *history,
                             uint32_t page_size)
{
    uint64_t usual = (uint64_t)hint_history_usual_pages(history) * 2 * page_size;

    if (database->config.budget != CONFIG_AUTO) return database->config.budget;
    return usual < BUDGET_BYTES_DEFAULT ? usual : BUDGET_BYTES_DEFAULT;
}

/* The history to replay: what the store holds; what this process remembers, where that is more (it
 * could not be stored). False: there is none. */
static bool load_history(struct database *database, struct hint_history *history,
                         struct store_evidence *evidence)
{
    int rc = HINT_OK;

    memset(evidence, 0, sizeof *evidence);
    if (database->store) (void)database->store->verbs->load(database->store, history, evidence);
    pthread_mutex_lock(&database->lock);
    if (database->history.folded > history->folded) {
        rc = hint_history_copy(history, &database->history);
        evidence->page_size = database->geometry.page_size;
    }
    pthread_mutex_unlock(&database->lock);
    return rc == HINT_OK && history->len > 0;
}

/* Hints of a larger database, or of this one before it shrank; those that live in the WAL are where
 * they should be. */
static void say_clipped(const struct database *database, const struct hint_history *history,
                        uint64_t pages, const struct hint_runs *elsewhere)
{
    size_t clipped = 0;

    for (size_t i = history->len; i > 0 && history->pages[i - 1].pgno > pages; i--)
        clipped += !hint_runs_contains(elsewhere, history->pages[i - 1].pgno);
    if (clipped > 0)
        preload_log_note("%zu of %zu hinted pages lie past the end and are not fetched: %s",
                         clipped, history->len, database->path);
}

/* Makes the plan for a database of `bytes` bytes; false with a log line when the hints do not fit
 * it. */
static bool make_plan(struct database *database, const struct hint_history *history,
                      uint32_t page_size, uint64_t bytes, const struct hint_runs *elsewhere)
{
    const struct hint_costs costs = {
        .probability_min_ppm = REPLAY_PROBABILITY_MIN_PPM,
        .gap_pages_max = database->base_is_os ? GAP_PAGES_LOCAL : GAP_PAGES_FOREIGN,
        .group_pages_max = HINT_GROUP_PAGES_MAX,
    };
    const struct hint_budget budget = { .bytes_max = budget_bytes(database, history, page_size) };
    uint64_t pages = bytes / page_size;
    int rc;

    database->prefetch.page_size = page_size;
    rc = hint_plan_make(&database->prefetch.plan, history,
                        (struct hint_database){
                            .page_size = page_size,
                            .page_count = pages > HINT_PGNO_MAX ? HINT_PGNO_MAX : (uint32_t)pages,
                        },
                        costs, budget, elsewhere);
    if (elsewhere) say_clipped(database, history, pages, elsewhere);
    if (rc != HINT_OK) preload_log_error("nothing prefetched: out of memory: %s", database->path);
    if (rc == HINT_OK) atomic_store_explicit(&database->plan_ready, true, memory_order_release);
    return rc == HINT_OK;
}

/* What was loaded becomes what this process knows, unless a save has brought more meanwhile. */
static void keep_history(struct database *database, struct hint_history *history)
{
    pthread_mutex_lock(&database->lock);
    if (database->history.folded <= history->folded) {
        struct hint_history old = database->history;

        database->history = *history;
        *history = old;
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

/* The page size that the file itself states; that of the hints where it does not (encrypted). 0
 * with a log line when the two differ. */
static uint32_t agreed_page_size(const struct database *database, int fd, uint32_t hints_page_size)
{
    uint8_t header[GEOMETRY_HEADER_BYTES];
    struct geometry geometry;

    if (pread(fd, header, sizeof header, 0) != (ssize_t)sizeof header ||
        !preload_geometry_read(&geometry, header) || geometry.page_size == hints_page_size)
        return hints_page_size;
    preload_log_error("hints not used: pages are %u bytes, the hints are for %u: %s",
                      (unsigned)geometry.page_size, (unsigned)hints_page_size, database->path);
    return 0;
}

static int advise_with(struct database *database, const struct hint_history *history,
                       uint32_t hints_page_size)
{
    struct hint_runs elsewhere = { 0 };
    uint32_t page_size;
    struct stat st;
    int fd = open_own(database, "", &st);
    int state = PRELOAD_STATE_FAILED;

    if (fd < 0) {
        preload_log_error(
            "nothing prefetched: the file cannot be opened again, or is another one: %s",
            database->path);
        return PRELOAD_STATE_FAILED;
    }
    page_size = agreed_page_size(database, fd, hints_page_size);
    if (page_size == 0) {
        state = PRELOAD_STATE_NONE;
    } else {
        advise_log(database, "-wal", page_size, &elsewhere);
        advise_log(database, "-journal", page_size, NULL);
        if (make_plan(database, history, page_size, (uint64_t)st.st_size, &elsewhere)) {
            preload_prefetch_advise(&database->prefetch, fd);
            state = PRELOAD_STATE_DONE;
        }
    }
    close(fd);
    hint_runs_free(&elsewhere);
    return state;
}

static void replay_by_advice(struct pool_task *task)
{
    struct database *database = of_replay_task(task);
    struct hint_history history = { 0 };
    struct store_evidence evidence;
    int state = PRELOAD_STATE_NONE;

    if (!preload_pool_has_private_table()) {
        atomic_store(&advising_is_denied, true);
        preload_log_error("the kernel gives no private descriptor table; databases opened from now "
                          "on are read instead");
        state = PRELOAD_STATE_FAILED;
    } else if (load_history(database, &history, &evidence)) {
        state = advise_with(database, &history, evidence.page_size);
        if (state != PRELOAD_STATE_NONE) keep_history(database, &history);
    }
    preload_prefetch_end(&database->prefetch, state);
    hint_history_free(&history);
}

static void replay_by_reading(struct connection *connection, sqlite3_file *main, const char *name)
{
    struct database *database = connection->database;
    struct hint_history history = { 0 };
    struct store_evidence evidence;
    sqlite3_int64 bytes = 0;
    int state = PRELOAD_STATE_NONE;

    if (load_history(database, &history, &evidence) &&
        main->pMethods->xFileSize(main, &bytes) == SQLITE_OK && bytes > 0) {
        state = PRELOAD_STATE_FAILED;
        if (make_plan(database, &history, evidence.page_size, (uint64_t)bytes, NULL)) {
            keep_history(database, &history);
            state = PRELOAD_STATE_DONE;
            if (database->prefetch.plan.run_count > 0) {
                connection->owns_readers = true;
                if (preload_prefetch_read(&database->prefetch, database->base, name,
                                          (unsigned)database->config.requests))
                    state = PRELOAD_STATE_LOADING;
            }
        }
    }
    if (state != PRELOAD_STATE_LOADING) preload_prefetch_end(&database->prefetch, state);
    hint_history_free(&history);
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
