#include "vfs/store/sidecar_format.h"

#include <zstd.h>

#include "hints/record.h"
#include "tests/vfs/common.h"

#define PAGES_MAX 1000

/* What tests/golden/sidecar-1.bin holds, and of sidecar-2.bin the shared history. */
#define GOLDEN_SESSIONS 3
#define GOLDEN_PAGES    "1i:111@0 2i:101@3 7l:100@12 8l:010@9 9:001@40 4294967294o:110@5"

/* And sidecar-2.bin's two profiles: the first has a name of 64 bytes. */
#define GOLDEN_NAME      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\xff"
#define GOLDEN_PAGES_MAX 8
#define GOLDEN_RECORD                                                                              \
    (8 + (8 + 1 + 3 * 48 + 5 + 6 * 17) + 1 + (1 + 64 + 8 + 1 + 2 * 48 + 5 + 2 * 17) +              \
     (1 + 1 + 8 + 1 + 5))

#define GOLDEN_GENERATION UINT64_C(0x0102030405060708)

static const struct hint_evidence golden_evidence = {
    .page_size = 4096,
    .page_count = 21000,
    .schema_cookie = 77,
    .schema_hash = UINT64_C(0xfedcba9876543210),
};

/* Magic, version, page size 0x1000, 0x5208 pages, cookie 0x4d, generation. */
#define GOLDEN_HEADER(version)                                                                     \
    {                                                                                              \
        's', 'q', 'l', 'i', 't', 'e', '-', 'p', 'r', 'e', 'l', 'o', 'a', 'd', '\n', 0, version, 0, \
            0, 0, 0x00, 0x10, 0x00, 0x00, 0x08, 0x52, 0x00, 0x00, 0x4d, 0x00, 0x00, 0x00, 0x08,    \
            0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01                                               \
    }
static const uint8_t golden_header_1[SIDECAR_HEADER_BYTES] = GOLDEN_HEADER(1);
static const uint8_t golden_header[SIDECAR_HEADER_BYTES] = GOLDEN_HEADER(2);

struct sidecar {
    uint8_t *bytes;
    size_t len;
};

static struct hint_book golden_book_1(void)
{
    return (struct hint_book){ .shared = history_of(GOLDEN_SESSIONS, GOLDEN_PAGES) };
}

static struct hint_book golden_book(void)
{
    struct hint_book book = golden_book_1();

    book.evidence = golden_evidence;
    book.shared.sessions[0].db_pages = 21000;
    book.shared.sessions[1].db_pages = 20000;
    book.shared.sessions[1].sessions = 8;
    book.shared.sessions[0].tail_pages = 1000;
    book.shared.sessions[0].tail_used = 5;
    book.shared.sessions[0].tail_rank = 17;
    book.shared.pages[0].fetched = 6;
    book.shared.pages[3].fetched = 1;
    book.profiles = calloc(2, sizeof *book.profiles);
    cr_assert_not_null(book.profiles);
    book.profile_count = 2;
    book.profiles[0] = (struct hint_profile){ GOLDEN_NAME, history_of(2, "2i:11@3 8l:01@9") };
    book.profiles[1] = (struct hint_profile){ "b", { .folded = 9 } };
    return book;
}

static struct sidecar sidecar_of(const struct hint_book *book)
{
    struct sidecar sidecar = { 0 };

    cr_assert(preload_sidecar_encode(&sidecar.bytes, &sidecar.len, book, GOLDEN_GENERATION));
    return sidecar;
}

static struct sidecar golden_sidecar(void)
{
    struct hint_book book = golden_book();
    struct sidecar sidecar = sidecar_of(&book);

    hint_book_free(&book);
    return sidecar;
}

static bool evidence_equal(const struct hint_evidence *a, const struct hint_evidence *b)
{
    return a->page_size == b->page_size && a->page_count == b->page_count &&
           a->schema_cookie == b->schema_cookie && a->schema_hash == b->schema_hash;
}

static bool is_empty(const struct hint_book *book)
{
    return book->shared.len == 0 && !book->shared.pages && book->shared.session_count == 0 &&
           book->profile_count == 0 && !book->profiles && book->evidence.page_size == 0;
}

/* What a sidecar says beside its histories. */
struct found {
    struct hint_evidence evidence;
    uint64_t generation;
};

