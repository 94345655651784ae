#include "hints/run.h"
#include "tests/hints/common.h"

static struct hint_run run_of(const char *text)
{
    struct hint_runs runs = runs_of(text);
    struct hint_run run = runs.items[0];

    hint_runs_free(&runs);
    return run;
}

static const struct normal_case {
    const char *text;
    bool want;
} normal_cases[] = {
    { "", true },
    { "1", true },
    { "1 3", true },
    { "1-3 5-9", true },
    { "1-4294967294", true },
    { "4294967294", true },
    { "1-3 4", false },        /* touch */
    { "1-3 3-4", false },      /* overlap */
    { "5 1", false },          /* out of order */
    { "1 1", false },          /* twice */
    { "0", false },            /* no such page */
    { "4294967295", false },   /* past the largest */
    { "1-4294967295", false }, /* ends past the largest */
};

Test(run, normal_form_is_sorted_disjoint_and_not_touching)
{
    struct hint_run empty = { 7, 0 };
    struct hint_runs with_empty = { &empty, 1, 1 };

    for (size_t i = 0; i < COUNT(normal_cases); i++) {
        struct hint_runs runs = runs_of(normal_cases[i].text);

        cr_expect(hint_runs_is_normal(&runs) == normal_cases[i].want, "row %zu: \"%s\"", i,
                  normal_cases[i].text);
        hint_runs_free(&runs);
    }
    cr_expect(!hint_runs_is_normal(&with_empty));
}

Test(run, the_end_of_a_run_is_computed_in_64_bits)
{
    struct hint_run run = { UINT32_MAX, UINT32_MAX };

    cr_expect_eq(hint_run_end(run), UINT64_C(8589934590));
}

static const struct edit_case {
    const char *runs, *run, *added, *cut;
} edit_cases[] = {
    { "", "5", "5", "" },
    { "5", "5", "5", "" },
    { "5", "6", "5-6", "5" },
    { "5", "4", "4-5", "5" },
    { "5", "7", "5 7", "5" },
    { "5", "3", "3 5", "5" },
    { "5", "1-9", "1-9", "" },
    { "1-9", "5", "1-9", "1-4 6-9" },
    { "1-9", "1", "1-9", "2-9" },
    { "1-9", "9", "1-9", "1-8" },
    { "1-9", "4-12", "1-12", "1-3" },
    { "4-12", "1-9", "1-12", "10-12" },
    { "1-3 7-9", "4-6", "1-9", "1-3 7-9" },
    { "1-3 7-9", "5", "1-3 5 7-9", "1-3 7-9" },
    { "1-3 7-9", "3-7", "1-9", "1-2 8-9" },
    { "1-3 7-9 12", "2-8", "1-9 12", "1 9 12" },
    { "1-3 7-9 12", "8-20", "1-3 7-20", "1-3 7" },
    { "1-3 7-9 12", "8-11", "1-3 7-12", "1-3 7 12" },
    { "2 4 6 8 10", "3-9", "2-10", "2 10" },
    { "2 4 6 8 10", "4-8", "2 4-8 10", "2 10" },
    { "2 4 6 8 10", "11", "2 4 6 8 10-11", "2 4 6 8 10" },
    { "2 4 6 8 10", "12", "2 4 6 8 10 12", "2 4 6 8 10" },
    { "2 4 6 8 10", "1", "1-2 4 6 8 10", "2 4 6 8 10" },
    { "9", "1-4294967294", "1-4294967294", "" },
    { "1-4294967294", "4294967294", "1-4294967294", "1-4294967293" },
    { "1-4294967294", "5", "1-4294967294", "1-4 6-4294967294" },
    { "4294967293", "4294967294", "4294967293-4294967294", "4294967293" },
};

Test(run, add_joins_what_overlaps_or_touches_and_cut_takes_out)
{
    for (size_t i = 0; i < COUNT(edit_cases); i++) {
        const struct edit_case *row = &edit_cases[i];
        struct hint_runs added = runs_of(row->runs);
        struct hint_runs cut = runs_of(row->runs);

        cr_expect_eq(hint_runs_add(&added, run_of(row->run)), HINT_OK);
        expect_runs(i, &added, row->added);
        cr_expect_eq(hint_runs_cut(&cut, run_of(row->run)), HINT_OK);
        expect_runs(i, &cut, row->cut);
        hint_runs_free(&added);
        hint_runs_free(&cut);
    }
}

