/* The advise backend by itself: a plan, a file, and a session that is a list of page numbers. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/vfs/common.h"
#include "vfs/replay/prefetch.h"

#define FILE_PAGES 3000

static struct prefetch prefetch;
static struct path file_path;
static int fd;

/* What the session has touched, and how much of it was looked at. */
static struct {
    uint32_t pgnos[2000];
    size_t len;
    size_t looked_at;
} session;

/* Time stands still unless a test moves it. */
static uint64_t time_us = 1000000;

static bool is_planned(uint32_t pgno)
{
    for (size_t i = 0; i < prefetch.queue.plan.run_count; i++)
        if (pgno - prefetch.queue.plan.runs[i].first < prefetch.queue.plan.runs[i].count)
            return true;
    return false;
}

static uint64_t clock_us(void)
{
    return time_us;
}

/* Classifies what is new, as vfs/replay/progress.c does, and queues what is due. */
static void look(void *ctx)
{
    struct prefetch *at = ctx;
    struct pace_touches touches = at->pace.touches;
    struct hint_runs fetched = { 0 };

    cr_assert_eq(preload_queue_fetched(&fetched, &at->queue), HINT_OK);
    for (; session.looked_at < session.len; session.looked_at++) {
        uint32_t pgno = session.pgnos[session.looked_at];

        if (hint_runs_contains(&fetched, pgno))
            touches.used++;
        else if (is_planned(pgno))
            touches.late++;
        else
            touches.demand++;
    }
    hint_runs_free(&fetched);
    preload_prefetch_saw(at, touches, session.len);
    preload_queue_release(&at->queue, SIZE_MAX, session.len, preload_pace_is_certain(&at->pace));
}

static bool has_read(void *ctx, struct hint_run run)
{
    size_t found = 0;

    (void)ctx;
    for (size_t i = 0; i < session.looked_at; i++)
        found += session.pgnos[i] - run.first < run.count;
    return found == run.count;
}

static bool is_waiting;

static bool waits(void *ctx)
{
    (void)ctx;
    return is_waiting;
}

static void begin(void)
{
    scratch_begin();
    file_path = scratch("file");
    fd = open(file_path.s, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    cr_assert(fd >= 0);
    cr_assert_eq(ftruncate(fd, (off_t)FILE_PAGES * 4096), 0);
    prefetch.queue.page_size = 4096;
    prefetch.program = (struct prefetch_program){
        .ctx = &prefetch, .look = look, .has_read = has_read, .waits = waits, .now_us = clock_us
    };
    atomic_store(&prefetch.state, PRELOAD_STATE_LOADING);
}

static void end(void)
{
    preload_prefetch_free(&prefetch);
    close(fd);
    scratch_end();
}

TestSuite(prefetch_advise, .init = begin, .fini = end);

static void plan_group(const struct hint_run *runs, size_t count, uint32_t due)
{
    struct hint_plan *plan = &prefetch.queue.plan;

    plan->runs = realloc(plan->runs, (plan->run_count + count) * sizeof *runs);
    plan->groups = realloc(plan->groups, (plan->group_count + 1) * sizeof *plan->groups);
    cr_assert(plan->runs && plan->groups);
    memcpy(plan->runs + plan->run_count, runs, count * sizeof *runs);
    plan->groups[plan->group_count++] =
        (struct hint_group){ .first = plan->run_count, .len = count, .due = due };
    plan->run_count += count;
    for (size_t i = 0; i < count; i++)
        plan->page_count += runs[i].count;
}

/* `count` single pages, every second one from `first` on. */
static void plan_singles(uint32_t first, uint32_t count, uint32_t due)
{
    struct hint_run runs[1000];

    cr_assert(count <= COUNT(runs));
    for (uint32_t i = 0; i < count; i++)
        runs[i] = (struct hint_run){ first + 2 * i, 1 };
    plan_group(runs, count, due);
}

static void touch(uint32_t pgno)
{
    cr_assert(session.len < COUNT(session.pgnos));
    session.pgnos[session.len++] = pgno;
}

/* What the backend does in one go; whether it is to go on later. */
static bool step(void)
{
    if (!prefetch.queue.requests)
        cr_assert(preload_prefetch_prepare(&prefetch, PACE_WINDOW_FIRST, PACE_WINDOW_MOST));
    preload_prefetch_advise(&prefetch, fd);
    return atomic_load(&prefetch.state) == PRELOAD_STATE_LOADING;
}

static bool is_fetched(uint32_t pgno)
{
    struct hint_runs pages = { 0 };
    bool fetched;

    cr_assert_eq(preload_queue_fetched(&pages, &prefetch.queue), HINT_OK);
    fetched = hint_runs_contains(&pages, pgno);
    hint_runs_free(&pages);
    return fetched;
}

static void expect_end(enum preload_state state, enum preload_reason reason)
{
    cr_expect_eq(atomic_load(&prefetch.state), state, "state %d", atomic_load(&prefetch.state));
    cr_expect_eq(atomic_load(&prefetch.reason), reason, "reason %d", atomic_load(&prefetch.reason));
    cr_expect(atomic_load(&prefetch.ended_us) > 0);
}

Test(prefetch_advise, a_small_plan_is_fetched_at_once)
{
    plan_group((struct hint_run[]){ { 1, 3 }, { 7, 1 } }, 2, 0);
    plan_group((struct hint_run[]){ { 20, 2 } }, 1, 0);
    cr_expect_not(step());
    expect_end(PRELOAD_STATE_DONE, PRELOAD_REASON_NONE);
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 6);
    cr_expect_eq(atomic_load(&prefetch.counts.issued_requests), 3);
    cr_expect_eq(atomic_load(&prefetch.counts.issued_bytes), 6 * 4096);
    cr_expect(is_fetched(3) && is_fetched(7) && is_fetched(21));
    cr_expect_not(is_fetched(4));
    cr_expect(atomic_load(&prefetch.counts.tenth_us[9]) > 0);
}