/* The bytes decode to the golden histories. */
static bool is_golden(const uint8_t *bytes, size_t len, struct found *found)
{
    struct hint_book want = golden_book();
    struct hint_book got = { 0 };
    const char *why = preload_sidecar_decode(&got, &found->generation, bytes, len, PAGES_MAX);
    bool equal = !why && book_histories_equal(&got, &want);

    cr_expect(!why || is_empty(&got), "%s", why);
    found->evidence = got.evidence;
    hint_book_free(&got);
    hint_book_free(&want);
    return equal;
}

/* Expects that the bytes are refused for this reason. */
static void expect_refused(size_t row, const uint8_t *bytes, size_t len, const char *want)
{
    struct hint_book book = { .shared = history_of(1, "3:1@0") };
    uint64_t generation;
    const char *why = preload_sidecar_decode(&book, &generation, bytes, len, PAGES_MAX);

    cr_expect(why && strcmp(why, want) == 0, "row %zu: got %s, want %s", row, why ? why : "good",
              want);
    cr_expect(is_empty(&book), "row %zu: the book is not empty", row);
    hint_book_free(&book);
}

Test(sidecar_format, the_golden_file_of_format_1_means_what_it_always_meant)
{
    struct hint_book want = golden_book_1();
    struct hint_book got = { 0 };
    uint64_t generation = 0;
    size_t len;
    uint8_t *bytes = file_read(GOLDEN_DIR "/sidecar-1.bin", &len);

    cr_assert_not_null(bytes);
    cr_assert(len > SIDECAR_HEADER_BYTES);
    cr_expect_arr_eq(bytes, golden_header_1, SIDECAR_HEADER_BYTES);
    cr_expect_null(preload_sidecar_decode(&got, &generation, bytes, len, PAGES_MAX));
    cr_expect(book_histories_equal(&got, &want), "%s", history_text(&got.shared).s);
    cr_expect_eq(generation, GOLDEN_GENERATION);
    cr_expect_eq(got.evidence.page_size, 4096);
    cr_expect_eq(got.evidence.page_count, 21000);
    cr_expect_eq(got.evidence.schema_cookie, 77);
    cr_expect_eq(got.evidence.schema_hash, 0);
    hint_book_free(&want);
    hint_book_free(&got);
    free(bytes);
}

Test(sidecar_format, the_golden_file_of_format_2_means_what_it_always_meant)
{
    struct found found = { 0 };
    size_t len;
    uint8_t *bytes = file_read(GOLDEN_DIR "/sidecar-2.bin", &len);

    cr_assert_not_null(bytes);
    cr_assert(len > SIDECAR_HEADER_BYTES);
    cr_expect_arr_eq(bytes, golden_header, SIDECAR_HEADER_BYTES);
    cr_expect(is_golden(bytes, len, &found));
    cr_expect(evidence_equal(&found.evidence, &golden_evidence));
    cr_expect_eq(found.generation, GOLDEN_GENERATION);
    free(bytes);
}

/* The frame may differ between versions of zstd; what is in it may not. */
Test(sidecar_format, what_is_written_is_the_golden_file_but_for_the_compression)
{
    struct sidecar sidecar = golden_sidecar();
    uint8_t record[GOLDEN_RECORD];
    uint8_t golden[GOLDEN_RECORD];
    size_t len;
    uint8_t *bytes = file_read(GOLDEN_DIR "/sidecar-2.bin", &len);

    cr_assert(len > SIDECAR_HEADER_BYTES && sidecar.len > SIDECAR_HEADER_BYTES);
    cr_expect_arr_eq(sidecar.bytes, bytes, SIDECAR_HEADER_BYTES);
    cr_assert_eq(ZSTD_decompress(golden, sizeof golden, bytes + SIDECAR_HEADER_BYTES,
                                 len - SIDECAR_HEADER_BYTES),
                 sizeof golden);
    cr_assert_eq(ZSTD_decompress(record, sizeof record, sidecar.bytes + SIDECAR_HEADER_BYTES,
                                 sidecar.len - SIDECAR_HEADER_BYTES),
                 sizeof record);
    cr_expect_arr_eq(record, golden, sizeof record);
    free(sidecar.bytes);
    free(bytes);
}

static struct hint_history random_history(struct rng *rng, size_t len)
{
    struct hint_history history = { .folded = rng_next(rng), .len = len };
    uint32_t pgno = 0;

