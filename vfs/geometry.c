/* Offsets are of the file format, "The Database Header": 16 page size, 24 change counter, 28 size
 * in pages, 40 schema cookie, 92 the change counter for which the size is valid. */
#include "vfs/geometry.h"

#include <string.h>

#include "vfs/bytes.h"

/* Those of FNV-1a. The shift lets the high bits of a word reach the low ones of the hash. */
#define HASH_BASIS UINT64_C(14695981039346656037)
#define HASH_PRIME UINT64_C(1099511628211)
#define HASH_SHIFT 29

bool preload_is_page_size(uint32_t bytes)
{
    return bytes >= 512 && bytes <= 65536 && (bytes & (bytes - 1)) == 0;
}

bool preload_geometry_read(struct geometry *out, const uint8_t header[GEOMETRY_HEADER_BYTES])
{
    uint32_t page_size = (uint32_t)header[16] << 8 | header[17];

    if (memcmp(header, "SQLite format 3", 16) != 0) return false;
    if (page_size == 1) page_size = 65536;
    if (!preload_is_page_size(page_size)) return false;
    out->page_size = page_size;
    out->change_counter = bytes_get_be32(header + 24);
    out->page_count =
        bytes_get_be32(header + 92) == out->change_counter ? bytes_get_be32(header + 28) : 0;
    out->schema_cookie = bytes_get_be32(header + 40);
    return true;
}

uint64_t preload_schema_hash(const uint8_t *page_1, uint32_t page_size)
{
    uint64_t hash = HASH_BASIS;

    for (uint32_t at = GEOMETRY_HEADER_BYTES; at < page_size; at += 8) {
        hash = (hash ^ bytes_get_le(page_1 + at, page_size - at < 8 ? page_size - at : 8)) *
               HASH_PRIME;
        hash ^= hash >> HASH_SHIFT;
    }
    return hash ? hash : 1;
}
