/* Checks for plain test programs: one that fails is printed with what was being tried, and
 * counted. */
#ifndef TESTS_DIFFERENTIAL_CHECK_H
#define TESTS_DIFFERENTIAL_CHECK_H

#include <stdbool.h>

/* What is being tried, printf-like, for the messages of the checks that follow. */
void check_trying(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define CHECK(expression) check((expression), #expression, __FILE__, __LINE__)
#define CHECK_EQUAL(got, want)                                                                     \
    check_equal((long long)(got), (long long)(want), #got, __FILE__, __LINE__)

bool check(bool holds, const char *text, const char *file, int line);
bool check_equal(long long got, long long want, const char *text, const char *file, int line);

/* Prints the totals; what main returns. */
int check_end(const char *program);

#endif
