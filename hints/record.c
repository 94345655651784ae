/* A history as bytes and back: a column for each field of its pages, so that equal bytes lie
 * together and compress well.
 *
 * Reading is straight-line under a sticky error: after the first fault every read gives 0. */
#include "hints/record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ULEB128_BYTES_MAX 10
#define SESSION_BYTES     (16 + 8 + 4)
#define PAGE_BYTES        (4 + 4 + 4 + 1)

_Static_assert(sizeof(struct hint_session_id) == 16, "the record has ids of 16 bytes");
_Static_assert(sizeof(struct hint_page) <= 4 * sizeof(uint32_t),
               "a page takes no more than 4 times the bytes of its step");

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
        out = put_u32(out, mark->pages);
    }
    return out;
}

size_t hint_record_bound(const struct hint_history *history)
{
    return 8 + ULEB128_BYTES_MAX + history->session_count * (size_t)SESSION_BYTES +
           (size_t)4 * ULEB128_BYTES_MAX + history->len * PAGE_BYTES;
}

size_t hint_record_encode(uint8_t *out, const struct hint_history *history)
{
    const struct hint_page *pages = history->pages;
    size_t len = history->len;
    uint32_t before = 0;
    uint8_t *at = out;

    assert(hint_history_is_normal(history));
    at = put_uint(at, history->folded, 8);
    at = put_sessions(at, history);
    at = put_count(at, len);
    for (size_t i = 0; i < len; i++) {
        at = put_u32(at, pages[i].pgno - before);
        before = pages[i].pgno;
    }
    at = put_count(at, len);
    for (size_t i = 0; i < len; i++)
        at = put_u32(at, pages[i].seen);
    at = put_count(at, len);
    for (size_t i = 0; i < len; i++)
        at = put_u32(at, pages[i].rank);
    at = put_count(at, len);
    for (size_t i = 0; i < len; i++)
        *at++ = pages[i].page_class;
    assert((size_t)(at - out) <= hint_record_bound(history));
    return (size_t)(at - out);
}

struct reader {
    const uint8_t *at;
    size_t left;
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

static void take_sessions(struct reader *reader, struct hint_history *history)
{
    size_t count = take_count(reader, SESSION_BYTES);

    if (count > HINT_HISTORY_SESSIONS) {
        reader_fail(reader, HINT_INVALID);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct hint_session_mark *mark = &history->sessions[i];
        const uint8_t *id = take(reader, sizeof(mark->id.bytes));

        if (id) memcpy(mark->id.bytes, id, sizeof(mark->id.bytes));
        mark->began_s = (int64_t)take_u64(reader);
        mark->pages = take_u32(reader);
    }
    history->session_count = (uint32_t)count;
}

/* The first column: it says how many pages there are. */
static void take_steps(struct reader *reader, struct hint_history *history, size_t pages_max)
{
    size_t len = take_count(reader, 4);
    const uint8_t *steps = take(reader, len * 4);
    uint64_t pgno = 0;

    if (len > pages_max) reader_fail(reader, HINT_FULL);
    if (reader->rc != HINT_OK || len == 0) return;
    history->pages = calloc(len, sizeof(*history->pages));
    if (!history->pages) {
        reader_fail(reader, HINT_NOMEM);
        return;
    }
    history->len = len;
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
    const uint8_t *seen = take_column(reader, history->len, 4);
    const uint8_t *ranks = take_column(reader, history->len, 4);
    const uint8_t *classes = take_column(reader, history->len, 1);

    if (reader->rc != HINT_OK) return;
    for (size_t i = 0; i < history->len; i++) {
        history->pages[i].seen = load_u32(seen + i * 4);
        history->pages[i].rank = load_u32(ranks + i * 4);
        history->pages[i].page_class = classes[i];
    }
}

int hint_record_decode(struct hint_history *out, const uint8_t *bytes, size_t len, size_t pages_max)
{
    struct reader reader = { bytes, len, HINT_OK };

    hint_history_free(out);
    out->folded = take_u64(&reader);
    take_sessions(&reader, out);
    take_steps(&reader, out, pages_max);
    take_columns(&reader, out);
    if (reader.left > 0) reader_fail(&reader, HINT_INVALID);
    if (reader.rc == HINT_OK && !hint_history_is_normal(out)) reader_fail(&reader, HINT_INVALID);
    if (reader.rc != HINT_OK) hint_history_free(out);
    return reader.rc;
}