Test(run, add_and_cut_refuse_what_is_no_run)
{
    static const struct hint_run invalid[] = {
        { 0, 1 },          { 0, 9 }, { 5, 0 }, { 0, 0 }, { UINT32_MAX, 1 }, { HINT_PGNO_MAX, 2 },
        { 2, UINT32_MAX },
    };

    for (size_t i = 0; i < COUNT(invalid); i++) {
        struct hint_runs runs = runs_of("3-7");

        cr_expect_eq(hint_runs_add(&runs, invalid[i]), HINT_INVALID, "row %zu", i);
        cr_expect_eq(hint_runs_cut(&runs, invalid[i]), HINT_INVALID, "row %zu", i);
        expect_runs(i, &runs, "3-7");
        hint_runs_free(&runs);
    }
}

Test(run, appending_at_the_end_allocates_a_few_times_only)
{
    struct hint_runs runs = { 0 };
    size_t calls = heap_calls();

    for (uint32_t i = 0; i < 100000; i++)
        cr_assert_eq(hint_runs_add(&runs, (struct hint_run){ 1 + 2 * i, 1 }), HINT_OK);
    cr_expect_leq(heap_calls() - calls, 14);
    cr_expect_eq(runs.len, 100000);
    cr_expect_eq(hint_runs_pages(&runs), 100000);
    cr_expect(hint_runs_is_normal(&runs));
    hint_runs_free(&runs);
}

Test(run, clear_keeps_the_memory_and_free_gives_it_back)
{
    struct hint_runs runs = { 0 };
    size_t calls;

    cr_assert_eq(hint_runs_add(&runs, (struct hint_run){ 5, 2 }), HINT_OK);
    hint_runs_clear(&runs);
    expect_runs(0, &runs, "");
    calls = heap_calls();
    cr_assert_eq(hint_runs_add(&runs, (struct hint_run){ 6, 2 }), HINT_OK);
    cr_expect_eq(heap_calls(), calls);
    hint_runs_free(&runs);
    hint_runs_free(&runs);
    cr_expect(!runs.items && runs.len == 0 && runs.cap == 0);
}

static const struct pages_case {
    uint32_t pgnos[8];
    size_t count;
    const char *want;
} pages_cases[] = {
    { { 0 }, 0, "" },
    { { 4 }, 1, "4" },
    { { 4, 5, 6 }, 3, "4-6" },
    { { 6, 4, 5 }, 3, "4-6" },
    { { 6, 4, 5, 5, 4, 6 }, 6, "4-6" },
    { { 9, 1, 3 }, 3, "1 3 9" },
    { { 1, 2, 2, 3, 7, 9, 10 }, 7, "1-3 7 9-10" },
    { { HINT_PGNO_MAX, 1 }, 2, "1 4294967294" },
};

Test(run, pages_in_any_order_become_runs)
{
    for (size_t i = 0; i < COUNT(pages_cases); i++) {
        struct pages_case row = pages_cases[i];
        struct hint_runs runs = runs_of("100-200");

        cr_expect_eq(hint_runs_of_pages(&runs, row.pgnos, row.count), HINT_OK);
        expect_runs(i, &runs, row.want);
        hint_runs_free(&runs);
    }
}

Test(run, pages_that_do_not_exist_are_refused)
{
    uint32_t zero[] = { 5, 0 };
    uint32_t past[] = { UINT32_MAX, 5 };
    struct hint_runs runs = runs_of("100-200");

    cr_expect_eq(hint_runs_of_pages(&runs, zero, 2), HINT_INVALID);
    cr_expect_eq(hint_runs_of_pages(&runs, past, 2), HINT_INVALID);
    expect_runs(0, &runs, "100-200");
    hint_runs_free(&runs);
}

