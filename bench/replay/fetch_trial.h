/* Runs one session with one way of fetching, in a process of its own. The caller has evicted the
 * file.
 *
 * A session opens the file, reads its header, then page 1, then the pages of its set: through the
 * VFS `preload` in that arm, through `unix` in the others. One thread at a time; Linux. */
#ifndef BENCH_FETCH_TRIAL_H
#define BENCH_FETCH_TRIAL_H

#include "bench/replay/fetch_method.h"

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

#endif
