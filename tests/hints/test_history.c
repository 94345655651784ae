#include "hints/history.h"
#include "tests/hints/common.h"

static int fold(struct hint_history *history, char name, const char *touches)
{
    struct hint_session session = session_of(name, touches);
    int rc = hint_history_fold(history, &session);

    hint_session_free(&session);
    return rc;
}

static void fold_31_others(struct hint_history *history)
{
    for (int name = 'a'; name < 'a' + 31; name++)
        cr_assert_eq(fold(history, (char)name, "1"), HINT_OK);
}

/* The names of the remembered sessions and their pages, "c2 b1 a3". */
static struct text sessions_text(const struct hint_history *history)
{
    struct text text = { "" };

    for (uint32_t i = 0; i < history->session_count; i++)
        text_add(&text, i > 0 ? " %c%u" : "%c%u", history->sessions[i].id.bytes[0],
                 history->sessions[i].pages);
    return text;
}

Test(history, sessions_are_folded_in_one_after_another)
{
    struct hint_history history = { 0 };

    cr_expect_eq(fold(&history, 'a', "9l 1i 4"), HINT_OK);
    expect_text(1, history_text(&history), "1i:1@1 4:1@2 9l:1@0");
    expect_text(1, sessions_text(&history), "a3");
    cr_expect_eq(fold(&history, 'b', "1 4l 7 8 9i"), HINT_OK);
    expect_text(2, history_text(&history), "1i:11@0 4l:11@1 7:10@2 8:10@3 9l:11@2");
    expect_text(2, sessions_text(&history), "b5 a3");
    cr_expect_eq(fold(&history, 'c', "30 7"), HINT_OK);
    expect_text(3, history_text(&history), "1i:011@0 4l:011@1 7:110@1 8:010@3 9l:011@2 30:100@0");
    expect_text(3, sessions_text(&history), "c2 b5 a3");
    cr_expect_eq(history.folded, 3);
    cr_expect_eq(history.sessions[0].began_s, 'c');
    cr_expect_eq(history.sessions[2].began_s, 'a');
    cr_expect(hint_history_is_normal(&history));
    hint_history_free(&history);
    hint_history_free(&history);
    cr_expect_eq(history.folded, 0);
}

static const struct fold_case {
    uint32_t session_count;
    const char *pages;
    char name;
    const char *touches, *want, *sessions;
    uint64_t folded;
} fold_cases[] = {
    /* A new session: the mean of the ranks is rounded down, a known class stays. */
    { 1, "5:1@3", 'z', "1 2 3 4 5i", "1:10@0 2:10@1 3:10@2 4:10@3 5i:11@3", "z5 a1", 2 },
    { 1, "5l:1@3", 'z', "5i", "5l:11@1", "z1 a1", 2 },
    { 1, "5:1@4294967295", 'z', "7 5", "5:11@2147483648 7:10@0", "z2 a1", 2 },
    /* The newest one again, with more pages: ranks that it gave before stay. */
    { 2, "5:10@9 6:01@4 7:11@5", 'a', "5 6i 7 8", "5:10@9 6i:11@2 7:11@5 8:10@3", "a4 b2", 2 },
    /* With fewer: its bits go, and a page of this session alone goes with them. */
    { 2, "5:10@9 6:01@4 7:11@5", 'a', "6", "6:11@2 7:01@5", "a1 b2", 2 },
    /* An older one again. */
    { 3, "5:100@0 6:011@0", 'b', "1 2 7", "1:010@0 2:010@1 5:100@0 6:001@0 7:010@2", "a1 b3 c1",
      3 },
    /* A page twice in a session counts once, at its first touch. */
    { 0, "", 'z', "5 9 5i", "5:1@0 9:1@1", "z2", 1 },
    /* A session without a page is no session. */
    { 1, "5:1@3", 'z', "", "5:1@3", "a1", 1 },
    { 1, "5:1@3", 'a', "", "5:1@3", "a1", 1 },
};

Test(history, a_known_session_is_replaced_and_a_new_one_ages_the_others)
{
    for (size_t i = 0; i < COUNT(fold_cases); i++) {
        const struct fold_case *row = &fold_cases[i];
        struct hint_history history = history_of(row->session_count, row->pages);

        cr_expect_eq(fold(&history, row->name, row->touches), HINT_OK);
        expect_text(i, history_text(&history), row->want);
        expect_text(i, sessions_text(&history), row->sessions);
        cr_expect_eq(history.folded, row->folded, "row %zu: %" PRIu64, i, history.folded);
        cr_expect(hint_history_is_normal(&history), "row %zu", i);
        hint_history_free(&history);
    }
}

Test(history, a_page_is_gone_when_the_last_session_that_touched_it_is)
{
    struct hint_history history = { 0 };

    cr_assert_eq(fold(&history, 'A', "1 2l"), HINT_OK);
    fold_31_others(&history);
    cr_expect_eq(history.session_count, 32);
    cr_expect_eq(history.pages[1].seen, UINT32_C(1) << 31);
    cr_expect_eq(history.sessions[31].id.bytes[0], 'A');

    cr_assert_eq(fold(&history, 'B', "3 1 4"), HINT_OK);
    cr_expect_eq(history.session_count, 32);
    cr_expect_eq(history.folded, 33);
    cr_expect_eq(history.len, 3);
    cr_expect_eq(history.pages[0].seen, UINT32_MAX);
    cr_expect_eq(history.pages[1].pgno, 3);
    cr_expect_eq(history.sessions[31].id.bytes[0], 'a');
    hint_history_free(&history);
}

