/* Runs a part of a benchmark in a child process. The child writes its results as numbers, on one
 * line of its standard output. A program runs itself again there, so that no state of the parent
 * can influence the measurement. One thread at a time; Linux. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHILD_ARGUMENTS_MAX 8

enum child_status {
    CHILD_OK = 0,
    CHILD_SYSTEM = -1, /* no process, no pipe */
    CHILD_FAILED = -2  /* it did not say its numbers, or ended with another status than 0 */
};

/* argv of a child: the program, this, and from CHILD_FIRST on its own arguments. */
#define CHILD_FLAG  "--child"
#define CHILD_FIRST 2

/* Whether these are the arguments of a child that has `count` of its own. */
bool child_is_called(int argc, char *const *argv, int count);

/* What a child's main() does at its end: says the numbers. Its exit status, which is not 0 when
 * they cannot be written. */
int child_say(const uint64_t *numbers, size_t count);

/* Runs `become` in a child, without the user's environment for preload; it is to exec or exit.
 * Waits for its end. `numbers` are the places of what it says; some may be set after a failure.
 * `exit_status` (may be NULL) gets what it exited with, -1 when it did not. CHILD_SYSTEM,
 * CHILD_FAILED. */
int child_hear(uint64_t *const *numbers, size_t count, int *exit_status,
               void (*become)(const void *data), const void *data);

/* ---- for `become` ---- */

/* A child's own arguments, in order. Zeroed is none; never freed, as the process is replaced. */
struct child_call {
    char *arguments[CHILD_ARGUMENTS_MAX + 1]; /* up to NULL */
    size_t count;
};

/* Appends a copy. NULL is an empty one. Without memory the process ends. */
void child_add_text(struct child_call *call, const char *text);
void child_add_number(struct child_call *call, uint64_t number);

/* Becomes this program with these arguments, or exits with 127. Does not return. */
void child_become_self(const struct child_call *call);

/* Takes what the user says to preload out of this process's environment: that is for programs, not
 * for measurements. */
void child_clear_environment(void);

#endif
