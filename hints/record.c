/* A book as bytes and back: a column for each field of its histories' pages, so that equal bytes
 * lie together and compress well.
 *
 * Reading is straight-line under a sticky error: after the first fault every read gives 0. */
#include "hints/record.h"

#include <assert.h>
#include <string.h>

#include "hints/memory.h"

#define ULEB128_BYTES_MAX  10
#define SESSION_BYTES_OF_1 (16 + 8 + 4)
#define SESSION_BYTES      (SESSION_BYTES_OF_1 + 4 + 4 * 4)
#define PAGE_BYTES         (4 + 4 + 4 + 4 + 1)
#define COLUMNS            5

/* A name of one byte and an empty history. */
#define PROFILE_BYTES_MIN (1 + 1 + 8 + 1 + COLUMNS)

_Static_assert(sizeof(struct hint_session_id) == 16, "the record has ids of 16 bytes");
_Static_assert(sizeof(struct hint_page) <= 5 * sizeof(uint32_t),
               "a page takes no more than 5 times the bytes of its step");
_Static_assert(sizeof(struct hint_profile) <= 2048, "a profile takes no more than 2 KiB");
_Static_assert(HINT_PROFILE_NAME_MAX < 0x80, "the length of a name is one byte");

static uint8_t *put_uint(uint8_t *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> 8 * i);
    return out + bytes;
}

static uint8_t *put_u32(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t)value;
    out[1] = (uint8_t)(value >> 8);
    out[2] = (uint8_t)(value >> 16);
    out[3] = (uint8_t)(value >> 24);
    return out + 4;
}

static uint8_t *put_count(uint8_t *out, uint64_t count)
{
    while (count >= 0x80) {
        *out++ = (uint8_t)(count | 0x80);
        count >>= 7;
    }
    *out++ = (uint8_t)count;
    return out;
}

static uint8_t *put_sessions(uint8_t *out, const struct hint_history *history)
{
    out = put_count(out, history->session_count);
    for (uint32_t i = 0; i < history->session_count; i++) {
        const struct hint_session_mark *mark = &history->sessions[i];

        memcpy(out, mark->id.bytes, sizeof(mark->id.bytes));
        out = put_uint(out + sizeof(mark->id.bytes), (uint64_t)mark->began_s, 8);
        out = put_u32(out, mark->sessions);
        out = put_u32(out, mark->pages);
        out = put_u32(out, mark->db_pages);
        out = put_u32(out, mark->tail_pages);
        out = put_u32(out, mark->tail_used);
        out = put_u32(out, mark->tail_rank);
    }
    return out;
}

static uint8_t *put_steps(uint8_t *out, const struct hint_history *history)
{
    uint32_t before = 0;

    out = put_count(out, history->len);
    for (size_t i = 0; i < history->len; i++) {
        out = put_u32(out, history->pages[i].pgno - before);
        before = history->pages[i].pgno;
    }
    return out;
}

static uint8_t *put_history(uint8_t *out, const struct hint_history *history)
{
    const struct hint_page *pages = history->pages;
    size_t len = history->len;

    out = put_uint(out, history->folded, 8);
    out = put_sessions(out, history);
    out = put_steps(out, history);
    out = put_count(out, len);
    for (size_t i = 0; i < len; i++)
        out = put_u32(out, pages[i].seen);
    out = put_count(out, len);
    for (size_t i = 0; i < len; i++)
        out = put_u32(out, pages[i].fetched);
    out = put_count(out, len);
    for (size_t i = 0; i < len; i++)
        out = put_u32(out, pages[i].rank);
    out = put_count(out, len);
    for (size_t i = 0; i < len; i++)
        *out++ = pages[i].page_class;
    return out;
}

static size_t history_bound(const struct hint_history *history)
{
    return 8 + ULEB128_BYTES_MAX + history->session_count * (size_t)SESSION_BYTES +
           (size_t)COLUMNS * ULEB128_BYTES_MAX + history->len * PAGE_BYTES;
}

