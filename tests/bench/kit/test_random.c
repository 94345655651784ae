/* The published sequence, and the bounds. */
#include "bench/kit/random.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

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

/* Of three items there are six orders. */
Test(random, every_order_is_as_likely)
{
    struct random random = { 1 };
    uint32_t counts[321 + 1] = { 0 };

    for (int i = 0; i < 6000; i++) {
        uint64_t items[] = { 1, 2, 3 };

        random_shuffle(&random, items, 3, sizeof(items[0]));
        cr_assert_eq(items[0] + items[1] + items[2], 6);
        cr_assert_eq(items[0] * items[1] * items[2], 6);
        counts[items[0] * 100 + items[1] * 10 + items[2]]++;
    }
    for (uint32_t order = 123; order <= 321; order++)
        if (counts[order] > 0)
            cr_expect(counts[order] > 850 && counts[order] < 1150, "%u came %u times", order,
                      counts[order]);
    cr_expect(counts[123] && counts[132] && counts[213] && counts[231] && counts[312] &&
              counts[321]);
}

Test(random, a_shuffle_keeps_to_its_items)
{
    struct random random = { 1 };
    char text[] = "<abcabdabe>";

    random_shuffle(&random, text + 1, 3, 3);
    cr_expect_eq(text[0], '<');
    cr_expect_eq(text[10], '>');
    cr_expect(strstr(text, "abc") && strstr(text, "abd") && strstr(text, "abe"), "%s", text);
    random_shuffle(&random, text, 1, 11);
    random_shuffle(&random, text, 0, 11);
    cr_expect_eq(text[0], '<');
    cr_expect_eq(text[10], '>');
}

Test(random, nothing_is_scrambled_to_the_same)
{
    cr_expect_eq(random_scramble(0), 0, "SplitMix64 steps before it scrambles");
    for (uint64_t x = 1; x < 1000; x++)
        cr_expect_neq(random_scramble(x), random_scramble(x - 1), "%" PRIu64, x);
}
