#include "hints/book.h"
#include "tests/hints/common.h"

static const struct hint_book_cap cap = { .pages_max = 100, .profiles_max = 3 };

/* Folds a session in that found and left the database with this many pages and this cookie. */
static int fold(struct hint_book *book, char name, const char *touches, const char *profile,
                struct hint_evidence found)
{
    struct hint_session session = session_of(name, touches);
    int rc;

    session.first = found;
    session.last = found;
    rc = hint_book_fold(book, &session, profile, cap);
    hint_session_free(&session);
    return rc;
}

static const struct hint_evidence usual = { 4096, 500, 7, 0xabc };

/* "a2 b1": the profiles and how many sessions each has, in order. */
static struct text profiles_text(const struct hint_book *book)
{
    struct text text = { "" };

    for (size_t i = 0; i < book->profile_count; i++)
        text_add(&text, i > 0 ? " %s%u" : "%s%u", book->profiles[i].name,
                 book->profiles[i].history.session_count);
    return text;
}

Test(book, a_session_teaches_everybody_and_its_profile)
{
    struct hint_book book = { 0 };

    cr_assert_eq(fold(&book, 'a', "1 5", "x", usual), HINT_OK);
    cr_assert_eq(fold(&book, 'b', "1 6", NULL, usual), HINT_OK);
    cr_assert_eq(fold(&book, 'c', "1 7", "y", usual), HINT_OK);
    cr_assert_eq(fold(&book, 'd', "1 8", "", usual), HINT_OK);
    cr_assert_eq(fold(&book, 'e', "5 9", "x", usual), HINT_OK);
    expect_text(0, profiles_text(&book), "x2 y1");
    expect_text(1, history_text(&book.shared),
                "1:01111@0 5:10001@0 6:00010@1 7:00100@1 8:01000@1 9:10000@1");
    expect_text(2, history_text(hint_book_profile(&book, "x")), "1:01@0 5:11@0 9:10@1");
    cr_expect_null(hint_book_profile(&book, "z"));
    cr_expect_null(hint_book_profile(&book, ""));
    cr_expect_null(hint_book_profile(&book, NULL));
    cr_expect_eq(hint_book_pages(&book), 6 + 3 + 2);
    cr_expect_eq(book.evidence.page_count, 500);
    /* The same session again changes nothing, in either history. */
    cr_assert_eq(fold(&book, 'e', "5 9", "x", usual), HINT_OK);
    expect_text(3, history_text(hint_book_profile(&book, "x")), "1:01@0 5:11@0 9:10@1");
    cr_expect_eq(book.shared.folded, 5);
    hint_book_free(&book);
    hint_book_free(&book);
}

Test(book, the_profile_folded_longest_ago_goes_first)
{
    struct hint_book book = { 0 };
    char long_name[80];

    cr_assert_eq(fold(&book, 'a', "1", "x", usual), HINT_OK);
    cr_assert_eq(fold(&book, 'b', "1", "y", usual), HINT_OK);
    cr_assert_eq(fold(&book, 'c', "1", "z", usual), HINT_OK);
    cr_assert_eq(fold(&book, 'd', "1", "x", usual), HINT_OK);
    expect_text(0, profiles_text(&book), "x2 z1 y1");
    cr_assert_eq(fold(&book, 'e', "1", "w", usual), HINT_OK);
    expect_text(1, profiles_text(&book), "w1 x2 z1");

    cr_assert_eq(fold(&book, 'e', "1", "x", usual), HINT_OK);
    expect_text(2, profiles_text(&book), "x3 w1 z1");
    cr_assert_eq(fold(&book, 'f', "1", "xx", usual), HINT_OK);
    cr_assert_eq(fold(&book, 'g', "1", "x", usual), HINT_OK);
    expect_text(3, profiles_text(&book), "x4 xx1 w1");

    memset(long_name, 'n', sizeof(long_name));
    long_name[79] = '\0';
    cr_assert_eq(fold(&book, 'h', "1", long_name, usual), HINT_OK);
    cr_expect_eq(strlen(book.profiles[0].name), HINT_PROFILE_NAME_MAX);
    cr_assert_eq(fold(&book, 'i', "1", long_name, usual), HINT_OK);
    cr_expect_eq(hint_book_profile(&book, long_name)->session_count, 2);
    cr_expect(hint_book_is_normal(&book));
    hint_book_free(&book);
}

