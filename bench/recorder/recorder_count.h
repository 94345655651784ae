/* Counts the instructions and system calls of a loop exactly, and names the functions in which
 * they were. The loop runs in a child process under the emulator (bench/kit/emulator.h). One
 * thread at a time. */
#ifndef BENCH_RECORDER_COUNT_H
#define BENCH_RECORDER_COUNT_H

#include "bench/kit/child.h"
#include "bench/recorder/recorder_loop.h"

#define COUNT_FUNCTIONS_MAX 40
#define COUNT_NAME_MAX      63

/* What was counted between the loop's entry and its return. */
struct counted {
    uint64_t instructions;
    uint64_t system_calls;
    char functions[COUNT_FUNCTIONS_MAX][COUNT_NAME_MAX + 1]; /* with instructions of their own */
    size_t function_count;
};

enum count_status {
    COUNT_OK = CHILD_OK,
    COUNT_SYSTEM = CHILD_SYSTEM, /* no process, no file */
    COUNT_FAILED = CHILD_FAILED, /* the child, or what the emulator wrote */
    COUNT_ABSENT = -3            /* there is no emulator */
};

/* COUNT_SYSTEM, COUNT_FAILED, COUNT_ABSENT. */
int count_run(struct counted *out, enum loop_kind kind, enum loop_order order);

/* Whether these are the arguments of a child; then main() returns what count_child() returns. */
bool count_is_child(int argc, char *const *argv);
int count_child(char *const *argv);

#endif
