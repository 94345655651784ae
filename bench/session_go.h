/* A session with the Gene Ontology as Bioconductor ships it (GO.sqlite, 86 MB): what a program asks
 * that looks terms up, one after another, and shows each with its surroundings.
 *
 * A session takes its keys from a seed: the same seed asks the same questions and gets the same
 * rows. Half of the terms it looks up are of two hundred popular ones, the most popular most often;
 * the other half may be any. One thread at a time. */
#ifndef BENCH_SESSION_GO_H
#define BENCH_SESSION_GO_H

#include <sqlite3.h>
#include <stdint.h>

struct session_go {
    uint64_t rows;
    uint64_t checksum;     /* of every value of every row, in order */
    uint64_t first_row_ns; /* CLOCK_MONOTONIC when the first row was there */
};

/* Runs the session of that seed. An SQLite result code; SQLITE_ERROR also for another schema. */
int session_go_run(sqlite3 *db, uint64_t seed, struct session_go *out);

#endif