static const struct algebra_case {
    const char *a, *b, *both, *common, *rest;
} algebra_cases[] = {
    { "", "", "", "", "" },
    { "1-5", "", "1-5", "", "1-5" },
    { "", "1-5", "1-5", "", "" },
    { "1-5", "1-5", "1-5", "1-5", "" },
    { "1-5", "6-9", "1-9", "", "1-5" },
    { "6-9", "1-5", "1-9", "", "6-9" },
    { "1-5", "5-9", "1-9", "5", "1-4" },
    { "1-9", "4-6", "1-9", "4-6", "1-3 7-9" },
    { "4-6", "1-9", "1-9", "4-6", "" },
    { "1-3 7-9", "4-6", "1-9", "", "1-3 7-9" },
    { "1 3 5 7", "2 4 6 8", "1-8", "", "1 3 5 7" },
    { "1-4 8-12", "3-9", "1-12", "3-4 8-9", "1-2 10-12" },
    { "1-4 8-12", "2 4 9-10 20", "1-4 8-12 20", "2 4 9-10", "1 3 8 11-12" },
    { "1-4294967294", "7", "1-4294967294", "7", "1-6 8-4294967294" },
    { "4294967290-4294967294", "4294967293-4294967294", "4294967290-4294967294",
      "4294967293-4294967294", "4294967290-4294967292" },
};

Test(run, lists_are_united_intersected_and_subtracted)
{
    for (size_t i = 0; i < COUNT(algebra_cases); i++) {
        const struct algebra_case *row = &algebra_cases[i];
        struct hint_runs a = runs_of(row->a);
        struct hint_runs b = runs_of(row->b);
        struct hint_runs out = runs_of("77 99-100");

        cr_expect_eq(hint_runs_union(&out, &a, &b), HINT_OK);
        expect_runs(i, &out, row->both);
        cr_expect_eq(hint_runs_intersect(&out, &a, &b), HINT_OK);
        expect_runs(i, &out, row->common);
        cr_expect_eq(hint_runs_subtract(&out, &a, &b), HINT_OK);
        expect_runs(i, &out, row->rest);
        expect_runs(i, &a, row->a);
        expect_runs(i, &b, row->b);
        hint_runs_free(&a);
        hint_runs_free(&b);
        hint_runs_free(&out);
    }
}

static const struct bridge_case {
    const char *in, *want;
    uint32_t gap;
} bridge_cases[] = {
    { "", "", 9 },
    { "4", "4", 9 },
    { "1-3 5-9", "1-3 5-9", 0 },
    { "1-3 5-9", "1-9", 1 },
    { "1-3 6-9", "1-3 6-9", 1 },
    { "1-3 6-9", "1-9", 2 },
    { "1 3 6 10 15", "1-3 6 10 15", 1 },
    { "1 3 6 10 15", "1-6 10 15", 2 },
    { "1 3 6 10 15", "1-10 15", 3 },
    { "1 9 11", "1 9-11", 3 },
    { "1 4294967294", "1 4294967294", 4294967291 },
    { "1 4294967294", "1-4294967294", 4294967292 },
    { "1 4294967294", "1-4294967294", UINT32_MAX },
};

Test(run, bridge_joins_runs_across_a_small_gap)
{
    for (size_t i = 0; i < COUNT(bridge_cases); i++) {
        struct hint_runs runs = runs_of(bridge_cases[i].in);

        hint_runs_bridge(&runs, bridge_cases[i].gap);
        expect_runs(i, &runs, bridge_cases[i].want);
        hint_runs_free(&runs);
    }
}

static const struct clip_case {
    const char *in, *want;
    uint32_t page_count;
} clip_cases[] = {
    { "", "", 5 },
    { "1-9", "", 0 },
    { "1-9", "1", 1 },
    { "1-9", "1-8", 8 },
    { "1-9", "1-9", 9 },
    { "1-9", "1-9", 10 },
    { "1-3 7-9", "1-3", 3 },
    { "1-3 7-9", "1-3", 6 },
    { "1-3 7-9", "1-3 7", 7 },
    { "1-3 7-9 20", "1-3 7-9", 12 },
    { "5-4294967294", "5-4294967294", UINT32_MAX },
    { "5-4294967294", "5-4294967293", 4294967293 },
};

