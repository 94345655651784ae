/* How far a session has come, and how its hints did so far: for workers that decide what more to
 * fetch. Counted from what the recorders publish, a touch once, so that a look costs what is new
 * since the look before. The read path knows nothing of it.
 *
 * Behind the database's lock, but for preload_progress_look, which takes it: any thread. */
#ifndef VFS_PROGRESS_H
#define VFS_PROGRESS_H

#include "hints/forecast.h"

struct connection;
struct database;

/* Pages, each counted once, whichever connections touched it. */
struct progress_counts {
    size_t touched;  /* first touches of the session */
    size_t judged;   /* the first of them, up to HINT_TRIAL_TOUCHES_MAX */
    size_t known;    /* of those judged, foreseen */
    size_t used;     /* of those read, fetched before */
    size_t late;     /* planned, but not fetched by then */
    size_t demanded; /* not planned */
    bool is_over;    /* memory ran out: they stay as they are */
};

/* Zeroed is one that has not begun. */
struct progress {
    bool begun;
    struct hint_bitmap touched;
    struct hint_bitmap planned;
    struct hint_bitmap fetched;
    size_t fetched_requests; /* of the queue, in `fetched` */
    const struct hint_forecast *forecast;
    struct progress_counts counts;
};

/* Begins to count; `forecast` (NULL: nothing is foreseen) stays while the first touches are judged.
 * Foreseen pages that are `elsewhere` (may be NULL), in the log, count as planned: nothing is wrong
 * with the hints of them. The database's plan is ready. Takes the lock. */
void preload_progress_begin(struct database *database, const struct hint_forecast *forecast,
                            const struct hint_runs *elsewhere);

/* The counts now. Any thread. */
struct progress_counts preload_progress_look(struct database *database);

/* Whether the session had touched all pages of a run when it was last looked at. Any thread. */
bool preload_progress_has(struct database *database, struct hint_run run);

/* Counts what a connection recorded since the last time. */
void preload_progress_take(struct database *database, struct connection *connection);

void preload_progress_free(struct progress *progress);

#endif
