#include "hints/forecast.h"
#include "hints/plan.h"
#include "tests/hints/common.h"

#define SESSIONS_OF(history, ...)                                                                  \
    do {                                                                                           \
        static const uint32_t pages[] = { __VA_ARGS__ };                                           \
        for (uint32_t i = 0; i < (history)->session_count; i++)                                    \
            (history)->sessions[i].pages = pages[i];                                               \
    } while (0)

/* A book of one history, which it takes over. */
static struct hint_book book_of(struct hint_history *history)
{
    struct hint_book book = { .shared = *history };

    *history = (struct hint_history){ 0 };
    return book;
}

static struct text forecast_for(const struct hint_book *book, const char *profile,
                                uint32_t page_count)
{
    struct hint_forecast forecast = { 0 };
    struct text text;

    cr_assert_eq(hint_forecast_make(&forecast, book, profile, page_count), HINT_OK);
    text = forecast_text(&forecast);
    hint_forecast_free(&forecast);
    hint_forecast_free(&forecast);
    return text;
}

/* Of one session nothing can be counted: p = .8 p + .2 used. */
static const struct prior_case {
    uint32_t sessions;
    const char *history, *want;
} prior_cases[] = {
    { 0, "", "" },
    { 1, "1i:1@0 5l:1@1", "1i:200@0 5l:200@1" },
};

Test(forecast, the_first_session_counts_a_fifth)
{
    for (size_t i = 0; i < COUNT(prior_cases); i++) {
        struct hint_history history = history_of(prior_cases[i].sessions, prior_cases[i].history);
        struct hint_book book = book_of(&history);

        expect_text(i, forecast_for(&book, NULL, 100), prior_cases[i].want);
        hint_book_free(&book);
    }
}

static uint32_t bits_of(const char *text)
{
    uint32_t bits = 0;

    for (uint32_t bit = 0; text[bit]; bit++)
        if (text[bit] == '1') bits |= UINT32_C(1) << bit;
    return bits;
}

/* What is foreseen of a page with this past (bit 0 first), beside 399 pages with another past: each
 * of their sessions says what followed upon what was known before it. */
static uint32_t ppm_after(const char *past, const char *others)
{
    struct hint_history history = history_of((uint32_t)strlen(others), "");
    struct hint_forecast forecast = { 0 };
    struct hint_book book;
    uint32_t ppm;

    free(history.pages);
    history.len = 400;
    history.pages = calloc(history.len, sizeof(*history.pages));
    cr_assert_not_null(history.pages);
    for (uint32_t i = 0; i < history.len; i++)
        history.pages[i] =
            (struct hint_page){ .pgno = i + 1, .seen = bits_of(i == 7 ? past : others), .rank = i };
    for (uint32_t i = 0; i < history.session_count; i++)
        history.sessions[i].pages = 400;
    book = book_of(&history);
    cr_assert_eq(hint_forecast_make(&forecast, &book, NULL, 1000), HINT_OK);
    ppm = forecast.pages[7].ppm;
    hint_forecast_free(&forecast);
    hint_book_free(&book);
    return ppm;
}

static const struct past_case {
    const char *past, *others;
    bool expected; /* .9 or more; else .1 or less */
} past_cases[] = {
    /* Always used; every other time; every fourth time. */
    { "111111111111", "111111111111", true },
    { "010101010101", "010101010101", true },
    { "101010101010", "101010101010", false },
    { "00010001000100010001", "00010001000100010001", true },
    { "00100010001000100010", "00100010001000100010", false },
    /* How long ago: 3 is not 4, 5 is not 6, 8 is not 9. */
    { "0001", "100001", false },
    { "00001", "100001", true },
    { "000001", "10000001", false },
    { "0000001", "10000001", true },
    { "000000001", "10000000001", false },
    { "0000000001", "10000000001", true },
    /* How many in a row: 1 is not 2, 2 is not 3. */
    { "1", "011", true },
    { "11", "011", false },
    { "11", "0111", true },
    { "111", "0111", false },
    /* How many before the row: 0 is not 1, 1 is not 2, whatever the row. */
    { "01", "00101", true },
    { "0101", "00101", false },
    { "0101", "0010101", true },
    { "010101", "0010101", false },
    { "111", "11110111", false },
    { "1110111", "11110111", true },
    { "11", "11011", false },
    { "1011", "11011", true },
};

