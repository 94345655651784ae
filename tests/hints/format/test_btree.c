#include "hints/format/btree.h"

#include "tests/hints/format/pages.h"

static const struct class_case {
    uint8_t first;
    enum hint_class want;
} class_cases[] = {
    { 0x02, HINT_CLASS_INTERIOR }, { 0x05, HINT_CLASS_INTERIOR }, { 0x0a, HINT_CLASS_LEAF },
    { 0x0d, HINT_CLASS_LEAF },     { 0x00, HINT_CLASS_UNKNOWN },  { 0x0c, HINT_CLASS_UNKNOWN },
    { 0x82, HINT_CLASS_UNKNOWN },  { 0xff, HINT_CLASS_UNKNOWN },
};

Test(btree, a_page_is_classed_by_the_first_byte_of_its_header)
{
    for (size_t i = 0; i < COUNT(class_cases); i++) {
        memset(pages[0], 0, PAGE_BYTES);
        *header_of(1) = class_cases[i].first;
        *header_of(7) = class_cases[i].first;
        cr_expect_eq(hint_btree_class(pages[0], 1), class_cases[i].want, "row %zu", i);
        cr_expect_eq(hint_btree_class(pages[6], 7), class_cases[i].want, "row %zu", i);
        cr_expect_eq(hint_class_of(pages[6], PAGE_BYTES, 7, PAGE_BYTES), class_cases[i].want,
                     "row %zu", i);
    }
}

Test(btree, only_a_whole_page_is_looked_at_and_page_1_is_an_interior_one)
{
    make_leaf(1, 0x0d);
    make_leaf(7, 0x0d);
    cr_expect_eq(hint_class_of(pages[6], PAGE_BYTES - 1, 7, PAGE_BYTES), HINT_CLASS_UNKNOWN);
    cr_expect_eq(hint_class_of(pages[6], PAGE_BYTES, 7, PAGE_BYTES), HINT_CLASS_LEAF);
    cr_expect_eq(hint_class_of(NULL, PAGE_BYTES, 7, PAGE_BYTES), HINT_CLASS_UNKNOWN);
    cr_expect_eq(hint_class_of(pages[0], PAGE_BYTES, 1, PAGE_BYTES), HINT_CLASS_INTERIOR);
    cr_expect_eq(hint_class_of(NULL, 100, 1, PAGE_BYTES), HINT_CLASS_INTERIOR);
}

/* The children of a page, up to `max`, as numbers. */
static struct text children(uint32_t pgno, size_t max, uint32_t usable)
{
    uint32_t found[PAGE_BYTES];
    struct text text = { "" };
    size_t count;

    cr_assert_leq(max, COUNT(found));
    count = hint_btree_children(found, max, pages[pgno - 1], pgno, usable);
    cr_assert_leq(count, max);
    for (size_t i = 0; i < count; i++)
        text_add(&text, i > 0 ? " %u" : "%u", found[i]);
    return text;
}

Test(btree, children_come_in_key_order_the_rightmost_last)
{
    make_interior(1, 0x05, 20, 4);
    make_interior(7, 0x02, 30, 3);
    make_interior(8, 0x05, 40, 1);
    expect_text(1, children(1, 100, PAGE_BYTES), "20 21 22 23");
    expect_text(7, children(7, 100, PAGE_BYTES), "30 31 32");
    expect_text(8, children(8, 100, PAGE_BYTES), "40");
    expect_text(9, children(7, 2, PAGE_BYTES), "30 31");
    expect_text(10, children(7, 0, PAGE_BYTES), "");
}

Test(btree, a_cell_outside_the_page_names_no_child)
{
    make_interior(7, 0x05, 30, 4);
    put_be16(header_of(7) + 12, 11);                  /* in the header */
    put_be16(header_of(7) + 14, PAGE_BYTES - 20 - 3); /* its last byte is reserved */
    expect_text(0, children(7, 100, PAGE_BYTES - 20), "32 33");
    put_be16(header_of(7) + 12, 12);
    put_be16(header_of(7) + 14, PAGE_BYTES - 20 - 4);
    put_be16(header_of(7) + 16, 0xffff);
    put_be32(pages[6] + PAGE_BYTES - 24, 31);
    expect_text(1, children(7, 100, PAGE_BYTES - 20), "786920 31 33");
}

Test(btree, a_page_has_no_more_cells_than_fit_on_it)
{
    uint32_t found[PAGE_BYTES];

    make_interior(7, 0x05, 30, 1);
    put_be16(header_of(7) + 3, 0xffff);
    for (uint32_t at = 12; at < PAGE_BYTES; at += 2)
        put_be16(pages[6] + at, 12);
    cr_expect_eq(hint_btree_children(found, COUNT(found), pages[6], 7, PAGE_BYTES), 251);
    cr_expect_eq(hint_btree_names_max(PAGE_BYTES), 86);
    cr_expect_eq(hint_btree_names_max(65536), 10923);
}

static const struct root_case {
    uint32_t root;
    unsigned bytes;
    size_t want;
} root_cases[] = {
    { 7, 1, 1 },          { 300, 2, 1 },        { 70000, 3, 1 }, { 0x7ffffffe, 4, 1 },
    { 0xfffffffe, 4, 1 }, { 0xffffffff, 4, 0 }, { 0, 1, 0 },     { 0, 0, 0 },
};

Test(btree, a_root_is_a_number_of_any_size)
{
    for (size_t i = 0; i < COUNT(root_cases); i++) {
        const struct root_case *row = &root_cases[i];
        uint32_t root = 0;

        make_leaf(5, 0x0d);
        add_row(5, row->root, row->bytes);
        cr_expect_eq(hint_btree_roots(&root, 1, pages[4], 5, PAGE_BYTES), row->want, "row %zu", i);
        if (row->want) cr_expect_eq(root, row->root, "row %zu: %u", i, root);
    }
}

/* A payload that goes on in overflow pages: the root is on the page all the same. */
Test(btree, a_row_with_overflow_pages_has_its_root_in_front)
{
    uint32_t root = 0;

    make_leaf(5, 0x0d);
    add_row(5, 77, 1);
    {
        uint8_t *cell = pages[4] + PAGE_BYTES - 24;

        memmove(cell - 1, cell, 24);
        put_be16(header_of(5) + 8, PAGE_BYTES - 25);
        cell[-1] = 0x87; /* 1000 bytes */
        cell[0] = 0x68;
        memmove(cell + 2, cell + 1, 20);
        cell[1] = 1;
    }
    cr_expect_eq(hint_btree_roots(&root, 1, pages[4], 5, PAGE_BYTES), 1);
    cr_expect_eq(root, 77, "%u", root);
}

Test(btree, only_a_leaf_of_a_table_names_roots)
{
    uint32_t found[4];

    make_leaf(5, 0x0d);
    add_row(5, 77, 1);
    add_row(5, 78, 1);
    cr_expect_eq(hint_btree_roots(found, 4, pages[4], 5, PAGE_BYTES), 2);
    cr_expect_eq(hint_btree_roots(found, 1, pages[4], 5, PAGE_BYTES), 1);
    *header_of(5) = 0x0a;
    cr_expect_eq(hint_btree_roots(found, 4, pages[4], 5, PAGE_BYTES), 0);
    *header_of(5) = 0x05;
    cr_expect_eq(hint_btree_roots(found, 4, pages[4], 5, PAGE_BYTES), 0);
}