    history.session_count = 1 + rng_below(rng, HINT_HISTORY_SESSIONS);
    for (uint32_t i = 0; i < history.session_count; i++) {
        struct hint_session_mark *mark = &history.sessions[i];

        memset(mark->id.bytes, (int)rng_below(rng, 256), sizeof mark->id.bytes);
        mark->began_s = (int64_t)rng_next(rng);
        mark->sessions = 1 + rng_below(rng, HINT_SHARED_MAX);
        mark->pages = (uint32_t)rng_next(rng);
        mark->db_pages = (uint32_t)rng_next(rng);
    }
    history.pages = calloc(len + 1, sizeof *history.pages);
    cr_assert_not_null(history.pages);
    for (size_t i = 0; i < len; i++) {
        pgno += 1 + rng_below(rng, 1000);
        history.pages[i] = (struct hint_page){
            .pgno = pgno,
            .seen = UINT32_C(1) << rng_below(rng, history.session_count),
            .fetched = UINT32_C(1) << rng_below(rng, history.session_count),
            .rank = (uint32_t)rng_next(rng),
            .page_class = (uint8_t)rng_below(rng, 4),
        };
    }
    return history;
}

static struct hint_book random_book(struct rng *rng)
{
    size_t count = rng_below(rng, 4);
    struct hint_book book = { .evidence = golden_evidence };

    book.shared = random_history(rng, rng_below(rng, PAGES_MAX / 2));
    book.profiles = calloc(count + 1, sizeof *book.profiles);
    cr_assert_not_null(book.profiles);
    for (; book.profile_count < count; book.profile_count++) {
        book.profiles[book.profile_count].name[0] = (char)('a' + book.profile_count);
        book.profiles[book.profile_count].history =
            random_history(rng, rng_below(rng, PAGES_MAX / 8));
    }
    return book;
}

Test(sidecar_format, any_book_comes_back)
{
    struct rng rng = rng_start();

    for (size_t round = 0; round < 100; round++) {
        struct hint_book book = random_book(&rng);
        struct sidecar sidecar = sidecar_of(&book);
        struct hint_book got = { 0 };
        uint64_t generation = 0;
        const char *why =
            preload_sidecar_decode(&got, &generation, sidecar.bytes, sidecar.len, PAGES_MAX);

        cr_expect_null(why, "seed %llu, round %zu: %s", (unsigned long long)rng.seed, round, why);
        cr_expect(book_histories_equal(&got, &book), "seed %llu, round %zu",
                  (unsigned long long)rng.seed, round);
        cr_expect(evidence_equal(&got.evidence, &golden_evidence));
        cr_expect_eq(generation, GOLDEN_GENERATION);
        hint_book_free(&got);
        hint_book_free(&book);
        free(sidecar.bytes);
    }
}

Test(sidecar_format, an_empty_book_comes_back)
{
    struct hint_book book = { .evidence.page_size = 4096 };
    struct sidecar sidecar = sidecar_of(&book);
    uint64_t generation;

    cr_expect_null(
        preload_sidecar_decode(&book, &generation, sidecar.bytes, sidecar.len, PAGES_MAX));
    cr_expect_eq(book.shared.len, 0);
    cr_expect_eq(book.evidence.page_size, 4096);
    hint_book_free(&book);
    free(sidecar.bytes);
}

Test(sidecar_format, every_truncation_is_refused)
{
    struct sidecar sidecar = golden_sidecar();

    for (size_t len = 0; len < sidecar.len; len++) {
        struct found found = { 0 };
        /* A block of that very size: reading past its end is seen. */
        uint8_t *bytes = malloc(len + !len);

        cr_assert_not_null(bytes);
        memcpy(bytes, sidecar.bytes, len);
        cr_expect_not(is_golden(bytes, len, &found), "%zu bytes", len);
        free(bytes);
    }
    free(sidecar.bytes);
}

/* The frame has a checksum: a flipped bit in it is found, or does not matter. Magic and version are
 * compared. The header's other fields have none: a flipped bit there changes that field alone, and
 * the page size is judged when the hints meet the database. */