Test(book, each_history_keeps_the_cap_of_pages)
{
    struct hint_book book = { 0 };
    struct text touches = { "" };

    for (int i = 1; i <= 150; i++)
        text_add(&touches, " %d", i);
    cr_assert_eq(fold(&book, 'a', touches.s, "x", usual), HINT_OK);
    cr_expect_eq(book.shared.len, 100);
    cr_expect_eq(hint_book_profile(&book, "x")->len, 100);
    hint_book_free(&book);
}

#define SIXTEEN(first)                                                                             \
#first "01 " #first "02 " #first "03 " #first "04 " #first "05 " #first "06 " #first           \
           "07 " #first "08 " #first "09 " #first "10 " #first "11 " #first "12 " #first           \
           "13 " #first "14 " #first "15 " #first "16"

static const struct judge_case {
    struct hint_evidence found;
    const char *touches;
    uint32_t sessions;   /* remembered afterwards; one was there before */
    uint32_t page_count; /* of the evidence afterwards */
} judge_cases[] = {
    /* The same database, however little of it is known again. */
    { { 4096, 510, 7, 0xabc }, SIXTEEN(9), 2, 510 },
    /* Another schema, and the pages are where they were. */
    { { 4096, 510, 8, 0xabd }, SIXTEEN(1), 2, 510 },
    /* They are not: it begins anew. */
    { { 4096, 510, 8, 0xabd }, SIXTEEN(9), 1, 510 },
    { { 4096, 490, 8, 0xabd }, SIXTEEN(9), 1, 490 },
    { { 4096, 100, 7, 0xabc }, SIXTEEN(9), 1, 100 },
    /* Too few touches to say: the session is taken, and the next one judges again. */
    { { 4096, 490, 8, 0xabd }, "901 902 903", 2, 500 },
    /* Another page size. */
    { { 1024, 510, 7, 0xabc }, "101 102", 1, 510 },
};

Test(book, a_session_on_another_database_judges_by_its_touches)
{
    for (size_t i = 0; i < COUNT(judge_cases); i++) {
        const struct judge_case *row = &judge_cases[i];
        struct hint_book book = { 0 };

        cr_assert_eq(fold(&book, 'a', SIXTEEN(1), "x", usual), HINT_OK);
        cr_assert_eq(fold(&book, 'b', row->touches, NULL, row->found), HINT_OK);
        cr_expect_eq(book.shared.session_count, row->sessions, "row %zu", i);
        cr_expect_eq(book.profile_count, row->sessions - 1, "row %zu", i);
        cr_expect_eq(book.evidence.page_count, row->page_count, "row %zu", i);
        hint_book_free(&book);
    }
}

/* What it saved of itself before it was judged proves nothing. */
Test(book, a_session_is_judged_by_what_others_knew)
{
    const struct hint_evidence vacuumed = { 4096, 490, 8, 0xabd };
    struct hint_book book = { 0 };

    cr_assert_eq(fold(&book, 'a', SIXTEEN(1), "x", usual), HINT_OK);
    cr_assert_eq(fold(&book, 'b', "901 902 903 904 905 906 907 908 909", NULL, vacuumed), HINT_OK);
    cr_expect_eq(book.shared.session_count, 2);
    cr_expect_eq(book.evidence.schema_cookie, 7);
    cr_assert_eq(fold(&book, 'b', SIXTEEN(9), NULL, vacuumed), HINT_OK);
    cr_expect_eq(book.shared.session_count, 1);
    cr_expect_eq(book.shared.len, 16);
    cr_expect_eq(book.profile_count, 0);
    cr_expect_eq(book.evidence.schema_cookie, 8);
    hint_book_free(&book);
}

/* " first first+1 ..." */
static void add_row(struct text *text, int first, int count)
{
    for (int i = 0; i < count; i++)
        text_add(text, " %d", first + i);
}

static const struct long_case {
    int first, then; /* pages 1 to 64 are known; it touches 64 pages from `first`, then 200 more */
    uint32_t sessions; /* remembered afterwards */
} long_cases[] = {
    { 1, 101, 2 },
    { 101, 1, 1 },
};

Test(book, the_first_64_touches_decide)
{
    for (size_t i = 0; i < COUNT(long_cases); i++) {
        struct hint_book book = { 0 };
        struct text known = { "" };
        struct text touches = { "" };

        add_row(&known, 1, 64);
        add_row(&touches, long_cases[i].first, 64);
        add_row(&touches, long_cases[i].then, 200);
        cr_assert_eq(fold(&book, 'a', known.s, NULL, usual), HINT_OK);
        cr_assert_eq(fold(&book, 'b', touches.s, NULL, (struct hint_evidence){ 4096, 500, 8, 1 }),
                     HINT_OK);
        cr_expect_eq(book.shared.session_count, long_cases[i].sessions, "row %zu: %u", i,
                     book.shared.session_count);
        hint_book_free(&book);
    }
}

