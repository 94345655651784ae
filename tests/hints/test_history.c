#include "hints/history.h"
#include "tests/hints/common.h"

Test(history, it_knows_its_sessions_by_all_bytes_of_their_id)
{
    struct hint_history history = history_of(2, "5:11@0");
    struct hint_session_id id = { { 'b' } };

    cr_expect(hint_history_knows(&history, &id));
    id.bytes[15] = 1;
    cr_expect(!hint_history_knows(&history, &id));
    id = (struct hint_session_id){ { 'c' } };
    cr_expect(!hint_history_knows(&history, &id));
    hint_history_free(&history);
    id = (struct hint_session_id){ { 0 } };
    cr_expect(!hint_history_knows(&history, &id));
}

static const struct probability_case {
    uint32_t seen, ppm;
} probability_cases[] = {
    { 1, 200000 },     { 2, 160000 },          { 3, 360000 },
    { 4, 128000 },     { 0xf, 590400 },        { 1 << 4, 81920 },
    { 1U << 31, 198 }, { UINT32_MAX, 999193 }, { 0x80000001, 200198 },
};

Test(history, probability_weighs_the_newest_sessions_most)
{
    for (size_t i = 0; i < COUNT(probability_cases); i++) {
        uint32_t ppm = hint_decayed_ppm(probability_cases[i].seen);

        cr_expect_eq(ppm, probability_cases[i].ppm, "row %zu: got %u", i, ppm);
    }
}

Test(history, probability_is_the_decayed_mean_of_every_session)
{
    double weight = .2;

    for (uint32_t bit = 0; bit < 32; bit++) {
        double error = weight * 1e6 - (double)hint_decayed_ppm(UINT32_C(1) << bit);

        cr_expect(error > -.01 && error < 1, "bit %u: %f too low", bit, error);
        weight *= .8;
    }
}

static const struct prune_case {
    const char *pages;
    size_t pages_max;
    const char *want;
} prune_cases[] = {
    { "1:111@0 2:111@1", 2, "1:111@0 2:111@1" },
    { "1:111@0 2:111@1", 9, "1:111@0 2:111@1" },
    { "1:111@0 2:111@1", 0, "" },
    { "1:001@0 2:100@9 3:010@0", 1, "2:100@9" },
    { "1:001@0 2:100@9 3:010@0", 2, "2:100@9 3:010@0" },
    { "1:100@0 7:001@0", 1, "1:100@0" },
    { "1:100@5 2:011@9 3:100@4", 1, "2:011@9" },         /* .288 against .2 */
    { "1:100@5 2:100@3 3:100@4", 2, "2:100@3 3:100@4" }, /* the earliest */
    { "1:100@5 2:100@5 3:100@5", 2, "1:100@5 2:100@5" }, /* the lowest pages */
};

Test(history, prune_keeps_the_most_probable_then_the_earliest_then_the_lowest)
{
    for (size_t i = 0; i < COUNT(prune_cases); i++) {
        struct hint_history history = history_of(3, prune_cases[i].pages);

        cr_expect_eq(hint_history_prune(&history, prune_cases[i].pages_max), HINT_OK);
        expect_text(i, history_text(&history), prune_cases[i].want);
        cr_expect_eq(history.folded, 3);
        cr_expect_null(hint_history_find(&history, 7), "row %zu", i);
        hint_history_free(&history);
    }
}

static const struct usual_case {
    uint32_t pages[3], want;
} usual_cases[] = {
    { { 10, 10, 10 }, 10 },
    { { 0, 0, 0 }, 0 },
    /* Odd sessions had no say. */
    { { 0, 7, 7 }, 7 },
    /* (10 x 10 + 10 x 10 + 13 x 13) / 33, rounded up */
    { { 10, 10, 13 }, 12 },
    /* Short ones hardly count: (600 x 600 + 2 x 20 x 20) / 640 */
    { { 20, 600, 20 }, 564 },
    { { UINT32_MAX, UINT32_MAX, UINT32_MAX }, 1 << 24 },
};

Test(history, the_usual_session_is_the_one_in_which_the_usual_page_is_touched)
{
    struct hint_history history = { 0 };

    cr_expect_eq(hint_history_usual_pages(&history), 0);
    history.session_count = 3;
    for (size_t i = 0; i < COUNT(usual_cases); i++) {
        uint32_t got;

        for (size_t k = 0; k < 3; k++)
            history.sessions[k].pages = usual_cases[i].pages[k];
        got = hint_history_usual_pages(&history);
        cr_expect_eq(got, usual_cases[i].want, "row %zu: %u", i, got);
    }
}

Test(history, a_page_is_found_by_its_number)
{
    struct hint_history history = history_of(1, "1:1@0 5:1@1 9:1@2");

    cr_expect_eq(hint_history_find(&history, 1), &history.pages[0]);
    cr_expect_eq(hint_history_find(&history, 5), &history.pages[1]);
    cr_expect_eq(hint_history_find(&history, 9), &history.pages[2]);
    cr_expect_null(hint_history_find(&history, 0));
    cr_expect_null(hint_history_find(&history, 6));
    cr_expect_null(hint_history_find(&history, 10));
    hint_history_free(&history);
    cr_expect_null(hint_history_find(&history, 1));
}

