#include "vfs/replay/progress.h"

#include "tests/vfs/common.h"
#include "vfs/process/config.h"
#include "vfs/session/session.h"

/* A session with two connections, and a plan of pages 1-4 and 9. */
static struct session session;
static struct recording a, b;
static struct queue queue;
static struct progress progress;
static struct hint_run runs[] = { { 1, 4 }, { 9, 1 } };
static struct hint_forecast forecast;

static const struct hint_window window = { .pages_max = 1000, .us_max = 60000000 };

static void begin(void)
{
    preload_session_begin(&session, window.pages_max);
    preload_session_join(&session, &a, CONFIG_MODE_ON, window);
    preload_session_join(&session, &b, CONFIG_MODE_ON, window);
    preload_progress_init(&progress);
    queue.requests = runs;
    queue.len = COUNT(runs);
    queue.plan.runs = runs;
    queue.plan.run_count = COUNT(runs);
    forecast = forecast_of(10, "1:900@0 3:900@1 9:500@2 77:500@3");
}

static void end(void)
{
    preload_progress_free(&progress);
    hint_recorder_free(&a.recorder);
    hint_recorder_free(&b.recorder);
    hint_forecast_free(&forecast);
    preload_session_free(&session);
}

TestSuite(progress, .init = begin, .fini = end);

static void touch(struct recording *recording, uint32_t pgno)
{
    cr_assert(hint_recorder_touch(&recording->recorder, pgno, HINT_CLASS_LEAF, HINT_READ));
}

static void expect_counts(size_t row, size_t touched, size_t known, size_t used)
{
    struct progress_counts counts = preload_progress_look(&progress, &queue, &session);

    cr_expect_eq(counts.touched, touched, "row %zu: %zu touched", row, counts.touched);
    cr_expect_eq(counts.known, known, "row %zu: %zu known", row, counts.known);
    cr_expect_eq(counts.used, used, "row %zu: %zu used", row, counts.used);
    cr_expect_eq(counts.judged, touched < 64 ? touched : 64, "row %zu", row);
}

Test(progress, each_page_counts_once_whoever_touched_it)
{
    preload_progress_begin(&progress, &queue, &forecast, NULL);
    expect_counts(0, 0, 0, 0);
    touch(&a, 1);
    touch(&a, 5);
    touch(&b, 1);
    touch(&b, 77);
    expect_counts(1, 3, 2, 0);
    expect_counts(2, 3, 2, 0);
    touch(&b, 5);
    touch(&b, 6);
    expect_counts(3, 4, 2, 0);
}

static void expect_kinds(size_t row, size_t used, size_t late, size_t demanded)
{
    struct progress_counts counts = preload_progress_look(&progress, &queue, &session);

    cr_expect_eq(counts.used, used, "row %zu: %zu used", row, counts.used);
    cr_expect_eq(counts.late, late, "row %zu: %zu late", row, counts.late);
    cr_expect_eq(counts.demanded, demanded, "row %zu: %zu demanded", row, counts.demanded);
}

Test(progress, a_page_is_used_when_it_was_fetched_before_and_late_when_not)
{
    preload_progress_begin(&progress, &queue, &forecast, NULL);
    atomic_store(&queue.begun, 1);
    touch(&a, 2);
    touch(&a, 9);
    touch(&a, 50);
    expect_kinds(0, 1, 1, 1);
    atomic_store(&queue.begun, 2);
    expect_kinds(1, 1, 1, 1);
    touch(&a, 4);
    expect_kinds(2, 2, 1, 1);
}

/* 77 is foreseen, 50 is not. */
Test(progress, a_foreseen_page_that_lives_in_the_log_is_no_demand)
{
    struct hint_runs log = runs_of("50-77");

    preload_progress_begin(&progress, &queue, &forecast, &log);
    hint_runs_free(&log);
    touch(&a, 77);
    touch(&a, 50);
    expect_kinds(0, 0, 1, 1);
}

Test(progress, what_was_spared_was_not_fetched)
{
    atomic_bool spared[] = { true, false };

    preload_progress_begin(&progress, &queue, &forecast, NULL);
    queue.spared = spared;
    atomic_store(&queue.begun, 2);
    touch(&a, 2);
    touch(&a, 9);
    expect_kinds(0, 1, 1, 0);
}

Test(progress, nobody_waits_for_what_the_session_writes)
{
    preload_progress_begin(&progress, &queue, &forecast, NULL);
    cr_assert(hint_recorder_touch(&a.recorder, 9, HINT_CLASS_LEAF, HINT_WRITTEN));
    cr_assert(hint_recorder_touch(&a.recorder, 50, HINT_CLASS_LEAF, HINT_WRITTEN));
    expect_counts(0, 2, 1, 0);
    expect_kinds(0, 0, 0, 0);
}

Test(progress, a_run_was_read_when_all_of_its_pages_were)
{
    preload_progress_begin(&progress, &queue, &forecast, NULL);
    touch(&a, 1);
    touch(&b, 2);
    touch(&a, 3);
    expect_counts(0, 3, 2, 0);
    cr_expect(preload_progress_has(&progress, (struct hint_run){ 1, 3 }));
    cr_expect_not(preload_progress_has(&progress, (struct hint_run){ 1, 4 }));
}

Test(progress, what_was_touched_before_it_began_counts_too)
{
    touch(&b, 1);
    touch(&b, 2);
    touch(&b, 3);
    cr_assert_eq(preload_session_leave(&session, &b), HINT_OK);
    touch(&a, 3);
    touch(&a, 4);
    expect_counts(0, 0, 0, 0);
    preload_progress_begin(&progress, &queue, &forecast, NULL);
    expect_counts(1, 4, 2, 0);
}

Test(progress, only_the_first_touches_are_judged)
{
    preload_progress_begin(&progress, &queue, &forecast, NULL);
    for (uint32_t pgno = 1000; pgno < 1064; pgno++)
        touch(&a, pgno);
    touch(&a, 1);
    expect_counts(0, 65, 0, 0);
}

Test(progress, touches_of_pages_that_moved_do_not_count)
{
    preload_progress_begin(&progress, &queue, &forecast, NULL);
    touch(&a, 1);
    touch(&a, 3);
    a.first_valid = 2;
    touch(&a, 9);
    expect_counts(0, 1, 1, 0);
}

Test(progress, what_a_closed_connection_touched_counts_once)
{
    preload_progress_begin(&progress, &queue, &forecast, NULL);
    touch(&b, 1);
    expect_counts(0, 1, 1, 0);
    touch(&b, 3);
    expect_counts(1, 2, 2, 0);
    cr_assert_eq(preload_session_leave(&session, &b), HINT_OK);
    touch(&a, 9);
    expect_counts(2, 3, 3, 0);
}

Test(progress, without_memory_the_counts_stay_as_they_are)
{
    preload_progress_begin(&progress, &queue, &forecast, NULL);
    touch(&a, 1);
    expect_counts(0, 1, 1, 0);
    touch(&a, 1000000);
    heap_fail_at(0);
    expect_counts(1, 1, 1, 0);
    cr_assert(heap_restore());
    cr_expect(preload_progress_look(&progress, &queue, &session).is_over);
    touch(&a, 3);
    expect_counts(2, 1, 1, 0);
}
