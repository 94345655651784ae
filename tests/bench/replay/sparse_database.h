/* A database file as the benchmark replay reads it, but for the pages behind page 1, which are
 * holes: large enough for a set, written in no time. */
#ifndef TESTS_BENCH_SPARSE_DATABASE_H
#define TESTS_BENCH_SPARSE_DATABASE_H

#include <stdint.h>

/* Makes it under that name, with so many pages (at least 1). 0 or -1. */
int sparse_database_make(const char *path, uint32_t pages);

#endif
