#include "hints/history.h"
#include "tests/hints/sessions.h"

static const struct merge_case {
    uint32_t sessions_a;
    const char *a;
    uint32_t sessions_b;
    const char *b;
    const char *want, *sessions;
} merge_cases[] = {
    /* history_of() names the newest session a, and a began first: the merge puts them in order. */
    { 1, "5:1@3", 0, "", "5:1@3", "a1" },
    { 1, "5:1@3", 1, "5i:1@2 6:1@9", "5i:1@2 6:1@9", "a2" },
    { 2, "5:10@3 6l:01/10@4", 1, "7:1@0", "5:01@3 6l:10/01@4 7:01@0", "b1 a1" },
    { 1, "5:1@3", 1, "5:1/1@3", "5:1/1@3", "a1" },
    { 1, "5:1/1@3 6l:1@1", 1, "5:1@3 6i:1@1", "5:1/1@3 6i:1@1", "a2" },
    { 1, "6i:1@1", 1, "6l:1@1", "6i:1@1", "a1" },
    { 3, "5l:100@3 6:011@4", 2, "5i:01@9 7:11@0", "5i:011@3 6:110@4 7:011@0", "c1 b2 a1" },
};

Test(history_merge, merge_puts_both_histories_into_one_order_of_sessions)
{
    for (size_t i = 0; i < COUNT(merge_cases); i++) {
        const struct merge_case *row = &merge_cases[i];
        struct hint_history a = history_of(row->sessions_a, row->a);
        struct hint_history b = history_of(row->sessions_b, row->b);
        struct hint_history merged = { 0 };

        cr_assert_eq(hint_history_merge(&merged, &a, &b), HINT_OK);
        expect_text(i, history_text(&merged), row->want);
        expect_text(i, sessions_text(&merged), row->sessions);
        hint_history_free(&merged);
        hint_history_free(&a);
        hint_history_free(&b);
    }
}

static const struct mark_case {
    struct hint_session_mark a, b, want; /* of one session */
} mark_cases[] = {
    { { .sessions = 1, .pages = 5, .db_pages = 100 },
      { .sessions = 2, .pages = 9, .db_pages = 90 },
      { .sessions = 2, .pages = 9, .db_pages = 100 } },
    { { .sessions = 2, .pages = 9, .db_pages = 90 },
      { .sessions = 1, .pages = 5, .db_pages = 100 },
      { .sessions = 2, .pages = 9, .db_pages = 100 } },
    /* Who saw more of the growth used is right; then who saw more of it. */
    { { .sessions = 1, .tail_pages = 10, .tail_used = 3, .tail_rank = 7 },
      { .sessions = 1, .tail_pages = 12, .tail_used = 2, .tail_rank = 4 },
      { .sessions = 1, .tail_pages = 10, .tail_used = 3, .tail_rank = 7 } },
    { { .sessions = 1, .tail_pages = 10, .tail_used = 2, .tail_rank = 7 },
      { .sessions = 1, .tail_pages = 12, .tail_used = 2, .tail_rank = 4 },
      { .sessions = 1, .tail_pages = 12, .tail_used = 2, .tail_rank = 4 } },
};

Test(history_merge, of_a_session_that_both_saw_what_is_more_counts)
{
    for (size_t i = 0; i < COUNT(mark_cases); i++) {
        for (int swapped = 0; swapped < 2; swapped++) {
            const struct mark_case *row = &mark_cases[i];
            struct hint_history a = { .session_count = 1, .sessions = { row->a } };
            struct hint_history b = { .session_count = 1, .sessions = { row->b } };
            struct hint_history merged = { 0 };
            const struct hint_session_mark *got = &merged.sessions[0];

            cr_assert_eq(hint_history_merge(&merged, swapped ? &b : &a, swapped ? &a : &b),
                         HINT_OK);
            cr_expect_eq(merged.session_count, 1, "row %zu", i);
            cr_expect_eq(got->sessions, row->want.sessions, "row %zu: %u", i, got->sessions);
            cr_expect_eq(got->pages, row->want.pages, "row %zu: %u", i, got->pages);
            cr_expect_eq(got->db_pages, row->want.db_pages, "row %zu: %u", i, got->db_pages);
            cr_expect_eq(got->tail_pages, row->want.tail_pages, "row %zu: %u", i, got->tail_pages);
            cr_expect_eq(got->tail_used, row->want.tail_used, "row %zu: %u", i, got->tail_used);
            cr_expect_eq(got->tail_rank, row->want.tail_rank, "row %zu: %u", i, got->tail_rank);
            hint_history_free(&merged);
        }
    }
}

/* A full history and a later session: the earliest one, which history_of() names a, goes, and with
 * it the page that no other touched. */