Test(run, clip_drops_what_lies_past_the_end)
{
    for (size_t i = 0; i < COUNT(clip_cases); i++) {
        struct hint_runs runs = runs_of(clip_cases[i].in);

        hint_runs_clip(&runs, clip_cases[i].page_count);
        expect_runs(i, &runs, clip_cases[i].want);
        hint_runs_free(&runs);
    }
}

Test(run, contains_and_pages_see_each_run_to_its_edges)
{
    struct hint_runs runs = runs_of("2-4 7 4294967290-4294967294");
    static const uint32_t in[] = { 2, 3, 4, 7, 4294967290, 4294967294 };
    static const uint32_t out[] = { 0, 1, 5, 6, 8, 4294967289, 4294967295 };

    for (size_t i = 0; i < COUNT(in); i++)
        cr_expect(hint_runs_contains(&runs, in[i]), "row %zu: %u", i, in[i]);
    for (size_t i = 0; i < COUNT(out); i++)
        cr_expect(!hint_runs_contains(&runs, out[i]), "row %zu: %u", i, out[i]);
    cr_expect_eq(hint_runs_pages(&runs), 9);
    hint_runs_free(&runs);
    cr_expect_eq(hint_runs_pages(&runs), 0);
    cr_expect(!hint_runs_contains(&runs, 1));
}

/* A list without room to spare, so that growing needs memory. */
static struct hint_runs tight_runs_of(const char *text)
{
    struct hint_runs runs = runs_of(text);

    runs.items = realloc(runs.items, runs.len * sizeof(*runs.items));
    cr_assert_not_null(runs.items);
    runs.cap = runs.len;
    return runs;
}

static int add_case(struct hint_runs *runs)
{
    return hint_runs_add(runs, (struct hint_run){ 5, 1 });
}

static int cut_case(struct hint_runs *runs)
{
    return hint_runs_cut(runs, (struct hint_run){ 12, 1 });
}

static int of_pages_case(struct hint_runs *runs)
{
    uint32_t pgnos[] = { 9, 7, 5, 3 };

    return hint_runs_of_pages(runs, pgnos, 4);
}

static const struct hint_run others[] = { { 1, 1 }, { 5, 1 }, { 9, 1 } };
static const struct hint_runs other = { (struct hint_run *)others, 3, 3 };

static int union_case(struct hint_runs *runs)
{
    return hint_runs_union(runs, &other, &other);
}

static int intersect_case(struct hint_runs *runs)
{
    return hint_runs_intersect(runs, &other, &other);
}

static int subtract_case(struct hint_runs *runs)
{
    return hint_runs_subtract(runs, &other, &other);
}

static const struct failure_case {
    int (*call)(struct hint_runs *runs);
    const char *want;
} failure_cases[] = {
    { add_case, "1-3 5 10-14" }, { cut_case, "1-3 10-11 13-14" }, { of_pages_case, "3 5 7 9" },
    { union_case, "1 5 9" },     { intersect_case, "1 5 9" },     { subtract_case, "" },
};

Test(run, a_failed_allocation_leaves_the_list_as_it_was)
{
    for (size_t i = 0; i < COUNT(failure_cases); i++) {
        struct hint_runs runs = tight_runs_of("1-3 10-14");
        int rc;

        for (size_t n = 0;; n++) {
            heap_fail_at(n);
            rc = failure_cases[i].call(&runs);
            if (!heap_restore()) break;
            cr_expect_eq(rc, HINT_NOMEM, "row %zu", i);
            expect_runs(i, &runs, "1-3 10-14");
            cr_assert_lt(n, 10);
        }
        cr_expect_eq(rc, HINT_OK, "row %zu", i);
        expect_runs(i, &runs, failure_cases[i].want);
        hint_runs_free(&runs);
    }
}

/* The algebra against plain bits: a window of pages, at the first page numbers or at the last. */
#define WINDOW 150

struct model {
    bool has[WINDOW];
};

