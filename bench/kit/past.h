/* What the sessions before the tested one say about each page. All fixed policies choose from it.
 * One thread at a time. */
#ifndef BENCH_PAST_H
#define BENCH_PAST_H

#include "bench/kit/trace.h"

enum past_status { PAST_OK = 0, PAST_NOMEM = -1 };

struct past_page {
    uint32_t pgno;
    uint32_t rank;      /* usual place in the first-touch order, 0 is first: each session that
                           touches the page halves the distance to its own */
    uint32_t sessions;  /* that touched it, at least 1 */
    uint32_t seen;      /* bit i: touched i sessions before the last; what is older is gone */
    double probability; /* .8 p + .2 used, session by session */
    enum hint_class page_class; /* the first that was known */
};

/* Zeroed is an empty past. */
struct past {
    struct past_page *pages; /* by pgno */
    size_t len;
};

void past_free(struct past *past);

/* Adds a session, the newest. PAST_NOMEM: the past is as it was. */
int past_fold(struct past *past, const struct trace_session *session);

#endif
