#include "hints/recorder.h"
#include "tests/hints/common.h"

static const struct hint_window wide = { 1 << 20, UINT64_C(3600000000) };

/* All touches so far, as session_text prints them. */
static struct text recorder_text(const struct hint_recorder *recorder)
{
    static struct hint_touch touches[1000];
    struct hint_session session = { .touches = touches, .len = hint_recorder_count(recorder) };

    cr_assert_leq(session.len, COUNT(touches));
    hint_recorder_copy(recorder, touches, 0, session.len);
    return session_text(&session);
}

Test(recorder, a_first_touch_is_kept_in_order_and_a_repeat_is_not)
{
    struct hint_recorder recorder;

    hint_recorder_init(&recorder, wide);
    cr_expect(hint_recorder_touch(&recorder, 9, HINT_CLASS_LEAF, HINT_READ));
    cr_expect(hint_recorder_touch(&recorder, 1, HINT_CLASS_INTERIOR, HINT_READ));
    cr_expect(!hint_recorder_touch(&recorder, 9, HINT_CLASS_INTERIOR, HINT_READ));
    cr_expect(hint_recorder_touch(&recorder, 4, HINT_CLASS_UNKNOWN, HINT_READ));
    cr_expect(hint_recorder_touch(&recorder, HINT_PGNO_MAX, HINT_CLASS_OVERFLOW, HINT_READ));
    cr_expect(!hint_recorder_touch(&recorder, HINT_PGNO_MAX, HINT_CLASS_OVERFLOW, HINT_READ));
    expect_text(0, recorder_text(&recorder), "9l 1i 4 4294967294o");
    cr_expect(hint_recorder_seen(&recorder, 9));
    cr_expect(!hint_recorder_seen(&recorder, 5));
    hint_recorder_free(&recorder);
    hint_recorder_free(&recorder);
    cr_expect_eq(hint_recorder_count(&recorder), 0);
}

Test(recorder, a_zeroed_recorder_records_nothing)
{
    static struct hint_recorder recorder;

    cr_expect(!hint_recorder_touch(&recorder, 5, HINT_CLASS_LEAF, HINT_READ));
    cr_expect(recorder.full);
    cr_expect_eq(hint_recorder_count(&recorder), 0);
    cr_expect(!hint_recorder_settled(&recorder, 100000000));
    cr_expect_eq(hint_recorder_bytes(&recorder), 0);
}

Test(recorder, a_window_of_nothing_is_full_at_once)
{
    struct hint_recorder recorder;

    hint_recorder_init(&recorder, (struct hint_window){ 0, 1000 });
    cr_expect(recorder.full);
    hint_recorder_init(&recorder, (struct hint_window){ 1000, 0 });
    cr_expect(recorder.full);
    cr_expect(!hint_recorder_touch(&recorder, 5, HINT_CLASS_LEAF, HINT_READ));
}

Test(recorder, the_page_cap_ends_it)
{
    struct hint_recorder recorder;

    hint_recorder_init(&recorder, (struct hint_window){ 2, 1000 });
    cr_expect(hint_recorder_touch(&recorder, 7, HINT_CLASS_LEAF, HINT_READ));
    cr_expect(!recorder.full);
    cr_expect(hint_recorder_touch(&recorder, 8, HINT_CLASS_LEAF, HINT_READ));
    cr_expect(recorder.full);
    cr_expect(!hint_recorder_touch(&recorder, 9, HINT_CLASS_LEAF, HINT_READ));
    cr_expect(!hint_recorder_append(&recorder, 9, HINT_CLASS_LEAF, HINT_READ));
    expect_text(0, recorder_text(&recorder), "7l 8l");
    hint_recorder_free(&recorder);
}

Test(recorder, the_time_cap_ends_it_for_good)
{
    struct hint_recorder recorder;

    hint_recorder_init(&recorder, (struct hint_window){ 100, 1000 });
    hint_recorder_tick(&recorder, 999);
    cr_expect(hint_recorder_touch(&recorder, 7, HINT_CLASS_LEAF, HINT_READ));
    hint_recorder_tick(&recorder, 1000);
    cr_expect(recorder.full);
    cr_expect(!hint_recorder_touch(&recorder, 8, HINT_CLASS_LEAF, HINT_READ));
    cr_expect(hint_recorder_append(&recorder, 8, HINT_CLASS_LEAF, HINT_READ));
    cr_expect(recorder.full);
    hint_recorder_tick(&recorder, 10);
    cr_expect(recorder.full);
    hint_recorder_free(&recorder);
}