Test(history, pages_are_known_to_a_session_by_others)
{
    struct hint_history history = history_of(3, "1:110@0 5:010@1 7:001@2 9:011@3");
    struct hint_session session = session_of('b', "5 1 8 9 7");

    cr_expect_eq(hint_history_known(&history, &session, 5), 3, "1, 9 and 7");
    cr_expect_eq(hint_history_known(&history, &session, 99), 3);
    cr_expect_eq(hint_history_known(&history, &session, 3), 1);
    cr_expect_eq(hint_history_known(&history, &session, 0), 0);
    session.id.bytes[0] = 'z';
    cr_expect_eq(hint_history_known(&history, &session, 5), 4);
    hint_session_free(&session);
    hint_history_free(&history);
}

static const struct normal_case {
    uint32_t session_count;
    const char *pages;
    bool want;
} normal_cases[] = {
    { 0, "", true },
    { 1, "1:1@0", true },
    { 1, "1:1@0 4294967294o:1@7", true },
    { 2, "1:01@0", true },
    { 1, "2:1@0 1:1@0", false },
    { 1, "2:1@0 2:1@0", false },
    { 1, "0:1@0", false },
    { 1, "4294967295:1@0", false },
    { 2, "1:00@0", false },
    { 1, "1:01@0", false },
    { 31, "1:00000000000000000000000000000001@0", false },
    { 32, "1:00000000000000000000000000000001@0", true },
    { 0, "1:1@0", false },
    { 2, "1:10/01@0", true },
    { 1, "1:1/01@0", false },
};

Test(history, normal_form_is_sorted_and_every_page_was_seen)
{
    struct hint_history history = history_of(1, "1:1@0");

    for (size_t i = 0; i < COUNT(normal_cases); i++) {
        struct hint_history row = history_of(normal_cases[i].session_count, normal_cases[i].pages);

        cr_expect(hint_history_is_normal(&row) == normal_cases[i].want, "row %zu", i);
        hint_history_free(&row);
    }
    history.pages[0].page_class = 4;
    cr_expect(!hint_history_is_normal(&history));
    history.pages[0].page_class = 3;
    history.session_count = 33;
    cr_expect(!hint_history_is_normal(&history));
    hint_history_free(&history);
}

Test(history, a_copy_is_equal_and_stands_alone)
{
    struct hint_history history = history_of(2, "1i:11@0 5:01@3");
    struct hint_history copy = history_of(1, "9:1@0");

    cr_expect_eq(hint_history_copy(&copy, &history), HINT_OK);
    cr_expect(histories_equal(&copy, &history));
    history.pages[0].rank = 77;
    expect_text(0, history_text(&copy), "1i:11@0 5:01@3");
    hint_history_free(&history);
    cr_expect_eq(hint_history_copy(&copy, &history), HINT_OK);
    cr_expect(histories_equal(&copy, &history));
    hint_history_free(&copy);
}

static int fold_known(struct hint_history *history)
{
    static struct hint_touch touches[] = { { 5, 0 }, { 1, 0 }, { 8, 0 } };
    struct hint_session session = { .id = { { 'a' } }, .touches = touches, .len = 3 };

    return hint_history_fold(history, &session);
}

static int fold_new(struct hint_history *history)
{
    static struct hint_touch touches[] = { { 5, 0 }, { 1, 0 }, { 8, 0 } };
    struct hint_session session = { .id = { { 'z' } }, .touches = touches, .len = 3 };

    return hint_history_fold(history, &session);
}

static int prune(struct hint_history *history)
{
    return hint_history_prune(history, 1);
}

static int copy(struct hint_history *history)
{
    static struct hint_page page = { .pgno = 2, .seen = 1 };
    struct hint_history other = { .folded = 9, .session_count = 1, .pages = &page, .len = 1 };

    return hint_history_copy(history, &other);
}

static int merge(struct hint_history *history)
{
    static struct hint_page page = { .pgno = 2, .seen = 1 };
    struct hint_history other = {
        .folded = 9, .session_count = 1, .sessions = { { .sessions = 1 } }, .pages = &page, .len = 1
    };

    return hint_history_merge(history, &other, &other);
}

Test(history, a_failed_allocation_leaves_the_history_as_it_was)
{
    static int (*const calls[])(struct hint_history *) = { fold_known, fold_new, prune, copy,
                                                           merge };

    for (size_t i = 0; i < COUNT(calls); i++) {
        struct hint_history history = history_of(2, "1i:11@0 5:01@3");
        struct hint_history before = history_of(2, "1i:11@0 5:01@3");
        size_t n;
        int rc;

        for (n = 0;; n++) {
            heap_fail_at(n);
            rc = calls[i](&history);
            if (!heap_restore()) break;
            cr_expect_eq(rc, HINT_NOMEM, "row %zu, n %zu", i, n);
            cr_expect(histories_equal(&history, &before), "row %zu, n %zu", i, n);
        }
        cr_expect_eq(rc, HINT_OK, "row %zu", i);
        cr_expect_geq(n, 1, "row %zu", i);
        cr_expect(!histories_equal(&history, &before), "row %zu", i);
        hint_history_free(&history);
        hint_history_free(&before);
    }
}