static void expect_flip(struct sidecar sidecar, size_t at, unsigned bit)
{
    struct found found = { 0 };
    struct found mended;
    bool good;

    sidecar.bytes[at] ^= (uint8_t)(1U << bit);
    good = is_golden(sidecar.bytes, sidecar.len, &found);
    if (at < 20) cr_expect_not(good, "byte %zu, bit %u", at, bit);
    if (at >= 20 && at < 24) {
        uint32_t page_size = golden_evidence.page_size ^ UINT32_C(1) << (8 * (at - 20) + bit);

        cr_expect_eq(good,
                     page_size >= 512 && page_size <= 65536 && (page_size & (page_size - 1)) == 0);
    }
    if (at >= 24 && at < SIDECAR_HEADER_BYTES) {
        cr_expect(good, "byte %zu, bit %u", at, bit);
        cr_expect_not(evidence_equal(&found.evidence, &golden_evidence) &&
                      found.generation == GOLDEN_GENERATION);
    }
    if (at >= SIDECAR_HEADER_BYTES && !good) {
        struct hint_book book = { 0 };

        cr_expect_not_null(
            preload_sidecar_decode(&book, &found.generation, sidecar.bytes, sidecar.len, PAGES_MAX),
            "byte %zu, bit %u: another book", at, bit);
        hint_book_free(&book);
    }
    sidecar.bytes[at] ^= (uint8_t)(1U << bit);
    cr_expect(is_golden(sidecar.bytes, sidecar.len, &mended));
}

Test(sidecar_format, every_flipped_bit_is_refused_or_harmless)
{
    struct sidecar sidecar = golden_sidecar();

    for (size_t at = 0; at < sidecar.len; at++)
        for (unsigned bit = 0; bit < 8; bit++)
            expect_flip(sidecar, at, bit);
    free(sidecar.bytes);
}

Test(sidecar_format, another_version_is_refused)
{
    struct sidecar sidecar = golden_sidecar();

    sidecar.bytes[16] = 3;
    expect_refused(2, sidecar.bytes, sidecar.len, "of another format version");
    sidecar.bytes[16] = 0;
    expect_refused(0, sidecar.bytes, sidecar.len, "of another format version");
    sidecar.bytes[16] = 2;
    sidecar.bytes[19] = 1;
    expect_refused(3, sidecar.bytes, sidecar.len, "of another format version");
    /* A record of one format under the other's number. */
    sidecar.bytes[19] = 0;
    sidecar.bytes[16] = 1;
    expect_refused(1, sidecar.bytes, sidecar.len, "the record breaks its rules");
    free(sidecar.bytes);
}

/* A file in a directory says whose it is, and holds the same record. */
Test(sidecar_format, the_owner_comes_back)
{
    const struct sidecar_owner owner = { UINT64_C(0x1122334455667788), 77, "/a/b.db and more", 7 };
    struct hint_book book = golden_book();
    struct sidecar sidecar = golden_sidecar();
    struct sidecar_owner got = { 0 };
    struct found found = { 0 };

    cr_expect_not(preload_sidecar_owner(&got, sidecar.bytes, sidecar.len));
    free(sidecar.bytes);
    cr_assert(
        preload_sidecar_encode_in(&sidecar.bytes, &sidecar.len, &book, GOLDEN_GENERATION, &owner));
    cr_assert(preload_sidecar_owner(&got, sidecar.bytes, sidecar.len));
    cr_expect(got.device == owner.device && got.inode == owner.inode && got.path_len == 7);
    cr_expect_arr_eq(got.path, "/a/b.db", 7);
    cr_expect(is_golden(sidecar.bytes, sidecar.len, &found));
    cr_expect(evidence_equal(&found.evidence, &golden_evidence));
    cr_expect_eq(found.generation, GOLDEN_GENERATION);
    for (size_t len = 0; len < sidecar.len; len++) {
        uint8_t *bytes = malloc(len + !len);

        cr_assert_not_null(bytes);
        memcpy(bytes, sidecar.bytes, len);
        cr_expect_not(is_golden(bytes, len, &found), "%zu bytes", len);
        cr_expect_eq(preload_sidecar_owner(&got, bytes, len), len >= SIDECAR_HEADER_BYTES + 20 + 7);
        free(bytes);
    }
    hint_book_free(&book);
    free(sidecar.bytes);
}

