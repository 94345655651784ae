/* BARE on the wire; the header tells the story. */
#include "proto/bare.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const error_texts[BARE_ERROR_COUNT] = {
    [BARE_OK] = "no error",
    [BARE_NOMEM] = "out of memory",
    [BARE_TRUNCATED] = "the input ends inside the value",
    [BARE_BAD_BOOL] = "neither 0 nor 1",
    [BARE_BAD_UINT] = "an overlong uint",
    [BARE_BAD_COUNT] = "more items than the remaining bytes can hold",
    [BARE_BAD_UTF8] = "invalid UTF-8",
    [BARE_BAD_TAG] = "unknown union tag",
    [BARE_BAD_ENUM] = "unknown enum value",
    [BARE_DUPLICATE_KEY] = "duplicate map key",
    [BARE_TRAILING] = "trailing bytes",
};

const char *bare_error_text(enum bare_error err)
{
    assert(err < BARE_ERROR_COUNT);
    return error_texts[err];
}

bool bare_slice_equal(struct bare_slice a, struct bare_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

struct bare_slice bare_slice_of(const char *text)
{
    return (struct bare_slice){ (const uint8_t *)text, strlen(text) };
}

/* The second byte of a sequence has a narrower range after these leads: overlong forms, surrogates
 * and what lies past U+10FFFF are no UTF-8. */
static bool utf8_second_is_good(uint8_t lead, uint8_t second)
{
    uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    return second >= least && second <= most;
}

/* Bytes of the sequence at `p`, of which `left` are there; 0 when it is bad. */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
    size_t len = p[0] < 0x80                    ? 1
                 : p[0] >= 0xC2 && p[0] <= 0xDF ? 2
                 : p[0] >= 0xE0 && p[0] <= 0xEF ? 3
                 : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4
                                                : 0;

    if (len < 2) return len;
    if (len > left || !utf8_second_is_good(p[0], p[1])) return 0;
    for (size_t i = 2; i < len; i++)
        if (p[i] < 0x80 || p[i] > 0xBF) return 0;
    return len;
}

/* Skips ASCII eight bytes at a time, which is most of what a str holds. */
static size_t ascii_end(const uint8_t *p, size_t len)
{
    size_t at = 0;
    uint64_t word;

    while (len - at >= sizeof word) {
        memcpy(&word, p + at, sizeof word);
        if (word & 0x8080808080808080u) break;
        at += sizeof word;
    }
    return at;
}

size_t bare_utf8_fault(struct bare_slice text)
{
    size_t at = ascii_end(text.data, text.len);

    while (at < text.len) {
        size_t len = utf8_sequence(text.data + at, text.len - at);
        if (len == 0) break;
        at += len;
        if (at < text.len && text.data[at] < 0x80) at += ascii_end(text.data + at, text.len - at);
    }
    return at;
}

struct bare_chunk {
    struct bare_chunk *next;
    size_t used;
    size_t size;
    _Alignas(max_align_t) uint8_t bytes[];
};

/* Pieces up to ALONE share chunks, larger ones get their own: so no more than a quarter of a chunk
 * is ever wasted, and what malloc gives stays near what was asked for. */
enum { ALIGNMENT = 16, ALONE = 256, CHUNK_MIN = 1024 - 64, CHUNK_MAX = 64 * 1024 };

_Static_assert(ALIGNMENT >= _Alignof(max_align_t), "an arena's memory suits any type");

static struct bare_chunk *chunk_new(struct bare_arena *arena, size_t size)
{
    size_t total = sizeof(struct bare_chunk) + size;
    struct bare_chunk *chunk;

    if (size > SIZE_MAX / 2 || arena->bytes > SIZE_MAX / 2) return NULL;
    if (arena->bytes_max && arena->bytes + total > arena->bytes_max) return NULL;
    chunk = calloc(1, total);
    if (!chunk) return NULL;
    chunk->size = size;
    arena->bytes += total;
    return chunk;
}

