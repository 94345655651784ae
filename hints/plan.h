/* A plan says what to fetch, in which order, and when: groups of runs, each with the number of
 * first touches after which it is due.
 *
 * A page is worth its fetch if p x cost of a miss > cost of the fetch; then the budget binds. Page
 * 1 and the interior b-tree pages need not be worth it: they are few, every lookup walks them, and
 * they survive every budget (the structural floor). Pages follow each other by place /
 * probability^(1/4), so that what is unlikely waits. Inside a group runs are sorted by page and
 * joined, because a sorted group is faster on every device and a group is small enough that its
 * last page is not late; pages of later groups that stand beside a run go along with it.
 *
 * No group is due before the session comes near its pages' usual place: a session that ends early
 * has then not paid for what comes late in others. Pure. */
#ifndef HINTS_PLAN_H
#define HINTS_PLAN_H

#include "hints/forecast.h"

#define HINT_GROUP_PAGES_MAX 64

/* Groups begin with this many wanted pages and double: the first query waits for few others. */
#define HINT_GROUP_PAGES_FIRST 16

/* Pages of 4 KiB that one request may ask Linux for. */
#define HINT_RUN_PAGES_MAX 32

/* The database that the plan is for, as found at open. */
struct hint_database {
    uint32_t page_size; /* bytes: a power of two, 512..65536 */
    uint32_t page_count;
};

/* What is under the database, as measured or assumed. */
struct hint_device {
    uint64_t latency_ns; /* of a request */
    uint64_t page_ns;    /* to transfer one page */
    uint32_t parallel;   /* requests served at once; at least 1 */
    bool list;           /* a request may name any pages */
};

struct hint_costs {
    uint32_t probability_min_ppm; /* a page at or below it is not worth its fetch; at least 1 */
    uint32_t lookahead;           /* touches by which a fetch may run ahead of the session */
    uint32_t budget_percent;      /* of the usual session's pages, when the budget is left to us */
    uint32_t gap_pages_max;       /* fetch a gap of up to this many pages rather than ask twice */
    uint32_t run_pages_max;       /* chosen pages that stand together are fetched together, whatever
                                     their places; up to so many. 0: in their places */
    uint32_t group_pages_max;     /* 1..HINT_GROUP_PAGES_MAX wanted pages a group */
};

/* All of them follow from one ratio: what a fetch costs the device (a transfer where a request
 * takes a list, else the greater of a transfer and one of the parallel slots) over what a miss
 * costs. */
struct hint_costs hint_costs_of(const struct hint_device *device);

struct hint_budget {
    uint64_t bytes_max; /* of what is fetched, bridged gaps included */
};

/* Three times the usual session where a fetch costs a sixteenth of a miss, more where it costs less
 * (by the root), never more than `bytes_max`. */
struct hint_budget hint_budget_of(const struct hint_forecast *forecast, struct hint_costs costs,
                                  struct hint_database database, uint64_t bytes_max);

/* Runs [first, first + len) of the plan. */
struct hint_group {
    size_t first;
    size_t len;
    uint32_t due; /* first touches of the session before it may be fetched; 0: at once */
};

/* Zeroed is a valid empty plan. No page is named twice, none lies past the database's end, none is
 * in `excluded`, none is the page of the lock byte; the pages of all runs times the page size stay
 * within the budget. Of the groups that are due the first in order is fetched next; a group may be
 * due before one that precedes it. */
struct hint_plan {
    struct hint_run *runs;
    size_t run_count;
    struct hint_group *groups;
    size_t group_count;
    size_t proven_from;  /* groups from here on wait for a good verdict (hints/evidence.h) */
    uint64_t page_count; /* to fetch, gaps included */
};

void hint_plan_free(struct hint_plan *plan);

/* Makes the plan. Before a verdict a trial may fetch what costs as much as four misses; where the
 * file shrank, too, the floor and what costs as much as one. What `out` held is replaced.
 * `excluded` (may be NULL) lists pages whose content is not in the database file (they live in the
 * WAL). Over budget, the floor and the most probable pages stay. With HINT_TRUST_NONE the plan is
 * empty. HINT_NOMEM. */
int hint_plan_make(struct hint_plan *out, const struct hint_forecast *forecast,
                   struct hint_database database, struct hint_costs costs,
                   struct hint_budget budget, enum hint_trust trust,
                   const struct hint_runs *excluded);

#endif
