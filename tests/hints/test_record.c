#include "hints/record.h"
#include "tests/hints/common.h"

/* Format 1: a history of two sessions and three pages, as docs/formats.md lays it out. */
static const uint8_t golden_1[] = {
    5,    0,    0,    0,    0,    0,    0,    0, /* folded */
    2,                                           /* sessions */
    'a',  0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0, 0, /*   id */
    0x97, 0x01, 0,    0,    0,    0,    0,    0, /*   began */
    2,    0,    0,    0,                         /*   pages */
    'b',  0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0, 9,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x03, 0x02, 0x01, 0x00, 3, 1, 0, 0,
    0,    4,    0,    0,    0,    0x00, 0x03, 0x02, 0x01,                      /* steps */
    3,    3,    0,    0,    0,    1,    0,    0,    0,    2,    0,    0,    0, /* seen */
    3,    0,    0,    0,    0,    0x78, 0x56, 0x34, 0x12, 7,    0,    0,    0, /* ranks */
    3,    1,    0,    2,                                                       /* classes */
};

/* Format 2: the same, with what it has beside that, and a profile. */
static const uint8_t golden[] = {
    0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01,    /* schema_hash */
    5,    0,    0,    0,    0,    0,    0,    0,    2, /* folded, sessions */
    'a',  0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0,    0,    0,    0,
    0, /*   id */
    0x97, 0x01, 0,    0,    0,    0,    0,    0,    1,    0, 0, 0,    2,    0,    0,
    0, /*   began, sessions, pages */
    40,   0,    0,    0,    7,    0,    0,    0,    2,    0, 0, 0,    1,    0,    0,
    0, /*   db_pages, the tail */
    'b',  0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0,    0,    0,    0,
    9, /*   id */
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 3,    0, 0, 0,    0x03, 0x02, 0x01,
    0x00, 33,   0,    0,    0,    0,    0,    0,    0,    0, 0, 0,    0,    0,    0,
    0,    0,    3,    1,    0,    0,    0,    4,    0,    0, 0, 0x00, 0x03, 0x02, 0x01, /* steps */
    3,    3,    0,    0,    0,    1,    0,    0,    0,    2, 0, 0,    0,                /* seen */
    3,    1,    0,    0,    0,    0,    0,    0,    0,    3, 0, 0,    0, /* fetched */
    3,    0,    0,    0,    0,    0x78, 0x56, 0x34, 0x12, 7, 0, 0,    0, /* ranks */
    3,    1,    0,    2,                                                 /* classes */
    1,    4,    's',  'h',  'o',  'p',                                   /* profiles, name */
    1,    0,    0,    0,    0,    0,    0,    0,    1,                   /*   folded, sessions */
    'a',  0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0,    0,    0,    0,
    0,    0x97, 0x01, 0,    0,    0,    0,    0,    0,    1, 0, 0,    0,    1,    0,
    0,    0,    40,   0,    0,    0,    0,    0,    0,    0, 0, 0,    0,    0,    0,
    0,    0,    0,    1,    5,    0,    0,    0, /*   steps */
    1,    1,    0,    0,    0,                   /*   seen */
    1,    0,    0,    0,    0,                   /*   fetched */
    1,    1,    0,    0,    0,                   /*   ranks */
    1,    0,                                     /*   classes */
};

/* Where the parts of the golden bytes begin. */
#define SESSIONS_1_AT 8
#define STEPS_1_AT    (8 + 1 + 2 * 28)
#define SEEN_1_AT     (STEPS_1_AT + 13)
#define CLASSES_1_AT  (SEEN_1_AT + 2 * 13)
#define SESSIONS_AT   16
#define STEPS_AT      (SESSIONS_AT + 1 + 2 * 48)
#define SEEN_AT       (STEPS_AT + 13)
#define FETCHED_AT    (SEEN_AT + 13)
#define CLASSES_AT    (FETCHED_AT + 2 * 13)
#define PROFILES_AT   (CLASSES_AT + 4)
#define NAME_AT       (PROFILES_AT + 1)
#define PROFILE_AT    (NAME_AT + 5)

