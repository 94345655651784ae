/* A foreign VFS over the operating system's: it passes everything through and keeps a sum of what
 * it was asked, in what order, with what bytes, and what came of it. Two arms that saw the same
 * calls have the same sum.
 *
 * Registered four times: `witness` has methods of version 3, `witness2` of version 2, `witness2n`
 * version 2 without shared memory, `witness1` version 1. One thread, but for the handles that
 * preload reads ahead through: opened without a place for the flags, they are not summed. */
#ifndef TESTS_DIFFERENTIAL_WITNESS_H
#define TESTS_DIFFERENTIAL_WITNESS_H

#include <stdint.h>

struct witness_sum {
    uint64_t calls;
    uint64_t hash;
};

/* SQLite's result code. */
int witness_register(void);

void witness_begin(void);
struct witness_sum witness_sum(void);

/* From now on every summed call is printed to stderr. */
void witness_speak(void);

#endif
