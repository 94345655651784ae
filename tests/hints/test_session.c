#include "hints/session.h"
#include "tests/hints/common.h"

static const struct merge_case {
    const char *ours, *theirs;
    size_t pages_max;
    const char *want;
} merge_cases[] = {
    { "", "", 9, "" },
    { "1i 2l", "", 9, "1i 2l" },
    { "", "1i 2l", 9, "1i 2l" },
    { "1@0 3@16", "2@8 4@24", 9, "1 2 3 4" },
    { "1@0 2@16", "3@0 4@16", 9, "1 3 2 4" }, /* stable: ours come first */
    { "1@0 2@16", "2@8 1@16", 9, "1 2" },     /* of two touches the earlier stays */
    { "5@0 6@8 7@16", "7@0 8@16", 9, "5 7 6 8" },
    { "1@0", "1i@8", 9, "1i" },  /* the more telling class, later */
    { "1i@8", "1@0", 9, "1i" },  /* and earlier */
    { "1l@0", "1i@8", 9, "1l" }, /* both tell: the earlier one */
    { "1l@8", "1i@0", 9, "1i" },
    { "1 2 3 4", "", 2, "1 2" },
    { "1@0 3@16", "2@8 4@24", 3, "1 2 3" },
    { "1@0 3@16", "2@8 1i@24 3l@24", 2, "1i 2" }, /* a touch that came too late tells, too */
    { "1 2 3", "4 5 6", 0, "" },
    { "", "3@0 3@8 4@16", 9, "3 4" },
    { "1@0 2@0 3@0 4@0 5@0 6@0 7@0 8@0 9@0", "10@0 1@0 11@0", 100, "1 2 3 4 5 6 7 8 9 10 11" },
};

Test(session, touches_merge_by_time_each_page_once)
{
    for (size_t i = 0; i < COUNT(merge_cases); i++) {
        const struct merge_case *row = &merge_cases[i];
        struct hint_session session = session_of('s', row->ours);
        struct hint_session other = session_of('o', row->theirs);

        cr_expect_eq(hint_session_merge(&session, other.touches, other.len, row->pages_max),
                     HINT_OK);
        expect_text(i, session_text(&session), row->want);
        cr_expect_eq(session.id.bytes[0], 's', "row %zu", i);
        cr_expect_eq(session.began_s, 's', "row %zu", i);
        hint_session_free(&session);
        hint_session_free(&session);
        hint_session_free(&other);
    }
}

Test(session, times_stay_with_their_touches)
{
    struct hint_session session = session_of('s', "1@0 3@16");
    struct hint_session other = session_of('o', "2@8 3i@80 4@160");

    cr_assert_eq(hint_session_merge(&session, other.touches, other.len, 9), HINT_OK);
    cr_assert_eq(session.len, 4);
    cr_expect_eq(hint_touch_us(session.touches[1]), 8);
    cr_expect_eq(hint_touch_us(session.touches[2]), 16);
    cr_expect_eq(hint_touch_us(session.touches[3]), 160);
    hint_session_free(&session);
    hint_session_free(&other);
}

Test(session, a_failed_allocation_leaves_the_session_as_it_was)
{
    struct hint_session session = session_of('s', "1@0 3@8");
    struct hint_session other = session_of('o', "2@4 3i@8");
    int rc;

    for (size_t n = 0;; n++) {
        heap_fail_at(n);
        rc = hint_session_merge(&session, other.touches, other.len, 9);
        if (!heap_restore()) break;
        cr_expect_eq(rc, HINT_NOMEM);
        expect_text(n, session_text(&session), "1 3");
    }
    cr_expect_eq(rc, HINT_OK);
    expect_text(0, session_text(&session), "1 2 3i");
    hint_session_free(&session);
    hint_session_free(&other);
}

/* The earliest touch of each page, found by looking at all of them. */
static size_t naive_merge(struct hint_touch *out, const struct hint_touch *all, size_t count)
{
    size_t len = 0;

    for (uint32_t us = 0; us < 64; us++) {
        for (size_t i = 0; i < count; i++) {
            size_t known = 0;

            if (hint_touch_us(all[i]) != (uint64_t)us * 8) continue;
            while (known < len && out[known].pgno != all[i].pgno)
                known++;
            if (known == len)
                out[len++] = all[i];
            else if ((out[known].stamp & 3) == 0)
                out[known].stamp |= all[i].stamp & 3;
        }
    }
    return len;
}

Test(session, merging_agrees_with_looking_at_all_touches)
{
    struct rng rng = rng_start();

    for (size_t round = 0; round < 300; round++) {
        struct hint_session session = { 0 };
        struct hint_touch lists[2][60];
        struct hint_touch all[120];
        struct hint_touch want[120];
        size_t len[2];
        size_t want_len;

        for (size_t list = 0; list < 2; list++) {
            uint32_t us = 0;

            len[list] = rng_below(&rng, 60);
            for (size_t i = 0; i < len[list]; i++) {
                us += rng_below(&rng, 2);
                lists[list][i].pgno = 1 + rng_below(&rng, 1U << (2 + round % 8)) * 4096;
                lists[list][i].stamp = us << 3 | rng_below(&rng, 4);
            }
            memcpy(all + (list ? len[0] : 0), lists[list], len[list] * sizeof(*all));
        }
        want_len = naive_merge(want, all, len[0] + len[1]);
        cr_assert_eq(hint_session_merge(&session, lists[0], len[0], 1000), HINT_OK);
        cr_assert_eq(hint_session_merge(&session, lists[1], len[1], 1000), HINT_OK);
        cr_assert_eq(session.len, want_len, "seed %" PRIu64 ", round %zu", rng.seed, round);
        for (size_t i = 0; i < want_len; i++)
            cr_assert(session.touches[i].pgno == want[i].pgno,
                      "seed %" PRIu64 ", round %zu, touch %zu: got %u, want %u", rng.seed, round, i,
                      session.touches[i].pgno, want[i].pgno);
        hint_session_free(&session);
    }
}
