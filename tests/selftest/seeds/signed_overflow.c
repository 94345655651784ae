/* A signed sum that does not fit; the processor wraps it and goes on. */
#include <limits.h>

#include <criterion/criterion.h>

Test(seed, signed_overflow)
{
    volatile int most = INT_MAX;
    volatile int sum = most + 1;

    cr_expect_neq(sum, 0);
}
