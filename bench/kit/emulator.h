/* Runs a child under valgrind's callgrind, which counts instructions exactly, whatever the load of
 * the machine is. It counts from the entry of one function of the child to its return, on that
 * thread alone. Neither the start of the process nor a worker is counted. One thread at a time;
 * Linux. */
#ifndef BENCH_EMULATOR_H
#define BENCH_EMULATOR_H

#include "bench/kit/child.h"

/* What a child exits with that could not become the emulator, as there is none. */
#define EMULATOR_ABSENT 127

#define EMULATOR_OPTIONS_MAX 8

/* For `become` of child_hear(): becomes the emulator, which runs this program with these arguments.
 * It counts in `function` and writes to the file `counts`. `options` are further ones of the
 * emulator, at most EMULATOR_OPTIONS_MAX, up to NULL. Does not return. */
void emulator_become(const struct child_call *call, const char *function, const char *counts,
                     const char *const *options);

#endif
