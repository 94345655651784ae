/* Random numbers that are the same again from the same seed, on every machine: SplitMix64. One
 * thread at a time. */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state; /* the seed, to begin with */
};

uint64_t random_next(struct random *random);

/* One of 0 .. n-1; n is at least 1. */
uint32_t random_below(struct random *random, uint32_t n);

/* True in `percent` of 100 cases. */
bool random_chance(struct random *random, uint32_t percent);

/* A number that depends on both, and on nothing else. */
uint64_t random_mix(uint64_t a, uint64_t b);

#endif
