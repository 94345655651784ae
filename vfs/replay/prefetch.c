/* What both backends share. */
#include "vfs/replay/prefetch.h"

#include <stdlib.h>
#include <string.h>

#include "vfs/process/clock.h"
#include "vfs/process/process.h"

void preload_prefetch_free(struct prefetch *prefetch)
{
    hint_plan_free(&prefetch->plan);
    free(prefetch->queue);
    free(prefetch->spared);
    free(prefetch->released);
    prefetch->queue = NULL;
    prefetch->spared = NULL;
    prefetch->released = NULL;
}

/* ---- the queue ---- */

static uint32_t pages_a_request(const struct prefetch *prefetch)
{
    return PREFETCH_PIECE_BYTES / prefetch->page_size;
}

bool preload_prefetch_prepare(struct prefetch *prefetch, uint32_t requests_first,
                              uint32_t requests_most)
{
    const struct hint_plan *plan = &prefetch->plan;
    const uint32_t pages = pages_a_request(prefetch);

    preload_pace_init(&prefetch->pace, requests_first, requests_most);
    pthread_mutex_init(&prefetch->reading, NULL);
    prefetch->news_us = preload_prefetch_now_us(prefetch);
    prefetch->queue_len = 0;
    for (size_t i = 0; i < plan->run_count; i++)
        prefetch->queue_len += (plan->runs[i].count + (size_t)pages - 1) / pages;
    prefetch->queue = calloc(prefetch->queue_len + 1, sizeof *prefetch->queue);
    prefetch->spared = calloc(prefetch->queue_len + 1, sizeof *prefetch->spared);
    prefetch->released = calloc(plan->group_count + 1, sizeof *prefetch->released);
    return prefetch->queue && prefetch->spared && prefetch->released;
}

/* Puts a run at the queue's end, in pieces. */
static size_t enqueue(struct prefetch *prefetch, size_t at, struct hint_run run)
{
    const uint32_t pages = pages_a_request(prefetch);

    for (; run.count > pages; run.count -= pages, run.first += pages)
        prefetch->queue[at++] = (struct hint_run){ run.first, pages };
    prefetch->queue[at++] = run;
    return at;
}

void preload_prefetch_release(struct prefetch *prefetch, size_t groups, uint64_t touches)
{
    const struct hint_plan *plan = &prefetch->plan;
    const bool all_are_due = preload_pace_is_certain(&prefetch->pace);
    size_t queued = atomic_load_explicit(&prefetch->queued, memory_order_relaxed);

    for (size_t i = 0; i < groups && i < plan->group_count; i++) {
        const struct hint_group *group = &plan->groups[i];

        if (prefetch->released[i] || (group->due > touches && !all_are_due)) continue;
        prefetch->released[i] = true;
        for (size_t run = group->first; run < group->first + group->len; run++)
            queued = enqueue(prefetch, queued, plan->runs[run]);
    }
    atomic_store_explicit(&prefetch->queued, queued, memory_order_release);
}

bool preload_prefetch_is_begun(const struct prefetch *prefetch)
{
    return atomic_load(&prefetch->begun) == prefetch->queue_len;
}

size_t preload_prefetch_free_requests(const struct prefetch *prefetch)
{
    size_t queued = atomic_load_explicit(&prefetch->queued, memory_order_acquire);
    size_t begun = atomic_load(&prefetch->begun);

    return atomic_load(&prefetch->held) || begun > queued ? 0 : queued - begun;
}

bool preload_prefetch_is_spared(const struct prefetch *prefetch, size_t request)
{
    return prefetch->spared &&
           atomic_load_explicit(&prefetch->spared[request], memory_order_relaxed);
}

int preload_prefetch_fetched(struct hint_runs *out, const struct prefetch *prefetch)
{
    const struct hint_plan *plan = &prefetch->plan;
    size_t requests = atomic_load(&prefetch->begun);
    uint32_t *pgnos = NULL;
    size_t count = 0;
    int rc = HINT_NOMEM;

    hint_runs_clear(out);
    if (requests == 0) return HINT_OK;
    pgnos = calloc((size_t)plan->page_count, sizeof *pgnos);
    if (!pgnos) return HINT_NOMEM;
    for (size_t i = 0; i < requests; i++) {
        if (preload_prefetch_is_spared(prefetch, i)) continue;
        for (uint32_t j = 0; j < prefetch->queue[i].count; j++)
            pgnos[count++] = prefetch->queue[i].first + j;
    }
    rc = hint_runs_of_pages(out, pgnos, count);
    free(pgnos);
    return rc;
}

/* ---- the session ---- */

uint64_t preload_prefetch_now_us(const struct prefetch *prefetch)
{
    return prefetch->session.now_us ? prefetch->session.now_us() : preload_clock_us();
}

