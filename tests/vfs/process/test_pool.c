#include "vfs/process/pool.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tests/vfs/job.h"
#include "vfs/entry/say.h"
#include "vfs/process/log.h"

TestSuite(pool, .init = scratch_begin, .fini = scratch_end);

static bool no_threads(void *unused)
{
    (void)unused;
    return preload_pool_threads() == 0;
}

static bool one_thread(void *unused)
{
    (void)unused;
    return preload_pool_threads() == 1;
}

Test(pool, a_task_runs_once_on_a_thread_of_its_own)
{
    struct job job = { .task.run = job_run };

    cr_expect_eq(preload_pool_threads(), 0);
    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(job_has_run, &job));
    preload_pool_cancel(&job.task);
    cr_expect_eq(job.runs, 1);
    cr_expect_eq(job.task.state, POOL_IDLE);
    cr_expect_eq(preload_pool_threads(), 1);
    preload_pool_stop();
}

Test(pool, a_task_does_not_run_before_its_time)
{
    struct job job = { .task.run = job_run };
    uint64_t due_us = preload_clock_us() + 100000;

    cr_assert(preload_pool_submit(&job.task, due_us, 4));
    cr_assert(wait_until(job_has_run, &job));
    cr_expect(job.ran_us >= due_us, "%lld us early", (long long)(due_us - job.ran_us));
    preload_pool_stop();
}

Test(pool, a_queued_task_moves_to_the_earlier_time_only)
{
    struct job job = { .task.run = job_run };
    uint64_t now_us = preload_clock_us();

    cr_assert(preload_pool_submit(&job.task, now_us + 3600000000, 4));
    cr_assert(preload_pool_submit(&job.task, now_us + 7200000000, 4));
    cr_expect_eq(job.task.due_us, now_us + 3600000000);
    sleep_ms(20);
    cr_expect_eq(job.runs, 0);
    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(job_has_run, &job));
    preload_pool_cancel(&job.task);
    cr_expect_eq(job.runs, 1);
    preload_pool_stop();
}

Test(pool, tasks_run_in_the_order_of_their_times)
{
    struct job jobs[5] = { { .task.run = NULL } };
    uint64_t now_us = preload_clock_us();
    static const uint64_t after_us[] = { 50000, 10000, 40000, 20000, 30000 };

    for (size_t i = 0; i < COUNT(jobs); i++) {
        jobs[i].task.run = job_run;
        cr_assert(preload_pool_submit(&jobs[i].task, now_us + after_us[i], 1));
    }
    for (size_t i = 0; i < COUNT(jobs); i++)
        cr_assert(wait_until(job_has_run, &jobs[i]));
    cr_expect(jobs[1].ran_us <= jobs[3].ran_us);
    cr_expect(jobs[3].ran_us <= jobs[4].ran_us);
    cr_expect(jobs[4].ran_us <= jobs[2].ran_us);
    cr_expect(jobs[2].ran_us <= jobs[0].ran_us);
    cr_expect_eq(preload_pool_threads(), 1);
    preload_pool_stop();
}

Test(pool, a_cancelled_task_that_waits_never_runs)
{
    struct job job = { .task.run = job_run };

    preload_pool_cancel(&job.task);
    cr_assert(preload_pool_submit(&job.task, preload_clock_us() + 50000, 4));
    preload_pool_cancel(&job.task);
    cr_expect_eq(job.task.state, POOL_IDLE);
    sleep_ms(100);
    cr_expect_eq(job.runs, 0);
    preload_pool_stop();
}

Test(pool, a_cancel_waits_for_a_task_that_runs)
{
    atomic_bool gate = true;
    struct job job = { .task.run = job_run, .gate = &gate };

    for (int i = 0; i < 200; i++) {
        unsigned runs = job.runs;

        cr_assert(preload_pool_submit(&job.task, 0, 2));
        preload_pool_cancel(&job.task);
        cr_expect(job.runs <= runs + 1);
        cr_expect_eq(job.inside, job.runs, "round %d: still inside", i);
    }
    preload_pool_stop();
}

static void *open_gate_soon(void *gate)
{
    sleep_ms(50);
    atomic_store((atomic_bool *)gate, true);
    return NULL;
}

Test(pool, a_cancel_takes_back_the_next_run_too)
{
    atomic_bool gate = false;
    struct job job = { .task.run = job_run, .gate = &gate, .again = 1000 };
    pthread_t opener;

    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(job_is_inside, &job));
    cr_assert_eq(pthread_create(&opener, NULL, open_gate_soon, &gate), 0);
    preload_pool_cancel(&job.task);
    cr_assert_eq(pthread_join(opener, NULL), 0);
    cr_expect(job.runs >= 1);
    cr_expect_eq(job.task.state, POOL_IDLE);
    cr_expect_not(job.task.again);
    preload_pool_stop();
}