Test(forecast, what_always_followed_upon_a_past_is_expected)
{
    for (size_t i = 0; i < COUNT(past_cases); i++) {
        const struct past_case *row = &past_cases[i];
        uint32_t ppm = ppm_after(row->past, row->others);

        cr_expect(row->expected ? ppm >= 900000 : ppm <= 100000, "row %zu: %u", i, ppm);
    }
    /* A past that was never seen before: .2 x (.8 + .64 + .512 + .4096). */
    cr_expect_eq(ppm_after("01111", "01111"), 472320);
}

/* The sessions of 400 touches say that the late pages are always used; the short ones do not come
 * that far. */
Test(forecast, a_session_that_ended_before_has_no_say)
{
    struct hint_history history = history_of(6, "5:111111@0 9:010101@300");
    struct hint_book book;

    SESSIONS_OF(&history, 100, 400, 100, 400, 100, 400);
    book = book_of(&history);
    /* Page 9 was used in all of the three sessions that had a say: .2 + .16 + .128, and the cases.
     */
    expect_text(0, forecast_for(&book, NULL, 100), "5:778@0 9:566@300");
    /* Of 300 touches the last one has place 299. */
    for (uint32_t i = 0; i < 6; i += 2)
        book.shared.sessions[i].pages = 300;
    expect_text(1, forecast_for(&book, NULL, 100), "5:778@0 9:566@300");
    for (uint32_t i = 0; i < 6; i += 2)
        book.shared.sessions[i].pages = 301;
    expect_text(2, forecast_for(&book, NULL, 100), "5:778@0 9:328@300");
    hint_book_free(&book);
}

Test(forecast, a_fetch_in_vain_counts_only_where_the_whole_replay_was_in_vain)
{
    struct hint_history history = history_of(3, "5:111/111@0 9:001/110@300");
    struct hint_book book;
    struct text before;

    SESSIONS_OF(&history, 100, 100, 400);
    book = book_of(&history);
    before = forecast_for(&book, NULL, 100);
    cr_expect_str_eq(before.s, "5:488@0 9:245@300");
    hint_book_free(&book);

    /* Of 41 pages fetched, all of which both sessions came to, one was used: the second time the
     * others lose seven eighths, but not what was used in between. Their past is .128, with no case
     * to compare. */
    history = history_of(3, "5:111/111@0 8:010@1 9:001/110@50");
    SESSIONS_OF(&history, 100, 100, 400);
    history.pages = realloc(history.pages, 42 * sizeof(*history.pages));
    cr_assert_not_null(history.pages);
    while (history.len < 42) {
        history.pages[history.len] = history.pages[2];
        history.pages[history.len].pgno = 100 + (uint32_t)history.len;
        history.len++;
    }
    book = book_of(&history);
    cr_expect(strncmp(forecast_for(&book, NULL, 9).s, "5:488@0 8:44@1 9:16@50 103:16@50 ", 33) ==
              0);
    /* Where the older session used three more, only the newer one is left. */
    for (size_t i = 3; i < 6; i++)
        book.shared.pages[i].seen |= 2;
    cr_expect_not_null(strstr(forecast_for(&book, NULL, 9).s, " 9:128@50 "));
    for (size_t i = 3; i < 6; i++)
        book.shared.pages[i].seen &= ~UINT32_C(2);
    for (size_t i = 0; i < book.shared.len; i++)
        book.shared.pages[i].fetched &= ~UINT32_C(1);
    cr_expect(strncmp(forecast_for(&book, NULL, 9).s, "5:488@0 8:44@1 9:128@50 103:128@50 ", 35) ==
              0);
    hint_book_free(&book);
}

