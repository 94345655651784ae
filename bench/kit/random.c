/* Steele, Lea, Flood: "Fast splittable pseudorandom number generators". */
#include "bench/kit/random.h"

#include <assert.h>
#include <string.h>

#define STEP UINT64_C(0x9e3779b97f4a7c15)

uint64_t random_next(struct random *random)
{
    random->state += STEP;
    return random_scramble(random->state);
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

static void swap_items(char *a, char *b, size_t item_bytes)
{
    char item[RANDOM_ITEM_BYTES_MAX];

    memcpy(item, a, item_bytes);
    memmove(a, b, item_bytes);
    memcpy(b, item, item_bytes);
}

/* Fisher and Yates. */
void random_shuffle(struct random *random, void *items, size_t count, size_t item_bytes)
{
    char *bytes = items;

    assert(item_bytes <= RANDOM_ITEM_BYTES_MAX && count <= UINT32_MAX);
    for (size_t i = count; i > 1; i--) {
        const size_t j = random_below(random, (uint32_t)i);

        swap_items(bytes + (i - 1) * item_bytes, bytes + j * item_bytes, item_bytes);
    }
}

uint64_t random_scramble(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

uint64_t random_mix(uint64_t a, uint64_t b)
{
    return random_scramble(random_scramble(a + STEP) + b + STEP);
}
