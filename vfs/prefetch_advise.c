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

    for (size_t i = 0; good && i < prefetch->plan.run_count; i++)
        good = advise_run(prefetch, fd, prefetch->plan.runs[i]);
    if (atomic_load(&prefetch->cancelled)) preload_prefetch_end(prefetch, PRELOAD_STATE_ABORTED);
    preload_prefetch_end(prefetch, good ? PRELOAD_STATE_DONE : PRELOAD_STATE_FAILED);
}
