/* Hints on probation: where a database's evidence is not that which its hints were learnt on, a
 * part of them is fetched, and what the session then reads decides on the rest. The same looks end
 * a replay that hardly anything is used of. Thresholds are those of hints/evidence.h.
 *
 * It judges and acts on nothing. One thread at a time. */
#ifndef VFS_TRIAL_H
#define VFS_TRIAL_H

#include "hints/forecast.h"
#include "vfs/preload.h"
#include "vfs/replay/progress.h"

struct trial {
    enum hint_trust trust;
    struct hint_evidence learnt;   /* what the hints were learnt on */
    struct hint_forecast forecast; /* what the first touches are compared with, until then */
    bool is_decided;               /* page 1, or the touches, have spoken for the hints */
    bool pauses;                   /* no more is begun until the verdict */
    enum preload_reason reason;    /* of the end */
    const char *why;               /* of the end, in words */
};

/* What it is judged by. */
struct trial_facts {
    struct progress_counts counts;
    struct hint_evidence found; /* page 1 as the session read it; page_size 0: not yet */
    bool may_fetch;             /* requests may be begun without a verdict */
    bool is_recorded;           /* touches are recorded */
    bool window_is_over;        /* and no more will be */
};

enum trial_result {
    TRIAL_OPEN,  /* nothing can be said yet: look again */
    TRIAL_GOOD,  /* everything may be fetched that is due */
    TRIAL_ENDED, /* nothing more may be fetched; `reason` and `why` say why */
};

/* Begins; takes what the forecast holds. */
void preload_trial_begin(struct trial *trial, enum hint_trust trust,
                         const struct hint_evidence *learnt, struct hint_forecast *forecast);

/* What the facts say. What the session read of page 1 counts more than the evidence found at the
 * open. */
enum trial_result preload_trial_judge(struct trial *trial, const struct trial_facts *facts);

/* Frees the forecast. Twice is harmless. */
void preload_trial_end(struct trial *trial);

#endif
