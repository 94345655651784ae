/* Sorting in place: the C library's qsort allocates. *Pure*. */
#ifndef HINTS_SORT_H
#define HINTS_SORT_H

#include <stddef.h>

/* As qsort. Equal items end in any order. */
void hint_sort(void *items, size_t count, size_t bytes,
               int (*compare)(const void *a, const void *b));

#endif
