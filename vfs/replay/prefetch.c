/* What both backends share. */
#include "vfs/replay/prefetch.h"

#include "vfs/process/clock.h"
#include "vfs/process/process.h"

void preload_prefetch_free(struct prefetch *prefetch)
{
    preload_queue_free(&prefetch->queue);
}

bool preload_prefetch_prepare(struct prefetch *prefetch, uint32_t requests_first,
                              uint32_t requests_most)
{
    preload_pace_init(&prefetch->pace, requests_first, requests_most);
    pthread_mutex_init(&prefetch->reading.lock, NULL);
    prefetch->watch.changed_us = preload_prefetch_now_us(prefetch);
    return preload_queue_prepare(&prefetch->queue);
}

/* ---- the program ---- */

uint64_t preload_prefetch_now_us(const struct prefetch *prefetch)
{
    return prefetch->program.now_us ? prefetch->program.now_us() : preload_clock_us();
}

void preload_prefetch_saw(struct prefetch *prefetch, struct pace_touches touches, uint64_t touched)
{
    prefetch->pace.touches = touches;
    atomic_store_explicit(&prefetch->counts.late_pages, touches.late, memory_order_relaxed);
    if (touched == prefetch->watch.touched) return;
    prefetch->watch.touched = touched;
    prefetch->watch.changed_us = preload_prefetch_now_us(prefetch);
}

static bool is_credited(const struct prefetch *prefetch)
{
    return prefetch->program.waits && !atomic_load(&prefetch->awaited) &&
           !(prefetch->watch.is_uncredited && preload_pace_is_certain(&prefetch->pace));
}

static uint64_t spent(const struct prefetch *prefetch)
{
    uint64_t requests = atomic_load(&prefetch->counts.issued_requests);
    uint64_t pages = atomic_load(&prefetch->counts.issued_bytes) / prefetch->queue.page_size;

    return preload_pace_cost(requests, pages > requests ? pages : requests);
}

uint64_t preload_prefetch_credit(const struct prefetch *prefetch)
{
    const uint64_t credit = preload_pace_credit(&prefetch->pace);
    const uint64_t used = spent(prefetch);

    if (preload_queue_ready(&prefetch->queue) == 0) return 0;
    if (!is_credited(prefetch)) return UINT64_MAX;
    return credit > used ? credit - used : 0;
}

void preload_prefetch_credit_idle(struct prefetch *prefetch)
{
    uint64_t now_us;

    if (preload_queue_ready(&prefetch->queue) == 0 || preload_prefetch_credit(prefetch) > 0) return;
    now_us = preload_prefetch_now_us(prefetch);
    if (preload_pace_idle(&prefetch->pace, now_us - prefetch->watch.changed_us))
        prefetch->watch.changed_us = now_us;
}

bool preload_prefetch_runs_ahead(struct prefetch *prefetch, uint64_t unserved)
{
    struct prefetch_watch *watch = &prefetch->watch;
    const uint64_t now_us = preload_prefetch_now_us(prefetch);
    const uint64_t from_us = watch->looked_us ? watch->looked_us : watch->began_us;
    const bool ahead =
        preload_pace_is_overtaken(&prefetch->pace, unserved - watch->unserved, now_us - from_us);

    watch->unserved = unserved;
    watch->looked_us = now_us;
    return ahead;
}

enum preload_reason preload_prefetch_over(const struct prefetch *prefetch)
{
    enum preload_reason reason = (enum preload_reason)atomic_load(&prefetch->cancelled);

    if (reason == PRELOAD_REASON_NONE && prefetch->program.stop_reason)
        reason = prefetch->program.stop_reason(prefetch->program.ctx);
    if (reason == PRELOAD_REASON_NONE && prefetch->watch.deadline_us > 0 &&
        preload_prefetch_now_us(prefetch) >= prefetch->watch.deadline_us)
        reason = PRELOAD_REASON_DEADLINE;
    return reason;
}

/* ---- counts ---- */

/* Readers that pass a tenth together may both write its time; both are right. */
static void pass(struct prefetch *prefetch, uint64_t pages)
{
    uint64_t before = atomic_fetch_add(&prefetch->counts.passed_pages, pages);
    uint64_t all = prefetch->queue.plan.page_count;

    if (all == 0) return;
    for (uint64_t tenth = before * 10 / all; tenth < (before + pages) * 10 / all && tenth < 10;
         tenth++)
        atomic_store(&prefetch->counts.tenth_us[tenth], preload_prefetch_now_us(prefetch));
}

static void count_pages(struct prefetch *prefetch, uint64_t pages)
{
    if (atomic_fetch_add(&prefetch->counts.issued_pages, pages) == 0)
        preload_process_count(PROCESS_PREFETCHES);
    pass(prefetch, pages);
}

void preload_prefetch_count(struct prefetch *prefetch, uint64_t bytes)
{
    atomic_fetch_add(&prefetch->counts.issued_requests, 1);
    atomic_fetch_add(&prefetch->counts.issued_bytes, bytes);
    count_pages(prefetch, bytes / prefetch->queue.page_size);
}

void preload_prefetch_count_resident(struct prefetch *prefetch, uint32_t pages)
{
    atomic_fetch_add(&prefetch->counts.resident_pages, pages);
    count_pages(prefetch, pages);
}

void preload_prefetch_count_spared(struct prefetch *prefetch, size_t request)
{
    preload_queue_spare(&prefetch->queue, request);
    pass(prefetch, prefetch->queue.requests[request].count);
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
