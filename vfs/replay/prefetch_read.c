/* The read backend: each worker takes the plan's next run and reads it through its own handle into
 * scratch, so that whatever the base keeps is warm. The base is asked for xRead and nothing else on
 * a worker. */
#include "hints/memory.h"
#include "vfs/replay/prefetch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "vfs/file/device.h"
#include "vfs/process/clock.h"
#include "vfs/process/descriptor.h"
#include "vfs/process/log.h"

#define URI_PARAMETERS_MAX 32

/* Handles that are open over the operating system's VFS: each is a descriptor, and in WAL mode a
 * connection gives up its lock, and with it the handles, at its close. */
static atomic_uint system_handles;

/* Whether there is something left to spend, an idle program's credit included; under the lock. */
static bool is_credited(struct prefetch *prefetch)
{
    preload_prefetch_credit_idle(prefetch);
    return preload_prefetch_credit(prefetch) > 0;
}

/* Whether this reader may begin a request; sets it down as begun. */
static bool take_request(struct prefetch *prefetch, size_t *request)
{
    const bool waits = prefetch->program.waits && prefetch->program.waits(prefetch->program.ctx);
    bool taken;

    pthread_mutex_lock(&prefetch->reading.lock);
    taken = prefetch->reading.reads < preload_pace_window(&prefetch->pace, waits) &&
            is_credited(prefetch);
    if (taken) {
        *request = preload_queue_next(&prefetch->queue);
        prefetch->reading.reads++;
        preload_queue_begin(&prefetch->queue);
    }
    pthread_mutex_unlock(&prefetch->reading.lock);
    return taken;
}

/* One that had the device for itself tells its latency, several at once how many it serves. */
static void measure(uint64_t in_flight, uint64_t bytes, uint64_t ns)
{
    if (in_flight == 1)
        preload_device_saw_request(DEVICE_FOREIGN, ns);
    else
        preload_device_saw_batch(DEVICE_FOREIGN, in_flight, in_flight, in_flight * bytes, ns);
}

/* The request has arrived, or failed; whether the base serves more at once than it was given. */
static bool leave_request(struct prefetch *prefetch, uint64_t bytes, uint64_t ns)
{
    uint32_t window;
    bool grew;

    pthread_mutex_lock(&prefetch->reading.lock);
    window = prefetch->pace.window;
    if (bytes > 0) {
        /* What the base had in memory already says nothing of how long a request takes. */
        bool fetched = ns * 4 > preload_device_of(DEVICE_FOREIGN, DEVICE_PIECE_BYTES).latency_ns;

        measure(prefetch->reading.reads, bytes, ns);
        preload_pace_arrived(&prefetch->pace, fetched ? ns / 1000 : 0);
    }
    prefetch->reading.reads--;
    grew = prefetch->pace.window > window;
    pthread_mutex_unlock(&prefetch->reading.lock);
    return grew;
}

/* Sets readers reading that do not, as many as may read now. False: none could be started, and none
 * reads. */
static bool start_readers(struct prefetch *prefetch)
{
    bool good = true;

    pthread_mutex_lock(&prefetch->reading.lock);
    for (unsigned i = 0; i < prefetch->reading.reader_count && good; i++) {
        struct prefetch_reader *reader = &prefetch->reading.readers[i];

        if (reader->busy) continue;
        if (preload_prefetch_over(prefetch) != PRELOAD_REASON_NONE ||
            prefetch->reading.busy >= prefetch->pace.window ||
            preload_queue_ready(&prefetch->queue) <= prefetch->reading.busy ||
            !is_credited(prefetch))
            break;
        good = preload_pool_submit(&reader->task, 0, POOL_THREADS_MAX);
        reader->busy = good;
        prefetch->reading.busy += good;
    }
    good = good || prefetch->reading.busy > 0;
    pthread_mutex_unlock(&prefetch->reading.lock);
    return good;
}

