/* What the first 100 bytes of a database file say about it (file format, "The Database Header").
 * *Pure*. */
#ifndef VFS_GEOMETRY_H
#define VFS_GEOMETRY_H

#include <stdbool.h>
#include <stdint.h>

#define GEOMETRY_HEADER_BYTES 100

struct geometry {
    uint32_t page_size;  /* bytes; 0: unknown */
    uint32_t page_count; /* 0: the header does not say (written by SQLite before 3.7.0) */
    uint32_t schema_cookie;
    uint32_t change_counter;
};

/* Reads the header; false when these bytes are no database header: encrypted, empty, or not a
 * database. */
bool preload_geometry_read(struct geometry *out, const uint8_t header[GEOMETRY_HEADER_BYTES]);

/* A hash of what a whole page 1 holds behind the header: the schema, as far as it fits there. Never
 * 0. docs/formats.md has it, for it is stored. */
uint64_t preload_schema_hash(const uint8_t *page_1, uint32_t page_size);

/* Whether a number is a page size that SQLite accepts. */
bool preload_is_page_size(uint32_t bytes);

#endif
