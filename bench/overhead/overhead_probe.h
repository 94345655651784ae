/* Runs one measurement in a child process (bench/kit/child.h). One thread at a time.
 *
 * There are four kinds. *Count*: the instructions of a work on the connection's thread, exactly,
 * by the emulator (bench/kit/emulator.h). *Allocate*: the calls of the allocator, by the library's
 * own code and by SQLite. *Time*: user and system time of the whole process, workers included.
 * *Open*: a connection's open, first prepare and close, by the clock. */
#ifndef BENCH_OVERHEAD_PROBE_H
#define BENCH_OVERHEAD_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/kit/child.h"
#include "bench/overhead/overhead_work.h"

enum probe_kind {
    PROBE_COUNT,
    PROBE_ALLOCATE,
    PROBE_TIME,
    PROBE_OPEN,  /* once, then again in the same process */
    PROBE_LEARN, /* opens, reads `rows` rows, closes; finds nothing */
    PROBE_KIND_COUNT
};

struct probe {
    enum probe_kind kind;
    const struct work *work; /* of COUNT, ALLOCATE and TIME */
    bool ours;               /* under preload; else under its base */
    const char *directory;   /* where new databases and the emulator's files go; exists */
    const char *points;      /* the points' database */
    const char *store;       /* directory of the hints */
    unsigned rows;           /* of LEARN */
};

#define PROBE_FOUND(X)                                                                             \
    X(instructions)                                                                                \
    X(own_allocations)                                                                             \
    X(sqlite_allocations)                                                                          \
    X(cpu_us)                                                                                      \
    X(pages) /* that SQLite's cache did not have */                                                \
    X(open_us)                                                                                     \
    X(thread_us) /* of the connection's thread alone, for open and first prepare */                \
    X(prepare_us)                                                                                  \
    X(close_us)                                                                                    \
    X(again_open_us)                                                                               \
    X(again_prepare_us)                                                                            \
    X(again_close_us)

struct probe_found {
#define PROBE_FIELD(name) uint64_t name;
    PROBE_FOUND(PROBE_FIELD)
#undef PROBE_FIELD
};

enum probe_status {
    PROBE_OK = CHILD_OK,
    PROBE_SYSTEM = CHILD_SYSTEM, /* no process, no pipe */
    PROBE_FAILED = CHILD_FAILED, /* the child said on standard error why */
    PROBE_ABSENT = -3,           /* there is no emulator */
};

/* Runs a probe and waits for it. PROBE_SYSTEM, PROBE_FAILED, PROBE_ABSENT. */
int probe_run(const struct probe *probe, struct probe_found *out);

/* Whether these are the arguments of a child; then main() returns what probe_child() returns. */
int probe_is_child(int argc, char *const *argv);
int probe_child(char *const *argv);

#endif
