/* BARE, the encoding on the wire: a reader, a writer and the arena that decoded values live in.
 *
 * The reader and the writer keep their first error and turn every later call into nothing, so that
 * decoding is straight-line code and loops look at `err`. We are strict where implementations of
 * BARE differ: docs/protocol.md lists what is malformed. Pure; one thread at a time per object. */
#ifndef PROTO_BARE_H
#define PROTO_BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bare_error {
    BARE_OK = 0,
    BARE_NOMEM,
    BARE_TRUNCATED,     /* the input ends inside the value */
    BARE_BAD_BOOL,      /* a bool, or the byte before an optional, other than 0 and 1 */
    BARE_BAD_UINT,      /* longer than its value needs, or than 64 bits */
    BARE_BAD_COUNT,     /* more items than the remaining bytes can hold */
    BARE_BAD_UTF8,      /* a str that is not UTF-8 */
    BARE_BAD_TAG,       /* no such member of the union */
    BARE_BAD_ENUM,      /* no such value of the enum */
    BARE_DUPLICATE_KEY, /* a map that has a key twice */
    BARE_TRAILING,      /* bytes after the end of the value */
    BARE_ERROR_COUNT,
};

/* A sentence part for people: "the input ends inside the value". */
const char *bare_error_text(enum bare_error err);

/* Borrowed bytes. In a decoded value they are the decoder's input, which has to outlive the value.
 */
struct bare_slice {
    const uint8_t *data;
    size_t len;
};

bool bare_slice_equal(struct bare_slice a, struct bare_slice b);
/* The bytes of a C string without its end. */
struct bare_slice bare_slice_of(const char *text);
/* Where the first bad sequence of a str starts, or `len` when all of it is UTF-8. */
size_t bare_utf8_fault(struct bare_slice text);

/* Memory that is freed in one go. Zeroed is a valid empty arena. */
struct bare_arena {
    struct bare_chunk *chunks;
    size_t bytes;     /* taken from malloc so far, overhead included */
    size_t bytes_max; /* 0: no limit */
};

/* `count` objects of `size` bytes, zeroed and aligned for any type; `count` and `size` are at least
 * 1. NULL: no memory, or past `bytes_max`. Lives until bare_arena_free. */
void *bare_arena_alloc(struct bare_arena *arena, size_t size, size_t count);
/* Moves everything that `other` holds into `arena` and leaves `other` empty. */
void bare_arena_adopt(struct bare_arena *arena, struct bare_arena *other);
/* Leaves the arena empty. */
void bare_arena_free(struct bare_arena *arena);

/* `at` is the next byte to read; after an error it stays where the bad value starts. */
struct bare_reader {
    const uint8_t *bytes;
    size_t len;
    size_t at;
    enum bare_error err;
};

void bare_reader_init(struct bare_reader *r, struct bare_slice bytes);
size_t bare_reader_left(const struct bare_reader *r);
/* Keeps `err`, unless there was one before, and goes back to `at`. */
void bare_reader_fail(struct bare_reader *r, enum bare_error err, size_t at);

/* Each gives 0 or an empty slice after an error. */
uint64_t bare_get_fixed(struct bare_reader *r, size_t width); /* little-endian, 1 to 8 bytes */
bool bare_get_bool(struct bare_reader *r);
uint64_t bare_get_uint(struct bare_reader *r); /* ULEB128 */
struct bare_slice bare_get_bytes(struct bare_reader *r, size_t len);
struct bare_slice bare_get_data(struct bare_reader *r);
struct bare_slice bare_get_str(struct bare_reader *r);
/* The count before a list or a map whose items take at least `item_min` (1 or more) bytes each. */
size_t bare_get_count(struct bare_reader *r, size_t item_min);

/* A growing buffer. Zeroed is a valid empty writer; `buf` belongs to it until bare_writer_free. */
struct bare_writer {
    uint8_t *buf;
    size_t len;
    size_t cap;
    enum bare_error err;
};

void bare_writer_free(struct bare_writer *w);
void bare_put_fixed(struct bare_writer *w, uint64_t value, size_t width);
void bare_put_bool(struct bare_writer *w, bool value);
void bare_put_uint(struct bare_writer *w, uint64_t value);
void bare_put_bytes(struct bare_writer *w, struct bare_slice bytes);
void bare_put_data(struct bare_writer *w, struct bare_slice bytes);

/* True where a fixed-width integer has the same bytes in memory and on the wire. */
static inline bool bare_host_is_little(void)
{
    const union {
        uint16_t wide;
        uint8_t bytes[2];
    } one = { 1 };
    return one.bytes[0] == 1;
}

#ifdef __cplusplus
}
#endif

#endif