/* False: the base failed. A short read is the end of a database that shrank. */
static bool read_request(struct prefetch *prefetch, sqlite3_file *handle, void *scratch,
                         size_t request)
{
    const struct hint_run run = prefetch->queue.requests[request];
    const int bytes = (int)(run.count * prefetch->queue.page_size);
    const uint64_t before_ns = preload_clock_ns();
    int rc;

    if (prefetch->program.has_read && prefetch->program.has_read(prefetch->program.ctx, run)) {
        preload_prefetch_count_spared(prefetch, request);
        (void)leave_request(prefetch, 0, 0);
        return true;
    }
    rc = handle->pMethods->xRead(handle, scratch, bytes,
                                 (sqlite3_int64)(run.first - 1) * prefetch->queue.page_size);
    if (rc == SQLITE_OK) preload_prefetch_count(prefetch, (uint64_t)bytes);
    if (leave_request(prefetch, rc == SQLITE_OK ? (uint64_t)bytes : 0,
                      preload_clock_ns() - before_ns))
        (void)start_readers(prefetch);
    return rc == SQLITE_OK || rc == SQLITE_IOERR_SHORT_READ;
}

/* The last one that reads ends the prefetch, unless requests wait; nobody waits for what is not
 * read now. */
static void leave(struct prefetch_reader *reader)
{
    struct prefetch *prefetch = reader->prefetch;
    bool last;

    pthread_mutex_lock(&prefetch->reading.lock);
    reader->busy = false;
    last = --prefetch->reading.busy == 0;
    pthread_mutex_unlock(&prefetch->reading.lock);
    if (!last) return;
    if (preload_queue_is_begun(&prefetch->queue))
        preload_prefetch_end(prefetch, PRELOAD_STATE_DONE, PRELOAD_REASON_NONE);
    if (preload_queue_ready(&prefetch->queue) == 0) atomic_store(&prefetch->awaited, false);
}

static void read_requests(struct pool_task *task)
{
    struct prefetch_reader *reader = (struct prefetch_reader *)task;
    struct prefetch *prefetch = reader->prefetch;
    void *scratch = hint_malloc(DEVICE_PIECE_BYTES);
    bool good = scratch != NULL;
    size_t next;

    while (good && preload_prefetch_over(prefetch) == PRELOAD_REASON_NONE &&
           take_request(prefetch, &next))
        good = read_request(prefetch, reader->handle, scratch, next);
    if (!good) {
        preload_log_error("prefetch ended early: the base could not read, or no memory: %s",
                          prefetch->reading.handle_name);
        preload_prefetch_end(prefetch, PRELOAD_STATE_FAILED,
                             scratch ? PRELOAD_REASON_DEVICE : PRELOAD_REASON_MEMORY);
        /* The other readers end, too: whoever closes the handles waits for them. */
        preload_prefetch_cancel(prefetch, PRELOAD_REASON_DEVICE);
    }
    hint_free(scratch);
    if (preload_prefetch_over(prefetch) != PRELOAD_REASON_NONE)
        preload_prefetch_end(prefetch, PRELOAD_STATE_ABORTED, preload_prefetch_over(prefetch));
    leave(reader);
}

/* A base takes names with their URI parameters behind them; a second handle needs the same ones. */
static char *copy_name(const char *path, const char *uri_name)
{
    const char *parameters[2 * URI_PARAMETERS_MAX];
    const char **next = parameters;
    int count = 0;

    if (sqlite3_libversion_number() < SQLITE_WITH_CREATE_FILENAME) return NULL;
    for (const char *key;
         uri_name && count < URI_PARAMETERS_MAX && (key = sqlite3_uri_key(uri_name, count));
         count++) {
        *next++ = key;
        *next++ = sqlite3_uri_parameter(uri_name, key);
    }
    return (char *)sqlite3_create_filename(path, "", "", count, parameters);
}

