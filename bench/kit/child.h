/* A child process of a benchmark, and the line that it says on its standard output. One thread at a
 * time; Linux. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stddef.h>

#define CHILD_LINE_BYTES 1024

enum child_status {
    CHILD_OK = 0,
    CHILD_SYSTEM = -1, /* no process, no pipe */
    CHILD_FAILED = -2  /* it said nothing, or ended with another status than 0 */
};

/* Takes what the user says to preload out of this process's environment: that is for programs, not
 * for measurements. */
void child_clear_environment(void);

/* Runs `become` in a child, without the user's environment for preload; it is to exec or exit.
 * Waits for its end. `line` gets its first line, of CHILD_LINE_BYTES at most; `exit_status` (may be
 * NULL) what it exited with, -1 when it did not. CHILD_SYSTEM, CHILD_FAILED. */
int child_hear(void (*become)(const void *data), const void *data, char *line, int *exit_status);

#endif
