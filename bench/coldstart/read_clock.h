/* Measures how long each page read of SQLite takes. It wraps xRead of one open database file,
 * whatever its VFS is. A process has one read clock. One thread at a time. */
#ifndef BENCH_READ_CLOCK_H
#define BENCH_READ_CLOCK_H

#include <sqlite3.h>
#include <stdint.h>

/* Begins anew with the database "main" of this connection, before it is read. Reads of less than
 * 512 bytes, which are of no page, are left out, and so are those after the first million. An
 * SQLite result code. */
int read_clock_start(sqlite3 *db);

/* The time that `per_mille` of 1000 reads did not exceed, in nanoseconds; 0 of no reads. */
uint64_t read_clock_quantile(unsigned per_mille);

/* Frees what it remembers. The database must be closed. */
void read_clock_stop(void);

#endif