static sqlite3_file *open_handle(sqlite3_vfs *base, const char *name)
{
    sqlite3_file *handle = hint_calloc(1, (size_t)base->szOsFile);
    sqlite3_int64 no_mapping = 0;

    if (!handle) return NULL;
    /* The name is SQLite's, whatever the first one was: its parameters, none or more, are there. */
    if (base->xOpen(base, name, handle,
                    SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_URI,
                    NULL) != SQLITE_OK) {
        if (handle->pMethods) handle->pMethods->xClose(handle);
        hint_free(handle);
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
    int fd = preload_open("/dev/null", O_RDONLY, 0);

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

/* False: the process has as many as it may have. */
static bool count_handle(const struct prefetch *prefetch)
{
    if (!prefetch->reading.counted) return true;
    if (atomic_fetch_add(&system_handles, 1) < PREFETCH_SYSTEM_HANDLES_MAX) return true;
    atomic_fetch_sub(&system_handles, 1);
    return false;
}

static void uncount_handle(const struct prefetch *prefetch)
{
    if (prefetch->reading.counted) atomic_fetch_sub(&system_handles, 1);
}

void preload_prefetch_after_fork_in_child(void)
{
    atomic_store(&system_handles, 0);
}

static void open_handles(struct prefetch *prefetch, sqlite3_vfs *base, unsigned handles_max)
{
    while (prefetch->reading.reader_count < handles_max && count_handle(prefetch)) {
        struct prefetch_reader *reader = &prefetch->reading.readers[prefetch->reading.reader_count];

        reader->handle = open_handle(base, prefetch->reading.handle_name);
        if (!reader->handle) {
            uncount_handle(prefetch);
            break;
        }
        reader->prefetch = prefetch;
        reader->task.run = read_requests;
        reader->task.kind = POOL_SHARING;
        prefetch->reading.reader_count++;
    }
}

bool preload_prefetch_read(struct prefetch *prefetch, const struct base *base, const char *path,
                           const char *uri_name, unsigned handles_max)
{
    prefetch->reading.counted = base->shows_files;
    if (handles_max > PREFETCH_HANDLES_MAX) handles_max = PREFETCH_HANDLES_MAX;
    if (handles_max > prefetch->queue.len) handles_max = (unsigned)prefetch->queue.len;
    if (sqlite_has_mutexes() && !descriptors_are_scarce())
        prefetch->reading.handle_name = copy_name(path, uri_name);
    if (prefetch->reading.handle_name) open_handles(prefetch, base->vfs, handles_max);
    if (prefetch->reading.reader_count > 0 && start_readers(prefetch)) return true;
    preload_log_error("nothing prefetched: no second handle or no thread: %s", path);
    preload_prefetch_end(prefetch, PRELOAD_STATE_FAILED,
                         prefetch->reading.reader_count > 0 ? PRELOAD_REASON_THREAD
                                                            : PRELOAD_REASON_FILE);
    return false;
}

void preload_prefetch_read_on(struct prefetch *prefetch)
{
    if (!start_readers(prefetch))
        preload_prefetch_end(prefetch, PRELOAD_STATE_FAILED, PRELOAD_REASON_THREAD);
}

void preload_prefetch_stop_readers(struct prefetch *prefetch)
{
    /* A reader that ran when the first round came to it may have started one before it. */
    for (unsigned i = 0; i < 2 * prefetch->reading.reader_count; i++)
        preload_pool_cancel(&prefetch->reading.readers[i % prefetch->reading.reader_count].task);
    preload_prefetch_end(prefetch, PRELOAD_STATE_ABORTED, preload_prefetch_over(prefetch));
}

void preload_prefetch_close_handles(struct prefetch *prefetch)
{
    for (unsigned i = 0; i < prefetch->reading.reader_count; i++) {
        sqlite3_file *handle = prefetch->reading.readers[i].handle;

        handle->pMethods->xClose(handle);
        hint_free(handle);
        uncount_handle(prefetch);
    }
    prefetch->reading.reader_count = 0;
    if (prefetch->reading.handle_name) sqlite3_free_filename(prefetch->reading.handle_name);
    prefetch->reading.handle_name = NULL;
}