Test(prefetch_advise, an_empty_plan_is_done)
{
    cr_expect_not(step());
    expect_end(PRELOAD_STATE_DONE, PRELOAD_REASON_NONE);
}

Test(prefetch_advise, a_run_is_fetched_in_pieces_of_128_kib)
{
    plan_group((struct hint_run[]){ { 1, 70 } }, 1, 0);
    cr_expect_not(step());
    cr_expect_eq(atomic_load(&prefetch.counts.issued_requests), 3);
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 70);
}

/* The session reads a page that is not planned, as slowly as a disk lets it. */
static void demand(uint32_t pgno)
{
    touch(pgno);
    time_us += 100;
}

Test(prefetch_advise, hints_that_nobody_needs_get_no_more_than_the_first_credit)
{
    plan_singles(1, 400, 0);
    for (uint32_t i = 0; i < 255; i++) {
        demand(2000 + i);
        cr_expect(step(), "touch %u", i);
    }
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 32);
}

Test(prefetch_advise, a_page_that_was_used_pays_for_sixteen)
{
    plan_singles(1, 400, 0);
    cr_expect(step());
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 32);
    demand(1);
    demand(3);
    cr_expect(step());
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 64);
}

Test(prefetch_advise, a_page_that_came_late_pays_for_others_and_is_not_fetched)
{
    plan_singles(1, 400, 0);
    cr_expect(step());
    demand(65); /* the 33rd */
    cr_expect(step());
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 48);
    cr_expect_eq(atomic_load(&prefetch.counts.late_pages), 1);
    cr_expect_not(is_fetched(65));
    cr_expect(is_fetched(67) && is_fetched(69));
}

Test(prefetch_advise, while_the_session_asks_for_nothing_the_plan_is_fetched)
{
    plan_singles(1, 400, 0);
    for (int i = 0; i < 4; i++) {
        cr_expect(step(), "step %d", i);
        time_us += 2000;
    }
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 256);
    cr_expect_not(step());
    expect_end(PRELOAD_STATE_DONE, PRELOAD_REASON_NONE);
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 400);
}

Test(prefetch_advise, an_opener_that_waits_asks_for_no_credit)
{
    plan_singles(1, 400, 0);
    atomic_store(&prefetch.awaited, true);
    cr_expect_not(step());
    expect_end(PRELOAD_STATE_DONE, PRELOAD_REASON_NONE);
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 400);
    cr_expect_eq(prefetch.advice.in_flight, 0);
}

