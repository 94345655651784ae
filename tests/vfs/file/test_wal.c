#include "vfs/file/wal.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/support/heap.h"
#include "tests/vfs/common.h"

#define PAGE_BYTES  512
#define FRAME_BYTES (24 + PAGE_BYTES)
#define FRAMES_MAX  16

TestSuite(wal, .init = scratch_begin, .fini = scratch_end);

/* A log with the salts 5 and 6, made by hand: pages of its frames, 0 ends the list. */
struct log_image {
    uint8_t bytes[32 + FRAMES_MAX * FRAME_BYTES];
    size_t len;
};

static void put_be32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

static void add_frame(struct log_image *image, uint32_t pgno, uint32_t salt)
{
    uint8_t *frame = image->bytes + image->len;

    put_be32(frame, pgno);
    put_be32(frame + 4, pgno == 1 ? 9 : 0);
    put_be32(frame + 8, salt);
    put_be32(frame + 12, salt + 1);
    memset(frame + 24, 0xaa, PAGE_BYTES);
    image->len += FRAME_BYTES;
}

static struct log_image log_of(const uint32_t *pgnos)
{
    struct log_image image = { .len = 32 };

    put_be32(image.bytes, 0x377f0682);
    put_be32(image.bytes + 4, 3007000);
    put_be32(image.bytes + 8, PAGE_BYTES);
    put_be32(image.bytes + 16, 5);
    put_be32(image.bytes + 20, 6);
    for (; *pgnos; pgnos++)
        add_frame(&image, *pgnos, 5);
    return image;
}

static struct text pages_in(const char *path, uint32_t page_size)
{
    struct hint_runs runs = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct text text;

    cr_assert(fd >= 0);
    cr_assert_eq(preload_wal_pages(&runs, fd, page_size, NULL), HINT_OK);
    text = runs_text(&runs);
    hint_runs_free(&runs);
    close(fd);
    return text;
}

static struct text pages_of(const struct log_image *image, size_t len, uint32_t page_size)
{
    struct path path = scratch("x.db-wal");

    file_write(path.s, image->bytes, len);
    return pages_in(path.s, page_size);
}

static const uint32_t some_pages[] = { 7, 3, 7, 8, 1, 0 };

Test(wal, the_pages_of_all_frames_are_found_once)
{
    struct log_image image = log_of(some_pages);

    expect_text(0, pages_of(&image, image.len, PAGE_BYTES), "1 3 7-8");
    put_be32(image.bytes, 0x377f0683); /* checksums of the other byte order */
    expect_text(1, pages_of(&image, image.len, PAGE_BYTES), "1 3 7-8");
}

Test(wal, frames_of_an_earlier_round_end_the_walk)
{
    struct log_image image = log_of(some_pages);

    put_be32(image.bytes + 32 + 3 * FRAME_BYTES + 8, 4);
    expect_text(0, pages_of(&image, image.len, PAGE_BYTES), "3 7");
    put_be32(image.bytes + 32 + 3 * FRAME_BYTES + 8, 5);
    put_be32(image.bytes + 32 + 2 * FRAME_BYTES + 12, 7);
    expect_text(1, pages_of(&image, image.len, PAGE_BYTES), "3 7");
    put_be32(image.bytes + 16, 77);
    expect_text(2, pages_of(&image, image.len, PAGE_BYTES), "");
}

static const struct cut_case {
    size_t len;
    const char *want;
} cut_cases[] = {
    { 0, "" },
    { 31, "" },
    { 32, "" },
    { 32 + 23, "" },
    { 32 + 24, "7" }, /* the frame's page is torn; its number is there, and a page less to fetch */
    { 32 + FRAME_BYTES, "7" },
    { 32 + FRAME_BYTES + 23, "7" },
    { 32 + 2 * FRAME_BYTES, "3 7" },
    { 32 + 5 * FRAME_BYTES, "1 3 7-8" },
};

Test(wal, a_log_that_is_cut_gives_the_frames_before_the_cut)
{
    const struct log_image image = log_of(some_pages);

    for (size_t i = 0; i < COUNT(cut_cases); i++)
        expect_text(i, pages_of(&image, cut_cases[i].len, PAGE_BYTES), cut_cases[i].want);
}

Test(wal, a_log_for_another_page_size_gives_nothing)
{
    const struct log_image image = log_of(some_pages);

    expect_text(0, pages_of(&image, image.len, 1024), "");
    expect_text(1, pages_of(&image, image.len, 0), "");
}

Test(wal, what_is_no_log_gives_nothing)
{
    struct log_image image = log_of(some_pages);

    put_be32(image.bytes, 0x377f0684);
    expect_text(0, pages_of(&image, image.len, PAGE_BYTES), "");
    memset(image.bytes, 0, 32);
    expect_text(1, pages_of(&image, image.len, PAGE_BYTES), "");
}