Test(sidecar_format, an_owner_with_too_long_a_path_is_refused_or_kept_without_it)
{
    static char path[SIDECAR_OWNER_PATH_MAX + 1];
    struct sidecar_owner owner = { 1, 2, path, SIDECAR_OWNER_PATH_MAX };
    struct hint_book book = { .evidence.page_size = 4096 };
    struct sidecar sidecar;
    struct sidecar_owner got;

    memset(path, 'x', sizeof path);
    cr_assert(preload_sidecar_encode_in(&sidecar.bytes, &sidecar.len, &book, 0, &owner));
    cr_expect(preload_sidecar_owner(&got, sidecar.bytes, sidecar.len));
    cr_expect_eq(got.path_len, SIDECAR_OWNER_PATH_MAX);
    sidecar.bytes[SIDECAR_HEADER_BYTES + 16]++;
    cr_expect_not(preload_sidecar_owner(&got, sidecar.bytes, sidecar.len));
    expect_refused(0, sidecar.bytes, sidecar.len, "truncated");
    free(sidecar.bytes);
    owner.path_len++;
    cr_assert(preload_sidecar_encode_in(&sidecar.bytes, &sidecar.len, &book, 0, &owner));
    cr_expect(preload_sidecar_owner(&got, sidecar.bytes, sidecar.len));
    cr_expect_eq(got.path_len, 0);
    free(sidecar.bytes);
}

Test(sidecar_format, ours_is_told_by_the_magic_whatever_the_version)
{
    struct sidecar sidecar = golden_sidecar();

    sidecar.bytes[16] = 99;
    cr_expect(preload_sidecar_is_ours(sidecar.bytes, sidecar.len));
    cr_expect(preload_sidecar_is_ours(sidecar.bytes, 16));
    cr_expect(preload_sidecar_is_ours(sidecar.bytes, 15), "a torn one");
    cr_expect(preload_sidecar_is_ours(sidecar.bytes, 0), "torn to nothing");
    cr_expect_not(preload_sidecar_is_ours((const uint8_t *)"sqlite-preface", 14));
    cr_expect_not(preload_sidecar_is_ours((const uint8_t *)"SQLite format 3", 16));
    free(sidecar.bytes);
}

Test(sidecar_format, bytes_left_over_are_refused)
{
    struct sidecar sidecar = golden_sidecar();
    uint8_t *longer = calloc(1, 2 * sidecar.len);

    cr_assert_not_null(longer);
    memcpy(longer, sidecar.bytes, sidecar.len);
    expect_refused(0, longer, sidecar.len + 1, "truncated, or bytes left over");
    /* A second frame, too. */
    memcpy(longer + sidecar.len, sidecar.bytes + SIDECAR_HEADER_BYTES,
           sidecar.len - SIDECAR_HEADER_BYTES);
    expect_refused(1, longer, 2 * sidecar.len - SIDECAR_HEADER_BYTES,
                   "truncated, or bytes left over");
    free(longer);
    free(sidecar.bytes);
}

/* A sidecar around these record bytes, compressed as `checksum` and `content_size` say. */
static struct sidecar wrap(const uint8_t *record, size_t len, int checksum, int content_size)
{
    size_t room = ZSTD_compressBound(len);
    struct sidecar sidecar = { .bytes = malloc(SIDECAR_HEADER_BYTES + room) };
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t frame_len;

    cr_assert(sidecar.bytes && context);
    memcpy(sidecar.bytes, golden_header, SIDECAR_HEADER_BYTES);
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum);
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, content_size);
    frame_len = ZSTD_compress2(context, sidecar.bytes + SIDECAR_HEADER_BYTES, room, record, len);
    cr_assert_not(ZSTD_isError(frame_len));
    ZSTD_freeCCtx(context);
    sidecar.len = SIDECAR_HEADER_BYTES + frame_len;
    return sidecar;
}

static const struct frame_case {
    size_t cut, extend; /* bytes of the record left out, zeroes added */
    int checksum, content_size;
    const char *want;
} frame_cases[] = {
    { 0, 0, 0, 1, "the frame has no checksum" },
    { 0, 0, 1, 0, "no zstd frame that states its size" },
    { 1, 0, 1, 1, "the record breaks its rules" },
    { 0, 1, 1, 1, "the record breaks its rules" },
    { GOLDEN_RECORD, 0, 1, 1, "the record breaks its rules" },
    { 0, 17 * PAGES_MAX, 1, 1, "the record breaks its rules" },
    { 0, 17 * PAGES_MAX + 257 * 2048, 1, 1, "more pages than any book holds" },
};

