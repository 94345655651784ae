/* A database of the shape of GO.sqlite, a hundredth of its size: for tests of what runs over it. */
#ifndef TESTS_BENCH_SMALL_GO_H
#define TESTS_BENCH_SMALL_GO_H

/* A new directory under $TMPDIR or /var/tmp; `out` has 256 bytes. 0 or -1. Removing it is the
 * caller's, or small_go_remove()'s with all that is in it. */
int small_go_directory(char *out);
void small_go_remove(const char *directory);

/* Makes the database: 2,000 terms of all three ontologies. An SQLite result code. */
int small_go_make(const char *path);

#endif
