/* What a trial says of facts. What becomes of it is told with real SQLite, in test_moves. */
#include "vfs/replay/trial.h"

#include "tests/vfs/common.h"

static struct trial trial;
static const struct hint_evidence learnt = { 4096, 100, 7, 1 };

static void begin_with(enum hint_trust trust)
{
    struct hint_forecast forecast = forecast_of(10, "1:900@0 2:900@1 3:900@2 4:900@3");

    preload_trial_begin(&trial, trust, &learnt, &forecast);
    cr_expect_null(forecast.pages);
}

static void end(void)
{
    preload_trial_end(&trial);
}

TestSuite(trial, .fini = end);

static const struct trial_case {
    enum hint_trust trust;
    struct hint_evidence found;
    size_t judged, known;
    bool may_fetch, is_recorded, window_is_over, no_memory;
    enum trial_result want;
    enum preload_reason reason;
} trial_cases[] = {
    /* Nothing is doubted. */
    { HINT_TRUST_FULL, { 0 }, 0, 0, true, true, false, false, TRIAL_GOOD, PRELOAD_REASON_NONE },
    /* The touches decide. */
    { HINT_TRUST_TRIAL, { 0 }, 15, 15, false, true, false, false, TRIAL_OPEN, 0 },
    { HINT_TRUST_TRIAL, { 0 }, 16, 16, false, true, false, false, TRIAL_GOOD, 0 },
    { HINT_TRUST_FLOOR,
      { 0 },
      16,
      0,
      false,
      true,
      false,
      false,
      TRIAL_ENDED,
      PRELOAD_REASON_MOVED },
    /* Page 1 as the session read it counts more. */
    { HINT_TRUST_TRIAL, { 4096, 100, 7, 1 }, 0, 0, false, true, false, false, TRIAL_GOOD, 0 },
    { HINT_TRUST_FULL, { 4096, 100, 8, 2 }, 0, 0, true, true, false, false, TRIAL_OPEN, 0 },
    { HINT_TRUST_FULL,
      { 8192, 50, 7, 1 },
      0,
      0,
      true,
      true,
      false,
      false,
      TRIAL_ENDED,
      PRELOAD_REASON_PAGE_SIZE },
    /* What may be fetched without a verdict is. */
    { HINT_TRUST_TRIAL, { 0 }, 3, 3, true, true, true, false, TRIAL_OPEN, 0 },
    { HINT_TRUST_TRIAL,
      { 0 },
      3,
      3,
      false,
      true,
      true,
      false,
      TRIAL_ENDED,
      PRELOAD_REASON_UNPROVEN },
    { HINT_TRUST_TRIAL,
      { 0 },
      3,
      3,
      false,
      false,
      false,
      false,
      TRIAL_ENDED,
      PRELOAD_REASON_UNPROVEN },
    { HINT_TRUST_TRIAL, { 0 }, 3, 3, false, true, false, true, TRIAL_ENDED, PRELOAD_REASON_MEMORY },
};

Test(trial, is_judged_by_its_facts)
{
    for (size_t i = 0; i < COUNT(trial_cases); i++) {
        const struct trial_case *row = &trial_cases[i];
        const struct trial_facts facts = {
            .counts = { .judged = row->judged, .known = row->known, .is_over = row->no_memory },
            .found = row->found,
            .may_fetch = row->may_fetch,
            .is_recorded = row->is_recorded,
            .window_is_over = row->window_is_over,
        };

        begin_with(row->trust);
        cr_expect_eq(preload_trial_judge(&trial, &facts), row->want, "row %zu", i);
        cr_expect_eq(trial.reason, row->reason, "row %zu: reason %d", i, trial.reason);
        cr_expect_eq(trial.is_decided, row->want == TRIAL_GOOD && row->trust != HINT_TRUST_FULL,
                     "row %zu", i);
    }
}

Test(trial, what_was_not_begun_waits_while_page_1_is_doubted)
{
    struct trial_facts facts = { .found = { 4096, 100, 8, 2 },
                                 .may_fetch = true,
                                 .is_recorded = true };

    begin_with(HINT_TRUST_FULL);
    cr_expect_eq(preload_trial_judge(&trial, &facts), TRIAL_OPEN);
    cr_expect(trial.pauses);
    facts.counts = (struct progress_counts){ .judged = 16, .known = 16 };
    cr_expect_eq(preload_trial_judge(&trial, &facts), TRIAL_GOOD);
    cr_expect_not(trial.pauses);
}

Test(trial, useless_hints_end_whatever_the_evidence_said)
{
    const struct trial_facts facts = { .counts = { .demanded = 256, .used = 8, .late = 7 } };

    begin_with(HINT_TRUST_FULL);
    cr_expect_eq(preload_trial_judge(&trial, &facts), TRIAL_ENDED);
    cr_expect_eq(trial.reason, PRELOAD_REASON_UNWANTED);
}
