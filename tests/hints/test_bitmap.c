#include "hints/bitmap.h"
#include "tests/hints/common.h"

Test(bitmap, a_zeroed_bitmap_has_no_page)
{
    struct hint_bitmap bitmap = { 0 };

    cr_expect(!hint_bitmap_has(&bitmap, 0));
    cr_expect(!hint_bitmap_has(&bitmap, 1));
    cr_expect(!hint_bitmap_has(&bitmap, UINT32_MAX));
    cr_expect_eq(hint_bitmap_bytes(&bitmap), 0);
}

Test(bitmap, a_page_added_is_there_and_its_neighbours_are_not)
{
    static const uint32_t pgnos[] = {
        1,     63,    64,     65,     4095,   4096,      32767,
        32768, 32769, 524287, 524288, 524289, 100000000, HINT_PGNO_MAX,
    };

    for (size_t i = 0; i < COUNT(pgnos); i++) {
        struct hint_bitmap bitmap = { 0 };

        cr_expect_eq(hint_bitmap_add(&bitmap, pgnos[i]), HINT_OK);
        cr_expect_eq(hint_bitmap_add(&bitmap, pgnos[i]), HINT_OK);
        cr_expect(hint_bitmap_has(&bitmap, pgnos[i]), "row %zu: %u", i, pgnos[i]);
        cr_expect(!hint_bitmap_has(&bitmap, pgnos[i] - 1), "row %zu: %u - 1", i, pgnos[i]);
        cr_expect(!hint_bitmap_has(&bitmap, pgnos[i] + 1), "row %zu: %u + 1", i, pgnos[i]);
        cr_expect(!hint_bitmap_has(&bitmap, 0), "row %zu: page 0", i);
        hint_bitmap_free(&bitmap);
        hint_bitmap_free(&bitmap);
        cr_expect(!hint_bitmap_has(&bitmap, pgnos[i]), "row %zu: freed", i);
    }
}

Test(bitmap, memory_follows_the_pages_that_are_in_it)
{
    struct hint_bitmap bitmap = { 0 };
    const size_t pointer = sizeof(void *);

    cr_assert_eq(hint_bitmap_add(&bitmap, 5), HINT_OK);
    cr_expect_eq(hint_bitmap_bytes(&bitmap), 16 * pointer + 4096);
    cr_assert_eq(hint_bitmap_add(&bitmap, 32767), HINT_OK);
    cr_expect_eq(hint_bitmap_bytes(&bitmap), 16 * pointer + 4096);
    cr_assert_eq(hint_bitmap_add(&bitmap, 16 * 32768), HINT_OK);
    cr_expect_eq(hint_bitmap_bytes(&bitmap), 32 * pointer + 2 * 4096);
    cr_assert_eq(hint_bitmap_add(&bitmap, HINT_PGNO_MAX), HINT_OK);
    cr_expect_eq(hint_bitmap_bytes(&bitmap), 131072 * pointer + 3 * 4096);
    hint_bitmap_free(&bitmap);
    cr_expect_eq(hint_bitmap_bytes(&bitmap), 0);
}

Test(bitmap, a_failed_allocation_adds_nothing)
{
    struct hint_bitmap bitmap = { 0 };
    size_t n;

    cr_assert_eq(hint_bitmap_add(&bitmap, 7), HINT_OK);
    for (n = 0;; n++) {
        int rc;

        heap_fail_at(n);
        rc = hint_bitmap_add(&bitmap, 1000000);
        if (!heap_restore()) break;
        cr_expect_eq(rc, HINT_NOMEM);
        cr_expect(!hint_bitmap_has(&bitmap, 1000000), "n %zu", n);
        cr_expect(hint_bitmap_has(&bitmap, 7), "n %zu", n);
    }
    cr_expect_geq(n, 1);
    cr_expect(hint_bitmap_has(&bitmap, 7));
    cr_expect(hint_bitmap_has(&bitmap, 1000000));
    hint_bitmap_free(&bitmap);
}

Test(bitmap, agrees_with_an_array_of_bools)
{
    struct rng rng = rng_start();
    struct hint_bitmap bitmap = { 0 };
    static bool model[200000];

    for (size_t i = 0; i < 5000; i++) {
        uint32_t pgno = 1 + rng_below(&rng, COUNT(model) - 1);

        model[pgno] = true;
        cr_assert_eq(hint_bitmap_add(&bitmap, pgno), HINT_OK);
    }
    for (uint32_t pgno = 0; pgno < COUNT(model); pgno++)
        cr_assert(hint_bitmap_has(&bitmap, pgno) == model[pgno], "seed %" PRIu64 ": page %u",
                  rng.seed, pgno);
    hint_bitmap_free(&bitmap);
}
