/* Hint sets as they travel, made from run lists and back. */
#include "hints/set.h"

#include <assert.h>

#include "hints/memory.h"
#include "hints/sort.h"

_Static_assert(sizeof(struct hint_run) == 2 * sizeof(uint32_t), "a range costs two page numbers");

/* From this length a run is smaller as a range than as page numbers. */
#define RANGE_PAGES_MIN 3

void hint_set_free(struct hint_set *set)
{
    hint_free(set->pgnos);
    hint_free(set->ranges);
    *set = (struct hint_set){ 0 };
}

static int set_alloc(struct hint_set *set, size_t pgno_count, size_t range_count)
{
    set->pgnos = hint_calloc(pgno_count ? pgno_count : 1, sizeof(*set->pgnos));
    set->ranges = hint_calloc(range_count ? range_count : 1, sizeof(*set->ranges));
    if (set->pgnos && set->ranges) return HINT_OK;
    hint_set_free(set);
    return HINT_NOMEM;
}

int hint_set_of_runs(struct hint_set *out, const struct hint_runs *runs)
{
    struct hint_set set = { 0 };
    size_t pgno_count = 0;
    size_t range_count = 0;

    assert(hint_runs_is_normal(runs));
    for (size_t i = 0; i < runs->len; i++) {
        if (runs->items[i].count >= RANGE_PAGES_MIN)
            range_count++;
        else
            pgno_count += runs->items[i].count;
    }
    if (set_alloc(&set, pgno_count, range_count) != HINT_OK) return HINT_NOMEM;
    for (size_t i = 0; i < runs->len; i++) {
        struct hint_run run = runs->items[i];

        if (run.count >= RANGE_PAGES_MIN)
            set.ranges[set.range_count++] = run;
        else
            for (uint32_t page = 0; page < run.count; page++)
                set.pgnos[set.pgno_count++] = run.first + page;
    }
    hint_set_free(out);
    *out = set;
    return HINT_OK;
}

static int compare_runs(const void *a, const void *b)
{
    uint32_t x = ((const struct hint_run *)a)->first;
    uint32_t y = ((const struct hint_run *)b)->first;

    return (x > y) - (x < y);
}

/* Everything in the set as runs, in order if both of its lists are. */
static void set_interleave(struct hint_run *items, const struct hint_set *set)
{
    size_t pgno = 0;
    size_t range = 0;

    while (pgno < set->pgno_count || range < set->range_count) {
        if (range == set->range_count ||
            (pgno < set->pgno_count && set->pgnos[pgno] <= set->ranges[range].first))
            *items++ = (struct hint_run){ set->pgnos[pgno++], 1 };
        else
            *items++ = set->ranges[range++];
    }
}

/* A set that we made is in order; a foreign one may not be. */
static void sort_runs(struct hint_run *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (items[i - 1].first > items[i].first) {
            hint_sort(items, count, sizeof(*items), compare_runs);
            return;
        }
    }
}

/* Joins sorted runs that overlap or touch; returns how many are left. */
static size_t join_runs(struct hint_run *items, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        struct hint_run *last = len > 0 ? &items[len - 1] : NULL;
        uint64_t end = hint_run_end(items[i]);

        if (!last || items[i].first > hint_run_end(*last))
            items[len++] = items[i];
        else if (end > hint_run_end(*last))
            last->count = (uint32_t)(end - last->first);
    }
    return len;
}

int hint_set_to_runs(struct hint_runs *out, const struct hint_set *set)
{
    size_t count = set->pgno_count + set->range_count;
    struct hint_run *items;

    if (count == 0) {
        hint_runs_clear(out);
        return HINT_OK;
    }
    items = hint_calloc(count, sizeof(*items));
    if (!items) return HINT_NOMEM;
    set_interleave(items, set);
    sort_runs(items, count);
    hint_runs_free(out);
    *out = (struct hint_runs){ .items = items, .len = join_runs(items, count), .cap = count };
    assert(hint_runs_is_normal(out));
    return HINT_OK;
}

static const char *fault_of_range(struct hint_run range)
{
    if (range.count == 0) return "a range is empty";
    if (range.first == 0) return "a range starts at page 0";
    if (hint_run_end(range) > (uint64_t)HINT_PGNO_MAX + 1)
        return "a range ends past the largest page number";
    return NULL;
}

static const char *fault_of_pgno(uint32_t pgno)
{
    if (pgno == 0) return "a page number is 0";
    if (pgno > HINT_PGNO_MAX) return "a page number is past the largest";
    return NULL;
}

int hint_set_check(const struct hint_set *set, struct hint_set_cap cap, const char **why)
{
    *why = NULL;
    if (set->pgno_count > cap.pgnos_max) *why = "more page numbers than the cap";
    if (set->range_count > cap.ranges_max && !*why) *why = "more ranges than the cap";
    if (*why) return HINT_FULL;

    for (size_t i = 0; i < set->pgno_count && !*why; i++)
        *why = fault_of_pgno(set->pgnos[i]);
    for (size_t i = 0; i < set->range_count && !*why; i++)
        *why = fault_of_range(set->ranges[i]);
    return *why ? HINT_INVALID : HINT_OK;
}
