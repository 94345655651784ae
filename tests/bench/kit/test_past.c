/* Sessions are folded one by one, and each page's account is compared. */
#include "bench/kit/past.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/heap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct trace trace_of(const char *text)
{
    struct trace trace = { 0 };
    struct trace_error error;

    cr_assert_eq(trace_parse(&trace, text, strlen(text), &error), TRACE_OK, "%s", error.why);
    return trace;
}

Test(past, a_page_keeps_its_usual_rank_and_the_sessions_that_touched_it)
{
    struct trace trace = trace_of("session 99\nread 9 5:x 7\n"
                                  "session 99\nread 7 3:i 9:l\n"
                                  "session 99\n"
                                  "session 99\nread 1 7:i 9:i 2 5\n");
    static const struct past_page want[] = {
        { 1, 0, 1, 1, .2, HINT_CLASS_UNKNOWN },      { 2, 3, 1, 1, .2, HINT_CLASS_UNKNOWN },
        { 3, 1, 1, 4, .128, HINT_CLASS_INTERIOR },   { 5, 2, 2, 9, .3024, HINT_CLASS_UNKNOWN },
        { 7, 1, 3, 13, .4304, HINT_CLASS_INTERIOR }, { 9, 1, 3, 13, .4304, HINT_CLASS_LEAF },
    };
    struct past past = { 0 };

    for (size_t i = 0; i < trace.len; i++)
        cr_assert_eq(past_fold(&past, &trace.sessions[i]), PAST_OK);
    cr_assert_eq(past.len, COUNT(want), "%zu pages", past.len);
    for (size_t i = 0; i < COUNT(want); i++) {
        const struct past_page *got = &past.pages[i];

        cr_expect_eq(got->pgno, want[i].pgno, "%zu: %u", i, got->pgno);
        cr_expect_eq(got->rank, want[i].rank, "page %u: rank %u", got->pgno, got->rank);
        cr_expect_eq(got->sessions, want[i].sessions, "page %u: %u", got->pgno, got->sessions);
        cr_expect_eq(got->seen, want[i].seen, "page %u: seen %x", got->pgno, got->seen);
        cr_expect_float_eq(got->probability, want[i].probability, 1e-12, "page %u: %g", got->pgno,
                           got->probability);
        cr_expect_eq(got->page_class, want[i].page_class, "page %u", got->pgno);
    }
    past_free(&past);
    past_free(&past);
    trace_free(&trace);
}

Test(past, a_page_that_was_seen_long_ago_stays_known)
{
    struct trace trace = trace_of("session 99\nread 9\nsession 99\nread 1\n");
    struct past past = { 0 };

    cr_assert_eq(past_fold(&past, &trace.sessions[0]), PAST_OK);
    for (int i = 0; i < 40; i++)
        cr_assert_eq(past_fold(&past, &trace.sessions[1]), PAST_OK);
    cr_assert_eq(past.len, 2);
    cr_expect_eq(past.pages[1].pgno, 9);
    cr_expect_eq(past.pages[1].seen, 0);
    cr_expect_eq(past.pages[0].seen, UINT32_MAX);
    past_free(&past);
    trace_free(&trace);
}

Test(past, memory_that_runs_out_leaves_it_as_it_was)
{
    struct trace trace = trace_of("session 99\nread 9\nsession 99\nread 1\n");
    struct past past = { 0 };

    cr_assert_eq(past_fold(&past, &trace.sessions[0]), PAST_OK);
    for (size_t n = 0; n < 2; n++) {
        heap_fail_at(n);
        cr_expect_eq(past_fold(&past, &trace.sessions[1]), PAST_NOMEM, "allocation %zu", n);
        cr_expect(heap_restore());
        cr_expect_eq(past.len, 1);
        cr_expect_eq(past.pages[0].seen, 1);
    }
    past_free(&past);
    trace_free(&trace);
}
