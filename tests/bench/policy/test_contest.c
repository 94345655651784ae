/* A trace small enough to work out each session's time by hand: a request takes 100 us and a page
 * 1 us of the link. */
#include "bench/policy/contest.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "bench/policy/policy_ours.h"
#include "tests/support/heap.h"

static struct trace trace_of(const char *text)
{
    struct trace trace = { 0 };
    struct trace_error error;

    cr_assert_eq(trace_parse(&trace, text, strlen(text), &error), TRACE_OK, "%s", error.why);
    return trace;
}

static struct contest contest_of(const struct trace *trace)
{
    return (struct contest){ .name = "small",
                             .trace = trace,
                             .device = { 100, 4096, 16, false },
                             .first = 4,
                             .budget_bytes = POLICY_BUDGET_AUTO };
}

static const struct policy_row *row_of(const struct policy_rows *rows, const char *policy)
{
    for (size_t i = 0; i < rows->len; i++)
        if (strcmp(rows->items[i].policy, policy) == 0) return &rows->items[i];
    cr_assert_fail("no row %s", policy);
    return NULL;
}

static const char six_sessions[] = "page_size 4096\n"
                                   "session 1000\nread 200 400\n"
                                   "session 1000\nread 200 600\n"
                                   "session 1000\nread 200 400\n"
                                   "session 1000\nread 200 400 800\n"
                                   "session 1000 tested=0\nread 900\n"
                                   "session 1000\n"
                                   "session 1000\nread 200\n";

Test(contest, sessions_are_tested_from_the_fourth_on_after_those_before_them)
{
    struct trace trace = trace_of(six_sessions);
    struct contest contest = contest_of(&trace);
    struct policy_rows rows = { 0 };
    const struct policy_row *row;

    cr_assert_eq(contest_run(&rows, &contest), CONTEST_OK);
    cr_expect_eq(rows.len, policies_count + 1);
    cr_expect_str_eq(rows.items[0].policy, "none");
    cr_expect_str_eq(rows.items[rows.len - 2].policy, "ours");
    cr_expect_str_eq(rows.items[rows.len - 1].policy, "oracle");

    /* Sessions 4 and 7: three misses and one. */
    row = row_of(&rows, "none");
    cr_expect_str_eq(row->trace, "small");
    cr_expect_eq(row->sessions, 2, "maintenance and empty sessions are not tested");
    cr_expect_float_eq(row->ms, (.303 + .101) / 2, 1e-9, "%g", row->ms);
    cr_expect_float_eq(row->ms_worst, .303, 1e-9);
    cr_expect_float_eq(row->recall, 0, 1e-9);
    cr_expect(isnan(row->precision));
    cr_expect_float_eq(row->requests, 2, 1e-9);
    cr_expect_float_eq(row->bytes, 2 * 4096, 1e-9);
    cr_expect_float_eq(row->wasted_bytes, 0, 1e-9);
    cr_expect_float_eq(row->ratio, 1, 1e-9);

    /* Session 4: 200, 400 and 600 come until 103; then 800 is missed. Session 7: the session before
     * it touched nothing. */
    row = row_of(&rows, "last");
    cr_expect_float_eq(row->recall, 1. / 3, 1e-9, "%g", row->recall);
    cr_expect_float_eq(row->recall_worst, 0, 1e-9);
    cr_expect_float_eq(row->ms, (.203 + .101) / 2, 1e-9, "%g", row->ms);
    cr_expect_float_eq(row->precision, 1, 1e-9, "of the session for which it fetched");
    cr_expect_float_eq(row->requests, (3 + 1) / 2., 1e-9);

    /* Session 4: 200, 400 and 600. Session 7: those, 800, and 900 of the maintenance. */
    row = row_of(&rows, "union");
    cr_expect_float_eq(row->recall, (2. / 3 + 1) / 2, 1e-9, "%g", row->recall);
    cr_expect_float_eq(row->recall_worst, 2. / 3, 1e-9);
    cr_expect_float_eq(row->precision, (2. / 3 + 1. / 5) / 2, 1e-9, "%g", row->precision);
    cr_expect_float_eq(row->requests, (4 + 5) / 2., 1e-9, "%g", row->requests);
    cr_expect_float_eq(row->bytes, 4096 * (4 + 5) / 2., 1e-9);
    cr_expect_float_eq(row->wasted_bytes, 4096 * (1 + 4) / 2., 1e-9);

    row = row_of(&rows, "oracle");
    cr_expect_float_eq(row->recall, 1, 1e-9);
    cr_expect_float_eq(row->precision, 1, 1e-9);
    cr_expect_float_eq(row->ms, (.103 + .101) / 2, 1e-9, "%g", row->ms);
    cr_expect_float_eq(row->oracle_share, 1, 1e-9);
    policy_rows_free(&rows);
    trace_free(&trace);
}

Test(contest, the_first_tested_session_is_chosen)
{
    struct trace trace = trace_of(six_sessions);
    struct contest contest = contest_of(&trace);
    struct policy_rows rows = { 0 };

    contest.first = 1;
    cr_assert_eq(contest_run(&rows, &contest), CONTEST_OK);
    cr_expect_eq(rows.items[0].sessions, 5);
    contest.first = 8;
    policy_rows_free(&rows);
    cr_assert_eq(contest_run(&rows, &contest), CONTEST_OK);
    cr_expect_eq(rows.len, 0, "no session, no row");
    policy_rows_free(&rows);
    trace_free(&trace);
}

Test(contest, ablations_have_rows_of_their_own)
{
    struct trace trace = trace_of(six_sessions);
    struct contest contest = contest_of(&trace);
    struct policy_rows rows = { 0 };

    contest.ablate = true;
    cr_assert_eq(contest_run(&rows, &contest), CONTEST_OK);
    cr_expect_eq(rows.len, policies_count + policy_variants_count);
    for (size_t i = 0; i < policy_variants_count; i++)
        cr_expect_eq(row_of(&rows, policy_variants[i].name), &rows.items[policies_count - 1 + i]);
    policy_rows_free(&rows);
    trace_free(&trace);
}

Test(contest, rows_are_added_behind_those_that_are_there)
{
    struct trace trace = trace_of(six_sessions);
    struct contest contest = contest_of(&trace);
    struct policy_rows rows = { 0 };

    cr_assert_eq(contest_run(&rows, &contest), CONTEST_OK);
    contest.name = "slow";
    contest.device.latency_us = 1000;
    cr_assert_eq(contest_run(&rows, &contest), CONTEST_OK);
    cr_assert_eq(rows.len, 2 * (policies_count + 1));
    cr_expect_str_eq(rows.items[policies_count + 1].trace, "slow");
    cr_expect_float_eq(rows.items[policies_count + 1].ratio, 1, 1e-9);
    cr_expect_float_eq(rows.items[0].ratio, 1, 1e-9);
    policy_rows_free(&rows);
    trace_free(&trace);
}

Test(contest, memory_that_runs_out_is_said)
{
    struct trace trace = trace_of(six_sessions);
    struct contest contest = contest_of(&trace);

    contest.ablate = true;
    for (size_t n = 0;; n++) {
        struct policy_rows rows = { 0 };
        int rc;

        heap_fail_at(n);
        rc = contest_run(&rows, &contest);
        policy_rows_free(&rows);
        if (!heap_restore()) {
            cr_expect_eq(rc, CONTEST_OK);
            break;
        }
        cr_expect_eq(rc, CONTEST_NOMEM, "allocation %zu: %d", n, rc);
    }
    trace_free(&trace);
}
