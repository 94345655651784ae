/* Random numbers by SplitMix64. The same seed gives the same numbers on every machine. One thread
 * at a time. */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state; /* the seed, to begin with */
};

uint64_t random_next(struct random *random);

/* One of 0 .. n-1; n is at least 1. */
uint32_t random_below(struct random *random, uint32_t n);

/* True in `percent` of 100 cases. */
bool random_chance(struct random *random, uint32_t percent);

/* Puts `count` items of `item_bytes` each, at most RANDOM_ITEM_BYTES_MAX, into a random order:
 * every order is as likely as any other. */
#define RANDOM_ITEM_BYTES_MAX 64
void random_shuffle(struct random *random, void *items, size_t count, size_t item_bytes);

/* A number that depends on x, or on both, and on nothing else. */
uint64_t random_scramble(uint64_t x);
uint64_t random_mix(uint64_t a, uint64_t b);

#endif