size_t hint_record_bound(const struct hint_book *book)
{
    size_t bound = 8 + history_bound(&book->shared) + ULEB128_BYTES_MAX;

    for (size_t i = 0; i < book->profile_count; i++)
        bound += 1 + HINT_PROFILE_NAME_MAX + history_bound(&book->profiles[i].history);
    return bound;
}

size_t hint_record_encode(uint8_t *out, const struct hint_book *book)
{
    uint8_t *at = out;

    assert(hint_book_is_normal(book));
    at = put_uint(at, book->evidence.schema_hash, 8);
    at = put_history(at, &book->shared);
    at = put_count(at, book->profile_count);
    for (size_t i = 0; i < book->profile_count; i++) {
        size_t name_len = strlen(book->profiles[i].name);

        *at++ = (uint8_t)name_len;
        memcpy(at, book->profiles[i].name, name_len);
        at = put_history(at + name_len, &book->profiles[i].history);
    }
    assert((size_t)(at - out) <= hint_record_bound(book));
    return (size_t)(at - out);
}

struct reader {
    const uint8_t *at;
    size_t left;
    unsigned format;
    size_t pages_left; /* of those that may yet come */
    int rc;
};

static void reader_fail(struct reader *reader, int rc)
{
    if (reader->rc == HINT_OK) reader->rc = rc;
    reader->left = 0;
}

/* The next `bytes` bytes; NULL when there are not that many. */
static const uint8_t *take(struct reader *reader, size_t bytes)
{
    const uint8_t *at = reader->at;

    if (bytes > reader->left) {
        reader_fail(reader, HINT_INVALID);
        return NULL;
    }
    reader->at += bytes;
    reader->left -= bytes;
    return at;
}

static uint32_t load_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t take_u32(struct reader *reader)
{
    const uint8_t *at = take(reader, 4);

    return at ? load_u32(at) : 0;
}

static uint64_t take_u64(struct reader *reader)
{
    uint64_t low = take_u32(reader);

    return low | (uint64_t)take_u32(reader) << 32;
}

/* The count of a list whose elements have `bytes` each: minimal ULEB128, and the list fits in what
 * is left. */
static size_t take_count(struct reader *reader, size_t bytes)
{
    uint64_t count = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        const uint8_t *at = take(reader, 1);

        byte = at ? *at : 0;
        /* The tenth byte has room for the 64th bit alone; a last byte of 0 is an overlong count. */
        if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0))
            reader_fail(reader, HINT_INVALID);
        count |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80 && reader->rc == HINT_OK);
    if (count > reader->left / bytes) reader_fail(reader, HINT_INVALID);
    return reader->rc == HINT_OK ? (size_t)count : 0;
}

static void take_mark(struct reader *reader, struct hint_session_mark *mark)
{
    const uint8_t *id = take(reader, sizeof(mark->id.bytes));

    if (id) memcpy(mark->id.bytes, id, sizeof(mark->id.bytes));
    mark->began_s = (int64_t)take_u64(reader);
    mark->sessions = reader->format == 1 ? 1 : take_u32(reader);
    mark->pages = take_u32(reader);
    if (reader->format == 1) return;
    mark->db_pages = take_u32(reader);
    mark->tail_pages = take_u32(reader);
    mark->tail_used = take_u32(reader);
    mark->tail_rank = take_u32(reader);
    if (mark->tail_used > mark->tail_pages) reader_fail(reader, HINT_INVALID);
}

static void take_sessions(struct reader *reader, struct hint_history *history)
{
    size_t count = take_count(reader, reader->format == 1 ? SESSION_BYTES_OF_1 : SESSION_BYTES);

    if (count > HINT_HISTORY_SESSIONS) {
        reader_fail(reader, HINT_INVALID);
        return;
    }
    for (size_t i = 0; i < count; i++)
        take_mark(reader, &history->sessions[i]);
    history->session_count = (uint32_t)count;
}

