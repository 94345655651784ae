/* What the machine does beside a measurement: nothing, reads of the disk by another process, or
 * computing by a process for each processor. One thread at a time; Linux. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <sys/types.h>

#define LOAD_PROCESSES_MAX 64

enum load_kind { LOAD_QUIET, LOAD_DISK, LOAD_CPU, LOAD_KIND_COUNT };

extern const char *const load_names[LOAD_KIND_COUNT];

/* Zeroed is no load. */
struct load {
    pid_t processes[LOAD_PROCESSES_MAX];
    int count;
};

enum load_status {
    LOAD_OK = 0,
    LOAD_SYSTEM = -1, /* no process */
    LOAD_ENDED = -2   /* one ended of its own, so there was less load than was said */
};

/* Starts it. The disk is read by single pages of `path` in random order, past the page cache.
 * LOAD_SYSTEM: nothing is left running. The processes end with the caller's. */
int load_start(struct load *load, enum load_kind kind, const char *path);

/* Ends it; twice is harmless. LOAD_ENDED. */
int load_stop(struct load *load);

#endif
