/* A write past the end of a heap block, into padding that malloc leaves: nothing else breaks. */
#include <stdlib.h>

#include <criterion/criterion.h>

Test(seed, buffer_overflow)
{
    volatile size_t end = 5;
    char *bytes = malloc(end);

    cr_assert_not_null(bytes);
    bytes[end] = 1;
    cr_expect(true);
    free(bytes);
}
