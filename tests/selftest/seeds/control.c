/* No fault: what the other seeds do, done right. */
#include <limits.h>
#include <stdlib.h>

#include <criterion/criterion.h>

Test(seed, control)
{
    volatile int most = INT_MAX - 1;
    char *bytes = malloc(8);

    cr_assert_not_null(bytes);
    bytes[7] = 1;
    cr_expect_eq(bytes[7], 1);
    cr_expect_eq(most + 1, INT_MAX);
    free(bytes);
}
