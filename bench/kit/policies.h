/* The policies that ours is compared with. Each is a row of one table: a function that makes a
 * plan from the past. A plan has its pages in the order of their usual rank, and none past the end
 * of the database. One thread at a time. */
#ifndef BENCH_POLICIES_H
#define BENCH_POLICIES_H

#include "bench/kit/past.h"
#include "bench/kit/replay_plan.h"

/* What is known of a session when it begins. */
struct policy_facts {
    uint32_t page_size; /* bytes */
    uint32_t page_count;
    const char *profile; /* NULL is unknown */
    uint32_t cookie;
    bool has_cookie;
};

struct policy_question {
    const struct past *past;
    struct policy_facts facts;
    const struct trace_session *itself; /* the session that is about to run: the oracle's alone,
                                           NULL for all others */
};

struct policy {
    const char *name;
    bool is_oracle;
    /* Fills an empty plan. REPLAY_NOMEM. */
    int (*plan)(struct replay_plan *out, const struct policy_question *question);
};

/* The first is `none`, the last the oracle. */
extern const struct policy policies[];
extern const size_t policies_count;

struct policy_facts policy_facts_of(const struct trace_session *session);

#endif
