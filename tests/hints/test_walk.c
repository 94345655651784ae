#include "hints/walk.h"

#include "tests/hints/format/pages.h"

static const struct hint_database small = { PAGE_BYTES, 200 };

/* The pages that a walk reads, `batch` at a time. */
static struct text walked(struct hint_database database, uint32_t pages_max, size_t batch)
{
    struct text text = { "" };
    struct hint_walk walk;
    uint32_t pgnos[64];
    size_t count;

    cr_assert_eq(hint_walk_init(&walk, database, pages_max), HINT_OK);
    while ((count = hint_walk_next(&walk, pgnos, batch)) > 0) {
        for (size_t i = 0; i < count; i++) {
            text_add(&text, *text.s ? " %u" : "%u", pgnos[i]);
            cr_assert_eq(hint_walk_give(&walk, pages[pgnos[i] - 1]), HINT_OK);
        }
    }
    hint_walk_free(&walk);
    return text;
}

Test(walk, the_roots_that_the_schema_names)
{
    make_leaf(1, 0x0d);
    add_row(1, 2, 1);
    add_row(1, 0, 0); /* a view */
    add_row(1, 150, 2);
    make_leaf(2, 0x0d);
    make_leaf(150, 0x0a);
    expect_text(0, walked(small, 100, 16), "1 2 150");
}

/* Of the tree at 2 the pages 10-12 are interior, of those only the last one's last child is read
 * beside; the tree at 3 has leaves at once, and its last is read. */
static void make_forest(void)
{
    make_leaf(1, 0x0d);
    add_row(1, 2, 1);
    add_row(1, 3, 1);
    add_row(1, 4, 1);
    make_interior(2, 0x05, 10, 3);
    make_interior(10, 0x05, 20, 10);
    make_interior(11, 0x05, 30, 10);
    make_interior(12, 0x05, 40, 10);
    make_interior(3, 0x02, 60, 5);
    make_leaf(4, 0x0a);
    for (uint32_t pgno = 20; pgno < 50; pgno++)
        make_leaf(pgno, 0x0d);
    for (uint32_t pgno = 60; pgno < 65; pgno++)
        make_leaf(pgno, 0x0a);
}

Test(walk, interior_pages_level_by_level_and_the_last_leaf_of_each_tree)
{
    make_forest();
    for (size_t batch = 1; batch < 64; batch++)
        expect_text(batch, walked(small, 100, batch), "1 2 3 4 12 64 10 11 49");
}

Test(walk, it_ends_after_so_many_pages)
{
    make_forest();
    expect_text(0, walked(small, 0, 16), "");
    expect_text(1, walked(small, 1, 16), "1");
    expect_text(2, walked(small, 5, 16), "1 2 3 4 12");
}

Test(walk, a_schema_of_many_pages_is_read_whole)
{
    make_interior(1, 0x05, 5, 3);
    for (uint32_t pgno = 5; pgno < 8; pgno++) {
        make_leaf(pgno, 0x0d);
        add_row(pgno, pgno + 100, 1);
        make_leaf(pgno + 100, 0x0d);
    }
    expect_text(0, walked(small, 100, 16), "1 5 6 7 105 106 107");
}

Test(walk, no_page_is_read_twice_nor_past_the_end)
{
    make_leaf(1, 0x0d);
    add_row(1, 2, 1);
    add_row(1, 2, 1);
    add_row(1, 1, 1);
    add_row(1, 250, 1);
    add_row(1, 3, 1);
    make_interior(2, 0x05, 1, 3);    /* itself, the first, another root */
    make_interior(3, 0x05, 197, 20); /* mostly past the end */
    make_interior(198, 0x05, 2, 2);
    make_interior(199, 0x05, 2, 2);
    make_interior(200, 0x05, 2, 2);
    expect_text(0, walked(small, 100, 16), "1 2 3 200 197 198 199");
}

Test(walk, the_page_of_the_lock_is_not_read)
{
    const struct hint_database large = { 65536, 20000 };
    uint8_t *page = calloc(1, 65536);
    struct hint_walk walk;
    uint32_t pgnos[4];

    cr_assert_not_null(page);
    make_leaf(1, 0x0d);
    add_row(1, 16385, 2);
    add_row(1, 16384, 2);
    memcpy(page, pages[0], PAGE_BYTES);
    cr_assert_eq(hint_walk_init(&walk, large, 10), HINT_OK);
    cr_assert_eq(hint_walk_next(&walk, pgnos, 4), 1);
    cr_expect_eq(hint_walk_give(&walk, page), HINT_OK);
    cr_expect_eq(hint_walk_next(&walk, pgnos, 4), 1);
    cr_expect_eq(pgnos[0], 16384);
    hint_walk_give(&walk, NULL);
    hint_walk_free(&walk);
    free(page);
}

