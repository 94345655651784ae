/* The clock by hand: a request takes 100 us and a page 1 us of the link, unless a row says
 * otherwise. */
#include "bench/policy/replay_model.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/heap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct replay_device serial = { 100, 4096, 1, false };
static const struct replay_device parallel = { 100, 4096, 16, false };
static const struct replay_device list = { 100, 4096, 16, true };

static struct trace trace_of(const char *touches)
{
    struct trace trace = { 0 };
    struct trace_error error;
    char text[2048];

    snprintf(text, sizeof text, "session 1000\nread %s\n", touches);
    cr_assert_eq(trace_parse(&trace, text, strlen(text), &error), TRACE_OK, "%s", touches);
    return trace;
}

/* "2 4-6 | 3: 9": a group that is due at once, and one that is due after three touches. */
static struct replay_plan plan_of(const char *text)
{
    struct replay_plan plan = { 0 };
    uint32_t pgnos[512];
    size_t count = 0;
    size_t due = 0;

    while (*text != '\0') {
        char *end;
        unsigned long number = strtoul(text, &end, 10);

        if (*end == ':') due = number;
        if (*end == '-') {
            for (unsigned long last = strtoul(end + 1, &end, 10); number < last; number++)
                pgnos[count++] = (uint32_t)number;
        }
        if (end > text && *end != ':') pgnos[count++] = (uint32_t)number;
        text = end + strspn(end, ": ");
        if (*text != '|' && *text != '\0') continue;
        cr_assert_eq(replay_plan_add(&plan, pgnos, count, due), REPLAY_OK);
        count = due = 0;
        text += strspn(text, "| ");
    }
    return plan;
}

static void fetched_text(char *text, size_t size, const struct replay_result *result)
{
    int len = 0;

    *text = '\0';
    for (size_t i = 0; i < result->fetched_count && len < (int)size; i++)
        len += snprintf(text + len, size - (size_t)len, "%s%" PRIu32, i ? " " : "",
                        result->fetched[i]);
}

struct replay_case {
    const char *what;
    const struct replay_device *device;
    const char *touches;
    const char *plan;
    uint64_t us;
    size_t demands, requests, covered, wasted;
    const char *fetched;
};

static void expect_replay(const struct replay_case *row, replay_ask ask, size_t ask_at, void *ctx)
{
    struct trace trace = trace_of(row->touches);
    struct replay_plan plan = plan_of(row->plan);
    struct replay_result got = { 0 };
    char fetched[2048];

    plan.ask_at = ask_at;
    cr_assert_eq(replay_run(&got, trace.sessions, row->device, &plan, ask, ctx), REPLAY_OK);
    fetched_text(fetched, sizeof fetched, &got);
    cr_expect_eq(got.ns, row->us * 1000, "%s: %" PRIu64 " ns, not %" PRIu64 " us", row->what,
                 got.ns, row->us);
    cr_expect_eq(got.touches, trace.sessions[0].len, "%s", row->what);
    cr_expect_eq(got.demands, row->demands, "%s: %zu demands", row->what, got.demands);
    cr_expect_eq(got.requests, row->requests, "%s: %zu requests", row->what, got.requests);
    cr_expect_eq(got.covered, row->covered, "%s: %zu covered", row->what, got.covered);
    cr_expect_eq(got.wasted, row->wasted, "%s: %zu wasted", row->what, got.wasted);
    cr_expect_str_eq(fetched, row->fetched, "%s: fetched %s", row->what, fetched);
    replay_result_free(&got);
    replay_result_free(&got);
    replay_plan_free(&plan);
    trace_free(&trace);
}

