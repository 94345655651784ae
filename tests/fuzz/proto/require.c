#include "tests/fuzz/proto/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

void require_at(int holds, const char *fact, const char *file, int line)
{
    if (holds) return;
    (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, fact);
    abort();
}