static struct hint_book golden_book_1(void)
{
    struct hint_book book = { .shared = history_of(2, "1i:11@0 5:10@305419896 16909061l:01@7") };

    book.shared.folded = 5;
    book.shared.sessions[0].began_s = 0x197;
    book.shared.sessions[0].pages = 2;
    book.shared.sessions[1].id.bytes[15] = 9;
    book.shared.sessions[1].began_s = -1;
    book.shared.sessions[1].pages = 0x010203;
    return book;
}

static struct hint_book golden_book(void)
{
    struct hint_book book = golden_book_1();
    struct hint_session_mark *mark = &book.shared.sessions[0];

    book.evidence.schema_hash = UINT64_C(0x0102030405060708);
    mark->db_pages = 40;
    mark->tail_pages = 7;
    mark->tail_used = 2;
    mark->tail_rank = 1;
    book.shared.sessions[1].sessions = 3;
    book.shared.sessions[1].db_pages = 33;
    book.shared.pages[0].fetched = 1;
    book.shared.pages[2].fetched = 3;
    book.profiles = calloc(1, sizeof(*book.profiles));
    cr_assert_not_null(book.profiles);
    book.profile_count = 1;
    book.profiles[0] = (struct hint_profile){ "shop", history_of(1, "5:1@1") };
    book.profiles[0].history.sessions[0].began_s = 0x197;
    book.profiles[0].history.sessions[0].db_pages = 40;
    return book;
}

/* A book that has to go. */
static struct hint_book some_book(void)
{
    return (struct hint_book){ .shared = history_of(1, "5:1@0") };
}

static bool is_empty(const struct hint_book *book)
{
    return !book->shared.pages && book->shared.len == 0 && book->shared.session_count == 0 &&
           !book->profiles && book->profile_count == 0 && book->evidence.schema_hash == 0;
}

Test(record, a_small_book_has_these_bytes)
{
    struct hint_book book = golden_book();
    struct hint_book back = { 0 };
    uint8_t bytes[800];
    size_t len;

    cr_assert_leq(hint_record_bound(&book), sizeof(bytes));
    len = hint_record_encode(bytes, &book);
    cr_assert_eq(len, sizeof(golden), "got %zu", len);
    for (size_t i = 0; i < len; i++)
        cr_expect_eq(bytes[i], golden[i], "byte %zu: got %u, want %u", i, bytes[i], golden[i]);
    cr_expect_leq(len, hint_record_bound(&book));
    cr_expect_eq(hint_record_decode(&back, 2, golden, sizeof(golden), 4), HINT_OK);
    cr_expect(book_histories_equal(&back, &book), "%s", history_text(&back.shared).s);
    cr_expect_eq(back.evidence.schema_hash, book.evidence.schema_hash);
    cr_expect_eq(back.evidence.page_size, 0);
    hint_book_free(&book);
    hint_book_free(&back);
}

Test(record, a_history_of_format_1_is_a_shared_one)
{
    struct hint_book book = golden_book_1();
    struct hint_book back = some_book();

    cr_expect_eq(hint_record_decode(&back, 1, golden_1, sizeof(golden_1), 3), HINT_OK);
    cr_expect(book_histories_equal(&back, &book), "%s", history_text(&back.shared).s);
    cr_expect_eq(back.evidence.schema_hash, 0);
    hint_book_free(&book);
    hint_book_free(&back);
}

Test(record, one_format_is_not_the_other)
{
    struct hint_book book = some_book();

    for (unsigned format = 0; format < 5; format++) {
        cr_expect_eq(hint_record_decode(&book, format, golden, sizeof(golden), 9),
                     format == 2 ? HINT_OK : HINT_INVALID, "format %u", format);
        cr_expect_eq(hint_record_decode(&book, format, golden_1, sizeof(golden_1), 9),
                     format == 1 ? HINT_OK : HINT_INVALID, "format %u", format);
    }
    cr_expect(is_empty(&book));
}

