/* valgrind's callgrind, which counts what a child executes, to the instruction and whatever else
 * the machine does. It collects between the entry of one function of the child and its return, on
 * that thread alone, so neither the process's start nor a worker is in the numbers. One thread at a
 * time; Linux. */
#ifndef BENCH_EMULATOR_H
#define BENCH_EMULATOR_H

#include "bench/kit/child.h"

/* What a child exits with that could not become the emulator, as there is none. */
#define EMULATOR_ABSENT 127

#define EMULATOR_OPTIONS_MAX 8

/* For `become` of child_hear(): becomes the emulator over this program with these arguments.
 * `function` is the one to collect in, `counts` the file that takes the counts, and `options`
 * further ones of the emulator, at most EMULATOR_OPTIONS_MAX, up to NULL. What the emulator says of
 * its own goes nowhere. Does not return. */
void emulator_become(const struct child_call *call, const char *function, const char *counts,
                     const char *const *options);

#endif
