#include "hints/plan.h"
#include "tests/hints/common.h"

static const struct plan_case {
    const char *pages; /* of three sessions */
    const char *elsewhere;
    uint32_t page_count;
    uint64_t budget_pages;
    uint32_t gap, group;
    const char *want;
} plan_cases[] = {
    { "", "", 100, 100, 0, 4, "" },
    { "5:100@0", "", 100, 100, 0, 4, "5" },
    /* Groups go by rank, inside a group by page. */
    { "1:100@5 2:100@4 3:100@3 4:100@2 5:100@1 6:100@0", "", 100, 100, 0, 4, "3-6 | 1-2" },
    { "1:100@0 5:100@2 9:100@1", "", 100, 100, 0, 2, "1 9 | 5" },
    { "5:100@0 7:100@0 9:100@0", "", 100, 100, 0, 1, "5 | 7 | 9" },
    /* Interior pages first, in groups of their own. */
    { "1i:100@9 2l:100@0 3i:100@8 4l:100@1 9i:100@1", "", 100, 100, 0, 2, "3 9 | 1 | 2 4" },
    { "2i:100@9 3l:100@0 4o:100@1", "", 100, 100, 0, 4, "2 | 3-4" },
    /* .2 and .16 are above the least probability of .15, .128 is not. */
    { "1:100@0 2:010@1 3:001@2 4:011@3", "", 100, 100, 0, 9, "1-2 4" },
    /* The database's end. */
    { "4:100@0 5:100@1 6:100@2", "", 5, 100, 0, 9, "4-5" },
    { "4:100@0 5:100@1", "", 0, 100, 0, 9, "" },
    /* Pages that live elsewhere, wanted or in a gap. */
    { "4:100@0 5:100@1 6:100@2", "5", 100, 100, 0, 9, "4 6" },
    { "4:100@0 5:100@1 6:100@2", "5", 100, 100, 9, 9, "4 6" },
    { "4:100@0 6:100@1 8:100@2", "5", 100, 100, 1, 9, "4 6-8" },
    { "4:100@0 9:100@1", "8", 100, 100, 4, 9, "4 9" },
    { "4:100@0 9:100@1", "3 10", 100, 100, 4, 9, "4-9" },
    /* Gaps. */
    { "4:100@0 7:100@1 12:100@2", "", 100, 100, 1, 9, "4 7 12" },
    { "4:100@0 7:100@1 12:100@2", "", 100, 100, 2, 9, "4-7 12" },
    { "4:100@0 7:100@1 12:100@2", "", 100, 100, 4, 9, "4-12" },
    /* No gap from one group to the next. */
    { "4:100@0 6:100@1", "", 100, 100, 4, 1, "4 | 6" },
    /* A page that an earlier group bridged is not named again ... */
    { "1:100@0 2:100@3 3:100@1 9:100@4", "", 100, 100, 4, 2, "1-3 | 9" },
    { "1:100@0 2:100@3 3:100@1", "", 100, 100, 4, 2, "1-3" },
    { "1i:100@5 2l:100@0 3i:100@5 7l:100@3", "", 100, 100, 4, 9, "1-3 | 7" },
    /* ... nor in a gap of its own. */
    { "1:100@3 2:100@0 3:100@4", "", 100, 100, 4, 1, "2 | 1 | 3" },
    { "1:100@3 2:100@0 3:100@4 4:100@1", "", 100, 100, 4, 2, "2-4 | 1" },
    { "1:100@2 4:100@0 7:100@3 9:100@1", "", 100, 100, 1, 2, "4 9 | 1 7" },
    { "1:100@2 4:100@0 7:100@3 9:100@1", "", 100, 100, 2, 2, "4 9 | 1 7" },
    { "1:100@2 5:100@0 9:100@3 12:100@1", "", 100, 100, 7, 2, "5-12 | 1" },
    { "1:100@2 4:100@0 7:100@3", "", 100, 100, 7, 1, "4 | 1 | 7" },
    { "1:100@1 4:100@0 7:100@2", "", 100, 100, 7, 2, "1-4 | 7" },
    { "1:100@2 4:100@0 5:100@1 7:100@3", "", 100, 100, 7, 2, "4-5 | 1 7" },
    /* The budget: the most probable, then the earliest, then the lowest page. */
    { "1:100@0 2:110@1 3:111@2", "", 100, 2, 0, 9, "2-3" },
    { "1:100@9 2:100@8 3:100@7", "", 100, 2, 0, 9, "2-3" },
    { "1:100@7 2:100@7 3:100@7", "", 100, 2, 0, 9, "1-2" },
    { "1:100@0 2:110@1 3:111@2", "", 100, 0, 0, 9, "" },
    /* A gap spends what wanted pages leave of the budget, and no more. */
    { "1:100@0 4:100@1", "", 100, 3, 9, 9, "1 4" },
    { "1:100@0 4:100@1", "", 100, 4, 9, 9, "1-4" },
    { "1:100@0 3:100@1 6:100@2", "", 100, 4, 9, 9, "1-3 6" },
    { "1:100@0 3:100@1 6:100@2", "", 100, 5, 9, 9, "1-3 6" },
    { "1:100@0 3:100@1 6:100@2", "", 100, 6, 9, 9, "1-6" },
    /* What a bridged page that was wanted later gives back, a later gap may use. */
    { "1:100@0 2:100@2 3:100@1 7:100@3 9:100@4", "", 100, 6, 1, 2, "1-3 | 7-9" },
    { "1:100@0 2:100@2 3:100@1 7:100@3 9:100@4", "", 100, 5, 1, 2, "1 3 | 2 7 | 9" },
};

