/* The advise backend. The calls only queue I/O, yet their caller pays for the submission: so a
 * worker makes them.
 *
 * It goes through the queue in batches of a few requests. Before each it looks at what the session
 * has read; after it, it waits until no more is in flight than the pace allows, by reading a byte
 * of the last page of the oldest batch. */
#include "vfs/replay/prefetch.h"

#include <assert.h>
#include <fcntl.h>
#include <unistd.h>

#include "vfs/file/device.h"
#include "vfs/file/residency.h"

#define BATCH_MOST 16

/* A read that took less found its page in memory. */
#define WAITED_US 20

/* One call of the backend. */
struct step {
    struct prefetch *prefetch;
    struct prefetch_advice *advice;
    struct residency residency;
    int fd;
    bool good;
};

static off_t offset_of(const struct prefetch *prefetch, uint64_t pgno)
{
    return (off_t)((pgno - 1) * prefetch->queue.page_size);
}

/* ---- the session ---- */

static bool demand_waits(struct prefetch *prefetch)
{
    return prefetch->program.waits && !atomic_load(&prefetch->awaited) &&
           prefetch->program.waits(prefetch->program.ctx);
}

/* False: the kernel does not tell. */
static bool open_residency(struct step *step)
{
    const struct prefetch_advice *advice = step->advice;

    return step->residency.bytes > 0 ||
           (advice->path && preload_residency_open(&step->residency, step->fd, advice->path));
}

/* ---- catching up ---- */

/* By places of the plan that lie evenly between its begin and its end. */
static bool is_cold(struct step *step)
{
    const struct hint_plan *plan = &step->prefetch->queue.plan;
    uint64_t offsets[RESIDENCY_PLACES];

    if (plan->run_count == 0 || !open_residency(step)) return false;
    for (size_t i = 0; i < RESIDENCY_PLACES; i++) {
        const struct hint_run run = plan->runs[i * plan->run_count / RESIDENCY_PLACES];

        offsets[i] = (uint64_t)offset_of(step->prefetch, hint_run_end(run) - 1);
    }
    return preload_residency_is_cold(&step->residency, offsets);
}

/* A session that reads a cold file faster than any disk is served by the kernel's readahead, which
 * knows what follows a page and no more than that. The plan knows the rest of it: so it is fetched
 * whole, far ahead. */
static void consider_catching_up(struct step *step)
{
    struct prefetch *prefetch = step->prefetch;
    const uint64_t late = prefetch->pace.touches.late;

    if (prefetch->watch.is_uncredited || late < step->advice->catch_up_at ||
        !preload_pace_is_certain(&prefetch->pace))
        return;
    step->advice->catch_up_at = 2 * late;
    prefetch->watch.is_uncredited = is_cold(step);
}

/* ---- requests ---- */

/* What may be spent now, after a look at the session. Nothing where it runs ahead without us: a
 * request more would only be in its way. */
static uint64_t look_for_credit(struct step *step)
{
    struct prefetch *prefetch = step->prefetch;

    if (prefetch->program.look) prefetch->program.look(prefetch->program.ctx);
    if (preload_prefetch_runs_ahead(prefetch, preload_pace_unserved(&prefetch->pace)) &&
        !atomic_load(&prefetch->awaited)) {
        consider_catching_up(step);
        if (!prefetch->watch.is_uncredited) return 0;
    }
    preload_prefetch_credit_idle(prefetch);
    return preload_prefetch_credit(prefetch);
}

/* Asks for residency while it is found, and less and less often while it is not. */
static bool is_resident(struct step *step, struct hint_run request)
{
    struct prefetch_advice *advice = step->advice;
    const uint64_t page_size = step->prefetch->queue.page_size;

    if (advice->unasked > 0) {
        advice->unasked--;
        return false;
    }
    if (!open_residency(step)) {
        advice->unasked = UINT32_MAX;
        return false;
    }
    if (preload_residency_holds(&step->residency,
                                (uint64_t)offset_of(step->prefetch, request.first),
                                request.count * page_size)) {
        advice->pause = 0;
        return true;
    }
    advice->unasked = advice->pause;
    if (advice->pause < 256) advice->pause = advice->pause * 2 + 1;
    return false;
}

static bool was_read(struct prefetch *prefetch, struct hint_run request)
{
    return prefetch->program.has_read && prefetch->program.has_read(prefetch->program.ctx, request);
}

static void advise(struct step *step, struct hint_run request)
{
    const uint64_t bytes = (uint64_t)request.count * step->prefetch->queue.page_size;

    step->good = posix_fadvise(step->fd, offset_of(step->prefetch, request.first), (off_t)bytes,
                               POSIX_FADV_WILLNEED) == 0;
    if (step->good) preload_prefetch_count(step->prefetch, bytes);
}

/* Deals with the queue's next request; what it cost. */
static uint64_t deal(struct step *step, struct prefetch_flight *flight)
{
    struct prefetch *prefetch = step->prefetch;
    const size_t at = preload_queue_next(&prefetch->queue);
    const struct hint_run request = prefetch->queue.requests[at];
    uint64_t cost = 0;

    if (was_read(prefetch, request)) {
        preload_prefetch_count_spared(prefetch, at);
    } else if (is_resident(step, request)) {
        preload_prefetch_count_resident(prefetch, request.count);
    } else {
        advise(step, request);
        if (!step->good) return 0;
        flight->requests++;
        flight->bytes += (uint64_t)request.count * prefetch->queue.page_size;
        flight->offset = (uint64_t)offset_of(prefetch, hint_run_end(request) - 1);
        cost = preload_pace_cost(1, request.count);
    }
    preload_queue_begin(&prefetch->queue);
    return cost;
}

