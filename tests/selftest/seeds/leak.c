/* Memory that nobody frees. */
#include <stdlib.h>

#include <criterion/criterion.h>

Test(seed, leak)
{
    char *volatile bytes = malloc(8);

    cr_expect_not_null(bytes);
    bytes = NULL;
}
