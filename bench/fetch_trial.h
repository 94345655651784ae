/* One session beside one way of fetching, in a process of its own, on a file that was evicted
 * before; and the load that other processes make meanwhile.
 *
 * A session opens the file, reads its header, then page 1, then the pages of its set: through the
 * VFS `preload` in that arm, by pread in the others. One thread at a time; Linux. */
#ifndef BENCH_FETCH_TRIAL_H
#define BENCH_FETCH_TRIAL_H

#include "bench/fetch_method.h"

#include <sys/types.h>

struct fetch_trial {
    enum fetch_method method;
    const struct fetch_set *set;
    const char *path;
    uint64_t file_bytes;
};

/* Times count from before the file is opened. */
struct fetch_found {
    double first_ms; /* until the first page behind page 1 was read */
    double tenth_ms; /* until a tenth of them was */
    double end_ms;
    struct fetch_fetched fetched; /* by preload: when the session ended */
};

enum fetch_status {
    FETCH_OK = 0,
    FETCH_SYSTEM = -1,  /* no process, no pipe */
    FETCH_FAILED = -2,  /* the session could not read the file */
    FETCH_DENIED = -3,  /* the kernel denies what the method uses */
    FETCH_UNHINTED = -4 /* preload found no hints, or could not replay them */
};

/* All of the above. */
int fetch_trial_run(const struct fetch_trial *trial, struct fetch_found *out);

/* A sentence about a status. */
const char *fetch_message(int status);

enum fetch_load {
    FETCH_QUIET,
    FETCH_DISK_LOAD, /* one process that reads random pages of the file, past the page cache */
    FETCH_CPU_LOAD,  /* one process that computes, a processor */
    FETCH_LOAD_COUNT
};

extern const char *const fetch_load_names[FETCH_LOAD_COUNT];

/* Starts the load; `out` has room for FETCH_LOAD_PROCESSES_MAX. The number of processes, or
 * FETCH_SYSTEM. */
#define FETCH_LOAD_PROCESSES_MAX 64
int fetch_load_start(enum fetch_load load, const char *path, uint64_t file_bytes, pid_t *out);

/* FETCH_FAILED: a process had ended of its own, so there was less load than was said. */
int fetch_load_stop(const pid_t *processes, int count);

#endif