/* Readahead serves it, and a request of ours would be in its way. */
Test(prefetch_advise, a_session_that_runs_ahead_by_itself_is_left_alone)
{
    plan_group((struct hint_run[]){ { 1, 64 }, { 65, 1000 } }, 2, 0);
    cr_expect(step());
    for (uint32_t pgno = 200; pgno < 300; pgno++)
        touch(pgno);
    time_us += 500;
    cr_expect(step());
    cr_expect(atomic_load(&prefetch.counts.issued_pages) <= 128, "%llu",
              (unsigned long long)atomic_load(&prefetch.counts.issued_pages));
    touch(300);
    time_us += 500;
    (void)step();
    cr_expect(atomic_load(&prefetch.counts.issued_pages) > 300);
}

Test(prefetch_advise, the_rest_of_a_plan_that_is_certain_is_due)
{
    plan_singles(1, 64, 0);
    plan_singles(301, 4, 1000);
    prefetch.awaited = true; /* so that all that is due is fetched */
    cr_expect(step());
    for (uint32_t i = 0; i < 63; i++)
        demand(1 + 2 * i);
    cr_expect(step());
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 64);
    demand(127);
    cr_expect_not(step());
    expect_end(PRELOAD_STATE_DONE, PRELOAD_REASON_NONE);
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 68);
}

/* The session reads 64 pages of the plan faster than any disk; most of it is due later. */
static void run_ahead(void)
{
    plan_group((struct hint_run[]){ { 1, 200 } }, 1, 0);
    plan_singles(301, 1000, 1000);
    plan_singles(302, 400, 2000);
    prefetch.advice.path = file_path.s;
    prefetch.watch.began_us = time_us;
    for (uint32_t pgno = 1; pgno <= 64; pgno++)
        touch(pgno);
    time_us += 500;
}

/* The file is nothing but a hole that nobody has read. */
Test(prefetch_advise, one_that_runs_ahead_in_a_cold_file_gets_the_whole_plan)
{
    run_ahead();
    cr_expect_not(step());
    expect_end(PRELOAD_STATE_DONE, PRELOAD_REASON_NONE);
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 1536,
                 "all but the 64 that it has read");
}

Test(prefetch_advise, one_that_runs_ahead_in_a_file_that_is_in_memory_gets_nothing)
{
    static const char bytes[FILE_PAGES * 4096];

    cr_assert_eq(pwrite(fd, bytes, sizeof bytes, 0), sizeof bytes);
    run_ahead();
    cr_expect(step());
    cr_expect_eq(atomic_load(&prefetch.counts.passed_pages), 0);
}

Test(prefetch_advise, one_that_runs_ahead_where_the_kernel_does_not_tell_gets_nothing)
{
    run_ahead();
    prefetch.advice.path = NULL;
    cr_expect(step());
    cr_expect_eq(atomic_load(&prefetch.counts.passed_pages), 0);
}

Test(prefetch_advise, one_that_runs_ahead_elsewhere_gets_nothing)
{
    run_ahead();
    for (uint32_t i = 0; i < 9; i++)
        touch(2600 + i);
    cr_expect(step());
    cr_expect_eq(atomic_load(&prefetch.counts.passed_pages), 0);
}

/* Where the file was in memory it is asked again when twice as many pages came late. */
Test(prefetch_advise, a_leap_is_asked_for_less_and_less_often)
{
    static const char bytes[FILE_PAGES * 4096];

    run_ahead();
    cr_assert_eq(pwrite(fd, bytes, sizeof bytes, 0), sizeof bytes);
    cr_expect(step());
    cr_expect_eq(prefetch.advice.catch_up_at, 128);
    for (uint32_t pgno = 65; pgno <= 127; pgno++)
        touch(pgno);
    cr_expect(step());
    cr_expect_eq(prefetch.advice.catch_up_at, 128);
    for (uint32_t pgno = 128; pgno <= 140; pgno++)
        touch(pgno);
    cr_expect(step());
    cr_expect_eq(prefetch.advice.catch_up_at, 280);
}

Test(prefetch_advise, who_leaps_and_turns_elsewhere_lives_on_credit_again)
{
    run_ahead();
    for (uint32_t i = 0; i < 8; i++)
        demand(2600 + i);
    cr_assert(preload_prefetch_prepare(&prefetch, PACE_WINDOW_FIRST, PACE_WINDOW_MOST));
    prefetch.watch.is_uncredited = true;
    look(&prefetch);
    cr_assert(preload_pace_is_certain(&prefetch.pace));
    demand(2650);
    cr_expect(step());
    /* 32, and 16 for each of the 64 that were late beyond the 9 that were not planned. */
    cr_expect_leq(preload_pace_cost(atomic_load(&prefetch.counts.issued_requests),
                                    atomic_load(&prefetch.counts.issued_pages)),
                  32 + 55 * 16 + 10);
}

