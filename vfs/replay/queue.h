/* The requests of a plan, in the order in which they are fetched.
 *
 * A request is a run of the plan, or a piece of one. It is queued when its group comes due, and
 * then begun; what was begun stays so. One thread at a time releases and begins; the other calls:
 * any thread, once the queue is prepared. */
#ifndef VFS_QUEUE_H
#define VFS_QUEUE_H

#include <stdatomic.h>

#include "hints/plan.h"

/* Zeroed is a queue of no plan. */
struct queue {
    struct hint_plan plan;
    uint32_t page_size;
    bool by_page;              /* no request is more than a page */
    struct hint_run *requests; /* of DEVICE_PIECE_BYTES at most */
    size_t len;                /* when all of the plan is in it */
    atomic_bool *spared;       /* a request: the session had read all of it, nothing was fetched */
    bool *released;            /* a group: it is queued */
    atomic_size_t queued;      /* requests that may be begun */
    atomic_size_t begun;       /* of these, those that were */
    atomic_bool paused;        /* no more are begun for the time being */
};

/* Makes room for the plan's requests. False: no memory. */
bool preload_queue_prepare(struct queue *queue);

/* Frees the plan, too. Twice is harmless. */
void preload_queue_free(struct queue *queue);

/* Takes over `len` requests that were fetched already, as the whole plan. */
void preload_queue_set_fetched(struct queue *queue, struct hint_run *requests, size_t len);

/* Queues those of the first `groups` groups (more than there are: all) that are due after so many
 * touches of the session, in the plan's order; with `all_are_due` all of these. */
void preload_queue_release(struct queue *queue, size_t groups, uint64_t touches, bool all_are_due);

void preload_queue_pause(struct queue *queue, bool paused);

/* Requests that may be begun now. */
size_t preload_queue_ready(const struct queue *queue);

/* The number of the next request; it counts as begun after preload_queue_begin. */
size_t preload_queue_next(const struct queue *queue);
void preload_queue_begin(struct queue *queue);

/* Whether all requests were begun. */
bool preload_queue_is_begun(const struct queue *queue);

/* Sets down, and says, that a request was begun and not fetched, because the session had read its
 * pages. */
void preload_queue_spare(struct queue *queue, size_t request);
bool preload_queue_is_spared(const struct queue *queue, size_t request);

/* The pages of the requests that were begun and not spared, gaps included. Replaces what `out`
 * held. HINT_NOMEM. */
int preload_queue_fetched(struct hint_runs *out, const struct queue *queue);

#endif
