/* An array of runs, and how many of them are queued and begun. */
#include "vfs/replay/queue.h"

#include "hints/memory.h"
#include "vfs/file/device.h"

static uint32_t pages_a_request(const struct queue *queue)
{
    return queue->by_page ? 1 : DEVICE_PIECE_BYTES / queue->page_size;
}

bool preload_queue_prepare(struct queue *queue)
{
    const struct hint_plan *plan = &queue->plan;
    const uint32_t pages = pages_a_request(queue);

    queue->len = 0;
    for (size_t i = 0; i < plan->run_count; i++)
        queue->len += (plan->runs[i].count + (size_t)pages - 1) / pages;
    queue->requests = hint_calloc(queue->len + 1, sizeof *queue->requests);
    queue->spared = hint_calloc(queue->len + 1, sizeof *queue->spared);
    queue->released = hint_calloc(plan->group_count + 1, sizeof *queue->released);
    return queue->requests && queue->spared && queue->released;
}

void preload_queue_free(struct queue *queue)
{
    hint_plan_free(&queue->plan);
    hint_free(queue->requests);
    hint_free(queue->spared);
    hint_free(queue->released);
    queue->requests = NULL;
    queue->spared = NULL;
    queue->released = NULL;
}

void preload_queue_set_fetched(struct queue *queue, struct hint_run *requests, size_t len)
{
    queue->requests = requests;
    queue->len = len;
    for (size_t i = 0; i < len; i++)
        queue->plan.page_count += requests[i].count;
    atomic_store(&queue->queued, len);
    atomic_store(&queue->begun, len);
}

/* Puts a run at the queue's end, in pieces. */
static size_t enqueue(struct queue *queue, size_t at, struct hint_run run)
{
    const uint32_t pages = pages_a_request(queue);

    for (; run.count > pages; run.count -= pages, run.first += pages)
        queue->requests[at++] = (struct hint_run){ run.first, pages };
    queue->requests[at++] = run;
    return at;
}

void preload_queue_release(struct queue *queue, size_t groups, uint64_t touches, bool all_are_due)
{
    const struct hint_plan *plan = &queue->plan;
    size_t queued = atomic_load_explicit(&queue->queued, memory_order_relaxed);

    for (size_t i = 0; i < groups && i < plan->group_count; i++) {
        const struct hint_group *group = &plan->groups[i];

        if (queue->released[i] || (group->due > touches && !all_are_due)) continue;
        queue->released[i] = true;
        for (size_t run = group->first; run < group->first + group->len; run++)
            queued = enqueue(queue, queued, plan->runs[run]);
    }
    atomic_store_explicit(&queue->queued, queued, memory_order_release);
}

void preload_queue_pause(struct queue *queue, bool paused)
{
    atomic_store(&queue->paused, paused);
}

size_t preload_queue_ready(const struct queue *queue)
{
    size_t queued = atomic_load_explicit(&queue->queued, memory_order_acquire);
    size_t begun = atomic_load(&queue->begun);

    return atomic_load(&queue->paused) || begun > queued ? 0 : queued - begun;
}

size_t preload_queue_next(const struct queue *queue)
{
    return atomic_load(&queue->begun);
}

void preload_queue_begin(struct queue *queue)
{
    atomic_fetch_add(&queue->begun, 1);
}

bool preload_queue_is_begun(const struct queue *queue)
{
    return atomic_load(&queue->begun) == queue->len;
}

void preload_queue_spare(struct queue *queue, size_t request)
{
    atomic_store_explicit(&queue->spared[request], true, memory_order_relaxed);
}

bool preload_queue_is_spared(const struct queue *queue, size_t request)
{
    return queue->spared && atomic_load_explicit(&queue->spared[request], memory_order_relaxed);
}

int preload_queue_fetched(struct hint_runs *out, const struct queue *queue)
{
    size_t requests = atomic_load(&queue->begun);
    uint32_t *pgnos = NULL;
    size_t count = 0;
    int rc;

    hint_runs_clear(out);
    if (requests == 0) return HINT_OK;
    pgnos = hint_calloc((size_t)queue->plan.page_count, sizeof *pgnos);
    if (!pgnos) return HINT_NOMEM;
    for (size_t i = 0; i < requests; i++) {
        if (preload_queue_is_spared(queue, i)) continue;
        for (uint32_t j = 0; j < queue->requests[i].count; j++)
            pgnos[count++] = queue->requests[i].first + j;
    }
    rc = hint_runs_of_pages(out, pgnos, count);
    hint_free(pgnos);
    return rc;
}
