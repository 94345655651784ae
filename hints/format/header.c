/* Offsets of "The Database Header": 16 page size, 20 reserved bytes a page, 24 change counter, 28
 * size in pages, 40 schema cookie, 92 the change counter for which the size is valid. */
#include "hints/format/header.h"

#include <assert.h>
#include <string.h>

#include "hints/format/bytes.h"

#define USABLE_BYTES_MIN 480
#define LOCK_OFFSET      (UINT32_C(1) << 30)

/* Those of FNV-1a. The shift lets the high bits of a word reach the low ones of the hash. */
#define HASH_BASIS UINT64_C(14695981039346656037)
#define HASH_PRIME UINT64_C(1099511628211)
#define HASH_SHIFT 29

bool hint_header_read(struct hint_header *out, const uint8_t bytes[HINT_HEADER_BYTES])
{
    uint32_t page_size = bytes_get_be16(bytes + 16);

    if (memcmp(bytes, "SQLite format 3", 16) != 0) return false;
    if (page_size == 1) page_size = 65536;
    if (!hint_is_page_size(page_size)) return false;
    out->page_size = page_size;
    out->change_counter = bytes_get_be32(bytes + 24);
    out->page_count =
        bytes_get_be32(bytes + 92) == out->change_counter ? bytes_get_be32(bytes + 28) : 0;
    out->schema_cookie = bytes_get_be32(bytes + 40);
    return true;
}

uint32_t hint_usable_bytes(const uint8_t page_1[HINT_HEADER_BYTES], uint32_t page_size)
{
    uint32_t usable = page_size - page_1[20];

    assert(hint_is_page_size(page_size));
    return usable >= USABLE_BYTES_MIN ? usable : 0;
}

uint64_t hint_schema_hash(const uint8_t *page_1, uint32_t page_size)
{
    uint64_t hash = HASH_BASIS;

    for (uint32_t at = HINT_HEADER_BYTES; at < page_size; at += 8) {
        hash = (hash ^ bytes_get_le(page_1 + at, page_size - at < 8 ? page_size - at : 8)) *
               HASH_PRIME;
        hash ^= hash >> HASH_SHIFT;
    }
    return hash ? hash : 1;
}

bool hint_is_page_size(uint32_t bytes)
{
    return bytes >= 512 && bytes <= 65536 && (bytes & (bytes - 1)) == 0;
}

uint32_t hint_lock_page(uint32_t page_size)
{
    assert(page_size >= 512 && page_size <= 65536);
    return LOCK_OFFSET / page_size + 1;
}
