/* Runs a session of lookups over a real database, as a program does that shows one thing after
 * another, each with what is related to it. The schema decides which queries it runs
 * (bench/coldstart/session_go.h, session_hs.h).
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