static bool has_run_four_times(void *job)
{
    return atomic_load(&((struct job *)job)->runs) == 4;
}

Test(pool, a_task_may_ask_for_another_run_from_within)
{
    struct job job = { .task.run = job_run, .again = 3, .again_in_us = 1000 };

    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(has_run_four_times, &job));
    preload_pool_cancel(&job.task);
    cr_expect_eq(job.runs, 4);
    preload_pool_stop();
}

Test(pool, a_task_submitted_while_it_runs_runs_once_more)
{
    atomic_bool gate = false;
    struct job job = { .task.run = job_run, .gate = &gate };

    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(job_is_inside, &job));
    for (int i = 0; i < 3; i++)
        cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_expect_eq(job.inside, 1, "one task runs on one thread");
    atomic_store(&gate, true);
    for (unsigned waited = 0; waited < PATIENCE_MS && job.runs < 2; waited++)
        sleep_ms(1);
    preload_pool_cancel(&job.task);
    cr_expect_eq(job.runs, 2);
    preload_pool_stop();
}

struct burst {
    struct job jobs[POOL_THREADS_MAX + 1];
    unsigned want;
};

static bool all_inside(void *ctx)
{
    struct burst *burst = ctx;
    unsigned inside = 0;

    for (size_t i = 0; i < COUNT(burst->jobs); i++)
        inside += atomic_load(&burst->jobs[i].inside);
    return inside >= burst->want;
}

Test(pool, sixteen_tasks_that_block_run_at_once_and_a_seventeenth_waits)
{
    atomic_bool gate = false;
    struct burst burst = { .want = POOL_THREADS_MAX };

    for (size_t i = 0; i < COUNT(burst.jobs); i++) {
        burst.jobs[i] = (struct job){ .task.run = job_run, .gate = &gate };
        cr_assert(preload_pool_submit(&burst.jobs[i].task, 0, 1000));
    }
    cr_assert(wait_until(all_inside, &burst));
    sleep_ms(20);
    cr_expect_eq(preload_pool_threads(), POOL_THREADS_MAX);
    cr_expect_eq(burst.jobs[POOL_THREADS_MAX].inside, 0);
    atomic_store(&gate, true);
    for (size_t i = 0; i < COUNT(burst.jobs); i++)
        cr_assert(wait_until(job_has_run, &burst.jobs[i]));
    preload_pool_stop();
}

/* The second burst finds threads that wait, some of which the first one's tasks have just left. */
Test(pool, a_second_burst_runs_at_once_as_well)
{
    for (unsigned round = 0; round < 20; round++) {
        atomic_bool gate = false;
        struct burst burst = { .want = 1 + round % POOL_THREADS_MAX };

        for (size_t i = 0; i < burst.want; i++) {
            burst.jobs[i] = (struct job){ .task.run = job_run, .gate = &gate };
            cr_assert(preload_pool_submit(&burst.jobs[i].task, 0, POOL_THREADS_MAX));
        }
        cr_assert(wait_until(all_inside, &burst), "round %u", round);
        atomic_store(&gate, true);
        for (size_t i = 0; i < burst.want; i++)
            preload_pool_cancel(&burst.jobs[i].task);
    }
    preload_pool_stop();
}

Test(pool, a_callers_limit_holds)
{
    atomic_bool gate = false;
    struct burst burst = { .want = 2 };

    for (size_t i = 0; i < 6; i++) {
        burst.jobs[i] = (struct job){ .task.run = job_run, .gate = &gate };
        cr_assert(preload_pool_submit(&burst.jobs[i].task, 0, 2));
    }
    cr_assert(wait_until(all_inside, &burst));
    cr_expect_eq(preload_pool_threads(), 2);
    atomic_store(&gate, true);
    for (size_t i = 0; i < 6; i++)
        cr_assert(wait_until(job_has_run, &burst.jobs[i]));
    cr_expect_eq(preload_pool_threads(), 2);
    preload_pool_stop();
}

Test(pool, threads_leave_when_nothing_is_to_do)
{
    struct job job = { .task.run = job_run };

    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(job_has_run, &job));
    cr_assert(wait_until(no_threads, NULL));
    /* The next task finds the pool in order. */
    cr_assert(preload_pool_submit(&job.task, 0, 4));
    preload_pool_cancel(&job.task);
    preload_pool_stop();
}

Test(pool, one_thread_stays_for_what_is_due_later)
{
    atomic_bool gate = false;
    struct burst burst = { .want = 4 };
    struct job later = { .task.run = job_run };

    for (size_t i = 0; i < burst.want; i++) {
        burst.jobs[i] = (struct job){ .task.run = job_run, .gate = &gate };
        cr_assert(preload_pool_submit(&burst.jobs[i].task, 0, 4));
    }
    cr_assert(wait_until(all_inside, &burst));
    atomic_store(&gate, true);
    cr_assert(preload_pool_submit(&later.task, preload_clock_us() + 4000000, 4));
    cr_assert(wait_until(one_thread, NULL));
    cr_expect_eq(later.runs, 0);
    cr_assert(wait_until(job_has_run, &later));
    for (size_t i = 0; i < burst.want; i++)
        preload_pool_cancel(&burst.jobs[i].task);
    preload_pool_stop();
}

