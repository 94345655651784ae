/* SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators"). */
#include "tests/support/rng.h"

#include <stdlib.h>

#define SEED_DEFAULT UINT64_C(20240229)

struct rng rng_start(void)
{
    const char *text = getenv("PRELOAD_SEED"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
    uint64_t seed = text ? strtoull(text, NULL, 0) : SEED_DEFAULT;

    return (struct rng){ seed, seed };
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t mixed = rng->state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

uint32_t rng_below(struct rng *rng, uint32_t n)
{
    return (uint32_t)((rng_next(rng) >> 32) * n >> 32);
}
