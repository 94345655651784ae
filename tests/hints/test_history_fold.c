#include "hints/history.h"
#include "tests/hints/sessions.h"

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

Test(history_fold, sessions_are_folded_in_one_after_another)
{
    struct hint_history history = { 0 };

    cr_expect_eq(fold(&history, 'a', "9l 1i 4"), HINT_OK);
    expect_text(1, history_text(&history), "1i:1@1 4:1@2 9l:1@0");
    expect_text(1, sessions_text(&history), "a3");
    cr_expect_eq(fold(&history, 'b', "1 4l 7 8 9i"), HINT_OK);
    expect_text(2, history_text(&history), "1i:11@0 4l:11@1 7:10@2 8:10@3 9l:11@0");
    expect_text(2, sessions_text(&history), "b5 a3");
    cr_expect_eq(fold(&history, 'c', "30 7"), HINT_OK);
    expect_text(3, history_text(&history), "1i:011@0 4l:011@1 7:110@1 8:010@3 9l:011@0 30:100@0");
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
    /* A new session: the earliest place counts, a known class stays. */
    { 1, "5:1@3", 'z', "1 2 3 4 5i", "1:10@0 2:10@1 3:10@2 4:10@3 5i:11@3", "z5 a1", 2 },
    { 1, "5l:1@3", 'z', "5i", "5l:11@0", "z1 a1", 2 },
    { 1, "5:1@4294967295", 'z', "7 5", "5:11@1 7:10@0", "z2 a1", 2 },
    /* The newest one again, with more pages. */
    { 2, "5:10@9 6:01@4 7:11@5", 'a', "5 6i 7 8", "5:10@0 6i:11@1 7:11@2 8:10@3", "a4 b2", 2 },
    /* With fewer: its bits go, and a page of this session alone goes with them. */
    { 2, "5:10@9 6:01@4 7:11@5", 'a', "6", "6:11@0 7:01@5", "a1 b2", 2 },
    /* What was prefetched for it, used or not; pages that it does not touch and the history does
       not know are nothing to remember. */
    { 1, "5:1/1@3 6:1@4", 'z', "7 5+6-9", "5:11/01@1 6:01/10@4 7:10/10@0", "z2 a2", 2 },
    { 2, "5:10/10@3 6:01/10@4", 'a', "5+6", "5:10@0 6:01/10@4", "a1 b1", 2 },
    { 2, "5:10/10@3 6:01/10@4", 'a', "5", "5:10@0 6:01@4", "a1 b1", 2 },
    /* An older one again. */
    { 3, "5:100@0 6:011@0", 'b', "1 2 7", "1:010@0 2:010@1 5:100@0 6:001@0 7:010@2", "a1 b3 c1",
      3 },
    { 3, "5:100@0 6:011@0", 'b', "1 2 7+2 5 6",
      "1:010@0 2:010/010@1 5:100/010@0 6:001/010@0 7:010@2", "a1 b3 c1", 3 },
    { 3, "5:110/011@0 6:011/110@4", 'b', "5", "5:110/001@0 6:001/100@4", "a1 b1 c1", 3 },
    /* A page twice in a session counts once, at its first touch. */
    { 0, "", 'z', "5 9 5i", "5:1@0 9:1@1", "z2", 1 },
    /* A session without a page is no session. */
    { 1, "5:1@3", 'z', "", "5:1@3", "a1", 1 },
    { 1, "5:1@3", 'a', "", "5:1@3", "a1", 1 },
};

Test(history_fold, a_known_session_is_replaced_and_a_new_one_ages_the_others)
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

Test(history_fold, a_page_is_gone_when_the_last_session_that_touched_it_is)
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

Test(history_fold, a_page_that_comes_back_as_it_goes_starts_anew)
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

Test(history_fold, saving_a_session_while_it_runs_teaches_the_same_as_saving_it_once)
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

