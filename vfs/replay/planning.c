/* Costs, budget, forecast, plan. */
#include "vfs/replay/planning.h"

#include "vfs/process/log.h"

#define BUDGET_BYTES_DEFAULT ((uint64_t)32 << 20)

struct hint_costs preload_planning_costs(const struct backend *backend, uint32_t page_size)
{
    const struct hint_device device = preload_device_of(backend->device, page_size);

    return hint_costs_of(&device);
}

static struct hint_budget budget_of(const struct course *course,
                                    const struct hint_forecast *forecast, struct hint_costs costs,
                                    struct hint_database found)
{
    if (course->config->budget != CONFIG_AUTO)
        return (struct hint_budget){ .bytes_max = course->config->budget };
    return hint_budget_of(forecast, costs, found, BUDGET_BYTES_DEFAULT);
}

struct hint_database preload_planning_size(uint32_t page_size, uint64_t bytes)
{
    uint64_t pages = bytes / page_size;

    return (struct hint_database){
        .page_size = page_size,
        .page_count = pages > HINT_PGNO_MAX ? HINT_PGNO_MAX : (uint32_t)pages,
    };
}

/* Hints of a larger database, or of this one before it shrank; those that live in the WAL are where
 * they should be. */
static void say_clipped(const struct course *course, const struct hint_forecast *forecast,
                        uint32_t pages, const struct hint_runs *in_log)
{
    size_t clipped = 0;

    for (size_t i = forecast->len; i > 0 && forecast->pages[i - 1].pgno > pages; i--)
        clipped += !hint_runs_contains(in_log, forecast->pages[i - 1].pgno);
    if (clipped > 0)
        preload_log_note("%zu of %zu hinted pages lie past the end and are not fetched: %s",
                         clipped, forecast->len, course->file->path);
}

static int fill_queue(struct course *course, const struct hint_forecast *forecast,
                      const struct hint_evidence *found, struct hint_database size,
                      enum hint_trust trust, const struct hint_runs *in_log)
{
    struct hint_costs costs = preload_planning_costs(course->backend, found->page_size);
    const struct backend *backend = course->backend;
    struct prefetch *prefetch = &course->prefetch;
    int rc;

    if (prefetch->queue.by_page) costs.gap_pages_max = 0;
    rc = hint_plan_make(&prefetch->queue.plan, forecast, size, costs,
                        budget_of(course, forecast, costs, size), trust, in_log);
    if (rc != HINT_OK) return rc;
    return preload_prefetch_prepare(prefetch, backend->requests_first,
                                    backend->requests_most ? backend->requests_most
                                                           : (uint32_t)course->config->requests)
               ? HINT_OK
               : HINT_NOMEM;
}

bool preload_planning_make(struct course *course, const struct hint_book *book,
                           const struct hint_evidence *found, uint64_t bytes,
                           const struct hint_runs *in_log)
{
    const struct hint_database size = preload_planning_size(found->page_size, bytes);
    enum hint_trust trust = hint_trust_of(&book->evidence, found);
    struct queue *queue = &course->prefetch.queue;
    struct hint_forecast forecast = { 0 };
    int rc = hint_forecast_make(&forecast, book, course->config->profile, size.page_count);

    queue->page_size = found->page_size;
    if (rc == HINT_OK) rc = fill_queue(course, &forecast, found, size, trust, in_log);
    if (in_log) say_clipped(course, &forecast, size.page_count, in_log);
    if (rc == HINT_OK) {
        preload_queue_release(queue, queue->plan.proven_from, preload_course_due(course, 0), false);
        atomic_store_explicit(&course->plan_ready, true, memory_order_release);
        preload_trial_begin(&course->trial, trust, &book->evidence, &forecast);
        preload_looks_begin(&course->looks);
        preload_progress_begin(&course->progress, queue, &course->trial.forecast, in_log);
    } else {
        preload_log_error("nothing prefetched: out of memory: %s", course->file->path);
    }
    hint_forecast_free(&forecast);
    return rc == HINT_OK;
}
