/* A database of the shape of org.Hs.eg.sqlite, a hundredth of its size: for tests of what runs over
 * it. */
#ifndef TESTS_BENCH_SMALL_HS_H
#define TESTS_BENCH_SMALL_HS_H

/* Makes the database: 1,000 genes. An SQLite result code. */
int small_hs_make(const char *path);

#endif
