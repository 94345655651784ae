#include "hints/format/wal.h"

#include "tests/hints/common.h"

/* A log as SQLite 3.40 wrote it for pages of 4096 bytes: its header, and that of its second frame,
 * which holds page 2. */
static const uint8_t real_header[HINT_WAL_HEADER_BYTES] = {
    0x37, 0x7f, 0x06, 0x82, 0x00, 0x2d, 0xe2, 0x18, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00,
    0xd2, 0x88, 0xe4, 0x96, 0xf5, 0x6a, 0xe9, 0xf6, 0x6b, 0xcb, 0x8b, 0xe5, 0x1a, 0x9c, 0xce, 0x7f,
};
static const uint8_t real_frame[HINT_WAL_FRAME_HEADER_BYTES] = {
    0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0xd2, 0x88, 0xe4, 0x96,
    0xf5, 0x6a, 0xe9, 0xf6, 0x85, 0x1f, 0xd6, 0x12, 0x84, 0x5b, 0xed, 0xac,
};

Test(wal, a_header_is_of_a_log_for_pages_of_one_size)
{
    uint8_t header[HINT_WAL_HEADER_BYTES];

    cr_expect(hint_wal_is_of(real_header, 4096));
    cr_expect_not(hint_wal_is_of(real_header, 8192));
    for (size_t i = 0; i < 4; i++) {
        memcpy(header, real_header, sizeof header);
        header[i] ^= 0x20;
        cr_expect_not(hint_wal_is_of(header, 4096), "byte %zu", i);
    }
    memcpy(header, real_header, sizeof header);
    header[3] ^= 1; /* checksums of the other byte order */
    cr_expect(hint_wal_is_of(header, 4096));
}

Test(wal, a_frame_says_its_page_and_has_the_salts_of_its_round)
{
    uint8_t frame[HINT_WAL_FRAME_HEADER_BYTES];

    cr_expect_eq(hint_wal_frame_pgno(real_frame), 2);
    for (size_t i = 0; i < sizeof frame; i++) {
        memcpy(frame, real_frame, sizeof frame);
        frame[i] ^= 0x80;
        cr_expect_eq(hint_wal_frame_is_of(frame, real_header), i < 8 || i >= 16, "byte %zu", i);
    }
}

static const struct frame_case {
    uint64_t offset, want; /* want 0: no frame begins there */
    uint32_t page_size;
} frame_cases[] = {
    { 0, 0, 512 },
    { 31, 0, 512 },
    { 32, 1, 512 },
    { 33, 0, 512 },
    { 56, 0, 512 },
    { 567, 0, 512 },
    { 568, 2, 512 },
    { 569, 0, 512 },
    { 4152, 2, 4096 },
    { 65592, 2, 65536 },
    { 8272, 3, 4096 },
    { 4294967328U, 0, 4096 },
    { 32 + UINT64_C(4120) * 4294967296U, 4294967297U, 4096 },
};

Test(wal, frames_follow_each_other_from_the_header_on)
{
    for (size_t i = 0; i < COUNT(frame_cases); i++) {
        const struct frame_case *row = &frame_cases[i];
        uint64_t got = hint_wal_frame_at(row->offset, row->page_size);

        cr_expect_eq(got, row->want, "row %zu: got %" PRIu64, i, got);
        if (!row->want) continue;
        cr_expect_eq(hint_wal_frame_offset(row->want, row->page_size), row->offset, "row %zu", i);
        cr_expect_eq(hint_wal_frame_of_page_at(row->offset + 24, row->page_size), row->want,
                     "row %zu", i);
    }
}

/* The index of that log, as it lies in memory. */
static void make_index(uint8_t header[HINT_WAL_INDEX_HEADER_BYTES], uint16_t page_size)
{
    const uint32_t version = 3007000;
    const uint32_t frames = 5;
    const uint32_t backfilled = 2;

    memset(header, 0, HINT_WAL_INDEX_HEADER_BYTES);
    memcpy(header, &version, 4);
    header[12] = 1;
    memcpy(header + 14, &page_size, 2);
    memcpy(header + 16, &frames, 4);
    memcpy(header + 48, header, 48);
    memcpy(header + 96, &backfilled, 4);
}

Test(wal, the_index_says_how_many_frames_there_are)
{
    uint8_t header[HINT_WAL_INDEX_HEADER_BYTES];
    struct hint_wal_index index;

    make_index(header, 4096);
    cr_expect(hint_wal_index_read(&index, header));
    cr_expect(index.page_size == 4096 && index.frames == 5 && index.backfilled == 2);
    make_index(header, 1);
    cr_expect(hint_wal_index_read(&index, header));
    cr_expect_eq(index.page_size, 65536);
}

/* A writer changes one copy, then the other. */
Test(wal, an_index_that_is_not_whole_says_nothing)
{
    uint8_t header[HINT_WAL_INDEX_HEADER_BYTES];
    struct hint_wal_index index;

    for (size_t i = 0; i < 96; i++) {
        make_index(header, 4096);
        header[i] ^= 0x40;
        cr_expect_not(hint_wal_index_read(&index, header), "byte %zu", i);
    }
    make_index(header, 4096);
    header[0] ^= 1;
    header[48] ^= 1;
    cr_expect_not(hint_wal_index_read(&index, header), "another version");
    make_index(header, 4096);
    header[12] = header[60] = 0;
    cr_expect_not(hint_wal_index_read(&index, header), "not initialised");
}