static void expect_model(const struct hint_runs *runs, const struct model *model, uint32_t base,
                         const struct rng *rng, const char *what)
{
    uint64_t pages = 0;

    cr_assert(hint_runs_is_normal(runs), "seed %" PRIu64 ", %s: %s", rng->seed, what,
              runs_text(runs).s);
    for (uint32_t i = 0; i < WINDOW; i++) {
        pages += model->has[i];
        cr_assert(hint_runs_contains(runs, base + i) == model->has[i],
                  "seed %" PRIu64 ", %s, page %u: %s", rng->seed, what, base + i,
                  runs_text(runs).s);
    }
    cr_assert_eq(hint_runs_pages(runs), pages);
}

/* A list of single pages, unsorted and some of them twice. */
static void random_pages(struct hint_runs *runs, struct model *model, uint32_t base,
                         struct rng *rng)
{
    uint32_t pgnos[WINDOW];
    uint32_t count = rng_below(rng, WINDOW);

    memset(model, 0, sizeof(*model));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t page = rng_below(rng, WINDOW);

        pgnos[i] = base + page;
        model->has[page] = true;
    }
    cr_assert_eq(hint_runs_of_pages(runs, pgnos, count), HINT_OK);
    expect_model(runs, model, base, rng, "of_pages");
}

/* Such a list, and runs added and cut. */
static void random_list(struct hint_runs *runs, struct model *model, uint32_t base, struct rng *rng)
{
    random_pages(runs, model, base, rng);
    for (uint32_t step = rng_below(rng, 30); step > 0; step--) {
        uint32_t first = rng_below(rng, WINDOW);
        uint32_t pages = 1 + rng_below(rng, WINDOW - first < 20 ? WINDOW - first : 20);
        bool adds = rng_below(rng, 2);
        struct hint_run run = { base + first, pages };

        memset(model->has + first, adds, pages);
        cr_assert_eq(adds ? hint_runs_add(runs, run) : hint_runs_cut(runs, run), HINT_OK);
        expect_model(runs, model, base, rng, adds ? "add" : "cut");
    }
}

static void bridge_model(struct model *model, uint32_t gap)
{
    uint32_t last = WINDOW;

    for (uint32_t i = 0; i < WINDOW; i++) {
        if (!model->has[i]) continue;
        if (last < WINDOW && i - last - 1 <= gap) memset(model->has + last, true, i - last);
        last = i;
    }
}

Test(run, the_algebra_agrees_with_plain_bits)
{
    struct rng rng = rng_start();
    struct hint_runs a = { 0 };
    struct hint_runs b = { 0 };
    struct hint_runs out = { 0 };

    for (size_t round = 0; round < 300; round++) {
        uint32_t base = round % 2 ? 1 : HINT_PGNO_MAX - WINDOW + 1;
        uint32_t gap = rng_below(&rng, 6);
        uint32_t end = rng_below(&rng, WINDOW);
        struct model in_a, in_b, either, both, rest;

        random_list(&a, &in_a, base, &rng);
        random_list(&b, &in_b, base, &rng);
        for (uint32_t i = 0; i < WINDOW; i++) {
            either.has[i] = in_a.has[i] || in_b.has[i];
            both.has[i] = in_a.has[i] && in_b.has[i];
            rest.has[i] = in_a.has[i] && !in_b.has[i];
        }
        cr_assert_eq(hint_runs_union(&out, &a, &b), HINT_OK);
        expect_model(&out, &either, base, &rng, "union");
        cr_assert_eq(hint_runs_intersect(&out, &a, &b), HINT_OK);
        expect_model(&out, &both, base, &rng, "intersect");
        cr_assert_eq(hint_runs_subtract(&out, &a, &b), HINT_OK);
        expect_model(&out, &rest, base, &rng, "subtract");
        hint_runs_bridge(&a, gap);
        bridge_model(&in_a, gap);
        expect_model(&a, &in_a, base, &rng, "bridge");
        hint_runs_clip(&b, base + end);
        memset(in_b.has + end + 1, false, WINDOW - end - 1);
        expect_model(&b, &in_b, base, &rng, "clip");
    }
    hint_runs_free(&a);
    hint_runs_free(&b);
    hint_runs_free(&out);
}
