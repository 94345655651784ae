/* Runs one session in one way, in a child process (bench/kit/child.h). No heap, page cache or VFS
 * of an earlier session can help it.
 *
 * The base is the operating system's VFS, or the slow device over it. All pages of the slow device
 * are absent when the process starts; its latency hides what the file below costs. One thread at a
 * time. */
#ifndef BENCH_TRIAL_H
#define BENCH_TRIAL_H

#include "bench/kit/child.h"

#include <stdint.h>

enum trial_arm {
    TRIAL_PLAIN,   /* the base alone */
    TRIAL_PRELOAD, /* preload over it */
    TRIAL_WHOLE,   /* the whole file is read when it is opened */
    TRIAL_WARM,    /* everything is in memory already */
    TRIAL_SHORT_COUNT,
    /* These know their pages beforehand, from a list. */
    TRIAL_FIRST = TRIAL_SHORT_COUNT, /* the first 128 of the file */
    TRIAL_INTERIOR,                  /* interior b-tree pages of all learnt sessions */
    TRIAL_LAST,                      /* those of the last learnt session */
    TRIAL_UNION,                     /* those of all learnt sessions */
    TRIAL_ORACLE,                    /* those of the session itself */
    TRIAL_ARM_COUNT
};

extern const char *const trial_arm_names[TRIAL_ARM_COUNT];

struct trial {
    enum trial_arm arm;
    uint64_t latency_us; /* of the slow device; 0: the disk itself */
    uint64_t seed;       /* of the session */
    const char *database;
    const char *store; /* value of the option `store`; NULL: the default */
    const char *pages; /* file of a fetch list, for the arms that have one; NULL: none */
    const char *trace; /* with preload: only record, and append the session to this file; or NULL */
};

/* Pages are database pages. Times count from before the database is opened. */
#define TRIAL_FOUND(X)                                                                             \
    X(first_row_us)                                                                                \
    X(end_us)                                                                                      \
    X(needed_pages)     /* that the session asked its base for */                                  \
    X(demand_pages)     /* of these, the ones that nothing fetched ahead */                        \
    X(prefetched_pages) /* fetched ahead when the session ended */                                 \
    X(used_pages)       /* of these, the ones that the session needed; 0 of a list */              \
    X(page_bytes)                                                                                  \
    X(fetch_requests) /* that fetched ahead */                                                     \
    X(requests)       /* that the slow device served, of whoever asked; 0 on the disk */           \
    X(read_p50_ns)    /* of the session's reads, those that were fetched ahead included */         \
    X(read_p99_ns)                                                                                 \
    X(rows)                                                                                        \
    X(checksum) /* of all rows */

struct trial_found {
#define TRIAL_FIELD(name) uint64_t name;
    TRIAL_FOUND(TRIAL_FIELD)
#undef TRIAL_FIELD
};

enum trial_status {
    TRIAL_OK = CHILD_OK,
    TRIAL_SYSTEM = CHILD_SYSTEM, /* no process, no pipe */
    TRIAL_FAILED = CHILD_FAILED  /* the child said on standard error why */
};

/* Runs a trial and waits for it. TRIAL_SYSTEM, TRIAL_FAILED. */
int trial_run(const struct trial *trial, struct trial_found *out);

/* Whether these are the arguments of a child; then main() returns what trial_child() returns. */
int trial_is_child(int argc, char *const *argv);
int trial_child(char *const *argv);

#endif
