/* Run lists in normal form and their algebra.
 *
 * Adding and cutting replace a stretch of neighbouring runs, found by binary search. Union,
 * intersection and difference are one sweep over the edges of both lists: wherever the answer
 * changes, a run of the result begins or ends, so the result is in normal form by itself. */
#include "hints/run.h"

#include <assert.h>
#include <string.h>

#include "hints/memory.h"
#include "hints/sort.h"

_Static_assert(sizeof(struct hint_run) == 8, "runs are copied in blocks");

#define CAP_MIN 16

/* Room for `len` runs in all; what is there stays. */
static int runs_reserve(struct hint_runs *runs, size_t len)
{
    size_t cap = runs->cap > SIZE_MAX / 2 ? len : runs->cap * 2;
    struct hint_run *items;

    if (len <= runs->cap) return HINT_OK;
    if (cap < CAP_MIN) cap = CAP_MIN;
    if (cap < len) cap = len;
    if (cap > SIZE_MAX / sizeof(*items)) return HINT_NOMEM;
    items = hint_realloc(runs->items, cap * sizeof(*items));
    if (!items) return HINT_NOMEM;
    runs->items = items;
    runs->cap = cap;
    return HINT_OK;
}

static struct hint_run run_between(uint64_t first, uint64_t end)
{
    assert(first < end);
    return (struct hint_run){ (uint32_t)first, (uint32_t)(end - first) };
}

static bool run_is_valid(struct hint_run run)
{
    return run.first >= 1 && run.count >= 1 && hint_run_end(run) <= (uint64_t)HINT_PGNO_MAX + 1;
}

/* The first run that ends past `pgno`: the one that holds it, else the one after it. */
static size_t run_past(const struct hint_runs *runs, uint64_t pgno)
{
    size_t low = 0;
    size_t high = runs->len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (hint_run_end(runs->items[middle]) > pgno)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Replaces runs [first, end) by `count` others. */
static int runs_splice(struct hint_runs *runs, size_t first, size_t end,
                       const struct hint_run *others, size_t count)
{
    size_t len = runs->len - (end - first) + count;

    if (runs_reserve(runs, len) != HINT_OK) return HINT_NOMEM;
    if (end < runs->len)
        memmove(runs->items + first + count, runs->items + end,
                (runs->len - end) * sizeof(*runs->items));
    for (size_t i = 0; i < count; i++)
        runs->items[first + i] = others[i];
    runs->len = len;
    return HINT_OK;
}

void hint_runs_free(struct hint_runs *runs)
{
    hint_free(runs->items);
    *runs = (struct hint_runs){ 0 };
}

void hint_runs_clear(struct hint_runs *runs)
{
    runs->len = 0;
}

bool hint_runs_is_normal(const struct hint_runs *runs)
{
    uint64_t end = 0;

    for (size_t i = 0; i < runs->len; i++) {
        if (!run_is_valid(runs->items[i])) return false;
        if (runs->items[i].first <= end) return false;
        end = hint_run_end(runs->items[i]);
    }
    return true;
}

int hint_runs_add(struct hint_runs *runs, struct hint_run run)
{
    uint64_t first = run.first;
    uint64_t end = hint_run_end(run);
    size_t low = runs->len;
    size_t high;

    if (!run_is_valid(run)) return HINT_INVALID;
    /* Pages mostly come in ascending order, so the end of the list is looked at first. */
    if (low > 0 && first <= hint_run_end(runs->items[low - 1])) low = run_past(runs, first - 1);
    high = low;
    while (high < runs->len && runs->items[high].first <= end)
        high++;
    if (low < high) {
        uint64_t last_end = hint_run_end(runs->items[high - 1]);

        if (runs->items[low].first < first) first = runs->items[low].first;
        if (last_end > end) end = last_end;
    }
    run = run_between(first, end);
    return runs_splice(runs, low, high, &run, 1);
}

int hint_runs_cut(struct hint_runs *runs, struct hint_run run)
{
    uint64_t end = hint_run_end(run);
    struct hint_run rest[2];
    size_t rest_count = 0;
    size_t low;
    size_t high;

    if (!run_is_valid(run)) return HINT_INVALID;
    low = run_past(runs, run.first);
    high = low;
    while (high < runs->len && runs->items[high].first < end)
        high++;
    if (low == high) return HINT_OK;
    if (runs->items[low].first < run.first)
        rest[rest_count++] = run_between(runs->items[low].first, run.first);
    if (hint_run_end(runs->items[high - 1]) > end)
        rest[rest_count++] = run_between(end, hint_run_end(runs->items[high - 1]));
    return runs_splice(runs, low, high, rest, rest_count);
}

static int compare_pgnos(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Sorts, and does nothing for pages in order already, which most callers have. */
static void sort_pgnos(uint32_t *pgnos, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (pgnos[i - 1] > pgnos[i]) {
            hint_sort(pgnos, count, sizeof(*pgnos), compare_pgnos);
            return;
        }
    }
}

int hint_runs_of_pages(struct hint_runs *out, uint32_t *pgnos, size_t count)
{
    size_t run_count = 0;

    sort_pgnos(pgnos, count);
    if (count > 0 && (pgnos[0] < 1 || pgnos[count - 1] > HINT_PGNO_MAX)) return HINT_INVALID;
    for (size_t i = 0; i < count; i++)
        run_count += i == 0 || pgnos[i] - pgnos[i - 1] > 1;
    if (runs_reserve(out, run_count) != HINT_OK) return HINT_NOMEM;

    out->len = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || pgnos[i] - pgnos[i - 1] > 1)
            out->items[out->len++] = (struct hint_run){ pgnos[i], 1 };
        else
            out->items[out->len - 1].count += pgnos[i] - pgnos[i - 1];
    }
    assert(hint_runs_is_normal(out));
    return HINT_OK;
}

