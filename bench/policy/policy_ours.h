/* Our own policy: hints/ behind the interface of a policy. It learns session by session and plans
 * from its history. It knows only what these calls pass to it. One thread at a time. */
#ifndef BENCH_POLICY_OURS_H
#define BENCH_POLICY_OURS_H

#include "bench/kit/policies.h"
#include "bench/policy/replay_model.h"

#define POLICY_BUDGET_AUTO UINT64_MAX
#define POLICY_BUDGET_NONE (UINT64_MAX - 1)

/* Ours with one idea switched off. */
struct policy_variant {
    const char *name;
    uint32_t without; /* bits of the ideas that are off */
};

/* The first is `ours`, with nothing switched off. */
extern const struct policy_variant policy_variants[];
extern const size_t policy_variants_count;

struct policy_ours;

/* Starts with an empty history, for this device, which outlives it. REPLAY_NOMEM: `*out` is NULL.
 */
int policy_ours_begin(struct policy_ours **out, const struct policy_variant *variant,
                      const struct replay_device *device, uint64_t budget_bytes);

/* NULL is harmless. */
void policy_ours_end(struct policy_ours *ours);

/* Fills an empty plan for the session that is about to run. REPLAY_NOMEM. */
int policy_ours_plan(struct replay_plan *out, struct policy_ours *ours,
                     const struct policy_facts *facts);

/* Asked in the middle of the session that was planned last, where that plan wanted it: a
 * replay_ask. REPLAY_OK, REPLAY_KEEP, REPLAY_NOMEM. */
int policy_ours_replan(struct replay_plan *fresh, struct policy_ours *ours,
                       const struct replay_view *view);

/* Learns a session that has ended, and which pages of it were prefetched. Of the sessions before
 * the first tested one nothing was. REPLAY_NOMEM. */
int policy_ours_learn(struct policy_ours *ours, const struct trace_session *session,
                      const uint32_t *fetched, size_t fetched_count);

#endif