/* Two sessions: the older one touched all pages, the newer one the first of those that were fetched
 * for it, and others. */
static const struct useless_case {
    uint32_t fetched, used, others;
    uint32_t pages;    /* that the newer one touched: it came to places below this */
    uint32_t shared;   /* sessions that share its bit */
    uint32_t halvings; /* of what is foreseen of a page that was fetched for it in vain */
} useless_cases[] = {
    /* Less than one in 32 was used. */
    { 32, 1, 0, 100, 2, 0 },
    { 33, 1, 0, 100, 2, 3 },
    { 64, 2, 0, 100, 2, 0 },
    { 65, 2, 0, 100, 2, 3 },
    /* What else it used makes it no better, what it did not come to no worse. */
    { 33, 1, 9, 100, 2, 3 },
    { 33, 1, 0, 33, 2, 3 },
    { 33, 1, 0, 32, 2, 0 },
    /* The first time is for nothing. */
    { 33, 1, 0, 100, 1, 0 },
    { 33, 1, 0, 100, 4, 9 },
    { 33, 1, 0, 100, 8, 21 },
};

/* What is foreseen of the page behind those that were used. */
static uint32_t ppm_in_vain(const struct useless_case *row, bool was_fetched)
{
    struct hint_history history = history_of(2, "");
    struct hint_forecast forecast = { 0 };
    struct hint_book book;
    uint32_t ppm;

    free(history.pages);
    history.len = row->fetched + row->others;
    history.pages = calloc(history.len, sizeof(*history.pages));
    cr_assert_not_null(history.pages);
    for (uint32_t i = 0; i < history.len; i++)
        history.pages[i] = (struct hint_page){
            .pgno = i + 1,
            .seen = i < row->used || i >= row->fetched ? 3 : 2,
            .fetched = was_fetched && i < row->fetched ? 1 : 0,
            .rank = i,
        };
    history.sessions[0].pages = row->pages;
    history.sessions[0].sessions = row->shared;
    history.sessions[1].pages = 100;
    book = book_of(&history);
    cr_assert_eq(hint_forecast_make(&forecast, &book, NULL, 1000), HINT_OK);
    ppm = forecast.pages[row->used].ppm;
    hint_forecast_free(&forecast);
    hint_book_free(&book);
    return ppm;
}

Test(forecast, a_useless_replay_refutes_what_was_not_used_since)
{
    for (size_t i = 0; i < COUNT(useless_cases); i++) {
        const uint32_t before = ppm_in_vain(&useless_cases[i], false);
        const uint32_t after = ppm_in_vain(&useless_cases[i], true);

        cr_expect_gt(before, 10000, "row %zu: %u", i, before);
        cr_expect_eq(after, before >> useless_cases[i].halvings, "row %zu: %u of %u", i, after,
                     before);
    }
}

/* A history that names every page of the database, in every session, from this place on. */
static struct hint_book poisoned(uint32_t rank_step)
{
    struct hint_history history = { .session_count = 32, .len = 20000 };

    history.pages = calloc(history.len, sizeof(*history.pages));
    cr_assert_not_null(history.pages);
    for (uint32_t i = 0; i < history.len; i++)
        history.pages[i] =
            (struct hint_page){ .pgno = i + 1, .seen = UINT32_MAX, .rank = i * rank_step };
    for (uint32_t i = 0; i < 32; i++) {
        history.sessions[i].pages = 20000;
        history.sessions[i].sessions = 1;
        history.sessions[i].id.bytes[1] = (uint8_t)(i + 1);
    }
    return book_of(&history);
}

/* What a session of so many touches lets the plan fetch. */
static uint64_t fetch(struct hint_runs *fetched, const struct hint_plan *plan, uint32_t touches)
{
    uint64_t pages = 0;

    hint_runs_clear(fetched);
    for (size_t i = 0; i < plan->group_count; i++) {
        const struct hint_group *group = &plan->groups[i];

        for (size_t run = group->first; group->due <= touches && run < group->first + group->len;
             run++) {
            cr_assert_eq(hint_runs_add(fetched, plan->runs[run]), HINT_OK);
            pages += plan->runs[run].count;
        }
    }
    return pages;
}