Test(history_fold, the_bits_are_the_last_32_sessions)
{
    struct rng rng = rng_start();
    struct hint_touch touches[100];
    struct hint_session session = { .touches = touches };
    struct hint_history history = { 0 };
    uint32_t model[100] = { 0 };

    for (size_t round = 0; round < 200; round++) {
        size_t known = 0;

        /* Very short ones share a bit, of which the model knows nothing. */
        do
            random_session(&session, &rng);
        while (session.len < 6);
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

/* A session that touches `count` pages from `first` on, one after another. */
static int fold_row(struct hint_history *history, uint32_t id, uint32_t first, uint32_t count,
                    uint32_t db_pages)
{
    struct hint_session session = { .began_s = id, .last = { .page_count = db_pages } };
    int rc;

    memcpy(session.id.bytes, &id, sizeof(id));
    session.touches = calloc(count, sizeof(*session.touches));
    cr_assert_not_null(session.touches);
    for (uint32_t i = 0; i < count; i++)
        session.touches[session.len++] = (struct hint_touch){ first + i, 0 };
    rc = hint_history_fold(history, &session);
    hint_session_free(&session);
    return rc;
}

Test(history_fold, very_short_sessions_in_a_row_push_little_out)
{
    struct hint_history history = { 0 };

    for (uint32_t id = 1; id <= 3; id++)
        cr_assert_eq(fold_row(&history, id, 1, 800, 10000), HINT_OK);
    for (uint32_t id = 4; id < 90; id++)
        cr_assert_eq(fold_row(&history, id, 2000 + id, 2, 10000), HINT_OK);
    /* Eight share a bit; the two latest are not joined before the next one comes, for the latest
     * may still run. */
    cr_expect_eq(history.session_count, 3 + 10 + 2);
    cr_expect_eq(hint_history_find(&history, 2090)->seen, 1);
    cr_expect_eq(hint_history_find(&history, 2089)->seen, 1 + 2);
    cr_expect_eq(hint_history_find(&history, 2085)->seen, 2);
    cr_expect_eq(hint_history_find(&history, 2084)->seen, 2 + 4);
    cr_expect_eq(history.sessions[1].sessions, 5);
    cr_expect_eq(hint_history_find(&history, 1)->seen, 7U << 12);
    cr_expect_eq(history.sessions[2].sessions, 8);
    cr_expect_eq(history.sessions[2].pages, 2);
    cr_expect_eq(history.sessions[0].id.bytes[0], 89);
    /* The next full one has a place of its own. */
    cr_assert_eq(fold_row(&history, 90, 1, 800, 10000), HINT_OK);
    cr_assert_eq(fold_row(&history, 91, 1, 800, 10000), HINT_OK);
    cr_expect_eq(history.session_count, 16);
    cr_expect_eq(hint_history_find(&history, 1)->seen, 1 + 2 + (7U << 13));
    hint_history_free(&history);
}

/* Four sessions, the newest first. */
static const struct join_case {
    uint32_t pages[4];
    uint32_t shared; /* sessions that share the bit of the second */
    bool joined;
    const char *sessions; /* after a new one of one page */
} join_cases[] = {
    /* Of both the latest is named, and how many pages the larger one had. */
    { { 2, 3, 100, 100 }, 1, true, "z1 a3 c100 d100" },
    { { 3, 2, 100, 100 }, 1, true, "z1 a3 c100 d100" },
    /* One alone is not joined to a longer one, nor to a sweep. */
    { { 2, 20, 100, 100 }, 1, false, "z1 a2 b20 c100 d100" },
    { { 20, 2, 100, 100 }, 1, false, "z1 a20 b2 c100 d100" },
    { { 2, 0, 100, 100 }, 1, false, "z1 a2 b0 c100 d100" },
    { { 0, 2, 100, 100 }, 1, false, "z1 a0 b2 c100 d100" },
    /* 6 are an eighth of 48, the mean, and less than one of 49. */
    { { 6, 6, 90, 90 }, 1, false, "z1 a6 b6 c90 d90" },
    { { 6, 6, 90, 91 }, 1, true, "z1 a6 c90 d91" },
    { { 2, 2, 100, 100 }, 7, true, "z1 a2 c100 d100" },
    { { 2, 2, 100, 100 }, 8, false, "z1 a2 b2 c100 d100" },
};

Test(history_fold, two_very_short_sessions_share_a_bit_when_the_next_one_comes)
{
    for (size_t i = 0; i < COUNT(join_cases); i++) {
        const struct join_case *row = &join_cases[i];
        struct hint_history history =
            history_of(4, "5:1000/1000@0 6:0100/0100@1 7:0011/0010@2 8:0110/0100@3");

        for (size_t k = 0; k < 4; k++)
            history.sessions[k].pages = row->pages[k];
        history.sessions[1].sessions = row->shared;
        /* Saved again it comes no further. */
        for (int again = 0; again < 2; again++) {
            cr_assert_eq(fold(&history, 'z', "9"), HINT_OK);
            expect_text(i, sessions_text(&history), row->sessions);
            expect_text(i, history_text(&history),
                        row->joined
                            ? "5:0100/0100@0 6:0100/0100@1 7:0011/0010@2 8:0110/0100@3 9:1000@0"
                            : "5:01000/01000@0 6:00100/00100@1 7:00011/00010@2 "
                              "8:00110/00100@3 9:10000@0");
            cr_expect_eq(history.sessions[0].sessions, 1, "row %zu", i);
            cr_expect_eq(history.sessions[1].sessions, row->joined ? row->shared + 1 : 1,
                         "row %zu: %u", i, history.sessions[1].sessions);
        }
        hint_history_free(&history);
    }
}

Test(history_fold, of_a_very_long_session_the_first_touches_count)
{
    struct hint_history history = { 0 };

    cr_assert_eq(fold_row(&history, 1, 1, 5000, 100000), HINT_OK);
    cr_expect_eq(history.sessions[0].pages, 5000, "the first of all is taken whole");
    hint_history_free(&history);

    cr_assert_eq(fold_row(&history, 1, 1, 300, 100000), HINT_OK);
    cr_assert_eq(fold_row(&history, 2, 1, 5000, 100000), HINT_OK);
    cr_expect_eq(history.sessions[0].pages, 1200, "%u", history.sessions[0].pages);
    cr_expect_eq(history.pages[history.len - 1].pgno, 1200);
    /* Saved again it is measured by the others, not by itself. */
    cr_assert_eq(fold_row(&history, 2, 1, 5000, 100000), HINT_OK);
    cr_expect_eq(history.sessions[0].pages, 1200);
    hint_history_free(&history);

    cr_assert_eq(fold_row(&history, 1, 1, 10, 100000), HINT_OK);
    cr_assert_eq(fold_row(&history, 2, 1, 5000, 100000), HINT_OK);
    cr_expect_eq(history.sessions[0].pages, 1024, "so many are always taken");
    hint_history_free(&history);
}

static const struct sweep_case {
    uint32_t usual, pages, db_pages;
    bool taken;
} sweep_cases[] = {
    { 200, 1000, 2000, false }, { 200, 999, 2000, true }, { 200, 800, 1000, false },
    { 200, 799, 1000, true },   { 200, 1000, 0, true },   { 100, 511, 600, true },
    { 100, 512, 600, false },   { 0, 1000, 1000, true },
};

Test(history_fold, a_sweep_through_the_database_is_not_taken_unless_it_is_the_second)
{
    for (size_t i = 0; i < COUNT(sweep_cases); i++) {
        const struct sweep_case *row = &sweep_cases[i];
        struct hint_history history = { 0 };

        if (row->usual) cr_assert_eq(fold_row(&history, 1, 1, row->usual, 0), HINT_OK);
        for (int again = 0; again < 2; again++) {
            cr_assert_eq(fold_row(&history, 2, 1, row->pages, row->db_pages), HINT_OK);
            cr_expect_eq(history.sessions[0].pages > 0, row->taken, "row %zu", i);
            cr_expect_eq(history.len > row->usual, row->taken, "row %zu", i);
        }
        cr_assert_eq(fold_row(&history, 3, 1, row->pages, row->db_pages), HINT_OK);
        cr_expect_eq(history.sessions[0].pages,
                     row->pages < 1024       ? row->pages
                     : row->usual * 4 < 1024 ? 1024
                                             : row->usual * 4,
                     "row %zu: %u", i, history.sessions[0].pages);
        hint_history_free(&history);
    }
}

static const struct report_case {
    uint32_t sessions, usual, first, pages; /* of the report; the others begin at page 1 */
    bool taken;
} report_cases[] = {
    { 3, 300, 5000, 600, false },
    { 3, 300, 5000, 599, true },
    { 2, 300, 5000, 600, true },
    { 3, 255, 5000, 511, true },
    { 3, 255, 5000, 512, false },
    /* 37 of 600 pages are known, and 38. */
    { 3, 300, 264, 600, false },
    { 3, 300, 263, 600, true },
    /* 39 of 640, and 40, which is a sixteenth. */
    { 3, 300, 262, 640, false },
    { 3, 300, 261, 640, true },
};

Test(history_fold, a_long_session_like_none_before_is_not_taken_unless_it_is_the_second)
{
    for (size_t i = 0; i < COUNT(report_cases); i++) {
        const struct report_case *row = &report_cases[i];
        struct hint_history history = { 0 };

        for (uint32_t id = 1; id <= row->sessions; id++)
            cr_assert_eq(fold_row(&history, id, 1, row->usual, 100000), HINT_OK);
        for (int again = 0; again < 2; again++) {
            cr_assert_eq(fold_row(&history, 8, row->first, row->pages, 100000), HINT_OK);
            cr_expect_eq(history.sessions[0].pages, row->taken ? row->pages : 0, "row %zu", i);
        }
        cr_assert_eq(fold_row(&history, 9, row->first, row->pages, 100000), HINT_OK);
        cr_expect_eq(history.sessions[0].pages, row->pages, "row %zu", i);
        hint_history_free(&history);
    }
}

/* A sweep is told from the sessions before it, not from what was saved of itself. */
Test(history_fold, a_session_that_becomes_a_sweep_as_it_runs_is_none_either)
{
    struct hint_history history = { 0 };

    cr_assert_eq(fold_row(&history, 1, 1, 200, 2000), HINT_OK);
    cr_assert_eq(fold_row(&history, 2, 1, 600, 2000), HINT_OK);
    cr_expect_eq(history.sessions[0].pages, 600);
    cr_assert_eq(fold_row(&history, 2, 1, 1000, 2000), HINT_OK);
    cr_expect_eq(history.sessions[0].pages, 0);
    cr_expect_eq(history.len, 200);
    hint_history_free(&history);
}

Test(history_fold, two_sessions_and_an_odd_one_do_not_say_what_is_usual)
{
    struct hint_history history = { 0 };

    for (uint32_t id = 1; id <= 3; id++)
        cr_assert_eq(fold_row(&history, id, 1, 300, 100000), HINT_OK);
    history.sessions[1].pages = 0;
    cr_assert_eq(fold_row(&history, 8, 5000, 600, 100000), HINT_OK);
    cr_expect_eq(history.sessions[0].pages, 600);
    hint_history_free(&history);
}

/* What it saved of itself as it ran makes it no better known. */
Test(history_fold, a_session_that_becomes_a_report_as_it_runs_is_not_taken_either)
{
    struct hint_history history = { 0 };

    for (uint32_t id = 1; id <= 3; id++)
        cr_assert_eq(fold_row(&history, id, 1, 300, 100000), HINT_OK);
    cr_assert_eq(fold_row(&history, 8, 5000, 599, 100000), HINT_OK);
    cr_expect_eq(history.sessions[0].pages, 599);
    cr_assert_eq(fold_row(&history, 8, 5000, 600, 100000), HINT_OK);
    cr_expect_eq(history.sessions[0].pages, 0);
    cr_expect_eq(history.len, 300);
    hint_history_free(&history);
}

static const struct tail_case {
    uint32_t before;      /* pages when the session before ended; 0: unknown */
    uint32_t first, last; /* pages as the session found the database and left it */
    const char *touches;
    uint32_t pages, used, rank;
} tail_cases[] = {
    { 100, 110, 112, "1 2 105 99 110 111 101", 10, 3, 2 }, /* 101 to 110 */
    { 100, 110, 110, "7 100 110", 10, 1, 2 },
    { 100, 110, 110, "1 2 3", 10, 0, 0 },
    { 100, 100, 120, "105", 0, 0, 0 },
    { 100, 90, 90, "90 101", 0, 0, 0 },
    { 100, 0, 110, "105", 0, 0, 0 },
    { 0, 110, 110, "105", 0, 0, 0 },
};

Test(history_fold, a_session_says_how_much_of_the_growth_it_wanted)
{
    for (size_t i = 0; i < COUNT(tail_cases); i++) {
        const struct tail_case *row = &tail_cases[i];
        struct hint_history history = { 0 };
        struct hint_session session = session_of('b', row->touches);
        const struct hint_session_mark *mark = &history.sessions[0];

        cr_assert_eq(fold_row(&history, 1, 1, 3, row->before), HINT_OK);
        cr_expect_eq(mark->tail_pages, 0, "row %zu: nothing is known of the time before", i);
        session.first.page_count = row->first;
        session.last.page_count = row->last;
        /* Saved again it says the same. */
        for (int again = 0; again < 2; again++) {
            cr_assert_eq(hint_history_fold(&history, &session), HINT_OK);
            cr_expect_eq(mark->db_pages, row->last, "row %zu", i);
            cr_expect_eq(mark->tail_pages, row->pages, "row %zu: %u", i, mark->tail_pages);
            cr_expect_eq(mark->tail_used, row->used, "row %zu: %u", i, mark->tail_used);
            cr_expect_eq(mark->tail_rank, row->rank, "row %zu: %u", i, mark->tail_rank);
        }
        hint_session_free(&session);
        hint_history_free(&history);
    }
}

/* What the newest session said of its tail is not the next one's. */
Test(history_fold, a_session_without_growth_has_no_tail)
{
    struct hint_history history = history_of(1, "1:1@0");
    struct hint_session session = session_of('z', "1 105");

    history.sessions[0].db_pages = 110;
    history.sessions[0].tail_pages = 10;
    history.sessions[0].tail_used = 3;
    history.sessions[0].tail_rank = 2;
    session.first.page_count = 110;
    cr_assert_eq(hint_history_fold(&history, &session), HINT_OK);
    cr_expect_eq(history.sessions[0].tail_pages, 0);
    cr_expect_eq(history.sessions[0].tail_used, 0);
    cr_expect_eq(history.sessions[0].tail_rank, 0);
    cr_expect_eq(history.sessions[1].tail_used, 3);
    hint_session_free(&session);
    hint_history_free(&history);
}
