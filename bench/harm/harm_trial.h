/* Runs one session on a cold database, with or without preload, in a child process
 * (bench/kit/child.h). One thread at a time. */
#ifndef BENCH_HARM_TRIAL_H
#define BENCH_HARM_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/harm/harm_data.h"
#include "bench/kit/child.h"

enum harm_arm {
    HARM_NONE,    /* the operating system's VFS */
    HARM_PRELOAD, /* preload over it, with the options' defaults */
    HARM_ARM_COUNT
};

extern const char *const harm_arm_names[HARM_ARM_COUNT];

struct harm_trial {
    enum harm_arm arm;
    struct harm_session session;
    const char *database;
};

/* Times count from before the database is opened; what preload fetched is counted when it has had
 * time to go on after the end. */
#define HARM_FOUND(X)                                                                              \
    X(first_row_us)                                                                                \
    X(tenth_us) /* a tenth of the statements */                                                    \
    X(end_us)                                                                                      \
    X(needed_pages)  /* that the session asked its VFS for */                                      \
    X(history_pages) /* that the hints name */                                                     \
    X(fetched_pages) /* ahead, gaps included */                                                    \
    X(fetched_bytes)                                                                               \
    X(used_pages) /* of them, the ones that the session needed */                                  \
    X(rows)                                                                                        \
    X(checksum)

struct harm_found {
#define HARM_FIELD(name) uint64_t name;
    HARM_FOUND(HARM_FIELD)
#undef HARM_FIELD
};

enum harm_status {
    HARM_OK = CHILD_OK,
    HARM_SYSTEM = CHILD_SYSTEM, /* no process, no pipe */
    HARM_FAILED = CHILD_FAILED  /* the child said on standard error why */
};

/* Runs a trial and waits for it. HARM_SYSTEM, HARM_FAILED. */
int harm_trial_run(const struct harm_trial *trial, struct harm_found *out);

/* Whether these are the arguments of a child; then main() returns what harm_trial_child()
 * returns. */
bool harm_trial_is_child(int argc, char *const *argv);
int harm_trial_child(char *const *argv);

#endif
