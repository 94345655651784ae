/* What both backends share. */
#include "vfs/prefetch.h"

#include <stdlib.h>
#include <string.h>

#include "vfs/process.h"

void preload_prefetch_free(struct prefetch *prefetch)
{
    hint_plan_free(&prefetch->plan);
    free(prefetch->queue);
    free(prefetch->released);
    prefetch->queue = NULL;
    prefetch->released = NULL;
}

bool preload_prefetch_prepare(struct prefetch *prefetch)
{
    prefetch->queue = calloc(prefetch->plan.run_count + 1, sizeof *prefetch->queue);
    prefetch->released = calloc(prefetch->plan.group_count + 1, sizeof *prefetch->released);
    return prefetch->queue && prefetch->released;
}

void preload_prefetch_release(struct prefetch *prefetch, size_t groups, uint64_t touches)
{
    const struct hint_plan *plan = &prefetch->plan;
    size_t queued = atomic_load_explicit(&prefetch->queued_runs, memory_order_relaxed);

    for (size_t i = 0; i < groups && i < plan->group_count; i++) {
        const struct hint_group *group = &plan->groups[i];

        if (prefetch->released[i] || group->due > touches) continue;
        prefetch->released[i] = true;
        memcpy(prefetch->queue + queued, plan->runs + group->first,
               group->len * sizeof *prefetch->queue);
        queued += group->len;
    }
    atomic_store_explicit(&prefetch->queued_runs, queued, memory_order_release);
}

bool preload_prefetch_is_released(const struct prefetch *prefetch)
{
    return atomic_load(&prefetch->queued_runs) == prefetch->plan.run_count;
}

size_t preload_prefetch_runs_free(const struct prefetch *prefetch)
{
    if (atomic_load(&prefetch->held)) return 0;
    return atomic_load_explicit(&prefetch->queued_runs, memory_order_acquire);
}

int preload_prefetch_fetched(struct hint_runs *out, const struct prefetch *prefetch)
{
    const struct hint_plan *plan = &prefetch->plan;
    size_t runs = atomic_load(&prefetch->issued_runs);
    uint32_t *pgnos = NULL;
    size_t count = 0;
    int rc = HINT_NOMEM;

    hint_runs_clear(out);
    if (runs == 0) return HINT_OK;
    pgnos = calloc((size_t)plan->page_count, sizeof *pgnos);
    if (!pgnos) return HINT_NOMEM;
    for (size_t i = 0; i < runs; i++)
        for (uint32_t j = 0; j < prefetch->queue[i].count; j++)
            pgnos[count++] = prefetch->queue[i].first + j;
    rc = hint_runs_of_pages(out, pgnos, count);
    free(pgnos);
    return rc;
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