Test(record, an_empty_book_is_23_bytes)
{
    struct hint_book book = { 0 };
    uint8_t bytes[100];

    cr_assert_leq(hint_record_bound(&book), sizeof(bytes));
    cr_expect_eq(hint_record_encode(bytes, &book), 23);
    book = some_book();
    cr_expect_eq(hint_record_decode(&book, 2, bytes, 23, 0), HINT_OK);
    cr_expect(is_empty(&book));
    book = some_book();
    cr_expect_eq(hint_record_decode(&book, 1, bytes, 13, 0), HINT_OK, "of 13 bytes in format 1");
    for (size_t len = 0; len <= 23; len++)
        cr_expect_eq(hint_record_decode(&book, 0, bytes, len, 0), HINT_INVALID, "no format");
    cr_expect(is_empty(&book));
}

Test(record, more_pages_than_asked_for_is_full)
{
    struct hint_book book = some_book();

    cr_expect_eq(hint_record_decode(&book, 1, golden_1, sizeof(golden_1), 2), HINT_FULL);
    cr_expect(is_empty(&book));
    cr_expect_eq(hint_record_decode(&book, 2, golden, sizeof(golden), 2), HINT_FULL);
    cr_expect(is_empty(&book));
    cr_expect_eq(hint_record_decode(&book, 2, golden, sizeof(golden), 3), HINT_FULL,
                 "the profile's page counts, too");
    cr_expect(is_empty(&book));
}

/* The golden bytes with `count` bytes at `at` replaced by `with`. */
struct patch_case {
    size_t at, count;
    const char *with;
    size_t with_len;
    int want;
};