static const struct replay_case replay_cases[] = {
    { "misses come one after the other", &parallel, "7 5 3 9", "", 404, 4, 0, 0, 0, "" },
    { "nothing takes no time, and what is due is read", &parallel, "", "7", 0, 0, 1, 0, 1, "7" },
    { "sixteen at once share the link", &parallel, "2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 32",
      "2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 32", 116, 0, 16, 16, 0,
      "2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 32" },
    { "the seventeenth waits for a channel", &parallel, "34",
      "2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 32 | 34",
      /* It comes on demand, on the channel that is free at 101. */
      202, 1, 16, 1, 16, "2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 32" },
    { "one at a time", &serial, "2 4 6", "2 4 6", 303, 0, 3, 3, 0, "2 4 6" },
    { "a page on its way is waited for", &parallel, "9 3", "3", 102, 1, 1, 1, 0, "3" },
    { "a demand goes ahead of what was not issued", &serial, "2 4 6", "4 | 6 | 2", 303, 1, 2, 3, 0,
      "4 6" },
    { "consecutive pages are one request", &parallel, "8", "6 9 8 7", 104, 0, 1, 1, 3, "6 7 8 9" },
    { "of 128 KiB at most", &parallel, "40", "1-40", 140, 0, 2, 1, 39,
      "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 "
      "34 35 36 37 38 39 40" },
    { "a run across two groups is two requests", &parallel, "3", "1 2 | 3", 103, 0, 2, 1, 2,
      "1 2 3" },
    { "with a list a group is one request", &list, "6", "9 6 2 | 4", 103, 0, 2, 1, 3, "2 6 9 4" },
    { "a page that is named twice is fetched once", &serial, "9", "9 9 | 9 7", 101, 0, 2, 1, 1,
      "9 7" },
    { "a page that was demanded is not fetched", &parallel, "5 6", "1: 5 6 7", 203, 1, 1, 1, 1,
      "6 7" },
    { "a group comes out when its touches were made", &parallel, "1 2 3 4", "2: 4", 304, 3, 1, 1, 0,
      "4" },
    { "a group that is never due is never fetched", &parallel, "1 2", "3: 9", 202, 2, 0, 0, 0, "" },
    { "one that is due at the end is", &parallel, "1 2", "2: 9", 202, 2, 1, 0, 1, "9" },
    { "a session that ends early does not stop what is due", &serial, "1", "1 3 5", 101, 0, 3, 1, 2,
      "1 3 5" },
    { "groups that are due go in the order of the plan", &serial, "1 9", "1: 3 | 0: 5 | 1: 7", 404,
      2, 3, 0, 3, "5 3 7" },
    { "what is released late does not push out what could go before", &serial, "1 2 20",
      "1: 20 | 0: 10 | 0: 12", 505, 2, 3, 1, 2, "10 12 20" },
};

Test(replay_model, time_and_counts_are_those_worked_out_by_hand)
{
    for (size_t i = 0; i < COUNT(replay_cases); i++)
        expect_replay(&replay_cases[i], NULL, 0, NULL);
}

static const struct size_case {
    uint32_t page_size;
    uint64_t bandwidth_mbs;
    uint64_t ns; /* of two misses at 10 us */
} size_cases[] = {
    { 0, 4096, 22000 },    { 4096, 4096, 22000 }, { 512, 4096, 20250 }, { 65536, 4096, 52000 },
    { 4096, 1000, 28192 }, { 4096, 100, 101920 }, { 4096, 3, 2750666 },
};

Test(replay_model, a_page_takes_its_bytes_over_the_link)
{
    for (size_t i = 0; i < COUNT(size_cases); i++) {
        const struct replay_device device = { 10, size_cases[i].bandwidth_mbs, 4, false };
        struct trace trace = trace_of("5 9");
        struct replay_plan none = { 0 };
        struct replay_result got = { 0 };

        trace.sessions[0].page_size = size_cases[i].page_size;
        cr_assert_eq(replay_run(&got, trace.sessions, &device, &none, NULL, NULL), REPLAY_OK);
        cr_expect_eq(got.ns, size_cases[i].ns, "row %zu: %" PRIu64, i, got.ns);
        replay_result_free(&got);
        trace_free(&trace);
    }
}

/* A policy that is asked, and what it was told. */
struct asked {
    const char *answers[4]; /* plans; NULL: keep */
    size_t ask_again[4];
    size_t calls;
    size_t touches[4];
    uint32_t last_touch[4];
    size_t fetched[4];
};

