#include "vfs/replay/looks.h"

#include "tests/vfs/common.h"

static struct looks looks;

static void begin(void)
{
    preload_looks_begin(&looks);
}

TestSuite(looks, .init = begin);

static const struct look_case {
    uint64_t pause_us; /* before */
    uint64_t touched, planned;
    uint64_t want_us;
} look_cases[] = {
    /* It reads what is planned. */
    { LOOKS_PAUSE_US_MOST, 1, 1, LOOKS_PAUSE_US },
    { 64000, 2, 2, LOOKS_PAUSE_US },
    /* It reads other pages. */
    { 1000, 13, 2, 1000 },
    { LOOKS_PAUSE_US_MOST, 14, 2, LOOKS_PAUSE_US_OTHER },
    { LOOKS_PAUSE_US_OTHER, 15, 2, LOOKS_PAUSE_US_OTHER },
    { LOOKS_PAUSE_US_OTHER, 17, 4, LOOKS_PAUSE_US },
    /* It rests. */
    { 64000, 17, 4, 64000 },
};

Test(looks, the_pause_follows_what_the_session_reads)
{
    for (size_t i = 0; i < COUNT(look_cases); i++) {
        const struct look_case *row = &look_cases[i];

        looks.pause_us = row->pause_us;
        preload_looks_saw(&looks, row->touched, row->planned);
        cr_expect_eq(looks.pause_us, row->want_us, "row %zu: %llu", i,
                     (unsigned long long)looks.pause_us);
    }
}

Test(looks, the_pause_doubles_up_to_a_tenth_of_a_second)
{
    cr_expect_eq(preload_looks_pause(&looks), LOOKS_PAUSE_US);
    cr_expect_eq(preload_looks_pause(&looks), 2 * LOOKS_PAUSE_US);
    looks.pause_us = 60000;
    cr_expect_eq(preload_looks_pause(&looks), 60000);
    cr_expect_eq(preload_looks_pause(&looks), LOOKS_PAUSE_US_MOST);
    cr_expect_eq(preload_looks_pause(&looks), LOOKS_PAUSE_US_MOST);
}
