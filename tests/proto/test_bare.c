#include "tests/proto/common.h"

static const struct uint_case {
    const char *hex;
    uint64_t value;
    enum bare_error err;
} uint_cases[] = {
    { "00", 0, BARE_OK },
    { "7f", 127, BARE_OK },
    { "80 01", 128, BARE_OK },
    { "ac 02", 300, BARE_OK },
    { "ff ff ff ff ff ff ff ff ff 01", UINT64_MAX, BARE_OK },
    { "ff ff ff ff ff ff ff ff 7f", INT64_MAX, BARE_OK },
    { "", 0, BARE_TRUNCATED },
    { "80", 0, BARE_TRUNCATED },
    { "ff ff ff ff ff ff ff ff ff", 0, BARE_TRUNCATED },
    { "80 00", 0, BARE_BAD_UINT },                            /* overlong */
    { "ff 80 00", 0, BARE_BAD_UINT },                         /* overlong */
    { "ff ff ff ff ff ff ff ff ff 02", 0, BARE_BAD_UINT },    /* 65 bits */
    { "ff ff ff ff ff ff ff ff ff 81 00", 0, BARE_BAD_UINT }, /* 11 bytes */
};

Test(bare, a_uint_has_one_encoding)
{
    for (size_t i = 0; i < COUNT(uint_cases); i++) {
        struct bytes bytes = bytes_of_hex(uint_cases[i].hex);
        struct bare_writer w = { 0 };
        struct bare_reader r;
        uint64_t got;

        bare_reader_init(&r, slice_of(bytes));
        got = bare_get_uint(&r);
        cr_expect(got == uint_cases[i].value, "row %zu: got %" PRIu64, i, got);
        cr_expect(r.err == uint_cases[i].err, "row %zu: got error %d", i, r.err);
        cr_expect(r.at == (r.err ? 0 : bytes.len), "row %zu: at %zu", i, r.at);
        bare_put_uint(&w, uint_cases[i].value);
        if (r.err == BARE_OK)
            cr_expect(w.len == bytes.len && memcmp(w.buf, bytes.data, w.len) == 0, "row %zu", i);
        bare_writer_free(&w);
        bytes_free(&bytes);
    }
}

Test(bare, fixed_width_integers_are_little_endian)
{
    static const uint8_t want[] = {
        0x01, 0x34, 0x12, 0xEF, 0xBE, 0xAD, 0xDE, 8, 7, 6, 5, 4, 3, 2, 1
    };
    struct bare_writer w = { 0 };
    struct bare_reader r;

    bare_put_bool(&w, true);
    bare_put_fixed(&w, 0x1234, 2);
    bare_put_fixed(&w, 0xDEADBEEF, 4);
    bare_put_fixed(&w, 0x0102030405060708, 8);
    cr_assert_eq(w.len, sizeof want);
    cr_expect_arr_eq(w.buf, want, sizeof want);
    bare_reader_init(&r, (struct bare_slice){ w.buf, w.len });
    cr_expect_eq(bare_get_bool(&r), true);
    cr_expect_eq(bare_get_fixed(&r, 2), 0x1234);
    cr_expect_eq(bare_get_fixed(&r, 4), 0xDEADBEEF);
    cr_expect_eq(bare_get_fixed(&r, 8), 0x0102030405060708);
    cr_expect_eq(bare_reader_left(&r), 0);
    bare_writer_free(&w);
}

Test(bare, the_first_error_stays_and_later_reads_give_nothing)
{
    static const uint8_t bytes[] = { 2, 1, 1, 'x' };
    struct bare_reader r;

    bare_reader_init(&r, (struct bare_slice){ bytes, sizeof bytes });
    cr_expect_eq(bare_get_bool(&r), false);
    cr_expect_eq(r.err, BARE_BAD_BOOL);
    cr_expect_eq(bare_get_uint(&r), 0);
    cr_expect_eq(bare_get_data(&r).len, 0);
    cr_expect_eq(bare_get_count(&r, 1), 0);
    bare_reader_fail(&r, BARE_BAD_UTF8, 3);
    cr_expect_eq(r.err, BARE_BAD_BOOL);
    cr_expect_eq(r.at, 0);
}