Test(walk, what_is_no_btree_or_cannot_be_read_ends_there)
{
    struct hint_walk walk;
    uint32_t pgnos[16];

    memset(pages[0], 0x77, PAGE_BYTES);
    pages[0][20] = 0;
    expect_text(0, walked(small, 100, 16), "1");
    pages[0][20] = 200; /* hardly anything of the page is SQLite's */
    expect_text(1, walked(small, 100, 16), "1");
    pages[0][20] = 0;
    make_forest();
    cr_assert_eq(hint_walk_init(&walk, small, 100), HINT_OK);
    cr_assert_eq(hint_walk_next(&walk, pgnos, 16), 1);
    cr_assert_eq(hint_walk_give(&walk, pages[0]), HINT_OK);
    cr_assert_eq(hint_walk_next(&walk, pgnos, 16), 3);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(hint_walk_give(&walk, NULL), HINT_OK);
    cr_expect_eq(hint_walk_next(&walk, pgnos, 16), 0);
    hint_walk_free(&walk);
}

/* Pages of noise, or of forests with noise in them, in blocks without a byte to spare. */
static void walk_through_noise(struct rng *rng, uint32_t page_size, unsigned round)
{
    const struct hint_database database = { page_size, 1 + rng_below(rng, 500) };
    uint8_t *page = malloc(page_size);
    struct hint_walk walk;
    struct hint_bitmap seen = { 0 };
    uint32_t pgnos[16];
    size_t read = 0;
    size_t count;

    cr_assert_not_null(page);
    cr_assert_eq(hint_walk_init(&walk, database, 100), HINT_OK);
    while ((count = hint_walk_next(&walk, pgnos, 1 + rng_below(rng, 16))) > 0) {
        for (size_t i = 0; i < count; i++) {
            static const uint8_t kinds[] = { 2, 5, 10, 13 };
            uint32_t at = pgnos[i] == 1 ? 100 : 0;

            cr_assert(pgnos[i] >= 1 && pgnos[i] <= database.page_count);
            cr_assert_not(hint_bitmap_has(&seen, pgnos[i]));
            cr_assert_eq(hint_bitmap_add(&seen, pgnos[i]), HINT_OK);
            for (size_t j = 0; j < page_size; j++)
                page[j] = (uint8_t)(rng_below(rng, 4) ? rng_below(rng, 3) : rng_next(rng));
            page[20] = (uint8_t)rng_below(rng, 33);
            page[at] = kinds[rng_below(rng, 4)];
            cr_assert_eq(hint_walk_give(&walk, page), HINT_OK);
            read++;
        }
    }
    cr_assert_leq(read, 100, "seed %" PRIu64 ", round %u", rng->seed, round);
    hint_walk_free(&walk);
    hint_bitmap_free(&seen);
    free(page);
}

Test(walk, whatever_the_bytes_it_stays_within_its_bounds)
{
    struct rng rng = rng_start();

    for (unsigned round = 0; round < 300; round++)
        walk_through_noise(&rng, 512U << rng_below(&rng, 4), round);
}

Test(walk, what_waits_is_bounded)
{
    const struct hint_database large = { 65536, HINT_PGNO_MAX };
    uint8_t *page = calloc(1, 65536);
    struct hint_walk walk;
    uint32_t pgnos[1];
    uint32_t next = 100;

    cr_assert_not_null(page);
    cr_assert_eq(hint_walk_init(&walk, large, 5000), HINT_OK);
    /* Every page is an interior one of the schema's level, with thousands of children. */
    while (hint_walk_next(&walk, pgnos, 1) > 0) {
        uint32_t at = pgnos[0] == 1 ? 100 : 0;

        page[at] = 0x05;
        put_be16(page + at + 3, 5000);
        for (uint32_t i = 0; i < 5000; i++) {
            put_be16(page + at + 12 + 2 * i, 20000 + 8 * i);
            put_be32(page + 20000 + 8 * i, next++);
        }
        cr_assert_eq(hint_walk_give(&walk, page), HINT_OK);
        cr_assert_leq(walk.step_count, 5000);
        cr_assert_leq(walk.waiting, HINT_WALK_WAITING_MAX);
        page[0] = 0;
    }
    hint_walk_free(&walk);
    free(page);
}

Test(walk, a_failed_allocation_loses_pages_and_nothing_else)
{
    make_forest();
    for (size_t n = 0;; n++) {
        struct hint_walk walk = { 0 };
        uint32_t pgnos[16];
        size_t count = 0;
        bool failed;

        heap_fail_at(n);
        (void)hint_walk_init(&walk, small, 100);
        while (walk.levels && (count = hint_walk_next(&walk, pgnos, 16)) > 0)
            for (size_t i = 0; i < count; i++)
                (void)hint_walk_give(&walk, pages[pgnos[i] - 1]);
        failed = heap_restore();
        hint_walk_free(&walk);
        if (!failed) break;
        cr_assert_lt(n, 200);
    }
}