/* The `edge`th place where a list changes between outside and inside; past all pages when there is
 * none left. */
static uint64_t runs_edge(const struct hint_runs *runs, size_t edge)
{
    if (edge >= 2 * runs->len) return UINT64_MAX;
    return edge % 2 ? hint_run_end(runs->items[edge / 2]) : runs->items[edge / 2].first;
}

/* Which pages are in the result, by bit: 1 for those in b only, 2 in a only, 3 in both. */
enum rule {
    RULE_UNION = 1 << 1 | 1 << 2 | 1 << 3,
    RULE_INTERSECT = 1 << 3,
    RULE_SUBTRACT = 1 << 2,
};

static int runs_combine(struct hint_runs *out, const struct hint_runs *a, const struct hint_runs *b,
                        enum rule rule)
{
    size_t edge_a = 0;
    size_t edge_b = 0;
    uint64_t first = 0; /* of the run of the result that is open; 0 when none is */

    assert(out != a && out != b);
    assert(hint_runs_is_normal(a));
    assert(hint_runs_is_normal(b));
    /* Each run of the result ends where one of a or b ends, or (in a difference) where one of b
     * begins. */
    if (runs_reserve(out, a->len + b->len) != HINT_OK) return HINT_NOMEM;
    out->len = 0;
    while (edge_a < 2 * a->len || edge_b < 2 * b->len) {
        uint64_t at_a = runs_edge(a, edge_a);
        uint64_t at_b = runs_edge(b, edge_b);
        uint64_t at = at_a < at_b ? at_a : at_b;
        bool inside;

        edge_a += at == at_a;
        edge_b += at == at_b;
        inside = (unsigned)rule >> (edge_a % 2 * 2 + edge_b % 2) & 1;
        if (inside == (first != 0)) continue;
        if (!inside) out->items[out->len++] = run_between(first, at);
        first = inside ? at : 0;
    }
    assert(hint_runs_is_normal(out));
    return HINT_OK;
}

int hint_runs_union(struct hint_runs *out, const struct hint_runs *a, const struct hint_runs *b)
{
    return runs_combine(out, a, b, RULE_UNION);
}

int hint_runs_intersect(struct hint_runs *out, const struct hint_runs *a, const struct hint_runs *b)
{
    return runs_combine(out, a, b, RULE_INTERSECT);
}

int hint_runs_subtract(struct hint_runs *out, const struct hint_runs *a, const struct hint_runs *b)
{
    return runs_combine(out, a, b, RULE_SUBTRACT);
}

void hint_runs_bridge(struct hint_runs *runs, uint32_t gap_pages_max)
{
    size_t last = 0;

    for (size_t i = 1; i < runs->len; i++) {
        struct hint_run next = runs->items[i];
        uint64_t gap_pages = next.first - hint_run_end(runs->items[last]);

        if (gap_pages <= gap_pages_max)
            runs->items[last] = run_between(runs->items[last].first, hint_run_end(next));
        else
            runs->items[++last] = next;
    }
    if (runs->len > 0) runs->len = last + 1;
    assert(hint_runs_is_normal(runs));
}

void hint_runs_clip(struct hint_runs *runs, uint32_t page_count)
{
    uint64_t end = (uint64_t)page_count + 1;
    size_t index = run_past(runs, end);

    if (index == runs->len) return;
    runs->len = index;
    if (runs->items[index].first < end)
        runs->items[runs->len++] = run_between(runs->items[index].first, end);
}

bool hint_runs_contains(const struct hint_runs *runs, uint32_t pgno)
{
    size_t index = run_past(runs, pgno);

    return index < runs->len && runs->items[index].first <= pgno;
}

uint64_t hint_runs_pages(const struct hint_runs *runs)
{
    uint64_t pages = 0;

    for (size_t i = 0; i < runs->len; i++)
        pages += runs->items[i].count;
    return pages;
}