Test(recorder, a_touch_takes_the_time_of_the_last_tick_and_time_never_runs_backwards)
{
    static const struct {
        uint64_t tick, want;
    } ticks[] = {
        { 0, 0 },
        { 7, 0 },
        { 8, 8 },
        { 1007, 1000 },
        { 500, 1000 },
        { 1008, 1008 },
        { UINT64_C(4294967288), UINT64_C(4294967288) },
        { UINT64_C(4294967300), UINT64_C(4294967288) },
        { UINT64_MAX, UINT64_C(4294967288) },
    };
    struct hint_recorder recorder;
    struct hint_touch touch;

    hint_recorder_init(&recorder, (struct hint_window){ 100, UINT64_MAX });
    for (uint32_t i = 0; i < COUNT(ticks); i++) {
        hint_recorder_tick(&recorder, ticks[i].tick);
        recorder.full = false; /* at the last tick the time cap is reached */
        cr_assert(hint_recorder_touch(&recorder, i + 1, (enum hint_class)(i % 4),
                                      (enum hint_how)(i % 2)));
        hint_recorder_copy(&recorder, &touch, i, 1);
        cr_expect_eq(hint_touch_how(touch), i % 2, "row %u", i);
        cr_expect_eq(hint_touch_us(touch), ticks[i].want, "row %u: %" PRIu64, i,
                     hint_touch_us(touch));
        cr_expect_eq(hint_touch_class(touch), i % 4, "row %u", i);
    }
    hint_recorder_free(&recorder);
}

Test(recorder, any_part_can_be_copied_across_segments)
{
    struct hint_recorder recorder;
    static struct hint_touch touches[1000];

    hint_recorder_init(&recorder, wide);
    for (uint32_t i = 0; i < 1000; i++)
        cr_assert(hint_recorder_touch(&recorder, 1 + i * 3, HINT_CLASS_LEAF, HINT_READ));
    for (size_t first = 0; first <= 1000; first += 1 + first / 16) {
        for (size_t count = 0; first + count <= 1000; count += 1 + count / 4) {
            memset(touches, 0, sizeof(touches));
            hint_recorder_copy(&recorder, touches, first, count);
            for (size_t i = 0; i < count; i++)
                cr_assert_eq(touches[i].pgno, 1 + (first + i) * 3, "[%zu, + %zu) at %zu", first,
                             count, i);
            cr_assert(count == 1000 || touches[count].pgno == 0);
        }
    }
    hint_recorder_free(&recorder);
}

