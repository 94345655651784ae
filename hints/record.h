/* A book as bytes: what a store keeps, before compression. docs/formats.md has it byte by byte; it
 * is plain BARE (fixed-width integers little-endian, counts as ULEB128), so that a schema can
 * describe it. Format 2 is written; format 1, a single history, is read as well. Pure. */
#ifndef HINTS_RECORD_H
#define HINTS_RECORD_H

#include "hints/book.h"

#define HINT_RECORD_FORMAT 2

/* The most bytes that hint_record_encode writes for this book. */
size_t hint_record_bound(const struct hint_book *book);

/* Writes the record into `out`, which has room for hint_record_bound(book) bytes; returns the bytes
 * written. Of the evidence it holds the schema's hash alone: the sidecar's header has the rest. */
size_t hint_record_encode(uint8_t *out, const struct hint_book *book);

/* Reads a record of format 1 (a shared history, nothing prefetched, no bit shared) or 2; what `out`
 * held is replaced, of its evidence only the hash is known. Foreign input: HINT_INVALID for another
 * format, and when it is cut short, has bytes left over, a count that the bytes cannot hold,
 * columns of different length, pages out of order, a page that no remembered session touched, a
 * class or a bit that does not exist, a bit of no session or of too many, a session that touched
 * more of the appended pages than there were, a profile without a name, with too long a one or with
 * that of another; HINT_FULL when its histories hold more than `pages_max` pages together;
 * HINT_NOMEM. On any of them `out` is empty. Allocates no more than the record's own size times 5,
 * and 2 KiB a profile. */
int hint_record_decode(struct hint_book *out, unsigned format, const uint8_t *bytes, size_t len,
                       size_t pages_max);

#endif
