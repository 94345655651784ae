/* What a policy wants fetched: groups of pages, in order. A group is issued as a whole, sorted, so
 * that a device gets few large requests. It is issued once the session has made `due` touches. A
 * page may be named twice; a replay fetches it once. One thread at a time. */
#ifndef BENCH_REPLAY_PLAN_H
#define BENCH_REPLAY_PLAN_H

#include <stddef.h>
#include <stdint.h>

enum replay_status { REPLAY_OK = 0, REPLAY_NOMEM = -1 };

#define REPLAY_GROUP_PAGES_FIRST 16
#define REPLAY_GROUP_PAGES_MAX   256

/* Pages [first, first + len) of the plan. */
struct replay_group {
    size_t first;
    size_t len;
    size_t due; /* touches of the session; 0: at once */
};

/* Zeroed is a valid empty plan. */
struct replay_plan {
    uint32_t *pgnos;
    size_t len;
    size_t cap;
    struct replay_group *groups;
    size_t group_count;
    size_t group_cap;
    size_t ask_at; /* touches after which the policy wants to be asked again; 0: never */
};

void replay_plan_free(struct replay_plan *plan);

/* Appends one group; of no pages none. REPLAY_NOMEM. */
int replay_plan_add(struct replay_plan *plan, const uint32_t *pgnos, size_t count, size_t due);

/* Appends pages in the order in which they are wanted, in groups that double from
 * REPLAY_GROUP_PAGES_FIRST to REPLAY_GROUP_PAGES_MAX. REPLAY_NOMEM. */
int replay_plan_add_in_order(struct replay_plan *plan, const uint32_t *pgnos, size_t count);

#endif