Test(recorder, segments_double_so_allocations_are_few_and_memory_is_at_most_twice_the_need)
{
    static const struct {
        uint32_t count;
        size_t room;
    } rows[] = {
        { 0, 0 },     { 1, 64 },    { 64, 64 },   { 65, 128 },
        { 128, 128 }, { 129, 256 }, { 257, 512 }, { 1025, 2048 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct hint_recorder recorder;
        size_t directory = rows[i].count > 0 ? 16 * sizeof(void *) + 4096 : 0;

        hint_recorder_init(&recorder, wide);
        for (uint32_t pgno = 1; pgno <= rows[i].count; pgno++)
            cr_assert(hint_recorder_touch(&recorder, pgno, HINT_CLASS_LEAF, HINT_READ));
        cr_expect_eq(hint_recorder_bytes(&recorder), directory + rows[i].room * 8, "row %zu: %zu",
                     i, hint_recorder_bytes(&recorder));
        hint_recorder_free(&recorder);
    }
}

Test(recorder, a_repeated_touch_allocates_nothing)
{
    struct hint_recorder recorder;
    size_t calls;

    hint_recorder_init(&recorder, wide);
    cr_assert(hint_recorder_touch(&recorder, 7, HINT_CLASS_LEAF, HINT_READ));
    calls = heap_calls();
    for (size_t i = 0; i < 1000; i++)
        cr_expect(!hint_recorder_touch(&recorder, 7, HINT_CLASS_LEAF, HINT_READ));
    cr_expect_eq(heap_calls(), calls);
    hint_recorder_free(&recorder);
}

Test(recorder, a_failed_allocation_ends_it_with_what_it_has)
{
    for (size_t n = 0; n < 5; n++) {
        struct hint_recorder recorder;
        uint32_t taken = 0;

        hint_recorder_init(&recorder, wide);
        heap_fail_at(n);
        for (uint32_t pgno = 1; pgno <= 2000; pgno++)
            taken += hint_recorder_touch(&recorder, pgno, HINT_CLASS_LEAF, HINT_READ);
        cr_expect(heap_restore(), "n %zu", n);
        cr_expect(recorder.full, "n %zu", n);
        cr_expect_eq(hint_recorder_count(&recorder), taken, "n %zu", n);
        /* Allocations: segment, directory, block, then one segment at 64, 128 ... */
        cr_expect_eq(taken, n < 3 ? 0 : 64U << (n - 3), "n %zu: %u", n, taken);
        hint_recorder_free(&recorder);
    }
}

/* `early` touches at `first_us`, then `late` touches at `late_us`, asked at `now_us`. */
static const struct settle_case {
    uint32_t early, late;
    uint64_t first_us, late_us, now_us;
    bool want;
} settle_cases[] = {
    { 0, 0, 0, 0, 9000000, false },
    { 1, 0, 0, 0, 999999, false },
    { 1, 0, 0, 0, 1000000, true },
    { 1, 0, 5000000, 0, 5999999, false },
    { 1, 0, 5000000, 0, 6000000, true },
    { 1, 0, 5000000, 0, 1000000, false }, /* asked with a time before the first touch */
    { 15, 1, 0, 600000, 1000000, false }, /* one in 16 */
    { 16, 1, 0, 600000, 1000000, true },  /* one in 17 */
    { 31, 2, 0, 600000, 1000000, true },  /* two in 33 */
    { 30, 2, 0, 600000, 1000000, false }, /* two in 32 */
    { 15, 1, 0, 500000, 1000000, false }, /* the second half begins in the middle */
    { 15, 1, 0, 499996, 1000000, true },
    { 15, 1, 8000000, 8500000, 9000000, false },
    { 15, 1, 8000000, 8499996, 9000000, true },
    { 1000, 60, 0, 2000000, 3000000, true },
    { 1000, 70, 0, 2000000, 3000000, false },
    { 1000, 70, 0, 2000000, 4000008, true },
};

Test(recorder, it_settles_when_few_first_touches_are_late)
{
    for (size_t i = 0; i < COUNT(settle_cases); i++) {
        const struct settle_case *row = &settle_cases[i];
        struct hint_recorder recorder;
        uint32_t pgno = 1;

        hint_recorder_init(&recorder, wide);
        hint_recorder_tick(&recorder, row->first_us);
        for (uint32_t touch = 0; touch < row->early; touch++)
            cr_assert(hint_recorder_touch(&recorder, pgno++, HINT_CLASS_OVERFLOW, HINT_READ));
        hint_recorder_tick(&recorder, row->late_us);
        for (uint32_t touch = 0; touch < row->late; touch++)
            cr_assert(hint_recorder_touch(&recorder, pgno++, HINT_CLASS_OVERFLOW, HINT_READ));
        cr_expect(hint_recorder_settled(&recorder, row->now_us) == row->want, "row %zu", i);
        hint_recorder_free(&recorder);
    }
}

Test(recorder, agrees_with_a_naive_list)
{
    struct rng rng = rng_start();
    static struct hint_touch want[3000];
    static struct hint_touch got[3000];

    for (size_t round = 0; round < 20; round++) {
        struct hint_recorder recorder;
        static bool seen[100000];
        uint32_t pages_max = 1 + rng_below(&rng, COUNT(want));
        uint32_t spread = 2 + rng_below(&rng, COUNT(seen) - 2);
        uint32_t us = 0;
        size_t count = 0;

        memset(seen, 0, sizeof(seen));
        hint_recorder_init(&recorder, (struct hint_window){ pages_max, UINT64_MAX });
        for (size_t step = 0; step < 6000; step++) {
            uint32_t pgno = 1 + rng_below(&rng, spread - 1);
            enum hint_class page_class = (enum hint_class)rng_below(&rng, 4);

            if (step % 64 == 0) hint_recorder_tick(&recorder, us += rng_below(&rng, 1000));
            if (!seen[pgno] && count < pages_max) {
                want[count++] = (struct hint_touch){ pgno, us / 8 << 3 | (uint32_t)page_class };
                seen[pgno] = true;
                cr_assert(hint_recorder_touch(&recorder, pgno, page_class, HINT_READ));
            } else {
                cr_assert(!hint_recorder_touch(&recorder, pgno, page_class, HINT_READ));
            }
        }
        cr_assert_eq(hint_recorder_count(&recorder), count, "seed %" PRIu64, rng.seed);
        hint_recorder_copy(&recorder, got, 0, count);
        cr_expect(memcmp(got, want, count * sizeof(*want)) == 0, "seed %" PRIu64 ", round %zu",
                  rng.seed, round);
        hint_recorder_free(&recorder);
    }
}
