#include "hints/format/btree.h"

#include <stdbool.h>

#include "hints/format/bytes.h"
#include "hints/format/header.h"

#define TABLE_INTERIOR 0x05
#define TABLE_LEAF     0x0d
#define INDEX_INTERIOR 0x02
#define INDEX_LEAF     0x0a

#define INTERIOR_HEADER_BYTES 12
#define LEAF_HEADER_BYTES     8
#define RIGHTMOST_OFFSET      8
#define CELL_COUNT_OFFSET     3

/* sqlite_schema: type, name, tbl_name, rootpage, sql. */
#define ROOT_COLUMN 3

static uint32_t header_at(uint32_t pgno)
{
    return pgno == 1 ? HINT_HEADER_BYTES : 0;
}

enum hint_class hint_btree_class(const uint8_t *page, uint32_t pgno)
{
    switch (page[header_at(pgno)]) {
    case TABLE_INTERIOR:
    case INDEX_INTERIOR:
        return HINT_CLASS_INTERIOR;
    case TABLE_LEAF:
    case INDEX_LEAF:
        return HINT_CLASS_LEAF;
    default:
        return HINT_CLASS_UNKNOWN;
    }
}

enum hint_class hint_class_of(const uint8_t *bytes, uint32_t len, uint32_t pgno, uint32_t page_size)
{
    if (pgno == 1) return HINT_CLASS_INTERIOR;
    if (!bytes || len < page_size) return HINT_CLASS_UNKNOWN;
    return hint_btree_class(bytes, pgno);
}

/* How many cell pointers there are, at `pointers` and on; as far as the page can hold them. */
static uint32_t cell_count(const uint8_t *page, uint32_t pgno, uint32_t pointers, uint32_t usable)
{
    uint32_t count = bytes_get_be16(page + header_at(pgno) + CELL_COUNT_OFFSET);
    uint32_t most = (usable - pointers) / 2;

    return count < most ? count : most;
}

size_t hint_btree_children(uint32_t *out, size_t max, const uint8_t *page, uint32_t pgno,
                           uint32_t usable)
{
    const uint32_t pointers = header_at(pgno) + INTERIOR_HEADER_BYTES;
    const uint32_t count = cell_count(page, pgno, pointers, usable);
    size_t len = 0;

    for (uint32_t i = 0; i < count && len < max; i++) {
        uint32_t cell = bytes_get_be16(page + pointers + (size_t)2 * i);

        if (cell >= pointers && cell + 4 <= usable) out[len++] = bytes_get_be32(page + cell);
    }
    if (len < max) out[len++] = bytes_get_be32(page + header_at(pgno) + RIGHTMOST_OFFSET);
    return len;
}

/* Bytes of a cell or record, read from the front; past the end everything is 0 and `bad` is set. */
struct bytes {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static uint8_t take_byte(struct bytes *bytes)
{
    if (bytes->left == 0) {
        bytes->bad = true;
        return 0;
    }
    bytes->left--;
    return *bytes->at++;
}

/* File format, "varint": seven bits a byte, the ninth has eight. */
static uint64_t take_varint(struct bytes *bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++) {
        uint8_t byte = take_byte(bytes);

        value = value << 7 | (byte & 0x7f);
        if (!(byte & 0x80)) return value;
    }
    return value << 8 | take_byte(bytes);
}

static void skip(struct bytes *bytes, uint64_t count)
{
    if (count > bytes->left) {
        bytes->bad = true;
        count = bytes->left;
    }
    bytes->at += count;
    bytes->left -= (size_t)count;
}

/* The bytes of a value in a record, by its serial type. */
static uint64_t value_bytes(uint64_t serial)
{
    static const uint8_t sizes[12] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };

    return serial < 12 ? sizes[serial] : (serial - 12) / 2;
}

/* The page number in a row of the schema; 0: a view, a trigger, or no row of it. */
static uint32_t root_of(struct bytes record)
{
    struct bytes header = record;
    uint64_t header_bytes = take_varint(&header);
    size_t taken = record.left - header.left;
    uint64_t serial;
    uint64_t root = 0;

    if (header.bad || header_bytes < taken || header_bytes > record.left) return 0;
    header.left = (size_t)header_bytes - taken;
    skip(&record, header_bytes);
    for (int column = 0; column < ROOT_COLUMN; column++)
        skip(&record, value_bytes(take_varint(&header)));
    serial = take_varint(&header);
    if (header.bad || serial < 1 || serial > 6) return 0;
    for (uint64_t i = value_bytes(serial); i > 0; i--)
        root = root << 8 | take_byte(&record);
    return record.bad || root > HINT_PGNO_MAX ? 0 : (uint32_t)root;
}

/* How much of a payload is on the page itself (file format, "Cell Payload Overflow Pages"). */
static uint64_t local_bytes(uint64_t payload, uint32_t usable)
{
    uint64_t least = (uint64_t)(usable - 12) * 32 / 255 - 23;
    uint64_t local = least + (payload - least) % (usable - 4);

    if (payload <= usable - 35) return payload;
    return local <= usable - 35 ? local : least;
}

/* A cell is the length of its payload, the rowid, and the payload; `left` bytes lie behind its
 * beginning on the page. */
static uint32_t root_of_cell(const uint8_t *cell, size_t left, uint32_t usable)
{
    struct bytes bytes = { cell, left, false };
    uint64_t payload = take_varint(&bytes);

    (void)take_varint(&bytes);
    if (bytes.bad) return 0;
    payload = local_bytes(payload, usable);
    if (payload < bytes.left) bytes.left = (size_t)payload;
    return root_of(bytes);
}

size_t hint_btree_roots(uint32_t *out, size_t max, const uint8_t *page, uint32_t pgno,
                        uint32_t usable)
{
    const uint32_t pointers = header_at(pgno) + LEAF_HEADER_BYTES;
    const uint32_t count = cell_count(page, pgno, pointers, usable);
    size_t len = 0;

    if (page[header_at(pgno)] != TABLE_LEAF) return 0;
    for (uint32_t i = 0; i < count && len < max; i++) {
        uint32_t cell = bytes_get_be16(page + pointers + (size_t)2 * i);
        uint32_t root = 0;

        if (cell >= pointers && cell < usable)
            root = root_of_cell(page + cell, usable - cell, usable);
        if (root) out[len++] = root;
    }
    return len;
}
