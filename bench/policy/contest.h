/* Runs every policy over the sessions of one trace, on one device. A policy plans session k from
 * the sessions 1..k-1. The session is replayed under that plan, and then the policy learns it.
 * Maintenance and sessions without a touch are learnt and not replayed. One thread at a time. */
#ifndef BENCH_CONTEST_H
#define BENCH_CONTEST_H

#include "bench/kit/trace.h"
#include "bench/policy/policy_row.h"
#include "bench/policy/replay_model.h"

enum contest_status { CONTEST_OK = 0, CONTEST_NOMEM = -1 };

struct contest {
    const char *name; /* outlives the rows */
    const struct trace *trace;
    struct replay_device device;
    size_t first;          /* session that is tested, from 1 */
    uint64_t budget_bytes; /* ours; or POLICY_BUDGET_AUTO, POLICY_BUDGET_NONE */
    bool ablate;           /* add ours with single ideas switched off */
};

/* Appends a row for each policy; none when no session is tested. CONTEST_NOMEM: some of the rows
 * may be there. */
int contest_run(struct policy_rows *rows, const struct contest *contest);

#endif
