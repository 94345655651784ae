/* What both backends share. */
#include "vfs/prefetch.h"

#include "vfs/process.h"

void preload_prefetch_free(struct prefetch *prefetch)
{
    hint_plan_free(&prefetch->plan);
}

void preload_prefetch_count(struct prefetch *prefetch, uint64_t bytes)
{
    if (atomic_fetch_add(&prefetch->issued_requests, 1) == 0)
        preload_process_count(PROCESS_PREFETCHES);
    atomic_fetch_add(&prefetch->issued_bytes, bytes);
    atomic_fetch_add(&prefetch->issued_pages, bytes / prefetch->page_size);
}

void preload_prefetch_end(struct prefetch *prefetch, int state)
{
    int loading = PRELOAD_STATE_LOADING;

    if (atomic_compare_exchange_strong(&prefetch->state, &loading, state))
        atomic_store(&prefetch->ended_us, preload_pool_now_us());
}
