/* Measures what a probe asks for, inside the child process. One thread at a time. */
#ifndef BENCH_OVERHEAD_CHILD_H
#define BENCH_OVERHEAD_CHILD_H

#include "bench/overhead/overhead_probe.h"

/* Does what the probe says, in this process. An SQLite result code. */
int child_run(const struct probe *probe, struct probe_found *out);

/* The function in which instructions are counted. */
#define CHILD_FUNCTION "child_measured"

#endif
