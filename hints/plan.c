/* Makes a plan: choose the pages, order them, cut the order into groups, and write each group as
 * runs.
 *
 * The budget is spent on the chosen pages first. What it leaves over is the slack that bridged gaps
 * may use; a page fetched as part of a gap that was wanted for a later group gives its share
 * back. */
#include "hints/plan.h"

#include <assert.h>
#include <stdlib.h>

#include "hints/bitmap.h"

#define LOCK_OFFSET (UINT32_C(1) << 30)

struct planner {
    struct hint_plan plan;
    struct hint_bitmap planned; /* the pages of plan.runs */
    struct hint_costs costs;
    const struct hint_runs *elsewhere;
    uint32_t lock_page;
    uint64_t slack_pages; /* what the budget leaves for gaps */
};

static bool page_is_allowed(const struct planner *planner, uint32_t pgno)
{
    return pgno != planner->lock_page && !hint_runs_contains(planner->elsewhere, pgno);
}

/* Keeps the pages that are worth a fetch and have their content in the database file; of those the
 * most useful `pages_max`. */
static int choose(struct hint_history *chosen, const struct planner *planner, uint32_t page_count,
                  uint64_t pages_max)
{
    size_t len = 0;

    for (size_t i = 0; i < chosen->len; i++) {
        struct hint_page page = chosen->pages[i];

        if (page.pgno > page_count) break;
        if (hint_page_probability_ppm(page) <= planner->costs.probability_min_ppm) continue;
        if (page_is_allowed(planner, page.pgno)) chosen->pages[len++] = page;
    }
    chosen->len = len;
    return hint_history_prune(chosen, pages_max < len ? (size_t)pages_max : len);
}

static bool is_interior(const struct hint_page *page)
{
    return page->page_class == HINT_CLASS_INTERIOR;
}

/* Interior pages first, then by rank, then by page number. */
static int compare_order(const void *a, const void *b)
{
    const struct hint_page *x = a;
    const struct hint_page *y = b;

    if (is_interior(x) != is_interior(y)) return is_interior(x) ? -1 : 1;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    return (x->pgno > y->pgno) - (x->pgno < y->pgno);
}

static int compare_fetched(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Whether the pages [first, end) between two wanted ones may be fetched along with them. */
static bool gap_is_bridged(const struct planner *planner, uint64_t first, uint64_t end)
{
    if (end - first > planner->costs.gap_pages_max) return false;
    if (end - first > planner->slack_pages) return false;
    for (uint64_t pgno = first; pgno < end; pgno++) {
        if (!page_is_allowed(planner, (uint32_t)pgno)) return false;
        if (hint_bitmap_has(&planner->planned, (uint32_t)pgno)) return false;
    }
    return true;
}

/* Adds a wanted page to a group: to its last run, the gap included, or as a run of its own. */
static int group_add(struct planner *planner, struct hint_group *group, uint32_t pgno)
{
    struct hint_plan *plan = &planner->plan;
    struct hint_run *last = group->len > 0 ? &plan->runs[plan->run_count - 1] : NULL;
    uint64_t first = pgno;

    if (last && gap_is_bridged(planner, hint_run_end(*last), pgno)) {
        first = hint_run_end(*last);
        planner->slack_pages -= pgno - first;
        last->count += (uint32_t)(pgno + 1 - first);
    } else {
        plan->runs[plan->run_count++] = (struct hint_run){ pgno, 1 };
        group->len++;
    }
    plan->page_count += pgno + 1 - first;
    for (; first <= pgno; first++)
        if (hint_bitmap_add(&planner->planned, (uint32_t)first) != HINT_OK) return HINT_NOMEM;
    return HINT_OK;
}

static int group_write(struct planner *planner, uint32_t *pgnos, size_t count)
{
    struct hint_plan *plan = &planner->plan;
    struct hint_group group = { plan->run_count, 0 };
    int rc = HINT_OK;

    if (count == 0) return HINT_OK;
    qsort(pgnos, count, sizeof(*pgnos), compare_fetched);
    for (size_t i = 0; i < count && rc == HINT_OK; i++)
        rc = group_add(planner, &group, pgnos[i]);
    plan->groups[plan->group_count++] = group;
    return rc;
}

/* Cuts the ordered pages into groups and writes them. */
static int write_groups(struct planner *planner, const struct hint_page *pages, size_t len)
{
    uint32_t pgnos[HINT_GROUP_PAGES_MAX];
    uint32_t group_max = HINT_GROUP_PAGES_FIRST;
    size_t next = 0;
    int rc = HINT_OK;

    while (next < len && rc == HINT_OK) {
        bool interior = is_interior(&pages[next]);
        size_t count = 0;

        if (group_max > planner->costs.group_pages_max) group_max = planner->costs.group_pages_max;
        while (next < len && count < group_max && is_interior(&pages[next]) == interior) {
            if (hint_bitmap_has(&planner->planned, pages[next].pgno))
                planner->slack_pages++;
            else
                pgnos[count++] = pages[next].pgno;
            next++;
        }
        rc = group_write(planner, pgnos, count);
        group_max *= 2;
    }
    return rc;
}

/* Plans `chosen`, which is put into order. */
static int planner_write(struct planner *planner, struct hint_history *chosen)
{
    struct hint_plan *plan = &planner->plan;
    size_t len = chosen->len;

    if (len == 0) return HINT_OK;
    plan->runs = calloc(len, sizeof(*plan->runs));
    /* The last group of the interior pages and that of the others may be short, and the first ones
     * are while they grow. */
    plan->groups = calloc(len / planner->costs.group_pages_max + 2 + 5, sizeof(*plan->groups));
    if (!plan->runs || !plan->groups) return HINT_NOMEM;
    qsort(chosen->pages, len, sizeof(*chosen->pages), compare_order);
    return write_groups(planner, chosen->pages, len);
}

void hint_plan_free(struct hint_plan *plan)
{
    free(plan->runs);
    free(plan->groups);
    *plan = (struct hint_plan){ 0 };
}

int hint_plan_make(struct hint_plan *out, const struct hint_history *history,
                   struct hint_database database, struct hint_costs costs,
                   struct hint_budget budget, const struct hint_runs *elsewhere)
{
    static const struct hint_runs nowhere = { 0 };
    uint64_t pages_max = budget.bytes_max / database.page_size;
    struct planner planner = { .costs = costs,
                               .elsewhere = elsewhere ? elsewhere : &nowhere,
                               .lock_page = hint_lock_page(database.page_size) };
    struct hint_history chosen = { 0 };
    int rc;

    assert(costs.group_pages_max >= 1);
    assert(costs.group_pages_max <= HINT_GROUP_PAGES_MAX);
    rc = hint_history_copy(&chosen, history);
    if (rc == HINT_OK) rc = choose(&chosen, &planner, database.page_count, pages_max);
    planner.slack_pages = pages_max - chosen.len;
    if (rc == HINT_OK) rc = planner_write(&planner, &chosen);
    if (rc == HINT_OK) {
        struct hint_plan old = *out;

        *out = planner.plan;
        planner.plan = old;
    }
    hint_plan_free(&planner.plan);
    hint_bitmap_free(&planner.planned);
    hint_history_free(&chosen);
    return rc;
}

uint32_t hint_lock_page(uint32_t page_size)
{
    assert(page_size >= 512 && page_size <= 65536);
    return LOCK_OFFSET / page_size + 1;
}
