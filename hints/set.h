/* A hint set is what travels: sparse page numbers plus compact ranges (`SqlitePreloadHints` on the
 * wire).
 *
 * A set that we make is the smallest encoding of a run list: a run of three or more pages is a
 * range (8 bytes), a shorter one is page numbers (4 bytes each); both sorted, nothing twice. A set
 * from outside is checked by hint_set_check before anything else is done with it. Pure; memory
 * belongs to the set. */
#ifndef HINTS_SET_H
#define HINTS_SET_H

#include "hints/run.h"

/* Zeroed is a valid empty set. */
struct hint_set {
    uint32_t *pgnos;
    size_t pgno_count;
    struct hint_run *ranges;
    size_t range_count;
};

/* The most page numbers and the most ranges that are accepted from outside. */
struct hint_set_cap {
    size_t pgnos_max;
    size_t ranges_max;
};

void hint_set_free(struct hint_set *set);

/* The smallest encoding of the runs. Replaces what `out` held. HINT_NOMEM. */
int hint_set_of_runs(struct hint_set *out, const struct hint_runs *runs);

/* The pages of a set that hint_set_check accepted: unsorted, duplicate and overlapping input is
 * normalised. Replaces what `out` held. HINT_NOMEM. */
int hint_set_to_runs(struct hint_runs *out, const struct hint_set *set);

/* HINT_OK, or HINT_INVALID (page number 0, a page number past HINT_PGNO_MAX, an empty range, a
 * range that starts at 0 or ends past HINT_PGNO_MAX) or HINT_FULL (more than the cap). `*why` is
 * set to a constant sentence that names the first fault, to NULL when there is none. */
int hint_set_check(const struct hint_set *set, struct hint_set_cap cap, const char **why);

#endif
