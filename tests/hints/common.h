/* What the suites of hints/ share. */
#ifndef TESTS_HINTS_COMMON_H
#define TESTS_HINTS_COMMON_H

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/heap.h"
#include "tests/support/notation.h"
#include "tests/support/rng.h"
#include "tests/support/runs.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Prints the row (or round, or n) of a table and both values. */
static inline void expect_text(size_t row, struct text got, const char *want)
{
    cr_expect(strcmp(got.s, want) == 0, "row %zu: got \"%s\", want \"%s\"", row, got.s, want);
}

static inline void expect_runs(size_t row, const struct hint_runs *got, const char *want)
{
    expect_text(row, runs_text(got), want);
    cr_expect(hint_runs_is_normal(got), "row %zu: not in normal form", row);
}

static inline bool runs_equal(const struct hint_runs *a, const struct hint_runs *b)
{
    return a->len == b->len &&
           (a->len == 0 || memcmp(a->items, b->items, a->len * sizeof(*a->items)) == 0);
}

static inline bool histories_equal(const struct hint_history *a, const struct hint_history *b)
{
    if (a->folded != b->folded || a->session_count != b->session_count || a->len != b->len)
        return false;
    for (uint32_t i = 0; i < a->session_count; i++) {
        const struct hint_session_mark *x = &a->sessions[i];
        const struct hint_session_mark *y = &b->sessions[i];

        if (memcmp(&x->id, &y->id, sizeof(x->id)) != 0) return false;
        if (x->began_s != y->began_s || x->pages != y->pages) return false;
        if (x->sessions != y->sessions) return false;
        if (x->db_pages != y->db_pages || x->tail_pages != y->tail_pages) return false;
        if (x->tail_used != y->tail_used || x->tail_rank != y->tail_rank) return false;
    }
    for (size_t i = 0; i < a->len; i++) {
        const struct hint_page *x = &a->pages[i];
        const struct hint_page *y = &b->pages[i];

        if (x->pgno != y->pgno || x->seen != y->seen || x->rank != y->rank) return false;
        if (x->page_class != y->page_class || x->fetched != y->fetched) return false;
    }
    return true;
}

/* The histories and their names; not the evidence. */
static inline bool book_histories_equal(const struct hint_book *a, const struct hint_book *b)
{
    if (a->profile_count != b->profile_count) return false;
    if (!histories_equal(&a->shared, &b->shared)) return false;
    for (size_t i = 0; i < a->profile_count; i++) {
        if (strcmp(a->profiles[i].name, b->profiles[i].name) != 0) return false;
        if (!histories_equal(&a->profiles[i].history, &b->profiles[i].history)) return false;
    }
    return true;
}

#endif
