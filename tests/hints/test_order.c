#include "hints/order.h"
#include "tests/hints/common.h"

#define PLACES_MAX 3000

/* How many bytes of the keys differ: most sorts have few. */
static uint64_t random_key(struct rng *rng, unsigned bytes)
{
    const uint64_t key = rng_next(rng);

    return bytes == 8 ? key : key & ((UINT64_C(1) << 8 * bytes) - 1);
}

static void expect_ordered(const struct hint_place *places, const uint64_t *keys, size_t len,
                           uint64_t seed)
{
    bool found[PLACES_MAX] = { false };

    for (size_t i = 0; i < len; i++) {
        const uint32_t index = places[i].index;

        cr_assert_lt(index, len, "seed %" PRIu64, seed);
        cr_assert_not(found[index], "seed %" PRIu64 ": %u twice", seed, index);
        found[index] = true;
        cr_assert_eq(places[i].key, keys[index], "seed %" PRIu64, seed);
        if (i == 0) continue;
        cr_assert_leq(places[i - 1].key, places[i].key, "seed %" PRIu64 ", place %zu", seed, i);
        if (places[i - 1].key == places[i].key)
            cr_assert_lt(places[i - 1].index, index, "seed %" PRIu64 ", place %zu", seed, i);
    }
}

/* Equal keys keep their order; each thing is there once. */
Test(order, any_keys_come_out_ascending_and_equal_ones_as_they_were)
{
    struct hint_place *places = calloc(PLACES_MAX + 1, sizeof *places);
    struct hint_place *scratch = calloc(PLACES_MAX + 1, sizeof *scratch);
    uint64_t *keys = calloc(PLACES_MAX, sizeof *keys);

    struct rng rng = rng_start();

    cr_assert(places && scratch && keys);
    for (int round = 0; round < 300; round++) {
        const uint64_t seed = rng.seed;
        const size_t len = (size_t)(rng_next(&rng) % (round % 3 ? 40 : PLACES_MAX));
        const unsigned bytes = 1 + (unsigned)(rng_next(&rng) % 8);
        const uint64_t shared = rng_next(&rng) % 2 ? UINT64_C(5) << 56 : 0;

        for (size_t i = 0; i < len; i++) {
            keys[i] = random_key(&rng, bytes) | shared;
            places[i] = (struct hint_place){ keys[i], (uint32_t)i };
        }
        places[len].key = scratch[len].key = 77;
        hint_order(places, scratch, len);
        expect_ordered(places, keys, len, seed);
        cr_assert_eq(places[len].key, 77, "seed %" PRIu64 ": past the end", seed);
        cr_assert_eq(scratch[len].key, 77, "seed %" PRIu64 ": past the end", seed);
    }
    free(keys);
    free(scratch);
    free(places);
}
