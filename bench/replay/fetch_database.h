/* The file that is read: an empty SQLite database by its page 1, and pages behind it that no b-tree
 * holds. One thread at a time. */
#ifndef BENCH_FETCH_DATABASE_H
#define BENCH_FETCH_DATABASE_H

#include <stdint.h>

/* Writes `pages` pages of FETCH_PAGE_BYTES (fetch_set.h) and syncs them. 0, or -1 with errno. */
int fetch_database_write(int fd, uint32_t pages);

#endif
