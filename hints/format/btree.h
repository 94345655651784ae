/* B-tree pages: what kind a page is, which pages it names as its children, and which roots a leaf
 * of the schema's table names.
 *
 * Layouts are those of https://www.sqlite.org/fileformat2.html, "B-tree Pages", "Record Format" and
 * "Storage Of The SQL Database Schema". A page is page_size bytes, of which the first `usable` are
 * SQLite's (hint_usable_bytes, never 0 here). The bytes are foreign: whatever they hold, they are
 * read within the page, and the page numbers that they name may be any. Pure. */
#ifndef HINTS_FORMAT_BTREE_H
#define HINTS_FORMAT_BTREE_H

#include <stddef.h>
#include <stdint.h>

/* The kind of a page. It orders the plan and chooses what a walk reads, so a wrong class costs a
 * little time at most. The values are stored: do not renumber. */
enum hint_class {
    HINT_CLASS_UNKNOWN = 0,
    HINT_CLASS_INTERIOR = 1, /* 0x02 or 0x05; a recorded page 1 always */
    HINT_CLASS_LEAF = 2,     /* 0x0a or 0x0d */
    HINT_CLASS_OVERFLOW = 3, /* only where the caller knows it; a guess is UNKNOWN */
};

/* The class of a page by the first byte of its b-tree header, which on page 1 follows the file's.
 * Another page that begins with such a byte is classed wrongly. Never HINT_CLASS_OVERFLOW. */
enum hint_class hint_btree_class(const uint8_t *page, uint32_t pgno);

/* The class of a page of which `len` bytes were read or written; `bytes` is NULL where they may not
 * be looked at. Page 1 is an interior page, and only a whole page is looked at. */
enum hint_class hint_class_of(const uint8_t *bytes, uint32_t len, uint32_t pgno,
                              uint32_t page_size);

/* The most children or roots that a page can name. */
static inline size_t hint_btree_names_max(uint32_t page_size)
{
    /* A cell with its pointer has at least 6 bytes, and an interior page has one child more. */
    return page_size / 6 + 1;
}

/* The children of an interior page in key order, up to `max`; returns how many. Those whose cell
 * lies outside the page are left out. */
size_t hint_btree_children(uint32_t *out, size_t max, const uint8_t *page, uint32_t pgno,
                           uint32_t usable);

/* The roots that a leaf of the schema's table names, up to `max`; returns how many. Of any other
 * page none. */
size_t hint_btree_roots(uint32_t *out, size_t max, const uint8_t *page, uint32_t pgno,
                        uint32_t usable);

#endif