Test(book, a_session_that_grew_its_schema_itself_is_no_reason)
{
    struct hint_book book = { 0 };
    struct hint_session session = session_of('b', SIXTEEN(9));

    cr_assert_eq(fold(&book, 'a', SIXTEEN(1), NULL, usual), HINT_OK);
    session.first = usual;
    session.last = (struct hint_evidence){ 4096, 520, 8, 0xdef };
    cr_assert_eq(hint_book_fold(&book, &session, NULL, cap), HINT_OK);
    cr_expect_eq(book.shared.session_count, 2);
    cr_expect_eq(book.evidence.schema_cookie, 8);
    cr_expect_eq(book.evidence.schema_hash, 0xdef);
    hint_session_free(&session);
    hint_book_free(&book);
}

Test(book, after_a_vacuum_of_its_own_the_next_session_judges)
{
    struct hint_book book = { 0 };
    struct hint_session session = session_of('b', SIXTEEN(9));

    session.first = usual;
    session.last = (struct hint_evidence){ 4096, 450, 8, 0xdef };
    session.moved = true;
    cr_assert_eq(hint_book_fold(&book, &session, NULL, cap), HINT_OK);
    cr_expect_eq(book.shared.session_count, 1, "there is nothing to mix it with");
    hint_book_free(&book);

    cr_assert_eq(fold(&book, 'a', SIXTEEN(1), NULL, usual), HINT_OK);
    cr_assert_eq(hint_book_fold(&book, &session, NULL, cap), HINT_OK);
    cr_expect_eq(book.shared.session_count, 1);
    cr_expect_eq(book.evidence.schema_cookie, 7);
    cr_expect_eq(hint_trust_of(&book.evidence, &session.last), HINT_TRUST_FLOOR);
    hint_session_free(&session);
    hint_book_free(&book);
}

Test(book, what_a_session_does_not_know_is_kept)
{
    struct hint_book book = { 0 };

    cr_assert_eq(fold(&book, 'a', "1", NULL, usual), HINT_OK);
    cr_assert_eq(fold(&book, 'b', "1", NULL, (struct hint_evidence){ 0 }), HINT_OK);
    cr_expect_eq(book.evidence.page_size, 4096);
    cr_expect_eq(book.evidence.page_count, 500);
    cr_expect_eq(book.evidence.schema_cookie, 7);
    cr_expect_eq(book.evidence.schema_hash, 0xabc);
    hint_book_free(&book);
}

Test(book, an_empty_session_changes_nothing)
{
    struct hint_book book = { 0 };

    cr_assert_eq(fold(&book, 'a', "1", NULL, usual), HINT_OK);
    cr_assert_eq(fold(&book, 'b', "", "x", (struct hint_evidence){ 4096, 600, 7, 0xabc }), HINT_OK);
    cr_assert_eq(fold(&book, 'b', "", "x", (struct hint_evidence){ 1024, 600, 8, 0xdef }), HINT_OK);
    expect_text(0, history_text(&book.shared), "1:1@0");
    expect_text(1, profiles_text(&book), "");
    cr_expect_eq(book.evidence.page_count, 500);
    hint_book_free(&book);
}

static bool books_equal(const struct hint_book *a, const struct hint_book *b)
{
    if (memcmp(&a->evidence, &b->evidence, sizeof(a->evidence)) != 0) return false;
    if (a->profile_count != b->profile_count || !histories_equal(&a->shared, &b->shared))
        return false;
    for (size_t i = 0; i < a->profile_count; i++) {
        if (strcmp(a->profiles[i].name, b->profiles[i].name) != 0) return false;
        if (!histories_equal(&a->profiles[i].history, &b->profiles[i].history)) return false;
    }
    return true;
}

static void expect_normal(struct hint_book *book, bool want, const char *what)
{
    cr_expect(hint_book_is_normal(book) == want, "%s", what);
}

Test(book, normal_form_has_names_and_each_once)
{
    struct hint_book book = { 0 };

    expect_normal(&book, true, "empty");
    cr_assert_eq(fold(&book, 'a', "1", "x", usual), HINT_OK);
    cr_assert_eq(fold(&book, 'b', "1", "y", usual), HINT_OK);
    expect_normal(&book, true, "two");
    book.profiles[0].name[0] = 'x';
    expect_normal(&book, false, "the same name twice");
    book.profiles[0].name[0] = '\0';
    expect_normal(&book, false, "no name");
    memset(book.profiles[0].name, 'n', sizeof(book.profiles[0].name));
    expect_normal(&book, false, "a name without an end");
    book.profiles[0].name[HINT_PROFILE_NAME_MAX] = '\0';
    expect_normal(&book, true, "the longest name");
    book.profiles[0].history.pages[0].seen = 0;
    expect_normal(&book, false, "a page never seen");
    book.profiles[0].history.pages[0].seen = 1;
    book.shared.pages[0].seen = 0;
    expect_normal(&book, false, "in the shared history, too");
    hint_book_free(&book);
}