Test(history, a_page_that_comes_back_as_it_goes_starts_anew)
{
    struct hint_history history = { 0 };

    cr_assert_eq(fold(&history, 'A', "9 8 7 6 5 4 2l"), HINT_OK);
    fold_31_others(&history);
    cr_assert_eq(fold(&history, 'B', "5 6 7 2"), HINT_OK);
    cr_expect_eq(history.pages[1].pgno, 2);
    cr_expect_eq(history.pages[1].seen, 1);
    cr_expect_eq(history.pages[1].rank, 3);
    cr_expect_eq(history.pages[1].page_class, HINT_CLASS_UNKNOWN);
    hint_history_free(&history);
}

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
        struct hint_page page = { .pgno = 1, .seen = probability_cases[i].seen };
        uint32_t ppm = hint_page_probability_ppm(page);

        cr_expect_eq(ppm, probability_cases[i].ppm, "row %zu: got %u", i, ppm);
    }
}

Test(history, probability_is_the_decayed_mean_of_every_session)
{
    double weight = .2;

    for (uint32_t bit = 0; bit < 32; bit++) {
        struct hint_page page = { .pgno = 1, .seen = UINT32_C(1) << bit };
        double error = weight * 1e6 - (double)hint_page_probability_ppm(page);

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
        hint_history_free(&history);
    }
}

Test(history, the_usual_number_of_pages_is_the_mean_rounded_up)
{
    struct hint_history history = { 0 };

    cr_expect_eq(hint_history_usual_pages(&history), 0);
    history.session_count = 3;
    history.sessions[0].pages = 10;
    history.sessions[1].pages = 10;
    history.sessions[2].pages = 10;
    cr_expect_eq(hint_history_usual_pages(&history), 10);
    history.sessions[2].pages = 11;
    cr_expect_eq(hint_history_usual_pages(&history), 11);
    history.sessions[0].pages = UINT32_MAX;
    history.sessions[1].pages = UINT32_MAX;
    history.sessions[2].pages = UINT32_MAX;
    cr_expect_eq(hint_history_usual_pages(&history), UINT32_MAX);
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

Test(history, a_failed_allocation_leaves_the_history_as_it_was)
{
    static int (*const calls[])(struct hint_history *) = { fold_known, fold_new, prune, copy };

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

/* A session of up to 60 pages below 100, in random order, at most once each. */
static void random_session(struct hint_session *session, struct rng *rng)
{
    bool used[100] = { false };

    session->len = 0;
    for (uint32_t i = 0; i < 16; i++)
        session->id.bytes[i] = (uint8_t)rng_below(rng, 256);
    for (uint32_t tries = 1 + rng_below(rng, 60); tries > 0; tries--) {
        uint32_t pgno = 1 + rng_below(rng, 99);

        if (used[pgno]) continue;
        used[pgno] = true;
        session->touches[session->len++] = (struct hint_touch){ pgno, rng_below(rng, 4) };
    }
}

Test(history, saving_a_session_while_it_runs_teaches_the_same_as_saving_it_once)
{
    struct rng rng = rng_start();
    struct hint_touch touches[100];
    struct hint_session session = { .touches = touches };
    struct hint_history once = { 0 };
    struct hint_history often = { 0 };

    for (size_t round = 0; round < 200; round++) {
        size_t len;

        random_session(&session, &rng);
        cr_assert_eq(hint_history_fold(&once, &session), HINT_OK);
        len = session.len;
        for (session.len = 0; session.len < len; session.len += 1 + rng_below(&rng, 20))
            cr_assert_eq(hint_history_fold(&often, &session), HINT_OK);
        session.len = len;
        cr_assert_eq(hint_history_fold(&often, &session), HINT_OK);
        cr_assert_eq(hint_history_fold(&often, &session), HINT_OK);
        cr_assert(hint_history_is_normal(&often));
        cr_assert(histories_equal(&once, &often), "seed %" PRIu64 ", round %zu:\n%s\n%s", rng.seed,
                  round, history_text(&once).s, history_text(&often).s);
    }
    hint_history_free(&once);
    hint_history_free(&often);
}

Test(history, the_bits_are_the_last_32_sessions)
{
    struct rng rng = rng_start();
    struct hint_touch touches[100];
    struct hint_session session = { .touches = touches };
    struct hint_history history = { 0 };
    uint32_t model[100] = { 0 };

    for (size_t round = 0; round < 200; round++) {
        size_t known = 0;

        random_session(&session, &rng);
        for (uint32_t pgno = 1; pgno < 100; pgno++)
            model[pgno] <<= 1;
        for (size_t i = 0; i < session.len; i++)
            model[session.touches[i].pgno] |= 1;
        cr_assert_eq(hint_history_fold(&history, &session), HINT_OK);
        for (uint32_t pgno = 1; pgno < 100; pgno++) {
            if (!model[pgno]) continue;
            cr_assert_lt(known, history.len);
            cr_assert(history.pages[known].pgno == pgno && history.pages[known].seen == model[pgno],
                      "seed %" PRIu64 ", round %zu, page %u", rng.seed, round, pgno);
            known++;
        }
        cr_assert_eq(known, history.len);
        cr_assert_eq(history.sessions[0].pages, session.len);
    }
    hint_history_free(&history);
}
