#include "hints/record.h"
#include "tests/hints/common.h"

/* A history of two sessions and three pages, as docs/formats.md lays it out. */
static const uint8_t golden[] = {
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

#define GOLDEN_SESSIONS_AT 8
#define GOLDEN_STEPS_AT    (8 + 1 + 2 * 28)
#define GOLDEN_SEEN_AT     (GOLDEN_STEPS_AT + 13)
#define GOLDEN_CLASSES_AT  (GOLDEN_SEEN_AT + 2 * 13)

static struct hint_history golden_history(void)
{
    struct hint_history history = history_of(2, "1i:11@0 5:10@305419896 16909061l:01@7");

    history.folded = 5;
    history.sessions[0].began_s = 0x197;
    history.sessions[0].pages = 2;
    history.sessions[1].id.bytes[15] = 9;
    history.sessions[1].began_s = -1;
    history.sessions[1].pages = 0x010203;
    return history;
}

Test(record, a_small_history_has_these_bytes)
{
    struct hint_history history = golden_history();
    struct hint_history back = { 0 };
    uint8_t bytes[500];
    size_t len = hint_record_encode(bytes, &history);

    cr_assert_eq(len, sizeof(golden), "got %zu", len);
    for (size_t i = 0; i < len; i++)
        cr_expect_eq(bytes[i], golden[i], "byte %zu: got %u, want %u", i, bytes[i], golden[i]);
    cr_expect_leq(len, hint_record_bound(&history));
    cr_expect_eq(hint_record_decode(&back, golden, sizeof(golden), 3), HINT_OK);
    cr_expect(histories_equal(&back, &history), "%s", history_text(&back).s);
    hint_history_free(&history);
    hint_history_free(&back);
}

Test(record, an_empty_history_is_thirteen_bytes)
{
    struct hint_history history = { 0 };
    uint8_t bytes[100];

    cr_assert_leq(hint_record_bound(&history), sizeof(bytes));
    cr_expect_eq(hint_record_encode(bytes, &history), 13);
    history = history_of(1, "5:1@0");
    cr_expect_eq(hint_record_decode(&history, bytes, 13, 0), HINT_OK);
    cr_expect_eq(history.len, 0);
    cr_expect_eq(history.session_count, 0);
    hint_history_free(&history);
}

Test(record, more_pages_than_asked_for_is_full)
{
    struct hint_history history = history_of(1, "5:1@0");

    cr_expect_eq(hint_record_decode(&history, golden, sizeof(golden), 2), HINT_FULL);
    cr_expect_eq(history.len, 0);
    cr_expect_null(history.pages);
}

/* The golden bytes with `count` bytes at `at` replaced by `with`. */
static const struct patch_case {
    size_t at, count;
    const char *with;
    size_t with_len;
    int want;
} patch_cases[] = {
    { 0, 0, "", 0, HINT_OK },
    { 0, 1, "\xff", 1, HINT_OK },                           /* folded is any number */
    { GOLDEN_SESSIONS_AT, 1, "\x82\x00", 2, HINT_INVALID }, /* an overlong count */
    { GOLDEN_SESSIONS_AT, 1, "\x82\x80\x00", 3, HINT_INVALID },
    { GOLDEN_SESSIONS_AT, 1, "\x82\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11, HINT_INVALID },
    { GOLDEN_SESSIONS_AT, 1, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, HINT_INVALID },
    { GOLDEN_SESSIONS_AT, 1, "\x82\x80\x80\x80\x80\x80\x80\x80\x80\x02", 10, HINT_INVALID },
    { GOLDEN_SESSIONS_AT, 1, "\x01", 1, HINT_INVALID },
    { GOLDEN_SESSIONS_AT, 1, "\x21", 1, HINT_INVALID },
    { GOLDEN_STEPS_AT, 1, "\x02", 1, HINT_INVALID },
    { GOLDEN_STEPS_AT, 1, "\x04", 1, HINT_INVALID },
    { GOLDEN_STEPS_AT, 1, "\xff\xff\xff\xff\x0f", 5, HINT_INVALID },
    { GOLDEN_STEPS_AT, 1, "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9, HINT_INVALID },
    { GOLDEN_STEPS_AT + 1, 1, "\x00", 1, HINT_INVALID },        /* page 0 */
    { GOLDEN_STEPS_AT + 5, 1, "\x00", 1, HINT_INVALID },        /* the same page again */
    { GOLDEN_STEPS_AT + 9, 4, "\xf9\xff\xff\xff", 4, HINT_OK }, /* the largest page */
    { GOLDEN_STEPS_AT + 9, 4, "\xfa\xff\xff\xff", 4, HINT_INVALID },
    { GOLDEN_STEPS_AT + 9, 4, "\xff\xff\xff\xff", 4, HINT_INVALID }, /* past 2^32 */
    { GOLDEN_SEEN_AT, 1, "\x02", 1, HINT_INVALID },
    { GOLDEN_SEEN_AT + 5, 1, "\x00", 1, HINT_INVALID }, /* never seen */
    { GOLDEN_SEEN_AT + 5, 1, "\x04", 1, HINT_INVALID }, /* a third session */
    { GOLDEN_SEEN_AT + 8, 1, "\x80", 1, HINT_INVALID },
    { GOLDEN_CLASSES_AT + 1, 1, "\x03", 1, HINT_OK },
    { GOLDEN_CLASSES_AT + 1, 1, "\x04", 1, HINT_INVALID },
    { GOLDEN_CLASSES_AT, 4, "\x02\x01\x01", 3, HINT_INVALID },
    { GOLDEN_CLASSES_AT, 4, "\x00", 1, HINT_INVALID },
    { sizeof(golden), 0, "\x00", 1, HINT_INVALID }, /* a byte too many */
};

Test(record, bytes_that_break_a_rule_are_refused)
{
    for (size_t i = 0; i < COUNT(patch_cases); i++) {
        const struct patch_case *row = &patch_cases[i];
        struct hint_history history = history_of(1, "5:1@0");
        size_t rest = sizeof(golden) - row->at - row->count;
        size_t len = row->at + row->with_len + rest;
        uint8_t *bytes = malloc(len);

        cr_assert_not_null(bytes);
        memcpy(bytes, golden, row->at);
        memcpy(bytes + row->at, row->with, row->with_len);
        memcpy(bytes + row->at + row->with_len, golden + row->at + row->count, rest);
        cr_expect_eq(hint_record_decode(&history, bytes, len, 1000), row->want, "row %zu", i);
        cr_expect((row->want == HINT_OK) == (history.len > 0), "row %zu", i);
        free(bytes);
        hint_history_free(&history);
    }
}

Test(record, thirty_two_sessions_and_no_more)
{
    static uint8_t bytes[8 + 1 + 33 * 28 + 4];
    struct hint_history history = { 0 };

    bytes[8] = 32;
    cr_expect_eq(hint_record_decode(&history, bytes, sizeof(bytes) - 28, 9), HINT_OK);
    cr_expect_eq(history.session_count, 32);
    bytes[8] = 33;
    cr_expect_eq(hint_record_decode(&history, bytes, sizeof(bytes), 9), HINT_INVALID);
    cr_expect_eq(history.session_count, 0);
}

/* Up to 300 pages in up to 32 sessions. */
static struct hint_history random_history(struct rng *rng)
{
    struct hint_history history = { .folded = rng_next(rng),
                                    .session_count = 1 + rng_below(rng, 32) };
    size_t len = rng_below(rng, 300);
    uint32_t pgno = 0;

    for (uint32_t i = 0; i < history.session_count; i++) {
        for (size_t byte = 0; byte < 16; byte++)
            history.sessions[i].id.bytes[byte] = (uint8_t)rng_below(rng, 256);
        history.sessions[i].began_s = (int64_t)rng_next(rng);
        history.sessions[i].pages = (uint32_t)rng_next(rng);
    }
    history.pages = calloc(len + 1, sizeof(*history.pages));
    cr_assert_not_null(history.pages);
    for (size_t i = 0; i < len; i++) {
        struct hint_page *page = &history.pages[history.len++];

        pgno += 1 + rng_below(rng, 1U << rng_below(rng, 24));
        page->pgno = pgno;
        page->seen = (uint32_t)rng_next(rng) >> (32 - history.session_count) | 1;
        page->rank = (uint32_t)rng_next(rng);
        page->page_class = (uint8_t)rng_below(rng, 4);
    }
    return history;
}

/* Decodes a copy without a byte to spare, so that a read past the end is seen. */
static int decode_tight(struct hint_history *out, const uint8_t *bytes, size_t len)
{
    uint8_t *tight = malloc(len ? len : 1);
    int rc;

    cr_assert_not_null(tight);
    memcpy(tight, bytes, len);
    rc = hint_record_decode(out, tight, len, 1000);
    free(tight);
    return rc;
}

Test(record, any_history_comes_back_and_no_prefix_does)
{
    struct rng rng = rng_start();

    for (size_t round = 0; round < 40; round++) {
        struct hint_history history = random_history(&rng);
        struct hint_history back = { 0 };
        size_t bound = hint_record_bound(&history);
        uint8_t *bytes = calloc(1, bound + 1);
        size_t len;

        cr_assert_not_null(bytes);
        len = hint_record_encode(bytes, &history);
        cr_assert_leq(len, bound);
        cr_assert_eq(decode_tight(&back, bytes, len), HINT_OK, "seed %" PRIu64, rng.seed);
        cr_assert(histories_equal(&back, &history), "seed %" PRIu64 ", round %zu", rng.seed, round);
        for (size_t prefix = 0; prefix < len; prefix++)
            cr_assert_eq(decode_tight(&back, bytes, prefix), HINT_INVALID,
                         "seed %" PRIu64 ", round %zu, prefix %zu", rng.seed, round, prefix);
        bytes[len] = (uint8_t)rng_below(&rng, 256);
        cr_assert_eq(decode_tight(&back, bytes, len + 1), HINT_INVALID);
        free(bytes);
        hint_history_free(&history);
        hint_history_free(&back);
    }
}

Test(record, a_flipped_byte_is_refused_or_gives_a_history_in_normal_form)
{
    struct rng rng = rng_start();

    for (size_t round = 0; round < 20; round++) {
        struct hint_history history = random_history(&rng);
        struct hint_history back = { 0 };
        uint8_t *bytes = calloc(1, hint_record_bound(&history));
        size_t len;

        cr_assert_not_null(bytes);
        len = hint_record_encode(bytes, &history);
        for (size_t i = 0; i < len; i++) {
            uint8_t flip = (uint8_t)(1 + rng_below(&rng, 255));
            int rc;

            bytes[i] ^= flip;
            rc = decode_tight(&back, bytes, len);
            cr_assert(rc == HINT_OK || rc == HINT_INVALID || rc == HINT_FULL, "rc %d", rc);
            cr_assert(hint_history_is_normal(&back), "seed %" PRIu64 ", round %zu, byte %zu",
                      rng.seed, round, i);
            cr_assert(rc == HINT_OK || back.len == 0);
            bytes[i] ^= flip;
        }
        free(bytes);
        hint_history_free(&history);
        hint_history_free(&back);
    }
}

Test(record, a_failed_allocation_gives_an_empty_history)
{
    struct hint_history history = history_of(1, "5:1@0");
    int rc;

    for (size_t n = 0;; n++) {
        heap_fail_at(n);
        rc = hint_record_decode(&history, golden, sizeof(golden), 9);
        if (!heap_restore()) break;
        cr_expect_eq(rc, HINT_NOMEM);
        cr_expect(!history.pages && history.len == 0 && history.session_count == 0);
    }
    cr_expect_eq(rc, HINT_OK);
    cr_expect_eq(history.len, 3);
    hint_history_free(&history);
}

Test(record, one_allocation_reads_65536_pages)
{
    struct hint_history history = { .folded = 1, .session_count = 1 };
    struct hint_history back = { 0 };
    uint8_t *bytes;
    size_t calls;
    size_t len;

    history.len = 65536;
    history.pages = calloc(history.len, sizeof(*history.pages));
    cr_assert_not_null(history.pages);
    for (uint32_t i = 0; i < history.len; i++)
        history.pages[i] = (struct hint_page){ .pgno = 1 + i * 3, .seen = 1, .rank = i };
    bytes = malloc(hint_record_bound(&history));
    cr_assert_not_null(bytes);
    len = hint_record_encode(bytes, &history);
    cr_expect_eq(len, 8 + 1 + 28 + 4 * 3 + 65536 * 13, "got %zu", len);
    calls = heap_calls();
    cr_expect_eq(hint_record_decode(&back, bytes, len, 65536), HINT_OK);
    cr_expect_eq(heap_calls() - calls, 1);
    cr_expect(histories_equal(&back, &history));
    free(bytes);
    hint_history_free(&history);
    hint_history_free(&back);
}
