/* How often a session is looked at. What a trial decides is told with real SQLite, in test_moves.
 */
#include "vfs/replay/trial.h"

#include "tests/vfs/common.h"
#include "vfs/database/database.h"

/* A database with one connection, and hints of pages 1 to 4 that nothing says anything against. */
static struct database database;
static struct connection connection;
static struct hint_run runs[] = { { 1, 4 } };

static void begin(void)
{
    const struct hint_window window = { .pages_max = 1000, .us_max = 60000000 };
    const struct hint_evidence learnt = { .page_size = 4096 };
    struct hint_forecast forecast = forecast_of(10, "1:900@0 2:900@1 3:900@2 4:900@3");

    cr_assert_eq(pthread_mutex_init(&database.lock, NULL), 0);
    cr_assert_eq(pthread_mutex_init(&database.prefetch.reading, NULL), 0);
    connection.database = &database;
    database.connections = &connection;
    hint_recorder_init(&connection.recorder, window);
    database.prefetch.queue = runs;
    database.prefetch.queue_len = COUNT(runs);
    database.prefetch.plan.runs = runs;
    database.prefetch.plan.run_count = COUNT(runs);
    atomic_store(&database.prefetch.state, PRELOAD_STATE_LOADING);
    preload_trial_begin(&database, HINT_TRUST_FULL, &learnt, &forecast, NULL);
}

static void end(void)
{
    preload_trial_end(&database);
    hint_recorder_free(&connection.recorder);
    pthread_mutex_destroy(&database.prefetch.reading);
    pthread_mutex_destroy(&database.lock);
}

TestSuite(trial, .init = begin, .fini = end);

/* The pause after a look that came after one of `pause_us` and found these pages read. */
static uint64_t pause_after(uint64_t pause_us, uint32_t first, uint32_t last)
{
    for (uint32_t pgno = first; pgno <= last; pgno++)
        cr_assert(hint_recorder_touch(&connection.recorder, pgno, HINT_CLASS_LEAF, HINT_READ));
    database.trial.pause_us = pause_us;
    cr_assert_eq(preload_trial_look(&database), TRIAL_GOOD);
    return database.trial.pause_us;
}

Test(trial, a_session_that_reads_what_is_planned_is_looked_at_often)
{
    cr_expect_eq(database.trial.pause_us, TRIAL_PAUSE_US);
    cr_expect_eq(pause_after(TRIAL_PAUSE_US_MOST, 1, 1), TRIAL_PAUSE_US);
    cr_expect_eq(pause_after(64000, 2, 2), TRIAL_PAUSE_US);
}

Test(trial, one_that_reads_other_pages_is_looked_at_less_often)
{
    cr_expect_eq(pause_after(1000, 10, 20), 1000);
    cr_expect_eq(pause_after(TRIAL_PAUSE_US_MOST, 21, 21), TRIAL_PAUSE_US_ELSEWHERE);
    cr_expect_eq(pause_after(TRIAL_PAUSE_US_ELSEWHERE, 22, 22), TRIAL_PAUSE_US_ELSEWHERE);
    cr_expect_eq(pause_after(TRIAL_PAUSE_US_ELSEWHERE, 3, 4), TRIAL_PAUSE_US);
}

Test(trial, one_that_rests_is_looked_at_ever_less_often)
{
    cr_expect_eq(pause_after(64000, 1, 0), 64000);
}

static void do_nothing(struct pool_task *task)
{
    (void)task;
}

Test(trial, the_pause_doubles_up_to_a_tenth_of_a_second)
{
    struct pool_task task = { .run = do_nothing };

    cr_assert(preload_trial_again(&database, &task, 1));
    cr_expect_eq(database.trial.pause_us, 2 * TRIAL_PAUSE_US);
    database.trial.pause_us = 60000;
    cr_assert(preload_trial_again(&database, &task, 1));
    cr_expect_eq(database.trial.pause_us, TRIAL_PAUSE_US_MOST);
    cr_assert(preload_trial_again(&database, &task, 1));
    cr_expect_eq(database.trial.pause_us, TRIAL_PAUSE_US_MOST);
    preload_pool_stop();
}
