/* A run is a stretch of consecutive database pages; a run list is a set of pages, kept as runs.
 *
 * Normal form: sorted by first page, no run empty, no two runs overlap or touch. Every function
 * takes and leaves lists in normal form, so two lists hold the same pages exactly when they are
 * equal run by run.
 *
 * Pages are numbered from 1, as SQLite does; the last one is HINT_PGNO_MAX. Ranges are half-open: a
 * run is [first, hint_run_end(run)). Pure; memory belongs to the list. */
#ifndef HINTS_RUN_H
#define HINTS_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hints/format/header.h"
#include "hints/status.h"

struct hint_run {
    uint32_t first; /* pgno */
    uint32_t count; /* pages, at least 1 */
};

/* A zeroed list is a valid empty one. */
struct hint_runs {
    struct hint_run *items;
    size_t len;
    size_t cap;
};

/* The page after the run's last, in 64 bits: a run may end at the last page number. */
static inline uint64_t hint_run_end(struct hint_run run)
{
    return (uint64_t)run.first + run.count;
}

/* Gives the memory back and leaves the list empty; twice is harmless. */
void hint_runs_free(struct hint_runs *runs);

/* Empties the list and keeps its memory. */
void hint_runs_clear(struct hint_runs *runs);

/* Whether the list is in normal form and within 1..HINT_PGNO_MAX. */
bool hint_runs_is_normal(const struct hint_runs *runs);

/* Adds a run. HINT_INVALID: empty, page 0, or past HINT_PGNO_MAX. HINT_NOMEM. */
int hint_runs_add(struct hint_runs *runs, struct hint_run run);

/* Takes the pages of a run out. HINT_INVALID as in add; HINT_NOMEM (one run may become two). */
int hint_runs_cut(struct hint_runs *runs, struct hint_run run);

/* The runs of a list of page numbers in any order, duplicates allowed; `pgnos` is sorted in place.
 * Replaces what `out` held. HINT_INVALID: a page 0 or past HINT_PGNO_MAX. HINT_NOMEM. */
int hint_runs_of_pages(struct hint_runs *out, uint32_t *pgnos, size_t count);

/* out = a with b, a and b, a without b. `out` is neither a nor b; what it held is replaced.
 * HINT_NOMEM. */
int hint_runs_union(struct hint_runs *out, const struct hint_runs *a, const struct hint_runs *b);
int hint_runs_intersect(struct hint_runs *out, const struct hint_runs *a,
                        const struct hint_runs *b);
int hint_runs_subtract(struct hint_runs *out, const struct hint_runs *a, const struct hint_runs *b);

/* Joins runs that lie at most `gap_pages_max` pages apart, reading the gap being cheaper than a
 * second request. Runs only grow together, so this cannot fail. */
void hint_runs_bridge(struct hint_runs *runs, uint32_t gap_pages_max);

/* Drops every page past `page_count`, the database's size in pages. Cannot fail. */
void hint_runs_clip(struct hint_runs *runs, uint32_t page_count);

bool hint_runs_contains(const struct hint_runs *runs, uint32_t pgno);

/* Pages in the list. */
uint64_t hint_runs_pages(const struct hint_runs *runs);

#endif
