/* They go through the sorted runs in pieces of at most 128 KiB, since Linux cuts a larger piece
 * short. */
#include "bench/replay/fetch_method.h"

#include "bench/replay/fetch_uring.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIECE_BYTES  (128u << 10)
#define IOVECS_MAX   1024
#define READERS      16u
#define ADVICE_DEPTH 256u
#define READS_DEPTH  64u

struct fetch_work {
    const struct fetch_job *job;
    pthread_t thread;
    struct fetch_fetched fetched;
    int rc;
    char *map;
    struct iovec iovecs[IOVECS_MAX];
    int iovec_count;
    int process;
    struct fetch_uring ring;
    char scratch[PIECE_BYTES];
};

/* Calls for each piece of the runs until one says no. */
static int each_piece(struct fetch_work *work,
                      int (*call)(struct fetch_work *, uint64_t offset, uint32_t))
{
    const struct hint_runs *runs = &work->job->set->runs;
    int rc = 0;

    for (size_t i = 0; i < runs->len && rc == 0; i++) {
        uint64_t offset = (uint64_t)(runs->items[i].first - 1) * FETCH_PAGE_BYTES;
        uint64_t left = (uint64_t)runs->items[i].count * FETCH_PAGE_BYTES;

        while (left > 0 && rc == 0) {
            const uint32_t bytes = left < PIECE_BYTES ? (uint32_t)left : PIECE_BYTES;

            rc = call(work, offset, bytes);
            work->fetched.requests++;
            work->fetched.pages += bytes / FETCH_PAGE_BYTES;
            offset += bytes;
            left -= bytes;
        }
    }
    return rc;
}

static int map_file(struct fetch_work *work)
{
    work->map = mmap(NULL, work->job->file_bytes, PROT_READ, MAP_SHARED, work->job->fd, 0);
    return work->map == MAP_FAILED ? -1 : 0;
}

static int fadvise_piece(struct fetch_work *work, uint64_t offset, uint32_t bytes)
{
    return posix_fadvise(work->job->fd, (off_t)offset, bytes, POSIX_FADV_WILLNEED) == 0 ? 0 : -1;
}

static int readahead_piece(struct fetch_work *work, uint64_t offset, uint32_t bytes)
{
    return readahead(work->job->fd, (off64_t)offset, bytes) == 0 ? 0 : -1;
}

static int madvise_piece(struct fetch_work *work, uint64_t offset, uint32_t bytes)
{
    return madvise(work->map + offset, bytes, MADV_WILLNEED);
}

static int flush_iovecs(struct fetch_work *work)
{
    const long rc = syscall(SYS_process_madvise, work->process, work->iovecs, work->iovec_count,
                            MADV_WILLNEED, 0);

    work->iovec_count = 0;
    return rc < 0 ? -1 : 0;
}

static int iovec_piece(struct fetch_work *work, uint64_t offset, uint32_t bytes)
{
    work->iovecs[work->iovec_count++] = (struct iovec){ work->map + offset, bytes };
    return work->iovec_count < IOVECS_MAX ? 0 : flush_iovecs(work);
}

static int uring_advice_piece(struct fetch_work *work, uint64_t offset, uint32_t bytes)
{
    return fetch_uring_advise(&work->ring, work->job->fd, offset, bytes);
}

static int uring_read_piece(struct fetch_work *work, uint64_t offset, uint32_t bytes)
{
    return fetch_uring_read(&work->ring, work->job->fd, offset, bytes, work->scratch);
}

static int fetch_by_fadvise(struct fetch_work *work)
{
    return each_piece(work, fadvise_piece);
}

static int fetch_by_readahead(struct fetch_work *work)
{
    return each_piece(work, readahead_piece);
}

static int fetch_by_madvise(struct fetch_work *work)
{
    return map_file(work) == 0 ? each_piece(work, madvise_piece) : -1;
}

static int fetch_by_process_madvise(struct fetch_work *work)
{
    int rc = map_file(work);

    work->process = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (work->process < 0) return -1;
    if (rc == 0) rc = each_piece(work, iovec_piece);
    if (rc == 0 && work->iovec_count > 0) rc = flush_iovecs(work);
    close(work->process);
    return rc;
}

