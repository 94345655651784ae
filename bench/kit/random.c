/* Steele, Lea, Flood: "Fast splittable pseudorandom number generators". */
#include "bench/kit/random.h"

#include <assert.h>

#define STEP UINT64_C(0x9e3779b97f4a7c15)

static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

uint64_t random_next(struct random *random)
{
    random->state += STEP;
    return mixed(random->state);
}

uint32_t random_below(struct random *random, uint32_t n)
{
    assert(n >= 1);
    return (uint32_t)((random_next(random) >> 32) * n >> 32);
}

bool random_chance(struct random *random, uint32_t percent)
{
    return random_below(random, 100) < percent;
}

uint64_t random_mix(uint64_t a, uint64_t b)
{
    return mixed(mixed(a + STEP) + b + STEP);
}
