/* Makes a plan: choose the pages, order them, cut the order into groups, and write each group as
 * runs.
 *
 * The budget is spent on the chosen pages first. What it leaves over is the slack that bridged gaps
 * may use, in pages that were not chosen. */
#include "hints/plan.h"

#include <assert.h>
#include <string.h>

#include "hints/bitmap.h"
#include "hints/format/header.h"
#include "hints/memory.h"
#include "hints/order.h"
#include "hints/sort.h"

#define PLAN_PPM UINT64_C(1000000)

/* Touches by which a fetch runs ahead, times what it costs of a miss: 160 where it costs a
 * sixteenth. Measured by the policy benchmark: half as much stalls, twice as
 * much wastes. */
#define LOOKAHEAD_MISSES 10

/* The budget is so much times the root of how many fetches cost as much as a miss: three times the
 * usual session where these are sixteen. */
#define BUDGET_PERCENT_A_ROOT 75

#define GAP_PAGES_MOST 4

/* From this group on chosen pages beside a run go along with it. */
#define GROUP_WITH_NEIGHBOURS 2

/* What may be fetched before a verdict, in misses that it may cost. */
#define TRIAL_MISSES 4
#define FLOOR_MISSES 2

/* A page that may go into the plan, and its place in it. */
struct candidate {
    struct hint_guess guess;
    double key;     /* place^4 / probability */
    uint32_t stage; /* 0 is due at once */
    bool is_floor;
    bool is_first; /* of the floor, which comes first where nothing else is trusted */
};

/* A group and its place in the plan: that of its first page. */
struct placed_group {
    struct hint_group group;
    double key;
    bool is_first;
};

struct planner {
    struct hint_plan plan;
    struct placed_group *groups; /* plan.group_count of them */
    struct hint_bitmap chosen;   /* the pages that are to be planned */
    struct hint_bitmap planned;  /* the pages of plan.runs */
    struct hint_costs costs;
    const struct hint_runs *excluded;
    uint32_t lock_page;
    uint64_t slack_pages; /* what the budget leaves for gaps */
};

struct hint_costs hint_costs_of(const struct hint_device *device)
{
    const uint64_t slot_ns = device->latency_ns / device->parallel;
    const uint64_t miss_ns = device->latency_ns + device->page_ns;
    const bool transfers = device->list || device->page_ns > slot_ns;
    const uint64_t fetch_ns = transfers ? device->page_ns : slot_ns;
    uint64_t ppm = miss_ns ? fetch_ns * PLAN_PPM / miss_ns : PLAN_PPM;
    struct hint_costs costs = { .group_pages_max = HINT_GROUP_PAGES_MAX };
    uint64_t misses = 0; /* root of how many fetches cost as much as a miss */

    if (ppm == 0) ppm = 1;
    while (misses * misses < PLAN_PPM / ppm)
        misses++;
    costs.probability_min_ppm = (uint32_t)ppm;
    costs.lookahead = (uint32_t)(LOOKAHEAD_MISSES * PLAN_PPM / ppm);
    costs.budget_percent = (uint32_t)(misses * BUDGET_PERCENT_A_ROOT);
    if (!device->list) costs.run_pages_max = HINT_RUN_PAGES_MAX;
    if (!device->list && device->page_ns > 0) {
        /* A sixteenth of what would pay for itself: bytes are not free for the others. */
        uint64_t gap = slot_ns / device->page_ns / 16;

        costs.gap_pages_max = gap < GAP_PAGES_MOST ? (uint32_t)gap : GAP_PAGES_MOST;
    }
    return costs;
}

struct hint_budget hint_budget_of(const struct hint_forecast *forecast, struct hint_costs costs,
                                  struct hint_database database, uint64_t bytes_max)
{
    uint64_t pages = (uint64_t)forecast->usual_pages * costs.budget_percent / 100;
    uint64_t bytes = pages * database.page_size;

    return (struct hint_budget){ bytes < bytes_max ? bytes : bytes_max };
}

/* Stage 0 is what the look-ahead covers from the start; each further stage is a quarter of it wide,
 * so that a stage is due within an eighth of when its pages are. */
static uint32_t stage_of(uint32_t rank, uint32_t lookahead)
{
    uint32_t width = lookahead / 4 ? lookahead / 4 : 1;

    return rank < lookahead ? 0 : 1 + (rank - lookahead) / width;
}

