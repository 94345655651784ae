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

/* Advises a group's runs; false at an error or when cancelled. */
static bool advise_group(struct prefetch *prefetch, int fd, struct hint_group group)
{
    for (size_t i = group.first; i < group.first + group.len; i++) {
        if (!advise_run(prefetch, fd, prefetch->plan.runs[i])) return false;
        atomic_store(&prefetch->issued_runs, i + 1);
    }
    return !atomic_load(&prefetch->cancelled);
}

/* Waits until a group has arrived, by a byte of its last page: demand reads queue behind what is in
 * flight, not behind the whole plan. */
static void await_group(const struct prefetch *prefetch, int fd, struct hint_group group)
{
    struct hint_run last = prefetch->plan.runs[group.first + group.len - 1];
    char byte;

    if (pread(fd, &byte, 1, (off_t)(hint_run_end(last) - 2) * (off_t)prefetch->page_size) < 0)
        return;
}

/* Two groups are in flight, the second queued while the first arrives. */
void preload_prefetch_advise(struct prefetch *prefetch, int fd)
{
    const struct hint_plan *plan = &prefetch->plan;
    bool good = true;

    for (size_t i = 0; good && i < plan->group_count; i++) {
        good = advise_group(prefetch, fd, plan->groups[i]);
        if (good && i > 0) await_group(prefetch, fd, plan->groups[i - 1]);
    }
    if (atomic_load(&prefetch->cancelled)) preload_prefetch_end(prefetch, PRELOAD_STATE_ABORTED);
    preload_prefetch_end(prefetch, good ? PRELOAD_STATE_DONE : PRELOAD_STATE_FAILED);
}