static struct hint_costs costs_of(const struct plan_case *row)
{
    return (struct hint_costs){ .probability_min_ppm = 150000,
                                .gap_pages_max = row->gap,
                                .group_pages_max = row->group };
}

static int make(struct hint_plan *plan, const struct plan_case *row, uint32_t page_size)
{
    struct hint_history history = history_of(3, row->pages);
    struct hint_runs elsewhere = runs_of(row->elsewhere);
    struct hint_database database = { page_size, row->page_count };
    struct hint_budget budget = { row->budget_pages * page_size + page_size - 1 };
    int rc = hint_plan_make(plan, &history, database, costs_of(row), budget, &elsewhere);

    hint_history_free(&history);
    hint_runs_free(&elsewhere);
    return rc;
}

Test(plan, a_plan_is_what_the_table_says)
{
    for (size_t i = 0; i < COUNT(plan_cases); i++) {
        struct hint_plan plan = { 0 };
        uint64_t pages = 0;

        cr_expect_eq(make(&plan, &plan_cases[i], i % 2 ? 512 : 65536), HINT_OK);
        expect_text(i, plan_text(&plan), plan_cases[i].want);
        for (size_t run = 0; run < plan.run_count; run++)
            pages += plan.runs[run].count;
        cr_expect_eq(plan.page_count, pages, "row %zu", i);
        hint_plan_free(&plan);
        hint_plan_free(&plan);
    }
}

Test(plan, a_page_at_the_least_probability_is_not_worth_its_fetch)
{
    struct hint_history history = history_of(1, "5:1@0");
    struct hint_database database = { 4096, 100 };
    struct hint_costs costs = { 200000, 0, 4 };
    struct hint_budget budget = { 1 << 20 };
    struct hint_plan plan = { 0 };

    cr_expect_eq(hint_plan_make(&plan, &history, database, costs, budget, NULL), HINT_OK);
    expect_text(0, plan_text(&plan), "");
    costs.probability_min_ppm = 199999;
    cr_expect_eq(hint_plan_make(&plan, &history, database, costs, budget, NULL), HINT_OK);
    expect_text(1, plan_text(&plan), "5");
    hint_plan_free(&plan);
    hint_history_free(&history);
}

Test(plan, the_lock_page_is_neither_wanted_nor_bridged)
{
    static const struct {
        uint32_t page_size, page;
    } rows[] = { { 512, 2097153 }, { 1024, 1048577 }, { 4096, 262145 }, { 65536, 16385 } };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct text pages = { "" };
        struct text want = { "" };
        struct hint_history history;
        struct hint_plan plan = { 0 };
        uint32_t lock = rows[i].page;

        text_add(&pages, "%u:1@0 %u:1@0 %u:1@0 %u:1@0", lock - 2, lock - 1, lock, lock + 1);
        text_add(&want, "%u-%u %u", lock - 2, lock - 1, lock + 1);
        history = history_of(1, pages.s);
        cr_expect_eq(hint_lock_page(rows[i].page_size), lock);
        cr_expect_eq(
            hint_plan_make(&plan, &history, (struct hint_database){ rows[i].page_size, lock + 9 },
                           (struct hint_costs){ 0, 9, 9 }, (struct hint_budget){ 1 << 30 }, NULL),
            HINT_OK);
        expect_text(i, plan_text(&plan), want.s);
        hint_plan_free(&plan);
        hint_history_free(&history);
    }
}