static const struct poison_case {
    uint32_t rank_step;
    uint64_t at_first, in_the_end; /* pages, before and after three sessions of eight touches */
} poison_cases[] = {
    /* All at once: the budget, then feedback. */
    { 0, 2048, 16 },
    /* One after another, or nobody knows when: the session does not come that far. */
    { 1, 180, 180 },
    { 100000, 8, 8 },
};

Test(forecast, poison_is_bounded_by_budget_pace_and_feedback)
{
    const struct hint_costs costs = hint_costs_of(
        &(struct hint_device){ .latency_ns = 100000, .page_ns = 4096, .parallel = 16 });

    for (size_t row = 0; row < COUNT(poison_cases); row++) {
        struct hint_session session = session_of('z', "1 2 3 4 5 6 7 8");
        struct hint_book book = poisoned(poison_cases[row].rank_step);

        for (int i = 0; i < 40; i++) {
            const uint64_t most = i < 3 ? poison_cases[row].at_first : poison_cases[row].in_the_end;
            struct hint_forecast forecast = { 0 };
            struct hint_plan plan = { 0 };
            uint64_t pages;

            cr_assert_eq(hint_forecast_make(&forecast, &book, NULL, 20000), HINT_OK);
            cr_assert_eq(hint_plan_make(&plan, &forecast, (struct hint_database){ 4096, 20000 },
                                        costs, (struct hint_budget){ 8 << 20 }, HINT_TRUST_FULL,
                                        NULL),
                         HINT_OK);
            pages = fetch(&session.fetched, &plan, 8);
            cr_expect_leq(pages, most, "row %zu, session %d: %" PRIu64 " pages", row, i, pages);
            session.id.bytes[0]++;
            cr_assert_eq(hint_book_fold(&book, &session, NULL, (struct hint_book_cap){ 65536, 16 }),
                         HINT_OK);
            hint_plan_free(&plan);
            hint_forecast_free(&forecast);
        }
        hint_session_free(&session);
        hint_book_free(&book);
    }
}

/* A tenant's history beside that of all; what only others do is as likely as for all. */
Test(forecast, a_profile_stands_above_what_all_do)
{
    struct hint_history all = history_of(4, "1:1111@0 5:0100@7 6i:1011@3 7:0001@9");
    struct hint_history own = history_of(1, "1:1@0 5l:1@2 6:1@1 8:1@5");
    struct hint_profile profile = { .name = "tenant", .history = own };
    struct hint_book book;
    struct hint_forecast forecast = { 0 };

    SESSIONS_OF(&all, 3, 2, 2, 3);
    book = book_of(&all);
    expect_text(0, forecast_for(&book, "tenant", 100), "1:616@0 5:282@7 6i:520@3 7:282@9");
    book.profiles = &profile;
    book.profile_count = 1;
    expect_text(1, forecast_for(&book, "another", 100), "1:616@0 5:282@7 6i:520@3 7:282@9");
    expect_text(2, forecast_for(&book, NULL, 100), "1:616@0 5:282@7 6i:520@3 7:282@9");
    cr_assert_eq(hint_forecast_make(&forecast, &book, NULL, 100), HINT_OK);
    cr_expect_eq(forecast.usual_pages, 3);
    /* 1 - (1 - .2)^3; the profile's places; of both classes the one that is known. */
    expect_text(3, forecast_for(&book, "tenant", 100), "1:616@0 5l:488@2 6i:520@1 7:282@9 8:488@5");
    cr_assert_eq(hint_forecast_make(&forecast, &book, "tenant", 100), HINT_OK);
    cr_expect_eq(forecast.usual_pages, 4);
    /* Where the profile is all there is, it says no more than all. */
    hint_history_free(&book.shared);
    cr_assert_eq(hint_history_copy(&book.shared, &own), HINT_OK);
    cr_assert_eq(hint_forecast_make(&forecast, &book, "tenant", 100), HINT_OK);
    expect_text(4, forecast_text(&forecast), "1:200@0 5l:200@2 6:200@1 8:200@5");
    hint_forecast_free(&forecast);
    book.profiles = NULL;
    book.profile_count = 0;
    hint_history_free(&profile.history);
    hint_book_free(&book);
}