Test(sidecar_format, a_frame_of_another_kind_or_content_is_refused)
{
    struct hint_book book = golden_book();
    uint8_t *record = calloc(1, 1000 * PAGES_MAX);

    cr_assert_not_null(record);
    cr_assert_eq(hint_record_encode(record, &book), GOLDEN_RECORD);
    for (size_t i = 0; i < COUNT(frame_cases); i++) {
        const struct frame_case *row = &frame_cases[i];
        struct sidecar sidecar =
            wrap(record, GOLDEN_RECORD - row->cut + row->extend, row->checksum, row->content_size);

        expect_refused(i, sidecar.bytes, sidecar.len, row->want);
        free(sidecar.bytes);
    }
    hint_book_free(&book);
    free(record);
}

Test(sidecar_format, a_skippable_frame_holds_no_book)
{
    static const uint8_t frame[] = { 0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 'a', 'b', 'c', 'd' };
    uint8_t bytes[SIDECAR_HEADER_BYTES + sizeof frame];

    memcpy(bytes, golden_header, SIDECAR_HEADER_BYTES);
    memcpy(bytes + SIDECAR_HEADER_BYTES, frame, sizeof frame);
    expect_refused(0, bytes, sizeof bytes, "the record breaks its rules");
    memcpy(bytes + SIDECAR_HEADER_BYTES, "no frame", 8);
    expect_refused(1, bytes, sizeof bytes, "no zstd frame that states its size");
}

Test(sidecar_format, a_reader_may_want_fewer_pages)
{
    struct sidecar sidecar = golden_sidecar();
    struct hint_book book = { 0 };
    uint64_t generation;

    cr_expect_str_eq(preload_sidecar_decode(&book, &generation, sidecar.bytes, sidecar.len,
                                            GOLDEN_PAGES_MAX - 1),
                     "more pages than any book holds");
    cr_expect_null(
        preload_sidecar_decode(&book, &generation, sidecar.bytes, sidecar.len, GOLDEN_PAGES_MAX));
    hint_book_free(&book);
    free(sidecar.bytes);
}

/* Noise: no column repeats, so nothing compresses. */
Test(sidecar_format, a_book_that_is_too_large_is_not_written)
{
    struct rng rng = rng_start();
    struct hint_book book = { .evidence = golden_evidence, .shared.session_count = 32 };
    struct hint_history *history = &book.shared;
    struct sidecar sidecar = { 0 };

    for (uint32_t i = 0; i < 32; i++)
        history->sessions[i].sessions = 1;
    history->len = 1 << 20;
    history->pages = calloc(history->len, sizeof *history->pages);
    cr_assert_not_null(history->pages);
    for (size_t i = 0; i < history->len; i++) {
        history->pages[i] = (struct hint_page){ .pgno = (uint32_t)(i + 1) * 4000,
                                                .seen = (uint32_t)rng_next(&rng) | 1,
                                                .rank = (uint32_t)rng_next(&rng) };
        history->pages[i].pgno += rng_below(&rng, 4000);
    }
    cr_expect_not(preload_sidecar_encode(&sidecar.bytes, &sidecar.len, &book, GOLDEN_GENERATION));
    cr_expect_null(sidecar.bytes);
    hint_book_free(&book);
}

Test(sidecar_format, without_memory_nothing_is_read_or_written)
{
    struct hint_book book = golden_book();
    struct sidecar sidecar = { 0 };
    uint64_t generation;
    const char *why;
    bool good;

    for (size_t n = 0;; n++) {
        heap_fail_at(n);
        good = preload_sidecar_encode(&sidecar.bytes, &sidecar.len, &book, GOLDEN_GENERATION);
        if (!heap_restore()) break;
        cr_expect_not(good, "n %zu", n);
    }
    cr_assert(good);
    for (size_t n = 0;; n++) {
        heap_fail_at(n);
        why = preload_sidecar_decode(&book, &generation, sidecar.bytes, sidecar.len, PAGES_MAX);
        if (!heap_restore()) break;
        cr_expect_str_eq(why, "out of memory");
        cr_expect(is_empty(&book));
    }
    cr_expect_null(why);
    hint_book_free(&book);
    free(sidecar.bytes);
}
