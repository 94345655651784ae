/* A history as bytes: format 1 of what a store keeps, before compression. docs/formats.md has it
 * byte by byte; it is plain BARE (fixed-width integers little-endian, counts as ULEB128), so that a
 * schema can describe it. Pure. */
#ifndef HINTS_RECORD_H
#define HINTS_RECORD_H

#include "hints/history.h"

/* The most bytes that hint_record_encode writes for this history. */
size_t hint_record_bound(const struct hint_history *history);

/* Writes the record into `out`, which has room for hint_record_bound(history) bytes; returns the
 * bytes written. */
size_t hint_record_encode(uint8_t *out, const struct hint_history *history);

/* Reads a record; what `out` held is replaced. Foreign input: HINT_INVALID when it is cut short,
 * has bytes left over, a count that the bytes cannot hold, columns of different length, pages out
 * of order, a page that no remembered session touched, a class or a bit that does not exist;
 * HINT_FULL when it holds more than `pages_max` pages; HINT_NOMEM. On any of them `out` is empty.
 * Allocates no more than the record's own size times 4. */
int hint_record_decode(struct hint_history *out, const uint8_t *bytes, size_t len,
                       size_t pages_max);

#endif
