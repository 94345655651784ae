/* A session with the human genes as Bioconductor ships them (org.Hs.eg.sqlite, 344 MB): genes by
 * their Entrez number, each with its names, places, sequences, papers and annotations, and other
 * genes of the same annotation. Symbols have no index there, so nothing is looked up by them. One
 * thread at a time. */
#ifndef BENCH_SESSION_HS_H
#define BENCH_SESSION_HS_H

#include "bench/coldstart/session.h"

/* Runs the session of that seed. An SQLite result code; SQLITE_ERROR also for another schema. */
int session_hs_run(sqlite3 *db, uint64_t seed, struct session *out);

#endif