/* ---- what is in flight ---- */

/* Between two arrivals that were waited for the device did nothing but serve. */
static void measure(struct prefetch_advice *advice, const struct prefetch_flight *flight,
                    bool waited, uint64_t now_us)
{
    if (waited && advice->arrived_us > 0)
        preload_device_saw_batch(DEVICE_LOCAL, advice->in_flight, flight->requests, flight->bytes,
                                 (now_us - advice->arrived_us) * 1000);
    advice->arrived_us = waited ? now_us : 0;
}

/* Waits until the oldest batch has arrived, by a byte of its last page. What was there already
 * tells nothing about the device. */
static void await_oldest(struct step *step)
{
    struct prefetch_advice *advice = step->advice;
    const struct prefetch_flight *flight = &advice->flights[advice->first_flight];
    uint64_t from_us = preload_prefetch_now_us(step->prefetch);
    uint64_t now_us;
    bool waited;
    char byte;

    if (pread(step->fd, &byte, 1, (off_t)flight->offset) < 0) step->good = false;
    now_us = preload_prefetch_now_us(step->prefetch);
    waited = now_us - from_us > WAITED_US;
    preload_pace_arrived(&step->prefetch->pace, waited ? now_us - flight->begun_us : 0);
    measure(advice, flight, waited, now_us);
    advice->in_flight -= flight->requests;
    advice->first_flight = (advice->first_flight + 1) % PREFETCH_FLIGHTS;
    advice->flight_count--;
}

static void remember_flight(struct prefetch_advice *advice, struct prefetch_flight flight)
{
    assert(advice->flight_count < PREFETCH_FLIGHTS);
    advice->flights[(advice->first_flight + advice->flight_count++) % PREFETCH_FLIGHTS] = flight;
    advice->in_flight += flight.requests;
}

/* Waits until there is room for so many. */
static void make_room(struct step *step, uint32_t window, uint32_t requests)
{
    struct prefetch_advice *advice = step->advice;

    while (step->good && advice->flight_count > 0 &&
           preload_prefetch_over(step->prefetch) == PRELOAD_REASON_NONE &&
           (advice->in_flight + requests > window || advice->flight_count == PREFETCH_FLIGHTS))
        await_oldest(step);
}

/* Issues a few requests, as far as the credit goes; the last may exceed it. */
static void issue_batch(struct step *step, uint64_t credit)
{
    struct prefetch *prefetch = step->prefetch;
    struct prefetch_flight flight = { .begun_us = preload_prefetch_now_us(prefetch) };
    const uint32_t window = preload_pace_window(&prefetch->pace, demand_waits(prefetch));
    uint32_t most = window < 2 * BATCH_MOST ? (window + 1) / 2 : BATCH_MOST;

    make_room(step, window, most);
    if (preload_prefetch_over(prefetch) != PRELOAD_REASON_NONE) return;
    while (step->good && flight.requests < most && credit > 0 &&
           preload_queue_ready(&prefetch->queue) > 0) {
        uint64_t cost = deal(step, &flight);

        credit -= cost < credit ? cost : credit;
    }
    if (flight.requests > 0) remember_flight(step->advice, flight);
}

/* ---- the whole ---- */

static bool has_ended(struct step *step)
{
    struct prefetch *prefetch = step->prefetch;
    const enum preload_reason reason = preload_prefetch_over(prefetch);

    if (!step->good)
        preload_prefetch_end(prefetch, PRELOAD_STATE_FAILED, PRELOAD_REASON_DEVICE);
    else if (reason != PRELOAD_REASON_NONE)
        preload_prefetch_end(prefetch, PRELOAD_STATE_ABORTED, reason);
    return atomic_load(&prefetch->state) != PRELOAD_STATE_LOADING;
}

/* The opener that waits wants to find the pages there. */
static void drain(struct step *step)
{
    while (step->good && step->advice->flight_count > 0 && atomic_load(&step->prefetch->awaited) &&
           preload_prefetch_over(step->prefetch) == PRELOAD_REASON_NONE)
        await_oldest(step);
    atomic_store(&step->prefetch->awaited, false);
}

void preload_prefetch_advise(struct prefetch *prefetch, int fd)
{
    struct step step = {
        .prefetch = prefetch, .advice = &prefetch->advice, .fd = fd, .good = true
    };

    while (!has_ended(&step) && !preload_queue_is_begun(&prefetch->queue)) {
        uint64_t credit = look_for_credit(&step);

        if (credit == 0) break;
        issue_batch(&step, credit);
    }
    if (preload_queue_ready(&prefetch->queue) == 0) drain(&step);
    if (step.good && preload_queue_is_begun(&prefetch->queue) &&
        !atomic_load(&prefetch->queue.paused))
        preload_prefetch_end(prefetch, PRELOAD_STATE_DONE, PRELOAD_REASON_NONE);
    preload_residency_close(&step.residency);
}
