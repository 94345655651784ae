/* Allocations that fail on demand. A test lets the nth one fail, for n = 0, 1, 2 ... until the call
 * under test needs no more of them:
 *
 *     for (size_t n = 0;; n++) {
 *         heap_fail_at(n);
 *         rc = hint_runs_add(&runs, run);
 *         if (!heap_restore()) break;
 *         cr_expect(rc == HINT_NOMEM);   // and the object is as it was
 *     }
 *     cr_expect(rc == HINT_OK);
 *
 * Only calls of malloc, calloc and realloc from our own objects are seen, and only those of the
 * calling thread: `support_heap` makes the linker wrap them. */
#ifndef TESTS_SUPPORT_HEAP_H
#define TESTS_SUPPORT_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* From now on allocation `n` fails, counted from 0; the others succeed. */
void heap_fail_at(size_t n);

/* All allocations succeed again. Returns whether one failed since heap_fail_at. */
bool heap_restore(void);

/* Allocations since the thread began, failed ones included. */
size_t heap_calls(void);

#endif