Test(wal, page_numbers_that_no_database_has_are_passed_over)
{
    struct log_image image = log_of(some_pages);

    put_be32(image.bytes + 32, 0);
    put_be32(image.bytes + 32 + FRAME_BYTES, 0xffffffff);
    expect_text(0, pages_of(&image, image.len, PAGE_BYTES), "1 7-8");
    put_be32(image.bytes + 32, 0xfffffffe);
    expect_text(1, pages_of(&image, image.len, PAGE_BYTES), "1 7-8 4294967294");
}

Test(wal, what_the_list_held_is_replaced)
{
    struct path path = scratch("empty");
    struct hint_runs runs = runs_of("5-9");
    int fd;

    file_write(path.s, "", 0);
    fd = open(path.s, O_RDONLY | O_CLOEXEC);
    cr_assert(fd >= 0);
    cr_expect_eq(preload_wal_pages(&runs, fd, PAGE_BYTES, NULL), HINT_OK);
    expect_text(0, runs_text(&runs), "");
    hint_runs_free(&runs);
    close(fd);
}

/* A log that is large, on a device that is slow, holds up no close. */
Test(wal, a_large_log_is_read_in_part_and_not_to_the_end)
{
    struct path path = scratch("large");
    struct hint_runs runs = { 0 };
    const atomic_int cancelled = 1;
    const size_t frames = WAL_BYTES_MOST / (512 + 24) + 100;
    struct log_image image = log_of(some_pages);
    uint8_t header[32];
    uint8_t frame[512 + 24] = { 0 };
    FILE *out = fopen(path.s, "wbe");
    int fd;

    cr_assert_not_null(out);
    memcpy(header, image.bytes, sizeof header);
    put_be32(header + 8, 512);
    cr_assert_eq(fwrite(header, sizeof header, 1, out), 1);
    memcpy(frame, image.bytes + sizeof header, 24);
    for (size_t i = 0; i < frames; i++) {
        put_be32(frame, (uint32_t)i + 1);
        cr_assert_eq(fwrite(frame, sizeof frame, 1, out), 1);
    }
    cr_assert_eq(fclose(out), 0);
    fd = open(path.s, O_RDONLY | O_CLOEXEC);
    cr_assert(fd >= 0);
    cr_expect_eq(preload_wal_pages(&runs, fd, 512, NULL), HINT_OK);
    cr_expect_eq(hint_runs_pages(&runs), frames - 100);
    cr_expect_eq(preload_wal_pages(&runs, fd, 512, &cancelled), HINT_OK);
    cr_expect_lt(hint_runs_pages(&runs), 1000);
    hint_runs_free(&runs);
    close(fd);
}

/* Row 7 of four rows a page lies in one leaf; its page alone changes. */
Test(wal, a_log_of_sqlite_names_the_pages_that_it_changed)
{
    struct path path = scratch("x.db");
    struct path wal = scratch("x.db-wal");
    sqlite3 *db;

    db_make(path.s, 20);
    db = db_open(path.s, "unix");
    db_run(db, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;");
    db_run(db, "UPDATE t SET body = zeroblob(1000) WHERE id = 7;");
    cr_expect_eq(strspn(pages_in(wal.s, 4096).s, "0123456789"), strlen(pages_in(wal.s, 4096).s),
                 "%s", pages_in(wal.s, 4096).s);
    cr_expect(pages_in(wal.s, 4096).s[0] != '\0');
    db_run(db, "INSERT INTO t SELECT id + 100, body FROM t;");
    cr_expect(strchr(pages_in(wal.s, 4096).s, '-') != NULL, "%s", pages_in(wal.s, 4096).s);
    /* A checkpoint that starts the log anew leaves the old frames behind, under other salts. */
    db_run(db, "PRAGMA wal_checkpoint(RESTART); UPDATE t SET body = zeroblob(1000) WHERE id = 1;");
    cr_expect_eq(strspn(pages_in(wal.s, 4096).s, "0123456789"), strlen(pages_in(wal.s, 4096).s),
                 "%s", pages_in(wal.s, 4096).s);
    expect_text(2, pages_in(wal.s, 1024), "");
    db_close(db);
}

Test(wal, without_memory_there_is_an_error_and_no_leak)
{
    const struct log_image image = log_of(some_pages);
    struct path path = scratch("x.db-wal");
    struct hint_runs runs = { 0 };
    size_t n = 0;
    int fd;
    int rc;

    file_write(path.s, image.bytes, image.len);
    fd = open(path.s, O_RDONLY | O_CLOEXEC);
    cr_assert(fd >= 0);
    for (;; n++) {
        heap_fail_at(n);
        rc = preload_wal_pages(&runs, fd, PAGE_BYTES, NULL);
        if (!heap_restore()) break;
        cr_expect_eq(rc, HINT_NOMEM, "n %zu", n);
    }
    cr_expect_eq(rc, HINT_OK);
    cr_expect(n >= 2);
    expect_text(0, runs_text(&runs), "1 3 7-8");
    hint_runs_free(&runs);
    close(fd);
}
