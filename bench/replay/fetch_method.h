/* The ways of fetching hinted pages while a session runs. `none` fetches nothing. Each raw method
 * uses one service of the kernel in its simplest form: on a thread, all pages at once, sorted.
 * `preload` is the library, which begins when the session opens the file through it. `preload,
 * off` is the library switched off: how it differs from `none` is the noise of the measurement.
 * One thread at a time; Linux. */
#ifndef BENCH_FETCH_METHOD_H
#define BENCH_FETCH_METHOD_H

#include "bench/replay/fetch_set.h"

#define FETCH_METHODS(X)                                                                           \
    X(FETCH_NONE, "none", NULL)                                                                    \
    X(FETCH_FADVISE, "fadvise", fetch_by_fadvise)                                                  \
    X(FETCH_READAHEAD, "readahead", fetch_by_readahead)                                            \
    X(FETCH_MADVISE, "madvise", fetch_by_madvise)                                                  \
    X(FETCH_PROCESS_MADVISE, "process_madvise", fetch_by_process_madvise)                          \
    X(FETCH_URING_ADVISE, "io_uring advice", fetch_by_uring_advice)                                \
    X(FETCH_URING_READ, "io_uring reads", fetch_by_uring_reads)                                    \
    X(FETCH_THREADS, "16 threads", fetch_by_threads)                                               \
    X(FETCH_PRELOAD, "preload", NULL)                                                              \
    X(FETCH_OFF, "preload, off", NULL)

enum fetch_method {
#define FETCH_METHOD(name, text, fetch) name,
    FETCH_METHODS(FETCH_METHOD) FETCH_METHOD_COUNT
#undef FETCH_METHOD
};

extern const char *const fetch_method_names[FETCH_METHOD_COUNT];

/* Borrowed until the work has ended. */
struct fetch_job {
    enum fetch_method method;
    const struct fetch_set *set;
    int fd; /* of the file */
    uint64_t file_bytes;
};

struct fetch_fetched {
    uint64_t pages; /* asked for, gaps included */
    uint64_t requests;
};

/* Starts on a thread and returns at once; `*out` stays NULL for a method that has none. 0, or -1:
 * no memory, no thread. */
struct fetch_work;
int fetch_method_start(struct fetch_work **out, const struct fetch_job *job);

/* Waits until everything was asked for, and frees the work (NULL: nothing to do). 0, or -1: the
 * kernel denied what the method uses. */
int fetch_method_end(struct fetch_work *work, struct fetch_fetched *out);

#endif