static const struct growth_case {
    uint32_t db_pages, tail_pages, tail_used, tail_rank; /* of the newest session */
    uint32_t page_count;
    const char *want; /* beside page 1 */
} growth_cases[] = {
    { 100, 10, 5, 40, 103, "1:200@0 101:500@40 102:500@40 103:500@40" },
    /* No more than half a usual session, the newest of them. */
    { 100, 10, 5, 40, 1000, "1:200@0 997:500@40 998:500@40 999:500@40 1000:500@40" },
    { 100, 10, 5, 40, 100, "1:200@0" },
    { 100, 10, 5, 40, 90, "1:200@0" },
    { 100, 10, 0, 0, 103, "1:200@0" },
    { 0, 10, 5, 40, 103, "1:200@0" },
    { 100, 0, 0, 0, 103, "1:200@0" },
};

Test(forecast, the_tail_is_offered_when_tails_were_wanted)
{
    for (size_t i = 0; i < COUNT(growth_cases); i++) {
        const struct growth_case *row = &growth_cases[i];
        struct hint_history history = history_of(1, "1:1@0");
        struct hint_session_mark *mark = &history.sessions[0];
        struct hint_book book;

        mark->pages = 7;
        mark->db_pages = row->db_pages;
        mark->tail_pages = row->tail_pages;
        mark->tail_used = row->tail_used;
        mark->tail_rank = row->tail_rank;
        book = book_of(&history);
        expect_text(i, forecast_for(&book, NULL, row->page_count), row->want);
        hint_book_free(&book);
    }
}

/* (5 x .9^0 + 5 x .9^2) of (10 x .9^0 + 10 x .9^1 + 10 x .9^2), and a session that wanted none of
 * its tail says nothing of the place. */
Test(forecast, all_tails_count_for_the_next_one)
{
    struct hint_history history = history_of(3, "1:111@0");
    struct hint_book book;

    SESSIONS_OF(&history, 7, 7, 7);
    history.sessions[0].db_pages = 100;
    for (uint32_t i = 0; i < 3; i++)
        history.sessions[i].tail_pages = 10;
    history.sessions[0].tail_used = 5;
    history.sessions[0].tail_rank = 40;
    history.sessions[2].tail_used = 5;
    history.sessions[2].tail_rank = 30;
    book = book_of(&history);
    expect_text(0, forecast_for(&book, NULL, 102), "1:488@0 101:334@30 102:334@30");
    hint_book_free(&book);
}

/* A page past the end that the last session knew may have been touched since: it is named once. */
Test(forecast, a_page_of_the_growth_that_the_history_knows_is_named_once)
{
    struct hint_history history = history_of(1, "1:1@0 101:1@1");
    struct hint_book book;

    SESSIONS_OF(&history, 9);
    history.sessions[0].db_pages = 100;
    history.sessions[0].tail_pages = 10;
    history.sessions[0].tail_used = 5;
    history.sessions[0].tail_rank = 40;
    book = book_of(&history);
    expect_text(0, forecast_for(&book, NULL, 103), "1:200@0 101:200@1 102:500@40 103:500@40");
    hint_book_free(&book);
}