static int answer(struct replay_plan *fresh, const struct replay_view *view, void *ctx)
{
    struct asked *asked = ctx;
    size_t call = asked->calls++;

    cr_assert_lt(call, 4);
    asked->touches[call] = view->touch_count;
    asked->last_touch[call] = view->touches[view->touch_count - 1].pgno;
    asked->fetched[call] = view->fetched_count;
    if (asked->answers[call]) *fresh = plan_of(asked->answers[call]);
    fresh->ask_at = asked->ask_again[call];
    return asked->answers[call] ? REPLAY_OK : REPLAY_KEEP;
}

Test(replay_model, a_new_plan_replaces_the_groups_that_were_not_begun)
{
    /* 10 until 101, 1 until 202, 12 until 303, 2 until 404. Now 14 goes out, and the new plan
     * comes: 30 until 606, 16 until 707, 3 until 808, 32 until 909; 18 and 20 never. */
    static const struct replay_case row = {
        "new", &serial, "1 2 30 3 32", "10 12 | 14 16 | 18 20", 909, 4, 5, 2, 4, "10 12 14 16 32"
    };
    struct asked asked = { .answers = { "30 32" } };

    expect_replay(&row, answer, 2, &asked);
    cr_expect_eq(asked.calls, 1, "%zu calls", asked.calls);
    cr_expect_eq(asked.touches[0], 2, "%zu touches", asked.touches[0]);
    cr_expect_eq(asked.last_touch[0], 2);
    cr_expect_eq(asked.fetched[0], 3, "%zu fetched", asked.fetched[0]);
}

Test(replay_model, a_page_that_was_overtaken_counts_as_long_as_the_plan_wants_it)
{
    static const struct replay_case wanted = { "wanted", &serial, "1 5", "10 12 | 5", 404,
                                               2,        2,       1,     2,           "10 12" };
    static const struct replay_case dropped = { "dropped", &serial, "1 5", "10 12 | 5", 404,
                                                2,         2,       0,     2,           "10 12" };
    struct asked asked = { .answers = { "" } };

    expect_replay(&wanted, NULL, 0, NULL);
    expect_replay(&dropped, answer, 1, &asked);
}

Test(replay_model, a_policy_may_keep_its_plan_and_be_asked_again)
{
    static const struct replay_case row = { "kept", &parallel, "1 2 3 4", "1: 9 | 3: 4", 405, 3,
                                            2,      1,         1,         "9 4" };
    struct asked asked = { .ask_again = { 2, 2 } };

    expect_replay(&row, answer, 1, &asked);
    cr_expect_eq(asked.calls, 2, "%zu calls", asked.calls);
    cr_expect_eq(asked.touches[1], 2);
}

static int refuse(struct replay_plan *fresh, const struct replay_view *view, void *ctx)
{
    (void)view;
    (void)ctx;
    *fresh = plan_of("5");
    return -7;
}

Test(replay_model, what_a_policy_answers_ends_the_replay)
{
    struct trace trace = trace_of("1 2 3");
    struct replay_plan plan = plan_of("9");
    struct replay_result got = { .requests = 77 };

    plan.ask_at = 1;
    cr_expect_eq(replay_run(&got, trace.sessions, &serial, &plan, refuse, NULL), -7);
    cr_expect_eq(got.requests, 77, "as it was");
    replay_plan_free(&plan);
    trace_free(&trace);
}

Test(replay_model, memory_that_runs_out_is_said)
{
    struct trace trace = trace_of("1 2 3 4");
    struct replay_plan plan = plan_of("9 | 1-400");

    for (size_t n = 0;; n++) {
        struct replay_result got = { 0 };
        int rc;

        heap_fail_at(n);
        rc = replay_run(&got, trace.sessions, &parallel, &plan, NULL, NULL);
        if (!heap_restore()) {
            cr_expect_eq(rc, REPLAY_OK);
            cr_expect_gt(n, 4);
            replay_result_free(&got);
            break;
        }
        cr_expect_eq(rc, REPLAY_NOMEM, "allocation %zu: %d", n, rc);
        cr_expect_null(got.fetched);
    }
    replay_plan_free(&plan);
    trace_free(&trace);
}
