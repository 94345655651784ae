/* The advise backend. The calls only queue I/O, yet their caller pays for the submission: so a
 * worker makes them. */
#include "vfs/prefetch.h"

#include <fcntl.h>

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

void preload_prefetch_advise(struct prefetch *prefetch, int fd)
{
    bool good = true;
    size_t next = 0;

    while (good && next < prefetch->plan.run_count && !atomic_load(&prefetch->cancelled)) {
        good = advise_run(prefetch, fd, prefetch->plan.runs[next]);
        atomic_store(&prefetch->issued_runs, ++next);
    }
    if (next < prefetch->plan.run_count)
        preload_prefetch_end(prefetch, good ? PRELOAD_STATE_ABORTED : PRELOAD_STATE_FAILED);
    preload_prefetch_end(prefetch, PRELOAD_STATE_DONE);
}
