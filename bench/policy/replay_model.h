/* Simulates a session on a slow device while a prefetcher works: how long it takes and what is
 * read. Time is virtual, in whole nanoseconds, so the same input gives the same result everywhere.
 *
 * The device serves `parallel` requests at once. A request takes the channel that frees first and
 * waits `latency_us`; its bytes come over one link, which all requests share. It names consecutive
 * pages, at most REPLAY_REQUEST_BYTES_MAX, or with `list` any pages.
 *
 * The foreground touches its pages in order and needs no time of its own. A page that has arrived
 * is free, one on its way is waited for, any other is read by a request of its own, ahead of all
 * that the prefetcher has not issued yet. Read and written pages cost the same. The prefetcher
 * issues the plan's groups in order, each once its `due` touches were made, whenever a channel is
 * free; no page is read twice. What is due and not issued when the session ends is still read, as
 * nobody would stop it. One thread at a time. */
#ifndef BENCH_REPLAY_MODEL_H
#define BENCH_REPLAY_MODEL_H

#include "bench/kit/replay_plan.h"
#include "bench/kit/trace.h"

#define REPLAY_REQUEST_BYTES_MAX 131072
#define REPLAY_PARALLEL_MAX      256
#define REPLAY_LATENCY_US_MAX    UINT64_C(60000000)

struct replay_device {
    uint64_t latency_us;    /* at most REPLAY_LATENCY_US_MAX */
    uint64_t bandwidth_mbs; /* at least 1; MB are 10^6 bytes */
    uint32_t parallel;      /* 1..REPLAY_PARALLEL_MAX */
    bool list;
};

/* What is known in the middle of a session. */
struct replay_view {
    const struct trace_touch *touches; /* made so far */
    size_t touch_count;
    const uint32_t *fetched; /* pages that the prefetcher issued so far */
    size_t fetched_count;
};

/* An answer of a replay_ask: the groups stay as they are. */
#define REPLAY_KEEP 1

/* Asked when the plan's `ask_at` touches were made. REPLAY_OK: `fresh`, which came empty, takes the
 * place of all groups that were not begun. REPLAY_KEEP: they stay. Either way `fresh->ask_at` says
 * when to ask again. Anything else ends the replay, which returns it. */
typedef int (*replay_ask)(struct replay_plan *fresh, const struct replay_view *view, void *ctx);

/* Zeroed is a valid empty result. */
struct replay_result {
    uint64_t ns;       /* until the last touch was served */
    size_t touches;    /* pages of the session */
    size_t covered;    /* of these, fetched before they were touched, or due and overtaken by the
                          foreground */
    size_t demands;    /* requests of the foreground, a page each */
    size_t requests;   /* of the prefetcher */
    size_t wasted;     /* fetched pages that the session never touched */
    uint32_t *fetched; /* by the prefetcher, in the order issued */
    size_t fetched_count;
    size_t fetched_cap;
};

void replay_result_free(struct replay_result *result);

/* Replays a session under a plan; what `out` held is replaced. `ask` may be NULL if the plan asks
 * nothing. REPLAY_NOMEM, or what `ask` answered: `out` is as it was. */
int replay_run(struct replay_result *out, const struct trace_session *session,
               const struct replay_device *device, const struct replay_plan *plan, replay_ask ask,
               void *ctx);

#endif
