/* The read backend: each worker takes the plan's next run and reads it through its own handle into
 * scratch, so that whatever the base keeps is warm. The base is asked for xRead and nothing else on
 * a worker. */
#include "vfs/prefetch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "vfs/latency.h"
#include "vfs/log.h"

#define URI_PARAMETERS_MAX 32

static bool read_run(struct prefetch *prefetch, sqlite3_file *handle, void *scratch,
                     struct hint_run run)
{
    sqlite3_int64 offset = (sqlite3_int64)(run.first - 1) * prefetch->page_size;
    sqlite3_int64 end = offset + (sqlite3_int64)run.count * prefetch->page_size;

    while (offset < end && !atomic_load_explicit(&prefetch->cancelled, memory_order_relaxed)) {
        int bytes =
            (int)(end - offset < PREFETCH_PIECE_BYTES ? end - offset : PREFETCH_PIECE_BYTES);
        uint64_t before_ns = preload_latency_now_ns();
        int rc = handle->pMethods->xRead(handle, scratch, bytes, offset);

        /* A short read is the end of a database that shrank. */
        if (rc != SQLITE_OK) return rc == SQLITE_IOERR_SHORT_READ;
        preload_latency_saw(false, preload_latency_now_ns() - before_ns);
        preload_prefetch_count(prefetch, (uint64_t)bytes);
        offset += bytes;
    }
    return true;
}

/* Takes the next run; false: none may be begun. */
static bool take_run(struct prefetch *prefetch, size_t *run)
{
    *run = atomic_load(&prefetch->issued_runs);
    while (*run < preload_prefetch_runs_free(prefetch))
        if (atomic_compare_exchange_weak(&prefetch->issued_runs, run, *run + 1)) return true;
    return false;
}

/* The last one that reads ends the prefetch, unless runs wait. */
static void leave(struct prefetch *prefetch)
{
    if (atomic_fetch_sub(&prefetch->readers_busy, 1) == 1 &&
        atomic_load(&prefetch->issued_runs) == prefetch->plan.run_count)
        preload_prefetch_end(prefetch, PRELOAD_STATE_DONE);
}

static void read_runs(struct pool_task *task)
{
    struct prefetch_reader *reader = (struct prefetch_reader *)task;
    struct prefetch *prefetch = reader->prefetch;
    void *scratch = malloc(PREFETCH_PIECE_BYTES);
    bool good = scratch != NULL;
    size_t next;

    while (good && !atomic_load(&prefetch->cancelled) && take_run(prefetch, &next))
        good = read_run(prefetch, reader->handle, scratch, prefetch->queue[next]);
    free(scratch);
    if (!good) {
        preload_log_error("prefetch ended early: the base could not read, or no memory: %s",
                          prefetch->handle_name);
        preload_prefetch_end(prefetch, PRELOAD_STATE_FAILED);
        /* The other readers end, too: whoever closes the handles waits for them. */
        atomic_store(&prefetch->cancelled, true);
    }
    if (atomic_load(&prefetch->cancelled)) preload_prefetch_end(prefetch, PRELOAD_STATE_ABORTED);
    leave(prefetch);
}

/* A base takes names with their URI parameters behind them; a second handle needs the same ones. */
static char *copy_name(const char *name)
{
    const char *parameters[2 * URI_PARAMETERS_MAX];
    const char **next = parameters;
    int count = 0;

    if (sqlite3_libversion_number() < SQLITE_WITH_CREATE_FILENAME) return NULL;
    for (const char *key; count < URI_PARAMETERS_MAX && (key = sqlite3_uri_key(name, count));
         count++) {
        *next++ = key;
        *next++ = sqlite3_uri_parameter(name, key);
    }
    return (char *)sqlite3_create_filename(name, "", "", count, parameters);
}

static sqlite3_file *open_handle(sqlite3_vfs *base, const char *name)
{
    sqlite3_file *handle = calloc(1, (size_t)base->szOsFile);
    sqlite3_int64 no_mapping = 0;

    if (!handle) return NULL;
    if (base->xOpen(base, name, handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB, NULL) !=
        SQLITE_OK) {
        if (handle->pMethods) handle->pMethods->xClose(handle);
        free(handle);
        return NULL;
    }
    /* A handle with a mapping reads from it, and a file that another process truncates makes that a
     * SIGBUS. */
    (void)handle->pMethods->xFileControl(handle, SQLITE_FCNTL_MMAP_SIZE, &no_mapping);
    return handle;
}