Test(forecast, a_page_is_found_by_its_number)
{
    struct hint_forecast forecast = forecast_of(7, "1:100@0 5:100@1 9:100@2");

    cr_expect_eq(hint_forecast_find(&forecast, 1), &forecast.pages[0]);
    cr_expect_eq(hint_forecast_find(&forecast, 5), &forecast.pages[1]);
    cr_expect_eq(hint_forecast_find(&forecast, 9), &forecast.pages[2]);
    cr_expect_null(hint_forecast_find(&forecast, 0));
    cr_expect_null(hint_forecast_find(&forecast, 6));
    cr_expect_null(hint_forecast_find(&forecast, 10));
    forecast.len = 2;
    cr_expect_null(hint_forecast_find(&forecast, 9));
    hint_forecast_free(&forecast);
    cr_expect_null(hint_forecast_find(&forecast, 1));
}

/* How many allocations could fail. */
static size_t fail_each(const struct hint_book *book, const char *profile, size_t len)
{
    struct hint_forecast forecast = forecast_of(7, "9:100@2");
    size_t n;
    int rc;

    for (n = 0;; n++) {
        heap_fail_at(n);
        rc = hint_forecast_make(&forecast, book, profile, 100);
        if (!heap_restore()) break;
        cr_expect_eq(rc, HINT_NOMEM, "n %zu", n);
        expect_text(n, forecast_text(&forecast), "9:100@2");
    }
    cr_expect_eq(rc, HINT_OK);
    cr_expect_eq(forecast.len, len);
    hint_forecast_free(&forecast);
    return n;
}

Test(forecast, a_failed_allocation_leaves_the_forecast_as_it_was)
{
    struct hint_history shared = history_of(2, "1:11@0 5:10@1");
    struct hint_book book = book_of(&shared);
    struct hint_profile profile = { .name = "tenant", .history = history_of(1, "1:1@0 7:1@1") };

    cr_expect_geq(fail_each(&book, NULL, 2), 2);
    book.profiles = &profile;
    book.profile_count = 1;
    cr_expect_geq(fail_each(&book, "tenant", 3), 5);
    book.profiles = NULL;
    book.profile_count = 0;
    hint_history_free(&profile.history);
    hint_book_free(&book);
}

/* Random sessions over 300 pages, some with profiles: each page of a forecast comes from a history
 * or from the growth, each once, and each probability is one. */
Test(forecast, every_page_comes_from_a_history_or_from_the_growth)
{
    struct rng rng = rng_start();
    struct hint_touch touches[300];
    struct hint_book book = { 0 };

    for (uint32_t round = 1; round <= 300; round++) {
        const char *profile = rng_below(&rng, 2) ? "a" : "b";
        struct hint_session session = { .touches = touches };
        struct hint_forecast forecast = { 0 };
        uint32_t page_count = 250 + round + rng_below(&rng, 5);
        uint32_t before = 0;

        memcpy(session.id.bytes, &round, sizeof(round));
        session.began_s = round;
        session.first.page_count = page_count - rng_below(&rng, 3);
        session.last.page_count = page_count;
        for (uint32_t i = rng_below(&rng, 300); i > 0; i--)
            touches[session.len++] =
                (struct hint_touch){ 1 + rng_below(&rng, page_count), rng_below(&rng, 4) };
        cr_assert_eq(hint_book_fold(&book, &session, rng_below(&rng, 3) ? profile : NULL,
                                    (struct hint_book_cap){ 200, 2 }),
                     HINT_OK);
        cr_assert_eq(hint_forecast_make(&forecast, &book, profile, page_count + 7), HINT_OK);
        for (size_t i = 0; i < forecast.len; i++) {
            uint32_t pgno = forecast.pages[i].pgno;
            const struct hint_history *own = hint_book_profile(&book, profile);

            cr_assert_gt(pgno, before);
            before = pgno;
            cr_assert_leq(forecast.pages[i].ppm, 1000000);
            cr_assert(hint_history_find(&book.shared, pgno) ||
                          (own && hint_history_find(own, pgno)) ||
                          (pgno > book.shared.sessions[0].db_pages && pgno <= page_count + 7),
                      "seed %" PRIu64 ", round %u, page %u", rng.seed, round, pgno);
        }
        hint_forecast_free(&forecast);
    }
    hint_book_free(&book);
}
