/* A session over a real database: what a program asks that looks things up, one after another, and
 * shows each with its surroundings. The questions are the database's own, as session_go.h and
 * session_hs.h tell.
 *
 * A session takes its keys from a seed: the same seed asks the same questions and gets the same
 * rows. Half of what it looks up is of two hundred popular things, the most popular most often; the
 * other half may be any. One thread at a time. */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include <sqlite3.h>
#include <stdint.h>

struct session {
    uint64_t rows;
    uint64_t checksum;     /* of every value of every row, in order */
    uint64_t first_row_ns; /* CLOCK_MONOTONIC when the first row was there */
};

/* Runs the session of that seed, which the schema chooses. An SQLite result code; SQLITE_ERROR also
 * for a schema that is neither. */
int session_run(sqlite3 *db, uint64_t seed, struct session *out);

#endif