/* A thread that waits must not leave a task to one that is busy for long. */
Test(pool, a_busy_thread_does_not_hold_up_what_is_due_later)
{
    atomic_bool gate = false;
    struct job busy = { .task.run = job_run, .gate = &gate };
    struct job later = { .task.run = job_run };

    cr_assert(preload_pool_submit(&busy.task, 0, 2));
    cr_assert(wait_until(job_is_inside, &busy));
    cr_assert(preload_pool_submit(&later.task, preload_clock_us() + 2 * POOL_IDLE_US, 2));
    cr_expect(wait_until(job_has_run, &later));
    atomic_store(&gate, true);
    preload_pool_cancel(&busy.task);
    preload_pool_stop();
}

/* A worker starts no other, so the second is there before the first is busy. */
Test(pool, two_tasks_have_two_threads_and_a_third_has_no_third)
{
    struct job jobs[3] = {
        { .task.run = job_run },
        { .task.run = job_run },
        { .task.run = job_run },
    };
    const uint64_t later_us = preload_clock_us() + 3600000000;

    for (unsigned i = 0; i < COUNT(jobs); i++) {
        cr_assert(preload_pool_submit(&jobs[i].task, later_us + i, 4));
        cr_expect_eq(preload_pool_threads(), i < 1 ? 1U : 2U);
    }
    for (unsigned i = 0; i < COUNT(jobs); i++) {
        cr_assert(preload_pool_submit(&jobs[i].task, later_us - 1 - i, 4));
        cr_expect_eq(preload_pool_threads(), 2, "a task that moves wants none");
    }
    preload_pool_stop();
}

Test(pool, where_one_thread_is_the_limit_what_is_due_waits_for_it)
{
    atomic_bool gate = false;
    struct job busy = { .task.run = job_run, .gate = &gate };
    struct job later = { .task.run = job_run };

    cr_assert(preload_pool_submit(&busy.task, preload_clock_us() + 20000, 1));
    cr_assert(preload_pool_submit(&later.task, preload_clock_us() + 40000, 1));
    cr_assert(wait_until(job_is_inside, &busy));
    cr_expect_eq(preload_pool_threads(), 1);
    atomic_store(&gate, true);
    cr_expect(wait_until(job_has_run, &later));
    cr_expect_eq(preload_pool_threads(), 1);
    preload_pool_stop();
}

Test(pool, a_stop_ends_every_thread_and_forgets_what_is_queued)
{
    struct job now = { .task.run = job_run };
    struct job later = { .task.run = job_run };

    preload_pool_stop();
    cr_assert(preload_pool_submit(&later.task, preload_clock_us() + 20000, 4));
    cr_assert(preload_pool_submit(&now.task, 0, 4));
    cr_assert(wait_until(job_has_run, &now));
    preload_pool_stop();
    cr_expect_eq(preload_pool_threads(), 0);
    cr_expect_eq(later.task.state, POOL_IDLE);
    sleep_ms(50);
    cr_expect_eq(now.runs, 1);
    cr_assert(preload_pool_submit(&now.task, 0, 4));
    preload_pool_cancel(&now.task);
    preload_pool_stop();
}

static size_t kernel_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    size_t count = 0;

    cr_assert(tasks);
    while (readdir(tasks))
        count++;
    (void)closedir(tasks);
    return count - 2;
}

/* A joined thread runs nothing any more; the kernel may list it for a moment. */
static bool kernel_has_one_thread(void *before)
{
    return kernel_threads() == *(const size_t *)before;
}

Test(pool, after_a_stop_the_kernel_has_no_thread_either)
{
    size_t before = kernel_threads();

    for (unsigned round = 0; round < 200; round++) {
        struct burst burst = { .want = 1 + round % 4 };

        for (size_t i = 0; i < burst.want; i++) {
            burst.jobs[i] = (struct job){ .task.run = job_run };
            cr_assert(preload_pool_submit(&burst.jobs[i].task, 0, 4));
        }
        cr_assert(preload_pool_stop());
        cr_assert(wait_until(kernel_has_one_thread, &before), "round %u", round);
    }
}

/* A thread that left by itself is still to be joined. */
Test(pool, a_stop_joins_threads_that_have_left)
{
    size_t before = kernel_threads();

    for (unsigned round = 0; round < 5; round++) {
        struct job job = { .task.run = job_run };

        cr_assert(preload_pool_submit(&job.task, 0, 4));
        cr_assert(wait_until(no_threads, NULL));
        cr_assert(preload_pool_stop());
        cr_expect(wait_until(kernel_has_one_thread, &before));
    }
}