Test(plan, the_last_page_of_the_format_can_be_planned)
{
    struct hint_history history = history_of(1, "4294967292:1@0 4294967294:1@1");
    struct hint_plan plan = { 0 };

    cr_expect_eq(hint_plan_make(&plan, &history, (struct hint_database){ 512, UINT32_MAX },
                                (struct hint_costs){ 0, UINT32_MAX, 256 },
                                (struct hint_budget){ UINT64_MAX }, NULL),
                 HINT_OK);
    expect_text(0, plan_text(&plan), "4294967292-4294967294");
    hint_plan_free(&plan);
    hint_history_free(&history);
}

Test(plan, a_failed_allocation_leaves_the_plan_as_it_was)
{
    struct plan_case first = { "5:100@0", "", 100, 100, 0, 4, "" };
    struct plan_case second = { "1i:100@0 3i:100@1 90000:100@2", "", 100000, 9, 1, 4, "" };
    struct hint_history history = history_of(3, second.pages);
    struct hint_database database = { 4096, 100000 };
    struct hint_plan plan = { 0 };
    size_t n;
    int rc;

    cr_assert_eq(make(&plan, &first, 4096), HINT_OK);
    for (n = 0;; n++) {
        /* A budget of 4 pages prunes nothing, one of 2 does. */
        struct hint_budget budget = { n % 2 ? 4 * 4096 : 2 * 4096 };

        heap_fail_at(n / 2);
        rc = hint_plan_make(&plan, &history, database, costs_of(&second), budget, NULL);
        if (!heap_restore()) break;
        cr_expect_eq(rc, HINT_NOMEM, "n %zu", n);
        expect_text(n, plan_text(&plan), "5");
    }
    cr_expect_geq(n, 8);
    cr_expect_eq(rc, HINT_OK);
    hint_plan_free(&plan);
    hint_history_free(&history);
}

/* Pages below 2,000 in 32 sessions, with random ranks and classes. */
static struct hint_history random_history(struct rng *rng)
{
    struct hint_history history = { .session_count = 32 };
    uint32_t dense = 1 + rng_below(rng, 12);

    history.pages = calloc(2000, sizeof(*history.pages));
    cr_assert_not_null(history.pages);
    for (uint32_t pgno = 1; pgno < 2000; pgno++) {
        if (rng_below(rng, dense) > 0) continue;
        history.pages[history.len++] =
            (struct hint_page){ .pgno = pgno,
                                .seen = 1 | (uint32_t)(rng_next(rng) & rng_next(rng)),
                                .rank = rng_below(rng, 500),
                                .page_class = (uint8_t)rng_below(rng, 4) };
    }
    return history;
}

struct trial {
    struct hint_history history;
    struct hint_runs elsewhere;
    struct hint_database database;
    struct hint_costs costs;
    struct hint_budget budget;
};

static struct trial random_trial(struct rng *rng)
{
    struct trial trial = { .history = random_history(rng) };

    trial.database = (struct hint_database){ 512U << rng_below(rng, 8), rng_below(rng, 2500) };
    trial.costs = (struct hint_costs){ rng_below(rng, 600000), rng_below(rng, 8),
                                       1 + rng_below(rng, HINT_GROUP_PAGES_MAX) };
    trial.budget.bytes_max = (uint64_t)rng_below(rng, 2500) * trial.database.page_size;
    for (uint32_t i = rng_below(rng, 40); i > 0; i--) {
        struct hint_run run = { 1 + rng_below(rng, 2000), 1 + rng_below(rng, 20) };

        cr_assert_eq(hint_runs_add(&trial.elsewhere, run), HINT_OK);
    }
    return trial;
}

static bool trial_wants(const struct trial *trial, struct hint_page page)
{
    return page.pgno <= trial->database.page_count &&
           hint_page_probability_ppm(page) > trial->costs.probability_min_ppm &&
           !hint_runs_contains(&trial->elsewhere, page.pgno);
}

