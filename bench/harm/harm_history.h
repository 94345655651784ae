/* Makes hints that do not fit the session that is measured. One thread at a time.
 *
 * Useless ones are learnt, by sessions of the other half (bench/harm/harm_data.h). The two below
 * name every page of the database. Somebody might put them there; a store or an engine might send
 * them that takes a backup for a session. */
#ifndef BENCH_HARM_HISTORY_H
#define BENCH_HARM_HISTORY_H

#include <stdint.h>

enum harm_history { HARM_USELESS, HARM_POISONED, HARM_WHOLE, HARM_HISTORY_COUNT };

extern const char *const harm_history_names[HARM_HISTORY_COUNT];

enum harm_history_status {
    HARM_HISTORY_OK = 0,
    HARM_HISTORY_NOMEM = -1,
    HARM_HISTORY_IO = -2,     /* the file, or one that is no sidecar */
    HARM_HISTORY_REFUSED = -3 /* preload did not take it */
};

/* Replaces the history of a sidecar: eight sessions needed every page of the database, in an order
 * that is drawn from the seed. The database stays the one that the sidecar was learnt on, so that
 * nothing speaks against it. Also HARM_HISTORY_IO where the sidecar does not say how many pages
 * the database has. */
int harm_history_poison(const char *sidecar, uint64_t seed);

/* Hands preload four requests that name every page of the database, in its order, and saves them
 * beside it. */
int harm_history_import_all(const char *database, uint32_t pages);

/* A sentence about a status. */
const char *harm_history_message(int status);

#endif
