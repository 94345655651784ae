/* How far a session has come, and how its hints did so far: for workers that decide what more to
 * fetch. Counted from what the recorders publish, so that a look costs what is new since the look
 * before. The read path knows nothing of it.
 *
 * Any thread, once it began. Its lock is never held beside the session's. */
#ifndef VFS_PROGRESS_H
#define VFS_PROGRESS_H

#include <pthread.h>

#include "hints/forecast.h"
#include "vfs/replay/queue.h"
#include "vfs/session/session.h"

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

struct progress {
    pthread_mutex_t lock; /* what follows */
    bool begun;
    struct hint_bitmap touched;
    struct hint_bitmap planned;
    struct hint_bitmap fetched;
    size_t fetched_requests; /* of the queue, in `fetched` */
    const struct hint_forecast *forecast;
    struct progress_counts counts;
};

/* Before any other call, on zeroed memory. */
void preload_progress_init(struct progress *progress);
void preload_progress_free(struct progress *progress);

/* Begins to count; `forecast` (NULL: nothing is foreseen) stays until preload_progress_decided.
 * Foreseen pages in `in_log` (may be NULL), the write-ahead log, count as planned: nothing is wrong
 * with the hints of them. */
void preload_progress_begin(struct progress *progress, const struct queue *queue,
                            const struct hint_forecast *forecast, const struct hint_runs *in_log);

/* The forecast is looked at no longer. */
void preload_progress_decided(struct progress *progress);

/* Counts what is new, and gives the counts. */
struct progress_counts preload_progress_look(struct progress *progress, const struct queue *queue,
                                             struct session *session);

/* Whether the session had touched all pages of a run when it was last looked at. */
bool preload_progress_has(struct progress *progress, struct hint_run run);

/* Frees the bitmaps; nothing is counted any more. Twice is harmless. */
void preload_progress_end(struct progress *progress);

#endif