/* What holds for any plan. */
static void expect_lawful(const struct trial *trial, const struct hint_plan *plan)
{
    static bool named[5000];
    uint64_t pages = 0;
    size_t run = 0;

    memset(named, 0, sizeof(named));
    for (size_t i = 0; i < plan->group_count; i++) {
        uint64_t end = 0;

        cr_assert_eq(plan->groups[i].first, run);
        cr_assert_gt(plan->groups[i].len, 0);
        for (; run < plan->groups[i].first + plan->groups[i].len; run++) {
            cr_assert_gt(plan->runs[run].first, end, "runs of a group do not touch");
            end = hint_run_end(plan->runs[run]);
            cr_assert_leq(end, (uint64_t)trial->database.page_count + 1);
            for (uint32_t pgno = plan->runs[run].first; pgno < end; pgno++, pages++) {
                cr_assert(!named[pgno], "page %u twice", pgno);
                cr_assert(!hint_runs_contains(&trial->elsewhere, pgno));
                named[pgno] = true;
            }
        }
    }
    cr_assert_eq(run, plan->run_count);
    cr_assert_eq(pages, plan->page_count);
    cr_assert_leq(pages * trial->database.page_size, trial->budget.bytes_max);
}

/* How many wanted pages there are, and how many of them the plan names. */
static void count_wanted(const struct trial *trial, const struct hint_plan *plan, uint64_t *wanted,
                         uint64_t *named)
{
    *wanted = 0;
    *named = 0;
    for (size_t i = 0; i < trial->history.len; i++) {
        struct hint_page page = trial->history.pages[i];

        if (!trial_wants(trial, page)) continue;
        ++*wanted;
        for (size_t run = 0; run < plan->run_count; run++)
            if (page.pgno >= plan->runs[run].first && page.pgno < hint_run_end(plan->runs[run]))
                ++*named;
    }
}

Test(plan, every_plan_keeps_the_law_and_spends_the_budget_on_wanted_pages_first)
{
    struct rng rng = rng_start();

    cr_log_info("seed %" PRIu64, rng.seed);
    for (size_t round = 0; round < 200; round++) {
        struct trial trial = random_trial(&rng);
        struct hint_plan plan = { 0 };
        uint64_t wanted;
        uint64_t named;
        uint64_t most;

        cr_assert_eq(hint_plan_make(&plan, &trial.history, trial.database, trial.costs,
                                    trial.budget, &trial.elsewhere),
                     HINT_OK);
        expect_lawful(&trial, &plan);
        count_wanted(&trial, &plan, &wanted, &named);
        most = trial.budget.bytes_max / trial.database.page_size;
        if (most > wanted) most = wanted;
        cr_assert(named == most, "seed %" PRIu64 ", round %zu: named %" PRIu64 " of %" PRIu64,
                  rng.seed, round, named, most);
        if (trial.costs.gap_pages_max == 0) cr_assert_eq(plan.page_count, named);
        hint_plan_free(&plan);
        hint_history_free(&trial.history);
        hint_runs_free(&trial.elsewhere);
    }
}

/* 1000 pages in first-touch order: groups of 16, 32, 64, 128, 256, 256 and what is left. */
Test(plan, groups_begin_small_and_double)
{
    static const size_t want[] = { 16, 32, 64, 128, 256, 256, 248 };
    struct hint_history history = { .session_count = 1, .len = 1000 };
    struct hint_plan plan = { 0 };
    const struct hint_costs costs = { 0, 0, HINT_GROUP_PAGES_MAX };

    history.pages = calloc(history.len, sizeof *history.pages);
    for (uint32_t i = 0; i < 1000; i++)
        history.pages[i] = (struct hint_page){ .pgno = 2 * i + 2, .seen = 1, .rank = i };
    cr_assert_eq(hint_plan_make(&plan, &history, (struct hint_database){ 4096, 10000 }, costs,
                                (struct hint_budget){ 1 << 30 }, NULL),
                 HINT_OK);
    cr_assert_eq(plan.group_count, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++)
        cr_expect_eq(plan.groups[i].len, want[i], "group %zu: %zu", i, plan.groups[i].len);
    hint_plan_free(&plan);
    hint_history_free(&history);
}