static const struct utf8_case {
    const char *text;
    size_t fault; /* SIZE_MAX: none */
} utf8_cases[] = {
    { "", SIZE_MAX },
    { "plain ASCII of more than eight", SIZE_MAX },
    { "h\xC3\xA9llo", SIZE_MAX },
    { "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E and some ASCII behind it", SIZE_MAX },
    { "\xF0\x9F\x98\x80", SIZE_MAX },
    { "\xF4\x8F\xBF\xBF", SIZE_MAX }, /* U+10FFFF */
    { "\xED\x9F\xBF", SIZE_MAX },     /* U+D7FF */
    { "\xEE\x80\x80", SIZE_MAX },     /* U+E000 */
    { "abc\x80", 3 },                 /* a continuation alone */
    { "\xC0\x80", 0 },                /* overlong */
    { "\xC1\xBF", 0 },
    { "\xE0\x9F\xBF", 0 },
    { "\xF0\x8F\xBF\xBF", 0 },
    { "ab\xED\xA0\x80", 2 },   /* a surrogate */
    { "\xF4\x90\x80\x80", 0 }, /* past U+10FFFF */
    { "\xF5\x80\x80\x80", 0 },
    { "\xFF", 0 },
    { "12345678\xC3", 8 }, /* cut short */
    { "12345678\xE6\x97", 8 },
    { "12345678\xF0\x9F\x98", 8 },
    { "\xE6\x97\x28", 0 },
    { "\xF0\x9F\x28\x80", 0 },
};

Test(bare, utf8_is_strict)
{
    for (size_t i = 0; i < COUNT(utf8_cases); i++) {
        size_t len = strlen(utf8_cases[i].text);
        struct bytes text = bytes_copy((const uint8_t *)utf8_cases[i].text, len);
        size_t want = utf8_cases[i].fault == SIZE_MAX ? len : utf8_cases[i].fault;
        size_t got = bare_utf8_fault(slice_of(text));

        cr_expect(got == want, "row %zu: got %zu, want %zu", i, got, want);
        bytes_free(&text);
    }
}

Test(bare, a_count_is_checked_against_the_bytes_that_are_left)
{
    static const uint8_t bytes[] = { 3, 0, 0, 0, 0, 0, 0 };
    struct bare_reader r;

    bare_reader_init(&r, (struct bare_slice){ bytes, sizeof bytes });
    cr_expect_eq(bare_get_count(&r, 2), 3);
    bare_reader_init(&r, (struct bare_slice){ bytes, sizeof bytes });
    cr_expect_eq(bare_get_count(&r, 3), 0);
    cr_expect_eq(r.err, BARE_BAD_COUNT);
    cr_expect_eq(r.at, 0);
}

Test(bare, an_arena_gives_aligned_zeroed_memory_up_to_its_limit)
{
    struct bare_arena arena = { .bytes_max = 100000 };
    size_t asked = 0, size = 1;

    for (void *p; (p = bare_arena_alloc(&arena, size, 1)); size = size * 3 % 1000 + 1) {
        static const uint8_t zeroes[1000];
        cr_expect_eq((uintptr_t)p % 16, 0);
        cr_expect_eq(memcmp(p, zeroes, size), 0);
        memset(p, 0xAA, size);
        asked += size;
    }
    cr_expect_leq(arena.bytes, 100000);
    cr_expect_gt(asked, 60000);
    bare_arena_free(&arena);
    cr_expect_eq(arena.bytes, 0);
    bare_arena_free(&arena);
}

Test(bare, an_arena_refuses_what_no_memory_can_hold)
{
    struct bare_arena arena = { 0 };

    cr_expect_null(bare_arena_alloc(&arena, SIZE_MAX / 2, 3));
    cr_expect_null(bare_arena_alloc(&arena, 1, SIZE_MAX));
    cr_expect_eq(arena.bytes, 0);
}

Test(bare, an_arena_adopts_what_another_holds)
{
    struct bare_arena arena = { 0 }, other = { 0 }, empty = { 0 };
    char *mine = bare_arena_alloc(&arena, 10, 1), *theirs = bare_arena_alloc(&other, 5000, 1);
    size_t bytes = arena.bytes + other.bytes;

    cr_assert(mine && theirs);
    bare_arena_adopt(&arena, &other);
    bare_arena_adopt(&arena, &empty);
    cr_expect_eq(arena.bytes, bytes);
    cr_expect_eq(other.bytes, 0);
    memset(theirs, 1, 5000);
    memset(mine, 1, 10);
    bare_arena_free(&other);
    bare_arena_free(&arena);
}

Test(bare, every_error_has_a_text)
{
    for (enum bare_error err = BARE_OK; err < BARE_ERROR_COUNT; err++)
        cr_expect(strlen(bare_error_text(err)) > 5, "error %d", err);
}
