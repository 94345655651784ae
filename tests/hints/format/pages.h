/* A database in memory, page by page, for the suites that read b-tree pages. */
#ifndef TESTS_HINTS_FORMAT_PAGES_H
#define TESTS_HINTS_FORMAT_PAGES_H

#include "tests/hints/common.h"

#define PAGE_BYTES 512

/* Page n is at pages[n - 1]. */
static uint8_t pages[200][PAGE_BYTES];

static inline void put_be16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void put_be32(uint8_t *at, uint32_t value)
{
    put_be16(at, value >> 16);
    put_be16(at + 2, value & 0xffff);
}

static inline uint8_t *header_of(uint32_t pgno)
{
    return pages[pgno - 1] + (pgno == 1 ? 100 : 0);
}

static inline void make_leaf(uint32_t pgno, uint8_t kind)
{
    memset(header_of(pgno), 0, 12);
    header_of(pgno)[0] = kind;
}

/* An interior page with children [first, first + count), the last one rightmost. */
static inline void make_interior(uint32_t pgno, uint8_t kind, uint32_t first, uint32_t count)
{
    uint8_t *header = header_of(pgno);

    make_leaf(pgno, kind);
    put_be16(header + 3, count - 1);
    put_be32(header + 8, first + count - 1);
    for (uint32_t i = 0; i + 1 < count; i++) {
        uint32_t cell = PAGE_BYTES - 8 * (i + 1);

        put_be16(header + 12 + 2 * i, cell);
        put_be32(pages[pgno - 1] + cell, first + i);
    }
}

/* Adds a row of the schema to a leaf; its root takes `bytes` bytes. */
static inline void add_row(uint32_t pgno, uint32_t root, unsigned bytes)
{
    static const uint8_t serials[] = { 0, 1, 2, 3, 4 };
    uint8_t *header = header_of(pgno);
    uint32_t count = (uint32_t)header[3] << 8 | header[4];
    uint32_t cell = PAGE_BYTES - 24 * (count + 1);
    uint8_t *at = pages[pgno - 1] + cell;

    put_be16(header + 3, count + 1);
    put_be16(header + 8 + 2 * count, cell);
    *at++ = (uint8_t)(6 + 5 + 1 + 1 + bytes + 3); /* payload */
    *at++ = (uint8_t)(count + 1);                 /* rowid */
    *at++ = 6;                                    /* record header */
    *at++ = 13 + 2 * 5;                           /* 'table' */
    *at++ = 13 + 2;
    *at++ = 13 + 2;
    *at++ = serials[bytes];
    *at++ = 13 + 2 * 3;
    memcpy(at, "tabletu", 7);
    at += 7;
    for (unsigned i = bytes; i > 0; i--)
        *at++ = (uint8_t)(root >> 8 * (i - 1));
    memcpy(at, "sql", 3);
}

#endif