Test(book, normal_form_has_256_profiles_at_most)
{
    static struct hint_profile profiles[HINT_PROFILES_MAX + 1];
    struct hint_book book = { .profiles = profiles, .profile_count = 256 };

    for (size_t i = 0; i < COUNT(profiles); i++) {
        profiles[i].name[0] = (char)('a' + i / 26);
        profiles[i].name[1] = (char)('a' + i % 26);
    }
    expect_normal(&book, true, "256");
    book.profile_count = 257;
    expect_normal(&book, false, "257");
}

static int fold_some(struct hint_book *book)
{
    static struct hint_touch touches[] = { { 1, 0 }, { 2, 0 }, { 3, 0 } };
    struct hint_session session = { .id = { { 'z' } }, .touches = touches, .len = 3 };

    return hint_book_fold(book, &session, "new", cap);
}

static int copy_some(struct hint_book *book)
{
    const struct hint_book nothing = { 0 };

    return hint_book_copy(book, &nothing);
}

static int merge_some(struct hint_book *book)
{
    static struct hint_page page = { .pgno = 2, .seen = 1 };
    static struct hint_profile profile = { .name = "p" };
    struct hint_history history = {
        .folded = 9, .session_count = 1, .sessions = { { .sessions = 1 } }, .pages = &page, .len = 1
    };
    struct hint_book other = { .shared = history, .profiles = &profile, .profile_count = 1 };

    profile.history = history;
    return hint_book_merge(book, &other, &other, cap);
}

static void two_sessions(struct hint_book *book)
{
    cr_assert_eq(fold(book, 'a', "1 5", "x", usual), HINT_OK);
    cr_assert_eq(fold(book, 'b', "1 6", "y", usual), HINT_OK);
}

Test(book, a_failed_allocation_leaves_the_book_as_it_was)
{
    static int (*const calls[])(struct hint_book *) = { fold_some, copy_some, merge_some };

    for (size_t i = 0; i < COUNT(calls); i++) {
        struct hint_book book = { 0 };
        struct hint_book before = { 0 };
        size_t n;
        int rc;

        two_sessions(&book);
        two_sessions(&before);
        for (n = 0;; n++) {
            heap_fail_at(n);
            rc = calls[i](&book);
            if (!heap_restore()) break;
            cr_expect_eq(rc, HINT_NOMEM, "row %zu, n %zu", i, n);
            cr_expect(books_equal(&book, &before), "row %zu, n %zu", i, n);
        }
        cr_expect_eq(rc, HINT_OK, "row %zu", i);
        cr_expect_geq(n, 1, "row %zu", i);
        cr_expect(!books_equal(&book, &before), "row %zu", i);
        hint_book_free(&book);
        hint_book_free(&before);
    }
}

/* Sessions began in the order of their names. */
Test(book, merge_puts_the_latest_profiles_first_and_keeps_the_caps)
{
    struct hint_book a = { 0 };
    struct hint_book b = { 0 };
    struct hint_book merged = { 0 };

    cr_assert_eq(fold(&a, 'a', "1 5", "v", usual), HINT_OK);
    cr_assert_eq(fold(&a, 'b', "1 5", "x", usual), HINT_OK);
    cr_assert_eq(fold(&a, 'd', "1 6", "z", usual), HINT_OK);
    cr_assert_eq(fold(&b, 'c', "1 7", "x", usual), HINT_OK);
    cr_assert_eq(fold(&b, 'e', "2 7", "y", usual), HINT_OK);
    cr_assert_eq(fold(&b, 'd', "1 6", "w", usual), HINT_OK);
    for (int swapped = 0; swapped < 2; swapped++) {
        cr_assert_eq(hint_book_merge(&merged, swapped ? &b : &a, swapped ? &a : &b, cap), HINT_OK);
        expect_text(0, profiles_text(&merged), "y1 w1 z1");
        expect_text(1, history_text(&merged.shared),
                    "1:01111@0 2:10000@0 5:00011@1 6:01000@1 7:10100@1");
        cr_assert_eq(hint_book_merge(&merged, swapped ? &b : &a, swapped ? &a : &b,
                                     (struct hint_book_cap){ 2, 5 }),
                     HINT_OK);
        expect_text(2, profiles_text(&merged), "y1 w1 z1 x2 v1");
        expect_text(3, history_text(hint_book_profile(&merged, "x")), "1:11@0 7:10@1");
        cr_expect_eq(merged.shared.len, 2);
    }
    hint_book_free(&merged);
    hint_book_free(&a);
    hint_book_free(&b);
}