/* No handles where half of the process's descriptors are in use: the lowest free number tells. */
static bool descriptors_are_scarce(void)
{
    struct rlimit limit;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (fd < 0) return true;
    close(fd);
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)fd >= limit.rlim_cur / 2;
}

/* Without mutexes of its own (THREADSAFE=0, or configured SINGLETHREAD, which no version call
 * tells) SQLite's base may be used by the connection's thread alone. Its stand-in gives out one
 * address for every mutex. */
static bool sqlite_has_mutexes(void)
{
    sqlite3_mutex *a = sqlite3_threadsafe() ? sqlite3_mutex_alloc(SQLITE_MUTEX_FAST) : NULL;
    sqlite3_mutex *b = a ? sqlite3_mutex_alloc(SQLITE_MUTEX_FAST) : NULL;
    bool distinct = a && b && a != b;

    sqlite3_mutex_free(a);
    sqlite3_mutex_free(b);
    return distinct;
}

static void open_handles(struct prefetch *prefetch, sqlite3_vfs *base, unsigned handles_max)
{
    while (prefetch->reader_count < handles_max) {
        struct prefetch_reader *reader = &prefetch->readers[prefetch->reader_count];

        reader->handle = open_handle(base, prefetch->handle_name);
        if (!reader->handle) break;
        reader->prefetch = prefetch;
        reader->task.run = read_runs;
        reader->task.kind = POOL_SHARING;
        prefetch->reader_count++;
    }
}

/* Submits every reader; returns how many will run. One more than is started holds the state at
 * LOADING until all are submitted. */
static unsigned start_readers(struct prefetch *prefetch)
{
    unsigned started = 0;

    atomic_store(&prefetch->readers_busy, prefetch->reader_count + 1);
    for (unsigned i = 0; i < prefetch->reader_count; i++) {
        if (preload_pool_submit(&prefetch->readers[i].task, 0, POOL_THREADS_MAX))
            started++;
        else
            atomic_fetch_sub(&prefetch->readers_busy, 1);
    }
    return started;
}

bool preload_prefetch_read(struct prefetch *prefetch, sqlite3_vfs *base, const char *name,
                           unsigned handles_max)
{
    unsigned started;

    if (handles_max > PREFETCH_HANDLES_MAX) handles_max = PREFETCH_HANDLES_MAX;
    if (handles_max > prefetch->plan.run_count) handles_max = (unsigned)prefetch->plan.run_count;
    if (sqlite_has_mutexes() && !descriptors_are_scarce()) prefetch->handle_name = copy_name(name);
    if (prefetch->handle_name) open_handles(prefetch, base, handles_max);
    started = start_readers(prefetch);
    if (started == 0) {
        preload_log_error("nothing prefetched: no second handle or no thread: %s", name);
        preload_prefetch_end(prefetch, PRELOAD_STATE_FAILED);
    }
    leave(prefetch);
    return started > 0;
}

void preload_prefetch_read_on(struct prefetch *prefetch)
{
    if (atomic_load(&prefetch->readers_busy) > 0 ||
        atomic_load(&prefetch->issued_runs) >= preload_prefetch_runs_free(prefetch))
        return;
    if (start_readers(prefetch) == 0) preload_prefetch_end(prefetch, PRELOAD_STATE_FAILED);
    leave(prefetch);
}

void preload_prefetch_stop_readers(struct prefetch *prefetch)
{
    for (unsigned i = 0; i < prefetch->reader_count; i++)
        preload_pool_cancel(&prefetch->readers[i].task);
    preload_prefetch_end(prefetch, PRELOAD_STATE_ABORTED);
}

void preload_prefetch_close_handles(struct prefetch *prefetch)
{
    for (unsigned i = 0; i < prefetch->reader_count; i++) {
        sqlite3_file *handle = prefetch->readers[i].handle;

        handle->pMethods->xClose(handle);
        free(handle);
    }
    prefetch->reader_count = 0;
    if (prefetch->handle_name) sqlite3_free_filename(prefetch->handle_name);
    prefetch->handle_name = NULL;
}