/* The first column: it says how many pages there are. */
static void take_steps(struct reader *reader, struct hint_history *history)
{
    size_t len = take_count(reader, 4);
    const uint8_t *steps = take(reader, len * 4);
    uint64_t pgno = 0;

    if (len > reader->pages_left) reader_fail(reader, HINT_FULL);
    if (reader->rc != HINT_OK || len == 0) return;
    history->pages = hint_calloc(len, sizeof(*history->pages));
    if (!history->pages) {
        reader_fail(reader, HINT_NOMEM);
        return;
    }
    history->len = len;
    reader->pages_left -= len;
    for (size_t i = 0; i < len; i++) {
        uint32_t step = load_u32(steps + i * 4);

        pgno += step;
        if (step == 0 || pgno > HINT_PGNO_MAX) {
            reader_fail(reader, HINT_INVALID);
            return;
        }
        history->pages[i].pgno = (uint32_t)pgno;
    }
}

/* A further column of as many elements as there are pages; NULL when it is not. */
static const uint8_t *take_column(struct reader *reader, size_t len, size_t bytes)
{
    if (take_count(reader, bytes) != len) reader_fail(reader, HINT_INVALID);
    return take(reader, len * bytes);
}

static void take_columns(struct reader *reader, struct hint_history *history)
{
    const size_t len = history->len;
    const uint8_t *seen = take_column(reader, len, 4);
    const uint8_t *fetched = reader->format == 1 ? NULL : take_column(reader, len, 4);
    const uint8_t *ranks = take_column(reader, len, 4);
    const uint8_t *classes = take_column(reader, len, 1);

    if (reader->rc != HINT_OK) return;
    for (size_t i = 0; i < len; i++) {
        history->pages[i].seen = load_u32(seen + i * 4);
        history->pages[i].fetched = fetched ? load_u32(fetched + i * 4) : 0;
        history->pages[i].rank = load_u32(ranks + i * 4);
        history->pages[i].page_class = classes[i];
    }
}

static void take_history(struct reader *reader, struct hint_history *history)
{
    history->folded = take_u64(reader);
    take_sessions(reader, history);
    take_steps(reader, history);
    take_columns(reader, history);
}

/* A name is 1 to HINT_PROFILE_NAME_MAX bytes, none of them 0. */
static void take_name(struct reader *reader, char name[HINT_PROFILE_NAME_MAX + 1])
{
    size_t len = take_count(reader, 1);
    const uint8_t *bytes = take(reader, len);

    if (len == 0 || len > HINT_PROFILE_NAME_MAX || !bytes || memchr(bytes, 0, len))
        reader_fail(reader, HINT_INVALID);
    else
        memcpy(name, bytes, len);
}

static void take_profiles(struct reader *reader, struct hint_book *book)
{
    size_t count = take_count(reader, PROFILE_BYTES_MIN);

    if (count > HINT_PROFILES_MAX) reader_fail(reader, HINT_INVALID);
    if (reader->rc != HINT_OK || count == 0) return;
    book->profiles = hint_calloc(count, sizeof(*book->profiles));
    if (!book->profiles) {
        reader_fail(reader, HINT_NOMEM);
        return;
    }
    while (book->profile_count < count && reader->rc == HINT_OK) {
        struct hint_profile *profile = &book->profiles[book->profile_count++];

        take_name(reader, profile->name);
        take_history(reader, &profile->history);
    }
}

int hint_record_decode(struct hint_book *out, unsigned format, const uint8_t *bytes, size_t len,
                       size_t pages_max)
{
    struct reader reader = { bytes, len, format, pages_max, HINT_OK };

    hint_book_free(out);
    if (format < 1 || format > HINT_RECORD_FORMAT) return HINT_INVALID;
    if (format > 1) out->evidence.schema_hash = take_u64(&reader);
    take_history(&reader, &out->shared);
    if (format > 1) take_profiles(&reader, out);
    if (reader.left > 0) reader_fail(&reader, HINT_INVALID);
    if (reader.rc == HINT_OK && !hint_book_is_normal(out)) reader_fail(&reader, HINT_INVALID);
    if (reader.rc != HINT_OK) hint_book_free(out);
    return reader.rc;
}