void preload_prefetch_saw(struct prefetch *prefetch, struct pace_touches touches, uint64_t touched)
{
    prefetch->pace.touches = touches;
    atomic_store_explicit(&prefetch->late_pages, touches.late, memory_order_relaxed);
    if (touched == prefetch->touched) return;
    prefetch->touched = touched;
    prefetch->news_us = preload_prefetch_now_us(prefetch);
}

uint64_t preload_prefetch_credit(struct prefetch *prefetch)
{
    uint64_t requests = atomic_load(&prefetch->issued_requests);
    uint64_t pages = atomic_load(&prefetch->issued_bytes) / prefetch->page_size;
    uint64_t spent = preload_pace_cost(requests, pages > requests ? pages : requests);
    uint64_t now_us;

    if (preload_prefetch_free_requests(prefetch) == 0) return 0;
    if (!prefetch->session.waits || atomic_load(&prefetch->awaited)) return UINT64_MAX;
    if (prefetch->leaps && preload_pace_is_certain(&prefetch->pace)) return UINT64_MAX;
    if (preload_pace_credit(&prefetch->pace) <= spent) {
        now_us = preload_prefetch_now_us(prefetch);
        if (preload_pace_idle(&prefetch->pace, now_us - prefetch->news_us))
            prefetch->news_us = now_us;
    }
    if (preload_pace_credit(&prefetch->pace) <= spent) return 0;
    return preload_pace_credit(&prefetch->pace) - spent;
}

bool preload_prefetch_runs_ahead(struct prefetch *prefetch, uint64_t unserved)
{
    const uint64_t now_us = preload_prefetch_now_us(prefetch);
    const uint64_t from_us = prefetch->looked_us ? prefetch->looked_us : prefetch->began_us;
    const bool ahead =
        preload_pace_is_overtaken(&prefetch->pace, unserved - prefetch->unserved, now_us - from_us);

    prefetch->unserved = unserved;
    prefetch->looked_us = now_us;
    return ahead;
}

enum preload_reason preload_prefetch_over(const struct prefetch *prefetch)
{
    enum preload_reason reason = (enum preload_reason)atomic_load(&prefetch->cancelled);

    if (reason == PRELOAD_REASON_NONE && prefetch->deadline_us > 0 &&
        preload_prefetch_now_us(prefetch) >= prefetch->deadline_us)
        reason = PRELOAD_REASON_DEADLINE;
    return reason;
}

/* ---- counts ---- */

/* Readers that pass a tenth together may both write its time; both are right. */
static void pass(struct prefetch *prefetch, uint64_t pages)
{
    uint64_t before = atomic_fetch_add(&prefetch->passed_pages, pages);
    uint64_t all = prefetch->plan.page_count;

    if (all == 0) return;
    for (uint64_t tenth = before * 10 / all; tenth < (before + pages) * 10 / all && tenth < 10;
         tenth++)
        atomic_store(&prefetch->tenth_us[tenth], preload_prefetch_now_us(prefetch));
}

static void count_pages(struct prefetch *prefetch, uint64_t pages)
{
    if (atomic_fetch_add(&prefetch->issued_pages, pages) == 0)
        preload_process_count(PROCESS_PREFETCHES);
    pass(prefetch, pages);
}

void preload_prefetch_count(struct prefetch *prefetch, uint64_t bytes)
{
    atomic_fetch_add(&prefetch->issued_requests, 1);
    atomic_fetch_add(&prefetch->issued_bytes, bytes);
    count_pages(prefetch, bytes / prefetch->page_size);
}

void preload_prefetch_count_resident(struct prefetch *prefetch, uint32_t pages)
{
    atomic_fetch_add(&prefetch->resident_pages, pages);
    count_pages(prefetch, pages);
}

void preload_prefetch_count_spared(struct prefetch *prefetch, size_t request)
{
    atomic_store_explicit(&prefetch->spared[request], true, memory_order_relaxed);
    pass(prefetch, prefetch->queue[request].count);
}

/* ---- the end ---- */

void preload_prefetch_cancel(struct prefetch *prefetch, enum preload_reason reason)
{
    int none = PRELOAD_REASON_NONE;

    (void)atomic_compare_exchange_strong(&prefetch->cancelled, &none, (int)reason);
}

/* The reason is there before the state says so. */
void preload_prefetch_end(struct prefetch *prefetch, enum preload_state state,
                          enum preload_reason reason)
{
    int loading = PRELOAD_STATE_LOADING;
    int none = PRELOAD_REASON_NONE;

    if (atomic_load(&prefetch->state) != loading) return;
    (void)atomic_compare_exchange_strong(&prefetch->reason, &none, (int)reason);
    if (atomic_compare_exchange_strong(&prefetch->state, &loading, (int)state))
        atomic_store(&prefetch->ended_us, preload_prefetch_now_us(prefetch));
}