static int fetch_by_uring(struct fetch_work *work, uint32_t depth,
                          int (*call)(struct fetch_work *, uint64_t, uint32_t))
{
    int rc = fetch_uring_init(&work->ring, depth);

    if (rc != 0) return rc;
    rc = each_piece(work, call);
    if (rc == 0) rc = fetch_uring_drain(&work->ring);
    fetch_uring_free(&work->ring);
    return rc;
}

static int fetch_by_uring_advice(struct fetch_work *work)
{
    return fetch_by_uring(work, ADVICE_DEPTH, uring_advice_piece);
}

static int fetch_by_uring_reads(struct fetch_work *work)
{
    return fetch_by_uring(work, READS_DEPTH, uring_read_piece);
}

/* Every so many pieces are one thread's. */
struct reader {
    struct fetch_work *work;
    pthread_t thread;
    uint64_t first;
    bool started;
    uint64_t requests;
};

static int read_piece(const struct reader *reader, char *scratch, uint64_t offset, uint64_t bytes)
{
    const ssize_t got = pread(reader->work->job->fd, scratch, (size_t)bytes, (off_t)offset);

    return got < 0 ? -1 : 0;
}

static void *read_share(void *arg)
{
    struct reader *reader = arg;
    const struct hint_runs *runs = &reader->work->job->set->runs;
    char scratch[PIECE_BYTES];
    uint64_t piece = 0;

    for (size_t i = 0; i < runs->len; i++) {
        const uint64_t offset = (uint64_t)(runs->items[i].first - 1) * FETCH_PAGE_BYTES;
        const uint64_t bytes = (uint64_t)runs->items[i].count * FETCH_PAGE_BYTES;

        for (uint64_t at = 0; at < bytes; at += PIECE_BYTES, piece++) {
            const uint64_t left = bytes - at;

            if (piece % READERS != reader->first) continue;
            if (read_piece(reader, scratch, offset + at, left < PIECE_BYTES ? left : PIECE_BYTES))
                return NULL;
            reader->requests++;
        }
    }
    return NULL;
}

static int fetch_by_threads(struct fetch_work *work)
{
    struct reader readers[READERS];
    int rc = 0;

    for (size_t i = 0; i < READERS; i++) {
        readers[i] = (struct reader){ .work = work, .first = i };
        readers[i].started = pthread_create(&readers[i].thread, NULL, read_share, &readers[i]) == 0;
        if (!readers[i].started) rc = -1;
    }
    for (size_t i = 0; i < READERS; i++) {
        if (readers[i].started) pthread_join(readers[i].thread, NULL);
        work->fetched.requests += readers[i].requests;
    }
    work->fetched.pages = hint_runs_pages(&work->job->set->runs);
    return rc;
}

#define METHOD_NAME(name, text, fetch) [name] = (text),
const char *const fetch_method_names[FETCH_METHOD_COUNT] = { FETCH_METHODS(METHOD_NAME) };

#define METHOD_FETCH(name, text, fetch) [name] = (fetch),
static int (*const fetches[FETCH_METHOD_COUNT])(struct fetch_work *) = {
    FETCH_METHODS(METHOD_FETCH)
};

static void *run(void *arg)
{
    struct fetch_work *work = arg;

    work->rc = fetches[work->job->method](work);
    return NULL;
}

int fetch_method_start(struct fetch_work **out, const struct fetch_job *job)
{
    struct fetch_work *work;

    *out = NULL;
    if (fetches[job->method] == NULL) return 0;
    work = calloc(1, sizeof(*work));
    if (work == NULL) return -1;
    work->job = job;
    if (pthread_create(&work->thread, NULL, run, work) != 0) {
        free(work);
        return -1;
    }
    *out = work;
    return 0;
}

int fetch_method_end(struct fetch_work *work, struct fetch_fetched *out)
{
    int rc;

    *out = (struct fetch_fetched){ 0 };
    if (work == NULL) return 0;
    pthread_join(work->thread, NULL);
    if (work->map != NULL && work->map != MAP_FAILED) munmap(work->map, work->job->file_bytes);
    *out = work->fetched;
    rc = work->rc;
    free(work);
    return rc;
}
