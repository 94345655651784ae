/* Only the first failures are printed: the rest follows from them. */
#include "tests/differential/check.h"

#include <stdarg.h>
#include <stdio.h>

#define FAILURES_PRINTED 20

static char trying[256];
static unsigned long checks;
static unsigned long failures;

void check_trying(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(trying, sizeof trying, format, arguments);
    va_end(arguments);
}

bool check(bool holds, const char *text, const char *file, int line)
{
    checks++;
    if (holds) return true;
    if (failures++ < FAILURES_PRINTED) printf("%s:%d: %s: not so: %s\n", file, line, trying, text);
    return false;
}

bool check_equal(long long got, long long want, const char *text, const char *file, int line)
{
    checks++;
    if (got == want) return true;
    if (failures++ < FAILURES_PRINTED)
        printf("%s:%d: %s: %s is %lld, not %lld\n", file, line, trying, text, got, want);
    return false;
}

int check_end(const char *program)
{
    printf("%s: %lu checks, %lu failed\n", program, checks, failures);
    return failures == 0 && checks > 0 ? 0 : 1;
}