/* A chunk of its own goes behind the first, which may have room left. */
static void *alloc_alone(struct bare_arena *arena, size_t size)
{
    struct bare_chunk *chunk = chunk_new(arena, size);

    if (!chunk) return NULL;
    chunk->used = size;
    if (arena->chunks) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    } else {
        arena->chunks = chunk;
    }
    return chunk->bytes;
}

static struct bare_chunk *chunk_with_room(struct bare_arena *arena, size_t size)
{
    struct bare_chunk *chunk = arena->chunks;
    size_t grown = arena->bytes / 4;

    if (chunk && chunk->size - chunk->used >= size) return chunk;
    grown = grown < CHUNK_MIN ? CHUNK_MIN : grown > CHUNK_MAX ? CHUNK_MAX : grown;
    chunk = chunk_new(arena, grown);
    if (!chunk) return NULL;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

void *bare_arena_alloc(struct bare_arena *arena, size_t size, size_t count)
{
    struct bare_chunk *chunk;
    void *piece;

    assert(size >= 1);
    assert(count >= 1);
    if (count > SIZE_MAX / 4 / size) return NULL;
    size = (size * count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (size > ALONE) return alloc_alone(arena, size);
    chunk = chunk_with_room(arena, size);
    if (!chunk) return NULL;
    piece = chunk->bytes + chunk->used;
    chunk->used += size;
    return piece;
}

void bare_arena_adopt(struct bare_arena *arena, struct bare_arena *other)
{
    struct bare_chunk **last = &other->chunks;

    while (*last)
        last = &(*last)->next;
    *last = arena->chunks;
    arena->chunks = other->chunks;
    arena->bytes += other->bytes;
    other->chunks = NULL;
    other->bytes = 0;
}

void bare_arena_free(struct bare_arena *arena)
{
    while (arena->chunks) {
        struct bare_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
    arena->bytes = 0;
}

void bare_reader_init(struct bare_reader *r, struct bare_slice bytes)
{
    *r = (struct bare_reader){ .bytes = bytes.data, .len = bytes.len };
}

size_t bare_reader_left(const struct bare_reader *r)
{
    return r->len - r->at;
}

void bare_reader_fail(struct bare_reader *r, enum bare_error err, size_t at)
{
    assert(err != BARE_OK);
    assert(at <= r->len);
    if (r->err != BARE_OK) return;
    r->err = err;
    r->at = at;
}

uint64_t bare_get_fixed(struct bare_reader *r, size_t width)
{
    uint64_t value = 0;

    assert(width >= 1 && width <= 8);
    if (r->err != BARE_OK) return 0;
    if (bare_reader_left(r) < width) {
        bare_reader_fail(r, BARE_TRUNCATED, r->at);
        return 0;
    }
    for (size_t i = 0; i < width; i++)
        value |= (uint64_t)r->bytes[r->at + i] << (8 * i);
    r->at += width;
    return value;
}

bool bare_get_bool(struct bare_reader *r)
{
    size_t start = r->at;
    uint64_t value = bare_get_fixed(r, 1);

    if (value > 1) bare_reader_fail(r, BARE_BAD_BOOL, start);
    return value == 1;
}

uint64_t bare_get_uint(struct bare_reader *r)
{
    size_t start = r->at;
    uint64_t value = 0;

    for (unsigned shift = 0; shift <= 63; shift += 7) {
        uint64_t byte;
        if (r->err == BARE_OK && r->at == r->len) bare_reader_fail(r, BARE_TRUNCATED, start);
        byte = bare_get_fixed(r, 1);
        if (r->err != BARE_OK) return 0;
        value |= (byte & 0x7F) << shift;
        if (byte & 0x80) continue;
        /* A last byte of 0 says nothing, and the tenth byte has one bit to give. */
        if ((byte == 0 && shift > 0) || (shift == 63 && byte > 1)) break;
        return value;
    }
    bare_reader_fail(r, BARE_BAD_UINT, start);
    return 0;
}

struct bare_slice bare_get_bytes(struct bare_reader *r, size_t len)
{
    struct bare_slice slice = { NULL, 0 };

    if (r->err != BARE_OK) return slice;
    if (len > bare_reader_left(r)) {
        bare_reader_fail(r, BARE_TRUNCATED, r->at);
        return slice;
    }
    if (len == 0) return slice; /* an empty input may have no address to add to */
    slice = (struct bare_slice){ r->bytes + r->at, len };
    r->at += len;
    return slice;
}

struct bare_slice bare_get_data(struct bare_reader *r)
{
    size_t start = r->at;
    uint64_t len = bare_get_uint(r);

    if (r->err == BARE_OK && len > bare_reader_left(r)) bare_reader_fail(r, BARE_TRUNCATED, start);
    return bare_get_bytes(r, (size_t)len);
}

struct bare_slice bare_get_str(struct bare_reader *r)
{
    struct bare_slice text = bare_get_data(r);
    size_t fault = bare_utf8_fault(text);

    if (fault < text.len) {
        bare_reader_fail(r, BARE_BAD_UTF8, r->at - text.len + fault);
        return (struct bare_slice){ NULL, 0 };
    }
    return text;
}

size_t bare_get_count(struct bare_reader *r, size_t item_min)
{
    size_t start = r->at;
    uint64_t count = bare_get_uint(r);

    assert(item_min >= 1);
    if (count > bare_reader_left(r) / item_min) {
        bare_reader_fail(r, BARE_BAD_COUNT, start);
        return 0;
    }
    return (size_t)count;
}

void bare_writer_free(struct bare_writer *w)
{
    free(w->buf);
    *w = (struct bare_writer){ 0 };
}

/* Room for `more` bytes, or a sticky error. */
static uint8_t *writer_room(struct bare_writer *w, size_t more)
{
    size_t cap = w->cap;
    uint8_t *buf;

    if (w->err != BARE_OK) return NULL;
    if (w->cap - w->len >= more) return w->buf + w->len;
    if (more < SIZE_MAX / 4 && w->len < SIZE_MAX / 4) {
        cap = 2 * (w->len + more);
        buf = realloc(w->buf, cap < 256 ? 256 : cap);
    } else {
        buf = NULL;
    }
    if (!buf) {
        w->err = BARE_NOMEM;
        return NULL;
    }
    w->buf = buf;
    w->cap = cap < 256 ? 256 : cap;
    return w->buf + w->len;
}

void bare_put_fixed(struct bare_writer *w, uint64_t value, size_t width)
{
    uint8_t *room = writer_room(w, width);

    assert(width >= 1 && width <= 8);
    if (!room) return;
    for (size_t i = 0; i < width; i++)
        room[i] = (uint8_t)(value >> (8 * i));
    w->len += width;
}

void bare_put_bool(struct bare_writer *w, bool value)
{
    bare_put_fixed(w, value ? 1 : 0, 1);
}

void bare_put_uint(struct bare_writer *w, uint64_t value)
{
    uint8_t bytes[10];
    size_t len = 0;

    for (; value >= 0x80; value >>= 7)
        bytes[len++] = (uint8_t)(value | 0x80);
    bytes[len++] = (uint8_t)value;
    bare_put_bytes(w, (struct bare_slice){ bytes, len });
}

void bare_put_bytes(struct bare_writer *w, struct bare_slice bytes)
{
    uint8_t *room = bytes.len ? writer_room(w, bytes.len) : NULL;

    if (!room) return;
    memcpy(room, bytes.data, bytes.len);
    w->len += bytes.len;
}

void bare_put_data(struct bare_writer *w, struct bare_slice bytes)
{
    bare_put_uint(w, bytes.len);
    bare_put_bytes(w, bytes);
}