static const struct patch_case patch_cases_1[] = {
    { 0, 0, "", 0, HINT_OK },
    { 0, 1, "\xff", 1, HINT_OK },                      /* folded is any number */
    { SESSIONS_1_AT, 1, "\x82\x00", 2, HINT_INVALID }, /* an overlong count */
    { SESSIONS_1_AT, 1, "\x82\x80\x00", 3, HINT_INVALID },
    { SESSIONS_1_AT, 1, "\x82\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11, HINT_INVALID },
    { SESSIONS_1_AT, 1, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, HINT_INVALID },
    { SESSIONS_1_AT, 1, "\x82\x80\x80\x80\x80\x80\x80\x80\x80\x02", 10, HINT_INVALID },
    { SESSIONS_1_AT, 1, "\x01", 1, HINT_INVALID },
    { SESSIONS_1_AT, 1, "\x21", 1, HINT_INVALID },
    { STEPS_1_AT, 1, "\x02", 1, HINT_INVALID },
    { STEPS_1_AT, 1, "\x04", 1, HINT_INVALID },
    { STEPS_1_AT, 1, "\xff\xff\xff\xff\x0f", 5, HINT_INVALID },
    { STEPS_1_AT, 1, "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9, HINT_INVALID },
    { STEPS_1_AT + 1, 1, "\x00", 1, HINT_INVALID },        /* page 0 */
    { STEPS_1_AT + 5, 1, "\x00", 1, HINT_INVALID },        /* the same page again */
    { STEPS_1_AT + 9, 4, "\xf9\xff\xff\xff", 4, HINT_OK }, /* the largest page */
    { STEPS_1_AT + 9, 4, "\xfa\xff\xff\xff", 4, HINT_INVALID },
    { STEPS_1_AT + 9, 4, "\xff\xff\xff\xff", 4, HINT_INVALID }, /* past 2^32 */
    { SEEN_1_AT, 1, "\x02", 1, HINT_INVALID },
    { SEEN_1_AT + 5, 1, "\x00", 1, HINT_INVALID }, /* never seen */
    { SEEN_1_AT + 5, 1, "\x04", 1, HINT_INVALID }, /* a third session */
    { SEEN_1_AT + 8, 1, "\x80", 1, HINT_INVALID },
    { CLASSES_1_AT + 1, 1, "\x03", 1, HINT_OK },
    { CLASSES_1_AT + 1, 1, "\x04", 1, HINT_INVALID },
    { CLASSES_1_AT, 4, "\x02\x01\x01", 3, HINT_INVALID },
    { CLASSES_1_AT, 4, "\x00", 1, HINT_INVALID },
    { sizeof(golden_1), 0, "\x00", 1, HINT_INVALID }, /* a byte too many */
};

static const struct patch_case patch_cases[] = {
    { 0, 8, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, HINT_OK }, /* the hash is any number */
    { SESSIONS_AT, 1, "\x82\x00", 2, HINT_INVALID },          /* an overlong count */
    { SESSIONS_AT, 1, "\x01", 1, HINT_INVALID },
    { SESSIONS_AT, 1, "\x21", 1, HINT_INVALID },
    { SESSIONS_AT + 25, 1, "\x08", 1, HINT_OK },      /* as many as may share a bit */
    { SESSIONS_AT + 25, 1, "\x09", 1, HINT_INVALID }, /* more */
    { SESSIONS_AT + 25, 1, "\x00", 1, HINT_INVALID }, /* none */
    { SESSIONS_AT + 41, 1, "\x07", 1, HINT_OK },      /* as many as were appended were used */
    { SESSIONS_AT + 41, 1, "\x08", 1, HINT_INVALID }, /* more than were appended */
    { SESSIONS_AT + 48 + 41, 1, "\x01", 1, HINT_INVALID },
    { STEPS_AT, 1, "\x02", 1, HINT_INVALID },
    { STEPS_AT + 1, 1, "\x00", 1, HINT_INVALID }, /* page 0 */
    { SEEN_AT + 5, 1, "\x00", 1, HINT_INVALID },  /* never seen */
    { SEEN_AT + 5, 1, "\x04", 1, HINT_INVALID },  /* a third session */
    { FETCHED_AT, 1, "\x02", 1, HINT_INVALID },
    { FETCHED_AT, 13, "", 0, HINT_INVALID },        /* no such column */
    { FETCHED_AT + 5, 1, "\x03", 1, HINT_OK },      /* for any of them, used or not */
    { FETCHED_AT + 5, 1, "\x04", 1, HINT_INVALID }, /* for a third session */
    { CLASSES_AT + 1, 1, "\x04", 1, HINT_INVALID },
    { PROFILES_AT, 1, "\x00", 1, HINT_INVALID }, /* bytes left over */
    { PROFILES_AT, 1, "\x02", 1, HINT_INVALID },
    { PROFILES_AT, 1, "\x81\x02", 2, HINT_INVALID }, /* more than a book can have */
    { PROFILES_AT, 1, "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9, HINT_INVALID },
    { PROFILES_AT, sizeof(golden) - PROFILES_AT, "\x00", 1, HINT_OK },
    { NAME_AT, 5, "\x00", 1, HINT_INVALID }, /* no name */
    { NAME_AT, 5, "\x01\x00", 2, HINT_INVALID },
    { NAME_AT, 5, "\x01\xff", 2, HINT_OK }, /* whatever byte it is */
    { NAME_AT, 5, "\x04sh\0p", 5, HINT_INVALID },
    { NAME_AT, 5, "\x84\x00shop", 6, HINT_INVALID },
    { PROFILE_AT + 8, 1, "\x00", 1, HINT_INVALID },
    { sizeof(golden) - 1, 1, "\x04", 1, HINT_INVALID },
    { sizeof(golden), 0, "\x00", 1, HINT_INVALID }, /* a byte too many */
};

static void expect_patch(unsigned format, const uint8_t *from, size_t from_len, size_t row,
                         const struct patch_case *patch)
{
    struct hint_book book = some_book();
    size_t rest = from_len - patch->at - patch->count;
    size_t len = patch->at + patch->with_len + rest;
    uint8_t *bytes = malloc(len);

    cr_assert_not_null(bytes);
    memcpy(bytes, from, patch->at);
    memcpy(bytes + patch->at, patch->with, patch->with_len);
    memcpy(bytes + patch->at + patch->with_len, from + patch->at + patch->count, rest);
    cr_expect_eq(hint_record_decode(&book, format, bytes, len, 1000), patch->want,
                 "format %u, row %zu", format, row);
    cr_expect((patch->want == HINT_OK) == !is_empty(&book), "format %u, row %zu", format, row);
    free(bytes);
    hint_book_free(&book);
}

Test(record, bytes_that_break_a_rule_are_refused)
{
    for (size_t i = 0; i < COUNT(patch_cases_1); i++)
        expect_patch(1, golden_1, sizeof(golden_1), i, &patch_cases_1[i]);
    for (size_t i = 0; i < COUNT(patch_cases); i++)
        expect_patch(2, golden, sizeof(golden), i, &patch_cases[i]);
}

Test(record, thirty_two_sessions_and_no_more)
{
    static uint8_t bytes[8 + 8 + 1 + 33 * 48 + 5 + 1];
    struct hint_book book = { 0 };

    for (size_t i = 0; i < 33; i++)
        bytes[17 + i * 48 + 24] = 1;
    bytes[16] = 32;
    cr_expect_eq(hint_record_decode(&book, 2, bytes, sizeof(bytes) - 48, 9), HINT_OK);
    cr_expect_eq(book.shared.session_count, 32);
    bytes[16] = 33;
    cr_expect_eq(hint_record_decode(&book, 2, bytes, sizeof(bytes), 9), HINT_INVALID);
    cr_expect(is_empty(&book));
}

/* An empty book with `count` profiles without a page, whose names have `name_len` bytes. */
static struct hint_book book_of_profiles(size_t count, size_t name_len)
{
    struct hint_book book = { .profile_count = count };

    book.profiles = calloc(count, sizeof(*book.profiles));
    cr_assert_not_null(book.profiles);
    for (size_t i = 0; i < count; i++) {
        memset(book.profiles[i].name, 'x', name_len);
        book.profiles[i].name[0] = (char)(1 + i % 255);
        book.profiles[i].name[1] = (char)(1 + i / 255);
    }
    return book;
}

Test(record, profiles_are_as_many_and_their_names_as_long_as_a_book_has_them)
{
    struct hint_book book = book_of_profiles(HINT_PROFILES_MAX, HINT_PROFILE_NAME_MAX);
    struct hint_book back = { 0 };
    uint8_t *bytes = malloc(hint_record_bound(&book));
    size_t len;

    cr_assert_not_null(bytes);
    len = hint_record_encode(bytes, &book);
    cr_expect_eq(len, 23 + 1 + 256 * (65 + 14), "got %zu", len);
    cr_expect_eq(hint_record_decode(&back, 2, bytes, len, 0), HINT_OK);
    cr_expect(book_histories_equal(&back, &book));
    bytes[22] = 0x81; /* 257 of them */
    cr_expect_eq(hint_record_decode(&back, 2, bytes, len, 0), HINT_INVALID);
    cr_expect(is_empty(&back));
    free(bytes);
    hint_book_free(&book);
    hint_book_free(&back);
}

Test(record, a_name_that_is_there_twice_or_too_long_is_refused)
{
    struct hint_book book = book_of_profiles(2, 5);
    uint8_t long_name[24 + 1 + 65 + 14] = { [22] = 1, [23] = 65 };
    struct hint_book back = { 0 };
    uint8_t bytes[400];
    size_t len;

    cr_assert_leq(hint_record_bound(&book), sizeof(bytes));
    len = hint_record_encode(bytes, &book);
    cr_expect_eq(hint_record_decode(&back, 2, bytes, len, 0), HINT_OK);
    bytes[24] = 2; /* the first byte of the first name */
    cr_expect_eq(hint_record_decode(&back, 2, bytes, len, 0), HINT_INVALID);
    cr_expect(is_empty(&back));
    memset(long_name + 24, 'x', 65);
    cr_expect_eq(hint_record_decode(&back, 2, long_name, 24 + 65 + 14, 0), HINT_INVALID);
    long_name[23] = 64;
    memset(long_name + 24 + 64, 0, 1);
    cr_expect_eq(hint_record_decode(&back, 2, long_name, 24 + 64 + 14, 0), HINT_OK);
    hint_book_free(&book);
    hint_book_free(&back);
}

/* Up to 300 pages in up to 32 sessions. */
static struct hint_history random_history(struct rng *rng)
{
    struct hint_history history = { .folded = rng_next(rng),
                                    .session_count = 1 + rng_below(rng, 32) };
    size_t len = rng_below(rng, 300);
    uint32_t pgno = 0;

    for (uint32_t i = 0; i < history.session_count; i++) {
        struct hint_session_mark *mark = &history.sessions[i];

        for (size_t byte = 0; byte < 16; byte++)
            mark->id.bytes[byte] = (uint8_t)rng_below(rng, 256);
        mark->began_s = (int64_t)rng_next(rng);
        mark->sessions = 1 + rng_below(rng, HINT_SHARED_MAX);
        mark->pages = (uint32_t)rng_next(rng);
        mark->db_pages = (uint32_t)rng_next(rng);
        mark->tail_pages = 1 + rng_below(rng, UINT32_MAX);
        mark->tail_used = rng_below(rng, mark->tail_pages);
        mark->tail_rank = (uint32_t)rng_next(rng);
    }
    history.pages = calloc(len + 1, sizeof(*history.pages));
    cr_assert_not_null(history.pages);
    for (size_t i = 0; i < len; i++) {
        struct hint_page *page = &history.pages[history.len++];

        pgno += 1 + rng_below(rng, 1U << rng_below(rng, 24));
        page->pgno = pgno;
        page->seen = (uint32_t)rng_next(rng) >> (32 - history.session_count) | 1;
        page->fetched = (uint32_t)rng_next(rng) >> (32 - history.session_count);
        page->rank = (uint32_t)rng_next(rng);
        page->page_class = (uint8_t)rng_below(rng, 4);
    }
    return history;
}

/* Up to three profiles. */
static struct hint_book random_book(struct rng *rng)
{
    size_t count = rng_below(rng, 4);
    struct hint_book book = { .evidence.schema_hash = rng_next(rng),
                              .shared = random_history(rng) };

    book.profiles = calloc(count + 1, sizeof(*book.profiles));
    cr_assert_not_null(book.profiles);
    for (; book.profile_count < count; book.profile_count++) {
        struct hint_profile *profile = &book.profiles[book.profile_count];

        memset(profile->name, (int)('a' + book.profile_count), 1 + rng_below(rng, 64));
        profile->history = random_history(rng);
    }
    return book;
}

/* Decodes a copy without a byte to spare, so that a read past the end is seen. */
static int decode_tight(struct hint_book *out, const uint8_t *bytes, size_t len)
{
    uint8_t *tight = malloc(len ? len : 1);
    int rc;

    cr_assert_not_null(tight);
    memcpy(tight, bytes, len);
    rc = hint_record_decode(out, 2, tight, len, 2000);
    free(tight);
    return rc;
}

/* A random book's bytes; the caller frees them. */
static uint8_t *random_bytes(struct rng *rng, struct hint_book *book, size_t *len)
{
    uint8_t *bytes;

    *book = random_book(rng);
    bytes = calloc(1, hint_record_bound(book) + 1);
    cr_assert_not_null(bytes);
    *len = hint_record_encode(bytes, book);
    cr_assert_leq(*len, hint_record_bound(book));
    return bytes;
}

Test(record, any_book_comes_back_and_no_prefix_does)
{
    struct rng rng = rng_start();

    for (size_t round = 0; round < 30; round++) {
        struct hint_book book;
        struct hint_book back = { 0 };
        size_t len;
        uint8_t *bytes = random_bytes(&rng, &book, &len);

        cr_assert_eq(decode_tight(&back, bytes, len), HINT_OK, "seed %" PRIu64, rng.seed);
        cr_assert(book_histories_equal(&back, &book), "seed %" PRIu64 ", round %zu", rng.seed,
                  round);
        cr_assert_eq(back.evidence.schema_hash, book.evidence.schema_hash);
        for (size_t prefix = 0; prefix < len; prefix += 1 + rng_below(&rng, 5))
            cr_assert_eq(decode_tight(&back, bytes, prefix), HINT_INVALID,
                         "seed %" PRIu64 ", round %zu, prefix %zu", rng.seed, round, prefix);
        bytes[len] = (uint8_t)rng_below(&rng, 256);
        cr_assert_eq(decode_tight(&back, bytes, len + 1), HINT_INVALID);
        free(bytes);
        hint_book_free(&book);
        hint_book_free(&back);
    }
}

Test(record, a_flipped_byte_is_refused_or_gives_a_book_in_normal_form)
{
    struct rng rng = rng_start();

    for (size_t round = 0; round < 20; round++) {
        struct hint_book book;
        struct hint_book back = { 0 };
        size_t len;
        uint8_t *bytes = random_bytes(&rng, &book, &len);

        for (size_t i = 0; i < len; i += 1 + rng_below(&rng, 5)) {
            uint8_t flip = (uint8_t)(1 + rng_below(&rng, 255));
            int rc;

            bytes[i] ^= flip;
            rc = decode_tight(&back, bytes, len);
            cr_assert(rc == HINT_OK || rc == HINT_INVALID || rc == HINT_FULL, "rc %d", rc);
            cr_assert(hint_book_is_normal(&back), "seed %" PRIu64 ", round %zu, byte %zu", rng.seed,
                      round, i);
            cr_assert(rc == HINT_OK || is_empty(&back));
            bytes[i] ^= flip;
        }
        free(bytes);
        hint_book_free(&book);
        hint_book_free(&back);
    }
}

Test(record, a_failed_allocation_gives_an_empty_book)
{
    struct hint_book book = some_book();
    size_t n = 0;
    int rc;

    for (;; n++) {
        heap_fail_at(n);
        rc = hint_record_decode(&book, 2, golden, sizeof(golden), 9);
        if (!heap_restore()) break;
        cr_expect_eq(rc, HINT_NOMEM);
        cr_expect(is_empty(&book));
    }
    cr_expect_eq(n, 3);
    cr_expect_eq(rc, HINT_OK);
    cr_expect_eq(book.shared.len, 3);
    hint_book_free(&book);
}

Test(record, one_allocation_reads_65536_pages)
{
    struct hint_book book = { .shared = {
                                  .folded = 1, .session_count = 1, .sessions[0].sessions = 1 } };
    struct hint_book back = { 0 };
    uint8_t *bytes;
    size_t calls;
    size_t len;

    book.shared.len = 65536;
    book.shared.pages = calloc(book.shared.len, sizeof(*book.shared.pages));
    cr_assert_not_null(book.shared.pages);
    for (uint32_t i = 0; i < book.shared.len; i++)
        book.shared.pages[i] = (struct hint_page){ .pgno = 1 + i * 3, .seen = 1, .rank = i };
    bytes = malloc(hint_record_bound(&book));
    cr_assert_not_null(bytes);
    len = hint_record_encode(bytes, &book);
    cr_expect_eq(len, 8 + 8 + 1 + 48 + 5 * 3 + 65536 * 17 + 1, "got %zu", len);
    calls = heap_calls();
    cr_expect_eq(hint_record_decode(&back, 2, bytes, len, 65536), HINT_OK);
    cr_expect_eq(heap_calls() - calls, 1);
    cr_expect(book_histories_equal(&back, &book));
    free(bytes);
    hint_book_free(&book);
    hint_book_free(&back);
}
