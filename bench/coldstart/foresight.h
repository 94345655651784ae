/* Makes the lists of the arms that know their pages in advance. A list is what a policy of
 * bench/kit/policies.h plans for a tested session. The trace has the sessions that were learnt and
 * those that are tested. One thread at a time. */
#ifndef BENCH_FORESIGHT_H
#define BENCH_FORESIGHT_H

#include "bench/coldstart/fetch_list.h"
#include "bench/kit/past.h"

/* Zeroed is empty. */
struct foresight {
    struct trace trace;
    struct past past; /* of the first `learnt` sessions */
    size_t learnt;
};

/* Reads a trace, of which the first `learnt` sessions are the past. TRACE_IO, TRACE_INVALID,
 * TRACE_NOMEM. */
int foresight_load(struct foresight *foresight, const char *path, size_t learnt);

/* Tested sessions, after those of the past. */
size_t foresight_tested(const struct foresight *foresight);

/* The requests of a policy ("first-128", "interior", "last", "union", "oracle") for a tested
 * session, from 0; what `out` held is replaced. FETCH_NOMEM. */
int foresight_list(const struct foresight *foresight, const char *policy, size_t tested,
                   struct fetch_list *out);

/* How many of the first `pages` pages of a list the tested session needs. FETCH_NOMEM. */
int foresight_used(const struct foresight *foresight, size_t tested, const struct fetch_list *list,
                   uint64_t pages, uint64_t *used);

/* Leaves it empty; twice is harmless. */
void foresight_free(struct foresight *foresight);

#endif
