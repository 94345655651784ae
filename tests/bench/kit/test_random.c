/* The published sequence, and the bounds. */
#include "bench/kit/random.h"

#include <criterion/criterion.h>
#include <inttypes.h>

/* The first numbers of SplitMix64 from the seed 1234567, as others print them. */
static const uint64_t published[] = {
    UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),  UINT64_C(9817491932198370423),
    UINT64_C(4593380528125082431), UINT64_C(16408922859458223821),
};

Test(random, the_sequence_is_the_published_one)
{
    struct random random = { 1234567 };

    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        uint64_t got = random_next(&random);

        cr_expect_eq(got, published[i], "%zu: %" PRIu64, i, got);
    }
}

Test(random, a_number_below_n_is_below_n_and_every_one_comes)
{
    struct random random = { 1 };
    uint32_t counts[7] = { 0 };

    for (int i = 0; i < 7000; i++) {
        uint32_t got = random_below(&random, 7);

        cr_assert_lt(got, 7);
        counts[got]++;
    }
    for (int i = 0; i < 7; i++)
        cr_expect(counts[i] > 850 && counts[i] < 1150, "%d came %u times", i, counts[i]);
    cr_expect_eq(random_below(&random, 1), 0);
}

Test(random, a_chance_is_taken_as_often_as_it_says)
{
    struct random random = { 1 };
    int taken = 0;

    for (int i = 0; i < 10000; i++) {
        taken += random_chance(&random, 30);
        cr_assert_not(random_chance(&random, 0));
        cr_assert(random_chance(&random, 100));
    }
    cr_expect(taken > 2800 && taken < 3200, "%d", taken);
}

Test(random, a_mix_depends_on_both_and_on_their_order)
{
    cr_expect_eq(random_mix(1, 2), random_mix(1, 2));
    cr_expect_neq(random_mix(1, 2), random_mix(2, 1));
    cr_expect_neq(random_mix(1, 2), random_mix(1, 3));
    cr_expect_neq(random_mix(0, 0), 0);
}
