/* The advise backend. The calls only queue I/O, yet their caller pays for the submission: so a
 * worker makes them. */
#include "vfs/prefetch.h"

#include <fcntl.h>
#include <unistd.h>

static bool advise_run(struct prefetch *prefetch, int fd, struct hint_run run)
{
    uint64_t offset = (uint64_t)(run.first - 1) * prefetch->page_size;
    uint64_t end = offset + (uint64_t)run.count * prefetch->page_size;

    while (offset < end && !atomic_load_explicit(&prefetch->cancelled, memory_order_relaxed)) {
        uint64_t bytes = end - offset < PREFETCH_PIECE_BYTES ? end - offset : PREFETCH_PIECE_BYTES;

        if (posix_fadvise(fd, (off_t)offset, (off_t)bytes, POSIX_FADV_WILLNEED) != 0) return false;
        preload_prefetch_count(prefetch, bytes);
        offset += bytes;
    }
    return true;
}

/* Runs [first, end) of the queue, which go out together. */
struct batch {
    size_t first;
    size_t end;
};

/* The next batch of at most `pages_max` pages, of one run at least; empty when none may be begun.
 */
static struct batch next_batch(const struct prefetch *prefetch, uint32_t pages_max)
{
    const size_t free = preload_prefetch_runs_free(prefetch);
    struct batch batch = { atomic_load(&prefetch->issued_runs), 0 };
    uint64_t pages = 0;

    batch.end = batch.first;
    while (batch.end < free &&
           (batch.end == batch.first || pages + prefetch->queue[batch.end].count <= pages_max))
        pages += prefetch->queue[batch.end++].count;
    return batch;
}

/* False at an error or when cancelled. */
static bool advise_batch(struct prefetch *prefetch, int fd, struct batch batch)
{
    for (size_t i = batch.first; i < batch.end; i++) {
        if (!advise_run(prefetch, fd, prefetch->queue[i])) return false;
        atomic_store(&prefetch->issued_runs, i + 1);
    }
    return !atomic_load(&prefetch->cancelled);
}

/* Waits until a batch has arrived, by a byte of its last page: demand reads queue behind what is in
 * flight, not behind the whole plan. */
static void await_batch(const struct prefetch *prefetch, int fd, struct batch batch)
{
    struct hint_run last;
    char byte;

    if (batch.first == batch.end) return;
    last = prefetch->queue[batch.end - 1];
    if (pread(fd, &byte, 1, (off_t)(hint_run_end(last) - 2) * (off_t)prefetch->page_size) < 0)
        return;
}

/* Two batches are in flight, the second queued while the first arrives. */
void preload_prefetch_advise(struct prefetch *prefetch, int fd)
{
    uint32_t pages_max = HINT_GROUP_PAGES_FIRST;
    struct batch before = { 0, 0 };
    struct batch batch = next_batch(prefetch, pages_max);
    bool good = true;

    while (good && batch.first < batch.end) {
        good = advise_batch(prefetch, fd, batch);
        if (good) await_batch(prefetch, fd, before);
        before = batch;
        if (pages_max < HINT_GROUP_PAGES_MAX) pages_max *= 2;
        batch = next_batch(prefetch, pages_max);
    }
    if (atomic_load(&prefetch->cancelled)) preload_prefetch_end(prefetch, PRELOAD_STATE_ABORTED);
    if (!good) preload_prefetch_end(prefetch, PRELOAD_STATE_FAILED);
    if (preload_prefetch_is_released(prefetch) && !atomic_load(&prefetch->held))
        preload_prefetch_end(prefetch, PRELOAD_STATE_DONE);
}
