#include "hints/evidence.h"
#include "tests/hints/common.h"

/* Learnt on a database of 4,096-byte pages, 800 of them, cookie 7, schema page 0xabc. */
static const struct trust_case {
    struct hint_evidence found;
    enum hint_trust want;
} trust_cases[] = {
    { { 4096, 800, 7, 0xabc }, HINT_TRUST_FULL },
    { { 4096, 5000, 7, 0xabc }, HINT_TRUST_FULL },
    { { 0, 0, 0, 0 }, HINT_TRUST_FULL },
    { { 1024, 800, 7, 0xabc }, HINT_TRUST_NONE },
    { { 1024, 0, 0, 0 }, HINT_TRUST_NONE },
    /* Trimmed a little, or cut: an eighth is the line. */
    { { 4096, 700, 7, 0xabc }, HINT_TRUST_FULL },
    { { 4096, 699, 7, 0xabc }, HINT_TRUST_FLOOR },
    /* Another schema, by the cookie or by its page; a VACUUM leaves fewer pages. */
    { { 4096, 800, 8, 0xabc }, HINT_TRUST_TRIAL },
    { { 4096, 800, 7, 0xabd }, HINT_TRUST_TRIAL },
    { { 4096, 801, 8, 0xabd }, HINT_TRUST_TRIAL },
    { { 4096, 799, 8, 0xabc }, HINT_TRUST_FLOOR },
    { { 4096, 799, 7, 0xabd }, HINT_TRUST_FLOOR },
    /* What is not known does not differ. */
    { { 4096, 0, 8, 0 }, HINT_TRUST_TRIAL },
    { { 4096, 800, 0, 0xabd }, HINT_TRUST_TRIAL },
    { { 4096, 800, 0, 0 }, HINT_TRUST_FULL },
};

Test(evidence, trust_is_what_the_table_says)
{
    const struct hint_evidence learnt = { 4096, 800, 7, 0xabc };
    const struct hint_evidence nothing = { 0 };

    for (size_t i = 0; i < COUNT(trust_cases); i++) {
        enum hint_trust got = hint_trust_of(&learnt, &trust_cases[i].found);

        cr_expect_eq(got, trust_cases[i].want, "row %zu: %d", i, (int)got);
        cr_expect_eq(hint_trust_of(&nothing, &trust_cases[i].found), HINT_TRUST_FULL, "row %zu", i);
    }
}

Test(evidence, the_largest_database_that_lost_an_eighth_has_shrunk)
{
    const struct hint_evidence learnt = { .page_count = 4294967294 };
    struct hint_evidence found = learnt;

    cr_expect_eq(hint_trust_of(&learnt, &found), HINT_TRUST_FULL);
    found.page_count = 3758096383;
    cr_expect_eq(hint_trust_of(&learnt, &found), HINT_TRUST_FULL);
    found.page_count = 3758096382;
    cr_expect_eq(hint_trust_of(&learnt, &found), HINT_TRUST_FLOOR);
}

static const struct verdict_case {
    size_t touched, known;
    enum hint_verdict want;
} verdict_cases[] = {
    { 0, 0, HINT_VERDICT_OPEN },    { 15, 15, HINT_VERDICT_OPEN },  { 15, 0, HINT_VERDICT_OPEN },
    { 16, 16, HINT_VERDICT_GOOD },  { 16, 8, HINT_VERDICT_GOOD },   { 16, 7, HINT_VERDICT_OPEN },
    { 16, 4, HINT_VERDICT_OPEN },   { 16, 3, HINT_VERDICT_MOVED },  { 63, 31, HINT_VERDICT_OPEN },
    { 63, 16, HINT_VERDICT_OPEN },  { 63, 15, HINT_VERDICT_MOVED }, { 64, 16, HINT_VERDICT_GOOD },
    { 64, 15, HINT_VERDICT_MOVED }, { 64, 31, HINT_VERDICT_GOOD },
};

Test(evidence, the_first_reads_decide)
{
    for (size_t i = 0; i < COUNT(verdict_cases); i++) {
        enum hint_verdict got = hint_verdict_of(verdict_cases[i].touched, verdict_cases[i].known);

        cr_expect_eq(got, verdict_cases[i].want, "row %zu: %d", i, (int)got);
    }
}

Test(evidence, a_replay_is_useless_when_256_reads_were_not_foreseen_and_hardly_any_was)
{
    cr_expect(!hint_replay_is_useless(0, 0));
    cr_expect(!hint_replay_is_useless(255, 0));
    cr_expect(hint_replay_is_useless(256, 0));
    cr_expect(hint_replay_is_useless(256, 15));
    cr_expect(!hint_replay_is_useless(256, 16));
    cr_expect(!hint_replay_is_useless(4096, 256));
    cr_expect(hint_replay_is_useless(4097, 256));
}

Test(evidence, what_is_doubted_is_tried_first)
{
    const struct hint_evidence found[] = { { 4096, 50, 7, 99 }, { 4096, 50, 7, 0 } };

    for (size_t i = 0; i < COUNT(found); i++) {
        struct hint_evidence learnt = found[i];

        hint_evidence_doubt(&learnt);
        cr_expect_eq(hint_trust_of(&learnt, &found[i]), HINT_TRUST_TRIAL, "row %zu", i);
        cr_expect_eq(learnt.page_size, 4096);
    }
}
