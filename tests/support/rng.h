/* Random numbers for property tests, the same again from the same seed. */
#ifndef TESTS_SUPPORT_RNG_H
#define TESTS_SUPPORT_RNG_H

#include <stdint.h>

struct rng {
    uint64_t seed; /* for the message of a failed check */
    uint64_t state;
};

/* Starts from PRELOAD_SEED in the environment, else from a fixed seed. */
struct rng rng_start(void);

uint64_t rng_next(struct rng *rng);

/* One of 0 .. n-1; n is at least 1. */
uint32_t rng_below(struct rng *rng, uint32_t n);

#endif
