/* The linker turns malloc into __wrap_malloc in every object of the program, and __real_malloc into
 * malloc. */
#include "tests/support/heap.h"

#include <errno.h>
#include <stdint.h>

static _Thread_local size_t calls;
static _Thread_local size_t fail_at = SIZE_MAX;

/* The linker chose these names.
 * NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*,readability-identifier-naming) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

/* As the real ones do, it says so in errno. */
static bool fails(void)
{
    if (calls++ != fail_at) return false;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*,readability-identifier-naming) */

void heap_fail_at(size_t n)
{
    fail_at = calls + n;
}

bool heap_restore(void)
{
    bool failed = calls > fail_at;

    fail_at = SIZE_MAX;
    return failed;
}

size_t heap_calls(void)
{
    return calls;
}