Test(prefetch_advise, a_group_waits_until_it_is_due)
{
    plan_singles(1, 4, 0);
    plan_singles(101, 4, 3);
    cr_expect(step());
    cr_expect(is_fetched(7));
    cr_expect_not(is_fetched(101));
    touch(1);
    touch(2);
    cr_expect(step());
    cr_expect_not(is_fetched(101));
    touch(3);
    cr_expect_not(step());
    cr_expect(is_fetched(101));
    expect_end(PRELOAD_STATE_DONE, PRELOAD_REASON_NONE);
}

Test(prefetch_advise, a_deadline_ends_it)
{
    prefetch.watch.deadline_us = time_us + 1000;
    plan_singles(1, 4, 0);
    plan_singles(101, 4, 9);
    cr_expect(step());
    time_us += 1000;
    cr_expect_not(step());
    expect_end(PRELOAD_STATE_ABORTED, PRELOAD_REASON_DEADLINE);
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 4);
}

Test(prefetch_advise, the_first_reason_to_end_it_counts)
{
    plan_singles(1, 400, 0);
    preload_prefetch_cancel(&prefetch, PRELOAD_REASON_HOST);
    preload_prefetch_cancel(&prefetch, PRELOAD_REASON_CLOSED);
    cr_expect_not(step());
    expect_end(PRELOAD_STATE_ABORTED, PRELOAD_REASON_HOST);
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 0);
}

/* Its page is behind what is in flight: nothing more is issued until half of the window is free. */
Test(prefetch_advise, a_demand_read_that_waits_leaves_half_of_the_window)
{
    plan_singles(1, 400, 0);
    is_waiting = true;
    for (uint32_t i = 0; i < 12; i++)
        touch(1 + 2 * i);
    cr_expect(step());
    cr_expect_leq(prefetch.advice.in_flight, prefetch.pace.window / 2);
    cr_expect_geq(atomic_load(&prefetch.counts.issued_pages), 32, "it never stops for it");
    is_waiting = false;
    for (uint32_t i = 0; i < 6; i++)
        touch(101 + 2 * i);
    cr_expect(step());
    cr_expect_gt(prefetch.advice.in_flight, prefetch.pace.window / 4);
}

Test(prefetch_advise, what_the_session_has_read_is_spared)
{
    plan_singles(1, 4, 0);
    plan_group((struct hint_run[]){ { 21, 2 } }, 1, 0);
    touch(3);
    touch(21);
    cr_expect_not(step());
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 5);
    cr_expect_not(is_fetched(3));
    cr_expect(is_fetched(21) && is_fetched(22), "not all of that request was read");
    cr_expect_eq(atomic_load(&prefetch.counts.late_pages), 2);
    cr_expect(atomic_load(&prefetch.counts.tenth_us[9]) > 0);
}

/* A descriptor that is none: nothing is retried. */
Test(prefetch_advise, advice_that_is_refused_is_a_failure)
{
    int closed = dup(fd);

    plan_singles(1, 4, 0);
    cr_assert(preload_prefetch_prepare(&prefetch, PACE_WINDOW_FIRST, PACE_WINDOW_MOST));
    close(closed);
    preload_prefetch_advise(&prefetch, closed);
    expect_end(PRELOAD_STATE_FAILED, PRELOAD_REASON_DEVICE);
}

Test(prefetch_advise, what_is_in_memory_is_not_fetched)
{
    static struct path path;
    char page[4096] = { 1 };

    for (int i = 0; i < 8; i++)
        cr_assert_eq(pwrite(fd, page, sizeof page, (off_t)i * 4096), (ssize_t)sizeof page);
    path = scratch("file");
    prefetch.advice.path = path.s;
    plan_group((struct hint_run[]){ { 1, 1 }, { 3, 2 }, { 7, 1 } }, 3, 0);
    cr_expect_not(step());
    cr_expect_eq(atomic_load(&prefetch.counts.resident_pages), 4);
    cr_expect_eq(atomic_load(&prefetch.counts.issued_pages), 4);
    cr_expect_eq(atomic_load(&prefetch.counts.issued_requests), 0);
    cr_expect_eq(atomic_load(&prefetch.counts.issued_bytes), 0);
}
