/* The table against page numbers that lie in a row, at equal steps, and at the far end. */
#include "bench/policy/replay_pages.h"

#include <criterion/criterion.h>

#include "tests/support/heap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct step_case {
    uint32_t first, step, count;
} step_cases[] = {
    { 1, 1, 5000 },
    { 1, 65536, 5000 },
    { 4294967294, 0, 1 },
    { 7, 1 << 20, 4000 },
};

Test(replay_pages, a_page_is_found_again_however_many_there_are)
{
    for (size_t i = 0; i < COUNT(step_cases); i++) {
        const struct step_case *row = &step_cases[i];
        struct replay_pages pages = { 0 };

        for (uint32_t k = 0; k < row->count; k++) {
            struct replay_page *page = replay_pages_add(&pages, row->first + k * row->step);

            cr_assert_not_null(page);
            cr_assert_not(page->booked, "row %zu: page %u is there", i, page->pgno);
            page->booked = true;
            page->arrives_ns = k;
        }
        cr_expect_eq(pages.len, row->count, "row %zu: %zu", i, pages.len);
        for (uint32_t k = 0; k < row->count; k++) {
            uint32_t pgno = row->first + k * row->step;

            cr_assert_eq(replay_pages_at(&pages, pgno)->arrives_ns, k, "row %zu: %u", i, k);
            cr_assert_eq(replay_pages_add(&pages, pgno)->pgno, pgno);
        }
        cr_expect_eq(pages.len, row->count, "row %zu: %zu", i, pages.len);
        replay_pages_free(&pages);
        replay_pages_free(&pages);
    }
}

Test(replay_pages, without_memory_there_is_no_entry_and_the_others_stay)
{
    struct replay_pages pages = { 0 };

    heap_fail_at(0);
    cr_expect_null(replay_pages_add(&pages, 1));
    heap_restore();
    for (uint32_t pgno = 1; pgno <= 512; pgno++)
        cr_assert_not_null(replay_pages_add(&pages, pgno));
    heap_fail_at(0);
    cr_expect_null(replay_pages_add(&pages, 513), "it has to grow");
    cr_expect_not_null(replay_pages_add(&pages, 512), "it is there already");
    heap_restore();
    cr_expect_eq(replay_pages_at(&pages, 7)->pgno, 7);
    replay_pages_free(&pages);
}
