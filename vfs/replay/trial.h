/* Hints on probation: where a database's evidence is not that which its hints were learnt on, a
 * part of them is fetched, and what the session then reads decides on the rest. The same looks end
 * a replay that hardly anything is used of.
 *
 * Between the thread that begins it and the task that looks again: one thread at a time. */
#ifndef VFS_TRIAL_H
#define VFS_TRIAL_H

#include "hints/forecast.h"
#include "vfs/process/pool.h"

struct database;

/* Zeroed is a trial that has not begun. */
struct trial {
    enum hint_trust trust;
    struct hint_evidence learnt; /* what the hints were learnt on */
    struct hint_forecast
        forecast;      /* what the first touches are compared with; empty once decided */
    uint64_t touches;  /* of the session, when last looked at */
    uint64_t planned;  /* of them, of planned pages */
    uint64_t pause_us; /* before the next look */
};

enum trial_result {
    TRIAL_OPEN,  /* nothing can be said yet: look again */
    TRIAL_GOOD,  /* everything may be fetched that is due */
    TRIAL_ENDED, /* nothing more is fetched; the prefetch has a final state */
};

/* Begins, with the plan ready; takes what the forecast holds. `elsewhere` as in
 * preload_progress_begin. */
void preload_trial_begin(struct database *database, enum hint_trust trust,
                         const struct hint_evidence *learnt, struct hint_forecast *forecast,
                         const struct hint_runs *elsewhere);

/* Looks at what the session has read. What it read of page 1 counts more than the evidence found at
 * the open. A trial that ends, badly or with the record window, is logged; the prefetch is then
 * cancelled and aborted. */
enum trial_result preload_trial_look(struct database *database);

/* Has the task run again, after TRIAL_PAUSE_US while the session reads what is planned, and after
 * longer and longer while it does not: up to TRIAL_PAUSE_US_ELSEWHERE while it reads, up to
 * TRIAL_PAUSE_US_MOST while it rests. `threads_max` as in preload_pool_submit, which it answers
 * like. */
#define TRIAL_PAUSE_US           UINT64_C(500)
#define TRIAL_PAUSE_US_ELSEWHERE UINT64_C(4000)
#define TRIAL_PAUSE_US_MOST      UINT64_C(100000)
bool preload_trial_again(struct database *database, struct pool_task *task, unsigned threads_max);

/* Whether the record window is over: nothing more is recorded, so nothing more comes due. */
bool preload_trial_window_is_over(const struct database *database);

/* The prefetch has a final state: nothing is counted or compared any more. Twice is harmless. */
void preload_trial_end(struct database *database);

#endif
