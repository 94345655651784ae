/* The header of a database file: what its first 100 bytes say, and the limits of pages and page
 * numbers.
 *
 * Offsets and limits are those of https://www.sqlite.org/fileformat2.html, "Pages", "The Database
 * Header" and "The Lock-Byte Page". Sizes are in bytes, pages are numbered from 1. The bytes may be
 * any: no function here reads past the length that it states. Pure. */
#ifndef HINTS_FORMAT_HEADER_H
#define HINTS_FORMAT_HEADER_H

#include <stdbool.h>
#include <stdint.h>

/* At the beginning of page 1. */
#define HINT_HEADER_BYTES 100

/* The largest page number: 2^32 - 2. */
#define HINT_PGNO_MAX UINT32_C(0xfffffffe)

struct hint_header {
    uint32_t page_size;  /* bytes; 0: unknown */
    uint32_t page_count; /* 0: the header does not say (written by SQLite before 3.7.0) */
    uint32_t schema_cookie;
    uint32_t change_counter;
};

/* Reads the header. Returns false, and leaves `out` alone, when these bytes are no database header:
 * encrypted, empty, or not a database. */
bool hint_header_read(struct hint_header *out, const uint8_t bytes[HINT_HEADER_BYTES]);

/* The bytes at the front of each page that SQLite uses; extensions may reserve the others. Reads
 * the header in `page_1`. 0: fewer than the 480 that the format demands. */
uint32_t hint_usable_bytes(const uint8_t page_1[HINT_HEADER_BYTES], uint32_t page_size);

/* A hash of what a whole page 1 holds behind the header: the schema, as far as it fits there. Never
 * 0. It is stored, so docs/formats.md defines it. */
uint64_t hint_schema_hash(const uint8_t *page_1, uint32_t page_size);

/* Whether a number is a page size of the format: a power of two, 512..65536. */
bool hint_is_page_size(uint32_t bytes);

/* The page that holds the lock bytes (offset 2^30), which SQLite never uses. `page_size` is one of
 * the format. */
uint32_t hint_lock_page(uint32_t page_size);

#endif
