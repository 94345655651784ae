#include "hints/format/header.h"

#include "tests/hints/common.h"

/* The header of a new database, as SQLite 3.40 wrote it: 4096 bytes a page, 2 pages, change counter
 * 3, schema cookie 1, text encoding 1, valid for change 3. */
static const uint8_t real_header[HINT_HEADER_BYTES] = {
    'S',  'Q',  'L',  'i',  't', 'e', ' ', 'f', 'o', 'r', 'm', 'a', 't', ' ', '3', 0, /* 0 */
    0x10, 0x00, 1,    1,    0,   64,  32,  32,  0,   0,   0,   3,   0,   0,   0,   2, /* 16 */
    0,    0,    0,    0,    0,   0,   0,   0,   0,   0,   0,   1,   0,   0,   0,   4, /* 32 */
    0,    0,    0,    0,    0,   0,   0,   0,   0,   0,   0,   1,   0,   0,   0,   0, /* 48 */
    0,    0,    0,    0,    0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0, /* 64 */
    0,    0,    0,    0,    0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   3, /* 80 */
    0,    0x2e, 0x4c, 0x12,                                                           /* 96 */
};

Test(header, a_header_says_page_size_count_cookie_and_change)
{
    struct hint_header read;

    cr_assert(hint_header_read(&read, real_header));
    cr_expect_eq(read.page_size, 4096);
    cr_expect_eq(read.page_count, 2);
    cr_expect_eq(read.schema_cookie, 1);
    cr_expect_eq(read.change_counter, 3);
}

static const struct size_case {
    uint8_t high, low;
    uint32_t want; /* 0: refused */
} size_cases[] = {
    { 0x02, 0x00, 512 },  { 0x04, 0x00, 1024 },  { 0x08, 0x00, 2048 },  { 0x10, 0x00, 4096 },
    { 0x20, 0x00, 8192 }, { 0x40, 0x00, 16384 }, { 0x80, 0x00, 32768 }, { 0x00, 0x01, 65536 },
    { 0x00, 0x00, 0 },    { 0x01, 0x00, 0 },     { 0x00, 0x02, 0 },     { 0x02, 0x01, 0 },
    { 0x10, 0x01, 0 },    { 0xff, 0xff, 0 },     { 0x03, 0x00, 0 },     { 0xc0, 0x00, 0 },
};

Test(header, only_page_sizes_of_the_format_are_taken)
{
    for (size_t i = 0; i < COUNT(size_cases); i++) {
        const struct size_case *row = &size_cases[i];
        uint8_t header[HINT_HEADER_BYTES];
        struct hint_header read = { 0 };
        bool good;

        memcpy(header, real_header, sizeof header);
        header[16] = row->high;
        header[17] = row->low;
        good = hint_header_read(&read, header);
        cr_expect_eq(good, row->want != 0, "row %zu", i);
        cr_expect_eq(read.page_size, row->want, "row %zu: got %u, want %u", i, read.page_size,
                     row->want);
    }
}

Test(header, what_is_no_database_is_refused)
{
    uint8_t header[HINT_HEADER_BYTES];
    struct hint_header read;

    memset(header, 0, sizeof header);
    cr_expect_not(hint_header_read(&read, header));
    for (size_t i = 0; i < 16; i++) {
        memcpy(header, real_header, sizeof header);
        header[i] ^= 0x20;
        cr_expect_not(hint_header_read(&read, header), "byte %zu", i);
    }
}

/* A version of SQLite before 3.7.0 wrote last: it changed the counter and not the count. */
Test(header, a_stale_page_count_counts_for_nothing)
{
    uint8_t header[HINT_HEADER_BYTES];
    struct hint_header read;

    memcpy(header, real_header, sizeof header);
    header[27] = 4;
    cr_assert(hint_header_read(&read, header));
    cr_expect_eq(read.page_count, 0);
    cr_expect_eq(read.change_counter, 4);
    cr_expect_eq(read.page_size, 4096);
}

Test(header, numbers_have_four_bytes)
{
    static const uint8_t most[4] = { 0xfe, 0xdc, 0xba, 0x98 };
    uint8_t header[HINT_HEADER_BYTES];
    struct hint_header read;

    memcpy(header, real_header, sizeof header);
    memcpy(header + 24, most, 4);
    memcpy(header + 28, most, 4);
    memcpy(header + 40, most, 4);
    memcpy(header + 92, most, 4);
    cr_assert(hint_header_read(&read, header));
    cr_expect_eq(read.change_counter, 0xfedcba98);
    cr_expect_eq(read.page_count, 0xfedcba98);
    cr_expect_eq(read.schema_cookie, 0xfedcba98);
}

Test(header, page_sizes_are_powers_of_two_from_512_to_65536)
{
    unsigned accepted = 0;

    for (uint32_t bytes = 0; bytes <= 200000; bytes++)
        accepted += hint_is_page_size(bytes);
    cr_expect_eq(accepted, 8);
    cr_expect_not(hint_is_page_size(0));
    cr_expect_not(hint_is_page_size(256));
    cr_expect(hint_is_page_size(512));
    cr_expect(hint_is_page_size(65536));
    cr_expect_not(hint_is_page_size(131072));
    cr_expect_not(hint_is_page_size(UINT32_C(1) << 31));
}

Test(header, the_bytes_that_extensions_reserve_are_not_usable)
{
    uint8_t header[HINT_HEADER_BYTES];

    memcpy(header, real_header, sizeof header);
    cr_expect_eq(hint_usable_bytes(header, 4096), 4096);
    header[20] = 255;
    cr_expect_eq(hint_usable_bytes(header, 4096), 3841);
    header[20] = 32;
    cr_expect_eq(hint_usable_bytes(header, 512), 480);
    header[20] = 33;
    cr_expect_eq(hint_usable_bytes(header, 512), 0);
}

Test(header, the_lock_bytes_lie_at_one_gibibyte)
{
    cr_expect_eq(hint_lock_page(512), 2097153);
    cr_expect_eq(hint_lock_page(1024), 1048577);
    cr_expect_eq(hint_lock_page(4096), 262145);
    cr_expect_eq(hint_lock_page(65536), 16385);
}

Test(header, the_hash_of_a_schema_is_what_is_stored)
{
    static uint8_t page[1024];

    cr_expect_eq(hint_schema_hash(page, sizeof page), UINT64_C(0x74c18495fb81a432));
    for (size_t i = 0; i < 512; i++)
        page[i] = (uint8_t)(i * 7 + i / 256);
    cr_expect_eq(hint_schema_hash(page, 512), UINT64_C(0x457dbc18df0901a4));
}

Test(header, every_byte_behind_the_header_changes_the_hash_and_none_of_it_does)
{
    static uint8_t page[512];
    uint64_t hash = hint_schema_hash(page, sizeof page);

    for (size_t at = 0; at < sizeof page; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            page[at] ^= (uint8_t)(1U << bit);
            cr_expect_eq(hint_schema_hash(page, sizeof page) == hash, at < 100, "byte %zu", at);
            page[at] ^= (uint8_t)(1U << bit);
        }
    }
}