/* Many come and go without a stop: their places are used again. */
Test(pool, threads_that_left_make_room)
{
    for (unsigned round = 0; round < 3; round++) {
        struct burst burst = { .want = POOL_THREADS_MAX };

        for (size_t i = 0; i < burst.want; i++) {
            burst.jobs[i] = (struct job){ .task.run = job_run };
            cr_assert(preload_pool_submit(&burst.jobs[i].task, 0, POOL_THREADS_MAX));
        }
        for (size_t i = 0; i < burst.want; i++)
            cr_assert(wait_until(job_has_run, &burst.jobs[i]));
        cr_assert(wait_until(no_threads, NULL));
    }
    cr_expect(preload_pool_stop());
}

Test(pool, a_stop_gives_up_on_a_thread_that_hangs_and_the_pool_goes_on)
{
    atomic_bool gate = false;
    struct job hangs = { .task.run = job_run, .gate = &gate };
    struct job next = { .task.run = job_run };
    const uint64_t began_us = preload_clock_us();

    cr_assert(preload_pool_submit(&hangs.task, 0, 4));
    cr_assert(wait_until(job_is_inside, &hangs));
    cr_expect_not(preload_pool_stop());
    cr_expect(preload_clock_us() - began_us >= POOL_STOP_US);
    cr_expect_eq(hangs.runs, 0);
    cr_assert(preload_pool_submit(&next.task, 0, 4));
    cr_expect(wait_until(job_has_run, &next));
    atomic_store(&gate, true);
    preload_pool_cancel(&hangs.task);
    cr_expect_eq(hangs.runs, 1);
    cr_expect(preload_pool_stop());
}

Test(pool, at_the_exit_nothing_is_waited_for_and_what_left_is_joined)
{
    atomic_bool gate = false;
    struct job hangs = { .task.run = job_run, .gate = &gate };
    struct job next = { .task.run = job_run };

    cr_assert(preload_pool_submit(&next.task, 0, 4));
    cr_assert(wait_until(no_threads, NULL));
    preload_pool_at_exit();
    cr_assert(preload_pool_submit(&hangs.task, 0, 4));
    cr_assert(wait_until(job_is_inside, &hangs));
    preload_pool_at_exit();
    cr_expect_eq(hangs.runs, 0);
    cr_expect_eq(preload_pool_threads(), 1);
    atomic_store(&gate, true);
    preload_pool_cancel(&hangs.task);
    cr_expect_eq(hangs.runs, 1);
    cr_expect(preload_pool_stop());
}

/* Nothing is queued once the last database is closed. */
Test(pool, when_what_was_due_later_is_cancelled_the_threads_leave_soon)
{
    struct job later[2] = { { .task.run = job_run }, { .task.run = job_run } };
    uint64_t best_us = UINT64_MAX;

    /* On a busy machine a thread that is due to leave may be late: the best of some counts. */
    for (unsigned round = 0; round < 20 && best_us >= 100000; round++) {
        uint64_t began_us;

        for (unsigned i = 0; i < COUNT(later); i++)
            cr_assert(preload_pool_submit(&later[i].task, preload_clock_us() + 3600000000, 4));
        sleep_ms(5);
        for (unsigned i = 0; i < COUNT(later); i++)
            preload_pool_cancel(&later[i].task);
        began_us = preload_clock_us();
        cr_assert(wait_until(no_threads, NULL));
        if (preload_clock_us() - began_us < best_us) best_us = preload_clock_us() - began_us;
    }
    cr_expect(best_us < 100000, "%llu us", (unsigned long long)best_us);
    preload_pool_stop();
}

Test(pool, where_no_thread_is_wanted_none_is_started_and_nothing_said)
{
    struct job job = { .task.run = job_run };

    log_listen();
    cr_expect_not(preload_pool_submit(&job.task, 0, 0));
    cr_expect_eq(job.task.state, POOL_IDLE);
    cr_expect_eq(preload_pool_threads(), 0);
    preload_say();
    cr_expect_str_eq(log_heard(), "");
}

Test(pool, a_stop_forgets_a_task_that_asks_for_another_run)
{
    atomic_bool gate = false;
    struct job job = { .task.run = job_run, .gate = &gate, .again = 1000 };
    pthread_t opener;

    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(job_is_inside, &job));
    cr_assert_eq(pthread_create(&opener, NULL, open_gate_soon, &gate), 0);
    preload_pool_stop();
    cr_assert_eq(pthread_join(opener, NULL), 0);
    cr_expect_eq(preload_pool_threads(), 0);
    cr_expect_eq(job.task.state, POOL_IDLE);
    cr_expect_eq(job.runs, 1);
}