static uint32_t due_of(uint32_t stage, uint32_t lookahead)
{
    uint32_t width = lookahead / 4 ? lookahead / 4 : 1;

    return stage == 0 ? 0 : (stage - 1) * width + width / 2;
}

static bool page_is_allowed(const struct planner *planner, uint32_t pgno)
{
    return pgno != planner->lock_page && !hint_runs_contains(planner->excluded, pgno);
}

/* The order of the plan. No two groups have the same first run. */
static int compare_groups(const void *a, const void *b)
{
    const struct placed_group *x = a;
    const struct placed_group *y = b;

    if (x->is_first != y->is_first) return x->is_first ? -1 : 1;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->group.first > y->group.first) - (x->group.first < y->group.first);
}

static int compare_fetched(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static bool is_floor(const struct hint_guess *guess)
{
    return guess->pgno == 1 || guess->page_class == HINT_CLASS_INTERIOR;
}

static struct candidate candidate_of(const struct hint_guess *guess, struct hint_costs costs,
                                     enum hint_trust trust)
{
    const double rank = guess->rank;
    struct candidate candidate = { .guess = *guess, .is_floor = is_floor(guess) };

    candidate.key = rank * rank * rank * rank / (candidate.is_floor ? 1 : guess->ppm / 1e6 + 1e-6);
    candidate.is_first = candidate.is_floor && trust == HINT_TRUST_FLOOR;
    candidate.stage = candidate.is_first ? 0 : stage_of(guess->rank, costs.lookahead);
    return candidate;
}

/* The floor first, then the more probable, at equal probability the earlier. */
static uint64_t worth_of(const struct hint_guess *guess)
{
    assert(guess->ppm <= PLAN_PPM);
    return (is_floor(guess) ? 0 : (PLAN_PPM + 1 - guess->ppm) << 32) | guess->rank;
}

/* The order in which pages are put into groups. */
static uint64_t place_of(const struct candidate *candidate)
{
    const float key = (float)candidate->key; /* not negative, so its bits are in order */
    uint32_t bits;

    memcpy(&bits, &key, sizeof bits);
    return (candidate->is_first ? 0 : UINT64_C(1) << 63) | (uint64_t)candidate->stage << 31 | bits;
}

/* The pages that are worth a fetch and have their content in the database file. Returns how many.
 */
static size_t list_worthy(struct hint_place *out, const struct planner *planner,
                          const struct hint_forecast *forecast, uint32_t page_count)
{
    size_t len = 0;

    for (size_t i = 0; i < forecast->len; i++) {
        const struct hint_guess *guess = &forecast->pages[i];

        if (guess->pgno > page_count) break;
        if (!is_floor(guess) && guess->ppm <= planner->costs.probability_min_ppm) continue;
        if (page_is_allowed(planner, guess->pgno))
            out[len++] = (struct hint_place){ worth_of(guess), (uint32_t)i };
    }
    return len;
}

/* The best `pages_max` pages in the plan's order: `*out` is to be freed. */
static int choose(struct candidate **out, size_t *len, const struct planner *planner,
                  const struct hint_forecast *forecast, enum hint_trust trust, uint32_t page_count,
                  uint64_t pages_max)
{
    struct hint_place *places = hint_malloc((2 * forecast->len + 1) * sizeof(*places));
    struct hint_place *scratch;

    if (!places) return HINT_NOMEM;
    scratch = places + forecast->len;
    *len = list_worthy(places, planner, forecast, page_count);
    if (*len > pages_max) {
        hint_order(places, scratch, *len);
        *len = (size_t)pages_max;
    }
    for (size_t i = 0; i < *len; i++) {
        const struct candidate candidate =
            candidate_of(&forecast->pages[places[i].index], planner->costs, trust);

        places[i].key = place_of(&candidate);
    }
    hint_order(places, scratch, *len);
    *out = hint_calloc(*len + 1, sizeof(**out));
    for (size_t i = 0; i < *len && *out; i++)
        (*out)[i] = candidate_of(&forecast->pages[places[i].index], planner->costs, trust);
    hint_free(places);
    return *out ? HINT_OK : HINT_NOMEM;
}

/* Whether the pages [first, end) between two wanted ones may be fetched along with them; how many
 * of them were not chosen comes out. */
static bool gap_is_bridged(uint64_t *unchosen, const struct planner *planner, uint64_t first,
                           uint64_t end)
{
    *unchosen = 0;
    if (end - first > planner->costs.gap_pages_max) return false;
    for (uint64_t pgno = first; pgno < end; pgno++) {
        if (!page_is_allowed(planner, (uint32_t)pgno)) return false;
        if (hint_bitmap_has(&planner->planned, (uint32_t)pgno)) return false;
        *unchosen += !hint_bitmap_has(&planner->chosen, (uint32_t)pgno);
    }
    return *unchosen <= planner->slack_pages;
}

/* Whether a page is to be planned, and is not yet. */
static bool is_open(const struct planner *planner, uint64_t pgno)
{
    return pgno >= 1 && pgno <= HINT_PGNO_MAX &&
           hint_bitmap_has(&planner->chosen, (uint32_t)pgno) &&
           !hint_bitmap_has(&planner->planned, (uint32_t)pgno);
}

/* The stretch of chosen pages around one that is fetched: they cost less along with it than in
 * requests of their own, whatever their place is. Not in the first groups, which the first query
 * waits for. */
static struct hint_run stretch_around(const struct planner *planner, uint32_t pgno)
{
    struct hint_run run = { pgno, 1 };

    if (planner->plan.group_count < GROUP_WITH_NEIGHBOURS) return run;
    while (run.count < planner->costs.run_pages_max && is_open(planner, hint_run_end(run)))
        run.count++;
    while (run.count < planner->costs.run_pages_max && is_open(planner, run.first - 1)) {
        run.first--;
        run.count++;
    }
    return run;
}

/* Adds a stretch of wanted pages to a group: to its last run, the gap included, or as a run of its
 * own. */
static int group_add(struct planner *planner, struct hint_group *group, struct hint_run stretch)
{
    struct hint_plan *plan = &planner->plan;
    struct hint_run *last = group->len > 0 ? &plan->runs[plan->run_count - 1] : NULL;
    const uint64_t end = hint_run_end(stretch);
    uint64_t first = stretch.first;
    uint64_t unchosen;

    if (last && hint_run_end(*last) <= first &&
        gap_is_bridged(&unchosen, planner, hint_run_end(*last), first)) {
        first = hint_run_end(*last);
        planner->slack_pages -= unchosen;
        last->count += (uint32_t)(end - first);
    } else {
        plan->runs[plan->run_count++] = stretch;
        group->len++;
    }
    plan->page_count += end - first;
    for (; first < end; first++)
        if (hint_bitmap_add(&planner->planned, (uint32_t)first) != HINT_OK) return HINT_NOMEM;
    return HINT_OK;
}

static int group_write(struct planner *planner, uint32_t *pgnos, size_t count,
                       const struct candidate *first)
{
    struct hint_plan *plan = &planner->plan;
    struct hint_group group = { plan->run_count, 0,
                                due_of(first->stage, planner->costs.lookahead) };
    int rc = HINT_OK;

    if (count == 0) return HINT_OK;
    hint_sort(pgnos, count, sizeof(*pgnos), compare_fetched);
    for (size_t i = 0; i < count && rc == HINT_OK; i++)
        if (is_open(planner, pgnos[i]))
            rc = group_add(planner, &group, stretch_around(planner, pgnos[i]));
    planner->groups[plan->group_count++] =
        (struct placed_group){ group, first->key, first->is_first };
    return rc;
}

static bool belong_together(const struct candidate *a, const struct candidate *b)
{
    return a->is_first == b->is_first && a->stage == b->stage;
}

/* Cuts the pages of each stage into groups and writes them. */
static int write_groups(struct planner *planner, const struct candidate *pages, size_t len)
{
    uint32_t pgnos[HINT_GROUP_PAGES_MAX];
    uint32_t group_max = HINT_GROUP_PAGES_FIRST;
    size_t next = 0;
    int rc = HINT_OK;

    while (next < len && rc == HINT_OK) {
        const struct candidate *first = &pages[next];
        size_t count = 0;

        if (group_max > planner->costs.group_pages_max) group_max = planner->costs.group_pages_max;
        while (next < len && count < group_max && belong_together(first, &pages[next])) {
            if (is_open(planner, pages[next].guess.pgno)) pgnos[count++] = pages[next].guess.pgno;
            next++;
        }
        rc = group_write(planner, pgnos, count, first);
        group_max *= 2;
    }
    return rc;
}

/* Plans the chosen pages, which are in order. */
static int planner_write(struct planner *planner, const struct candidate *chosen, size_t len)
{
    struct hint_plan *plan = &planner->plan;
    int rc;

    if (len == 0) return HINT_OK;
    plan->runs = hint_calloc(len, sizeof(*plan->runs));
    plan->groups = hint_calloc(len, sizeof(*plan->groups));
    planner->groups = hint_calloc(len, sizeof(*planner->groups));
    if (!plan->runs || !plan->groups || !planner->groups) return HINT_NOMEM;
    for (size_t i = 0; i < len; i++)
        if (hint_bitmap_add(&planner->chosen, chosen[i].guess.pgno) != HINT_OK) return HINT_NOMEM;
    rc = write_groups(planner, chosen, len);
    hint_sort(planner->groups, plan->group_count, sizeof(*planner->groups), compare_groups);
    for (size_t i = 0; i < plan->group_count; i++)
        plan->groups[i] = planner->groups[i].group;
    return rc;
}

static uint64_t pages_of_group(const struct hint_plan *plan, const struct hint_group *group)
{
    uint64_t pages = 0;

    for (size_t i = group->first; i < group->first + group->len; i++)
        pages += plan->runs[i].count;
    return pages;
}

/* How many groups may be fetched before a verdict. */
static size_t unproven_groups(const struct hint_plan *plan, struct hint_costs costs,
                              enum hint_trust trust, size_t floor_pages)
{
    const uint64_t misses = trust == HINT_TRUST_TRIAL ? TRIAL_MISSES : FLOOR_MISSES;
    uint64_t most = misses * PLAN_PPM / costs.probability_min_ppm;
    uint64_t pages = 0;
    size_t count = 0;

    if (trust == HINT_TRUST_FULL) return plan->group_count;
    if (most < floor_pages) most = floor_pages;
    while (count < plan->group_count) {
        pages += pages_of_group(plan, &plan->groups[count]);
        if (pages > most) break;
        count++;
    }
    return count;
}

static size_t count_first(const struct candidate *chosen, size_t len)
{
    size_t count = 0;

    while (count < len && chosen[count].is_first)
        count++;
    return count;
}

void hint_plan_free(struct hint_plan *plan)
{
    hint_free(plan->runs);
    hint_free(plan->groups);
    *plan = (struct hint_plan){ 0 };
}

int hint_plan_make(struct hint_plan *out, const struct hint_forecast *forecast,
                   struct hint_database database, struct hint_costs costs,
                   struct hint_budget budget, enum hint_trust trust,
                   const struct hint_runs *excluded)
{
    static const struct hint_runs nowhere = { 0 };
    uint64_t pages_max = trust == HINT_TRUST_NONE ? 0 : budget.bytes_max / database.page_size;
    struct planner planner = { .costs = costs,
                               .excluded = excluded ? excluded : &nowhere,
                               .lock_page = hint_lock_page(database.page_size) };
    struct candidate *chosen = NULL;
    size_t len = 0;
    int rc;

    assert(costs.probability_min_ppm >= 1);
    assert(costs.group_pages_max >= 1);
    assert(costs.group_pages_max <= HINT_GROUP_PAGES_MAX);
    rc = choose(&chosen, &len, &planner, forecast, trust, database.page_count, pages_max);
    planner.slack_pages = pages_max - len;
    if (rc == HINT_OK) rc = planner_write(&planner, chosen, len);
    if (rc == HINT_OK) {
        struct hint_plan old = *out;

        planner.plan.proven_from =
            unproven_groups(&planner.plan, costs, trust, count_first(chosen, len));
        *out = planner.plan;
        planner.plan = old;
    }
    hint_plan_free(&planner.plan);
    hint_bitmap_free(&planner.chosen);
    hint_bitmap_free(&planner.planned);
    hint_free(planner.groups);
    hint_free(chosen);
    return rc;
}
