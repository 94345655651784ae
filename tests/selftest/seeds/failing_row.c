/* A table of cases with one wrong row, between rows that pass. */
#include <criterion/criterion.h>

static const struct square_case {
    int in, want;
} square_cases[] = {
    { 1, 1 },
    { 2, 4 },
    { 3, 10 },
    { 4, 16 },
};

Test(seed, failing_row)
{
    for (size_t i = 0; i < sizeof(square_cases) / sizeof(square_cases[0]); i++) {
        int got = square_cases[i].in * square_cases[i].in;

        cr_expect(got == square_cases[i].want, "row %zu: got %d, want %d", i, got,
                  square_cases[i].want);
    }
}
