/* A plan says what to fetch, in order: groups of runs. Groups follow the first-touch order; inside
 * a group, runs are sorted by page and joined, because a sorted group is faster on every device and
 * a group is small enough that its last page is not late. Interior b-tree pages come in groups of
 * their own, first: they are few and every lookup walks them. Pure. */
#ifndef HINTS_PLAN_H
#define HINTS_PLAN_H

#include "hints/history.h"

#define HINT_GROUP_PAGES_MAX 256

/* Groups begin with this many wanted pages and double: the first query waits for few others. */
#define HINT_GROUP_PAGES_FIRST 16

_Static_assert(HINT_GROUP_PAGES_FIRST << 4 == HINT_GROUP_PAGES_MAX,
               "the plan has room for as many short groups");

/* The database that the plan is for, as found at open. */
struct hint_database {
    uint32_t page_size; /* bytes: a power of two, 512..65536 */
    uint32_t page_count;
};

struct hint_costs {
    uint32_t probability_min_ppm; /* a page at or below it is not worth its fetch; 100000 on a local
                                     disk */
    uint32_t gap_pages_max;       /* fetch a gap of up to this many pages rather than ask twice */
    uint32_t group_pages_max;     /* 1..HINT_GROUP_PAGES_MAX wanted pages a group */
};

struct hint_budget {
    uint64_t bytes_max; /* of what is fetched, bridged gaps included */
};

/* Runs [first, first + len) of the plan. */
struct hint_group {
    size_t first;
    size_t len;
};

/* Zeroed is a valid empty plan. No page is named twice, none lies past the database's end, none is
 * in `elsewhere`, none is the page of the lock byte; the pages of all runs times the page size stay
 * within the budget. */
struct hint_plan {
    struct hint_run *runs;
    size_t run_count;
    struct hint_group *groups;
    size_t group_count;
    uint64_t page_count; /* to fetch, gaps included */
};

void hint_plan_free(struct hint_plan *plan);

/* Makes the plan; what `out` held is replaced. `elsewhere` (may be NULL) lists pages whose content
 * is not in the database file (they live in the WAL). Over budget, the most probable pages stay.
 * HINT_NOMEM. */
int hint_plan_make(struct hint_plan *out, const struct hint_history *history,
                   struct hint_database database, struct hint_costs costs,
                   struct hint_budget budget, const struct hint_runs *elsewhere);

/* The page that holds the lock bytes (offset 2^30), which SQLite never uses. */
uint32_t hint_lock_page(uint32_t page_size);

#endif
