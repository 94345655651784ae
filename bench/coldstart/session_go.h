/* A session with the Gene Ontology as Bioconductor ships it (GO.sqlite, 86 MB): terms with their
 * parents, children, ancestors and offspring, and searches of synonyms. One thread at a time. */
#ifndef BENCH_SESSION_GO_H
#define BENCH_SESSION_GO_H

#include "bench/coldstart/session.h"

/* Runs the session of that seed. An SQLite result code; SQLITE_ERROR also for another schema. */
int session_go_run(sqlite3 *db, uint64_t seed, struct session *out);

#endif