static const struct later_case {
    char name_a, name_b; /* of the session that each book knows */
    struct hint_evidence a, b;
    bool is_a;
} later_cases[] = {
    { 'a', 'b', { 4096, 900, 9, 9 }, { 4096, 500, 7, 7 }, false },
    { 'b', 'a', { 4096, 500, 7, 7 }, { 4096, 900, 9, 9 }, true },
    /* Equally late: by the cookie, the size, the schema's page. */
    { 'a', 'a', { 4096, 900, 7, 9 }, { 4096, 500, 8, 7 }, false },
    { 'a', 'a', { 4096, 900, 7, 7 }, { 4096, 500, 7, 9 }, true },
    { 'a', 'a', { 4096, 500, 7, 7 }, { 4096, 500, 7, 9 }, false },
};

Test(book, merge_takes_the_evidence_of_the_later_book)
{
    for (size_t i = 0; i < COUNT(later_cases); i++) {
        const struct later_case *row = &later_cases[i];
        struct hint_book a = { 0 };
        struct hint_book b = { 0 };
        struct hint_book merged = { 0 };

        cr_assert_eq(fold(&a, row->name_a, "1", NULL, row->a), HINT_OK);
        cr_assert_eq(fold(&b, row->name_b, "1", NULL, row->b), HINT_OK);
        for (int swapped = 0; swapped < 2; swapped++) {
            cr_assert_eq(hint_book_merge(&merged, swapped ? &b : &a, swapped ? &a : &b, cap),
                         HINT_OK);
            cr_expect(memcmp(&merged.evidence, row->is_a ? &row->a : &row->b,
                             sizeof(merged.evidence)) == 0,
                      "row %zu", i);
        }
        hint_book_free(&merged);
        hint_book_free(&a);
        hint_book_free(&b);
    }
}

/* Two hosts that saw some of the same sessions. */
static void random_books(struct hint_book *a, struct hint_book *b, struct rng *rng)
{
    static const char *const names[] = { NULL, "x", "y", "z", "w" };

    for (uint32_t i = 1 + rng_below(rng, 20); i > 0; i--) {
        struct text touches = { "" };
        const char *profile = names[rng_below(rng, 5)];
        struct hint_session session;
        uint32_t who = rng_below(rng, 3);

        for (uint32_t pages = 1 + rng_below(rng, 12); pages > 0; pages--)
            text_add(&touches, " %u", 1 + rng_below(rng, 60));
        session = session_of((char)(1 + i), touches.s);
        session.began_s = 100 - (int64_t)i;
        session.first = usual;
        session.last = (struct hint_evidence){ 4096, 500 + rng_below(rng, 9), 7, 0xabc };
        if (who != 0) cr_assert_eq(hint_book_fold(a, &session, profile, cap), HINT_OK);
        if (who != 1) cr_assert_eq(hint_book_fold(b, &session, profile, cap), HINT_OK);
        hint_session_free(&session);
    }
}

Test(book, merge_is_commutative_and_takes_a_session_once)
{
    struct rng rng = rng_start();

    for (size_t round = 0; round < 200; round++) {
        struct hint_book a = { 0 };
        struct hint_book b = { 0 };
        struct hint_book ab = { 0 };
        struct hint_book ba = { 0 };
        struct hint_book again = { 0 };

        random_books(&a, &b, &rng);
        cr_assert_eq(hint_book_merge(&ab, &a, &b, cap), HINT_OK);
        cr_assert_eq(hint_book_merge(&ba, &b, &a, cap), HINT_OK);
        cr_assert(hint_book_is_normal(&ab));
        cr_assert(books_equal(&ab, &ba), "seed %" PRIu64 ", round %zu", rng.seed, round);
        cr_assert_eq(hint_book_merge(&again, &ab, &ab, cap), HINT_OK);
        cr_assert(books_equal(&again, &ab), "seed %" PRIu64 ", round %zu", rng.seed, round);
        hint_book_free(&a);
        hint_book_free(&b);
        hint_book_free(&ab);
        hint_book_free(&ba);
        hint_book_free(&again);
    }
}
