/* Writes the database file that the sessions read. Its page 1 is that of an empty SQLite database.
 * The pages after it belong to no b-tree. One thread at a time. */
#ifndef BENCH_FETCH_DATABASE_H
#define BENCH_FETCH_DATABASE_H

#include <stdint.h>

/* Writes `pages` pages of FETCH_PAGE_BYTES (fetch_set.h) and syncs them. 0, or -1 with errno. */
int fetch_database_write(int fd, uint32_t pages);

#endif