Test(history_merge, the_latest_32_sessions_stay)
{
    struct hint_history a = history_of(32, "5:11111111111111111111111111111111@0 "
                                           "6:10000000000000000000000000000000@1 "
                                           "7:01000000000000000000000000000001@2");
    struct hint_history b = history_of(1, "5:1@0 8:1@1");
    struct hint_history merged = { 0 };

    b.sessions[0].id.bytes[0] = 'Z';
    b.sessions[0].began_s = 1000;
    cr_assert_eq(hint_history_merge(&merged, &a, &b), HINT_OK);
    expect_text(0, history_text(&merged),
                "5:11111111111111111111111111111111@0 "
                "7:01000000000000000000000000000001@2 "
                "8:10000000000000000000000000000000@1");
    cr_expect_eq(merged.sessions[0].id.bytes[0], 'Z');
    cr_expect_eq(merged.sessions[1].id.bytes[0], 'a' + 31);
    cr_expect_eq(merged.sessions[31].id.bytes[0], 'b');
    cr_expect_eq(merged.folded, 32);
    hint_history_free(&merged);
    hint_history_free(&a);
    hint_history_free(&b);
}

Test(history_merge, sessions_ever_are_at_least_those_remembered_and_at_least_those_of_either)
{
    struct hint_history a = history_of(2, "5:11@0");
    struct hint_history b = history_of(1, "5:1@0");
    struct hint_history merged = { 0 };

    b.sessions[0].id.bytes[0] = 'Z';
    cr_assert_eq(hint_history_merge(&merged, &a, &b), HINT_OK);
    cr_expect_eq(merged.folded, 3);
    b.folded = 77;
    cr_assert_eq(hint_history_merge(&merged, &a, &b), HINT_OK);
    cr_expect_eq(merged.folded, 77);
    hint_history_free(&merged);
    hint_history_free(&a);
    hint_history_free(&b);
}

Test(history_merge, sessions_that_began_at_once_are_ordered_by_their_ids)
{
    struct hint_history a = history_of(1, "5:1@0");
    struct hint_history b = history_of(1, "6:1@0");
    struct hint_history merged = { 0 };

    b.sessions[0].id.bytes[15] = 1;
    cr_assert_eq(hint_history_merge(&merged, &a, &b), HINT_OK);
    expect_text(0, history_text(&merged), "5:01@0 6:10@0");
    cr_assert_eq(hint_history_merge(&merged, &b, &a), HINT_OK);
    expect_text(1, history_text(&merged), "5:01@0 6:10@0");
    hint_history_free(&merged);
    hint_history_free(&a);
    hint_history_free(&b);
}

/* Two hosts, each with some of a common row of sessions. */
static void random_histories(struct hint_history *a, struct hint_history *b, struct rng *rng)
{
    struct hint_touch touches[100];
    struct hint_session session = { .touches = touches };

    for (uint32_t i = rng_below(rng, 60); i > 0; i--) {
        uint32_t who = rng_below(rng, 3);

        random_session(&session, rng);
        session.began_s = 1000 - (int64_t)(i / 3); /* some began at once */
        session.last.page_count = rng_below(rng, 200);
        session.first.page_count = rng_below(rng, 200);
        if (who != 0) cr_assert_eq(hint_history_fold(a, &session), HINT_OK);
        if (who != 1) cr_assert_eq(hint_history_fold(b, &session), HINT_OK);
    }
}

Test(history_merge, merge_is_commutative_and_takes_a_session_once)
{
    struct rng rng = rng_start();

    for (size_t round = 0; round < 200; round++) {
        struct hint_history a = { 0 };
        struct hint_history b = { 0 };
        struct hint_history ab = { 0 };
        struct hint_history ba = { 0 };
        struct hint_history again = { 0 };

        random_histories(&a, &b, &rng);
        cr_assert_eq(hint_history_merge(&ab, &a, &b), HINT_OK);
        cr_assert_eq(hint_history_merge(&ba, &b, &a), HINT_OK);
        cr_assert(hint_history_is_normal(&ab));
        cr_assert(histories_equal(&ab, &ba), "seed %" PRIu64 ", round %zu", rng.seed, round);
        cr_assert_eq(hint_history_merge(&again, &ab, &ab), HINT_OK);
        cr_assert(histories_equal(&again, &ab), "seed %" PRIu64 ", round %zu", rng.seed, round);
        cr_assert_eq(hint_history_merge(&again, &ab, &b), HINT_OK);
        cr_assert(histories_equal(&again, &ab), "seed %" PRIu64 ", round %zu", rng.seed, round);
        hint_history_free(&a);
        hint_history_free(&b);
        hint_history_free(&ab);
        hint_history_free(&ba);
        hint_history_free(&again);
    }
}
