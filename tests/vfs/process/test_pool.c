#include "vfs/process/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vfs/common.h"
#include "vfs/process/clock.h"

TestSuite(pool, .init = scratch_begin, .fini = scratch_end);

/* A task that counts its runs, and may wait for a gate, ask for another run, or look around. */
struct job {
    struct pool_task task; /* first */
    atomic_uint runs;
    atomic_uint inside;
    atomic_bool *gate; /* waited for, unless NULL */
    unsigned again;    /* so many more runs are asked for */
    uint64_t again_in_us;
    atomic_uint_fast64_t ran_us;
    void (*look)(struct job *job);
    const char *path;
    int answer;
};

static void run_job(struct pool_task *task)
{
    struct job *job = (struct job *)task;

    atomic_fetch_add(&job->inside, 1);
    while (job->gate && !atomic_load(job->gate))
        sleep_ms(1);
    if (job->look) job->look(job);
    if (job->again > 0) {
        job->again--;
        (void)preload_pool_submit(task, preload_clock_us() + job->again_in_us, 4);
    }
    atomic_store(&job->ran_us, preload_clock_us());
    atomic_fetch_add(&job->runs, 1);
}

static bool has_run(void *job)
{
    return atomic_load(&((struct job *)job)->runs) > 0;
}

static bool is_inside(void *job)
{
    return atomic_load(&((struct job *)job)->inside) > 0;
}

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
    struct job job = { .task.run = run_job };

    cr_expect_eq(preload_pool_threads(), 0);
    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(has_run, &job));
    preload_pool_cancel(&job.task);
    cr_expect_eq(job.runs, 1);
    cr_expect_eq(job.task.state, POOL_IDLE);
    cr_expect_eq(preload_pool_threads(), 1);
    preload_pool_stop();
}

Test(pool, a_task_does_not_run_before_its_time)
{
    struct job job = { .task.run = run_job };
    uint64_t due_us = preload_clock_us() + 100000;

    cr_assert(preload_pool_submit(&job.task, due_us, 4));
    cr_assert(wait_until(has_run, &job));
    cr_expect(job.ran_us >= due_us, "%lld us early", (long long)(due_us - job.ran_us));
    preload_pool_stop();
}

Test(pool, a_queued_task_moves_to_the_earlier_time_only)
{
    struct job job = { .task.run = run_job };
    uint64_t now_us = preload_clock_us();

    cr_assert(preload_pool_submit(&job.task, now_us + 3600000000, 4));
    cr_assert(preload_pool_submit(&job.task, now_us + 7200000000, 4));
    cr_expect_eq(job.task.due_us, now_us + 3600000000);
    sleep_ms(20);
    cr_expect_eq(job.runs, 0);
    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(has_run, &job));
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
        jobs[i].task.run = run_job;
        cr_assert(preload_pool_submit(&jobs[i].task, now_us + after_us[i], 1));
    }
    for (size_t i = 0; i < COUNT(jobs); i++)
        cr_assert(wait_until(has_run, &jobs[i]));
    cr_expect(jobs[1].ran_us <= jobs[3].ran_us);
    cr_expect(jobs[3].ran_us <= jobs[4].ran_us);
    cr_expect(jobs[4].ran_us <= jobs[2].ran_us);
    cr_expect(jobs[2].ran_us <= jobs[0].ran_us);
    cr_expect_eq(preload_pool_threads(), 1);
    preload_pool_stop();
}

Test(pool, a_cancelled_task_that_waits_never_runs)
{
    struct job job = { .task.run = run_job };

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
    struct job job = { .task.run = run_job, .gate = &gate };

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
    struct job job = { .task.run = run_job, .gate = &gate, .again = 1000 };
    pthread_t opener;

    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(is_inside, &job));
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
    struct job job = { .task.run = run_job, .again = 3, .again_in_us = 1000 };

    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(has_run_four_times, &job));
    preload_pool_cancel(&job.task);
    cr_expect_eq(job.runs, 4);
    preload_pool_stop();
}

Test(pool, a_task_submitted_while_it_runs_runs_once_more)
{
    atomic_bool gate = false;
    struct job job = { .task.run = run_job, .gate = &gate };

    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(is_inside, &job));
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
        burst.jobs[i] = (struct job){ .task.run = run_job, .gate = &gate };
        cr_assert(preload_pool_submit(&burst.jobs[i].task, 0, 1000));
    }
    cr_assert(wait_until(all_inside, &burst));
    sleep_ms(20);
    cr_expect_eq(preload_pool_threads(), POOL_THREADS_MAX);
    cr_expect_eq(burst.jobs[POOL_THREADS_MAX].inside, 0);
    atomic_store(&gate, true);
    for (size_t i = 0; i < COUNT(burst.jobs); i++)
        cr_assert(wait_until(has_run, &burst.jobs[i]));
    preload_pool_stop();
}

/* The second burst finds threads that wait, some of which the first one's tasks have just left. */
Test(pool, a_second_burst_runs_at_once_as_well)
{
    for (unsigned round = 0; round < 20; round++) {
        atomic_bool gate = false;
        struct burst burst = { .want = 1 + round % POOL_THREADS_MAX };

        for (size_t i = 0; i < burst.want; i++) {
            burst.jobs[i] = (struct job){ .task.run = run_job, .gate = &gate };
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
        burst.jobs[i] = (struct job){ .task.run = run_job, .gate = &gate };
        cr_assert(preload_pool_submit(&burst.jobs[i].task, 0, 2));
    }
    cr_assert(wait_until(all_inside, &burst));
    cr_expect_eq(preload_pool_threads(), 2);
    atomic_store(&gate, true);
    for (size_t i = 0; i < 6; i++)
        cr_assert(wait_until(has_run, &burst.jobs[i]));
    cr_expect_eq(preload_pool_threads(), 2);
    preload_pool_stop();
}

Test(pool, threads_leave_when_nothing_is_to_do)
{
    struct job job = { .task.run = run_job };

    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(has_run, &job));
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
    struct job later = { .task.run = run_job };

    for (size_t i = 0; i < burst.want; i++) {
        burst.jobs[i] = (struct job){ .task.run = run_job, .gate = &gate };
        cr_assert(preload_pool_submit(&burst.jobs[i].task, 0, 4));
    }
    cr_assert(wait_until(all_inside, &burst));
    atomic_store(&gate, true);
    cr_assert(preload_pool_submit(&later.task, preload_clock_us() + 4000000, 4));
    cr_assert(wait_until(one_thread, NULL));
    cr_expect_eq(later.runs, 0);
    cr_assert(wait_until(has_run, &later));
    for (size_t i = 0; i < burst.want; i++)
        preload_pool_cancel(&burst.jobs[i].task);
    preload_pool_stop();
}

/* A thread that waits must not leave a task to one that is busy for long. */
Test(pool, a_busy_thread_does_not_hold_up_what_is_due_later)
{
    atomic_bool gate = false;
    struct job busy = { .task.run = run_job, .gate = &gate };
    struct job later = { .task.run = run_job };

    cr_assert(preload_pool_submit(&busy.task, 0, 2));
    cr_assert(wait_until(is_inside, &busy));
    cr_assert(preload_pool_submit(&later.task, preload_clock_us() + 2 * POOL_IDLE_US, 2));
    cr_expect(wait_until(has_run, &later));
    atomic_store(&gate, true);
    preload_pool_cancel(&busy.task);
    preload_pool_stop();
}

/* The caller pays for each thread that it starts. */
Test(pool, what_is_due_later_needs_no_second_thread_until_the_first_is_busy)
{
    atomic_bool gate = false;
    struct job busy = { .task.run = run_job, .gate = &gate };
    struct job later = { .task.run = run_job };

    cr_assert(preload_pool_submit(&busy.task, preload_clock_us() + 200000, 2));
    cr_assert(preload_pool_submit(&later.task, preload_clock_us() + 400000, 2));
    cr_expect_eq(preload_pool_threads(), 1);
    cr_assert(wait_until(is_inside, &busy));
    cr_expect(wait_until(has_run, &later));
    cr_expect_eq(preload_pool_threads(), 2);
    atomic_store(&gate, true);
    preload_pool_cancel(&busy.task);
    preload_pool_stop();
}

Test(pool, the_last_free_thread_leaves_none_behind_where_one_is_the_limit)
{
    atomic_bool gate = false;
    struct job busy = { .task.run = run_job, .gate = &gate };
    struct job later = { .task.run = run_job };

    cr_assert(preload_pool_submit(&busy.task, preload_clock_us() + 20000, 1));
    cr_assert(preload_pool_submit(&later.task, preload_clock_us() + 40000, 1));
    cr_assert(wait_until(is_inside, &busy));
    cr_expect_eq(preload_pool_threads(), 1);
    atomic_store(&gate, true);
    cr_expect(wait_until(has_run, &later));
    cr_expect_eq(preload_pool_threads(), 1);
    preload_pool_stop();
}

Test(pool, a_stop_ends_every_thread_and_forgets_what_is_queued)
{
    struct job now = { .task.run = run_job };
    struct job later = { .task.run = run_job };

    preload_pool_stop();
    cr_assert(preload_pool_submit(&later.task, preload_clock_us() + 20000, 4));
    cr_assert(preload_pool_submit(&now.task, 0, 4));
    cr_assert(wait_until(has_run, &now));
    preload_pool_stop();
    cr_expect_eq(preload_pool_threads(), 0);
    cr_expect_eq(later.task.state, POOL_IDLE);
    sleep_ms(50);
    cr_expect_eq(now.runs, 1);
    cr_assert(preload_pool_submit(&now.task, 0, 4));
    preload_pool_cancel(&now.task);
    preload_pool_stop();
}

Test(pool, a_stop_forgets_a_task_that_asks_for_another_run)
{
    atomic_bool gate = false;
    struct job job = { .task.run = run_job, .gate = &gate, .again = 1000 };
    pthread_t opener;

    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(is_inside, &job));
    cr_assert_eq(pthread_create(&opener, NULL, open_gate_soon, &gate), 0);
    preload_pool_stop();
    cr_assert_eq(pthread_join(opener, NULL), 0);
    cr_expect_eq(preload_pool_threads(), 0);
    cr_expect_eq(job.task.state, POOL_IDLE);
    cr_expect_eq(job.runs, 1);
}

static void look_at_signals(struct job *job)
{
    sigset_t blocked;

    job->answer = pthread_sigmask(SIG_SETMASK, NULL, &blocked) == 0;
    for (int signal = 1; signal < 32; signal++) {
        if (signal == SIGKILL || signal == SIGSTOP) continue;
        if (!sigismember(&blocked, signal)) job->answer = -signal;
    }
}

Test(pool, workers_block_every_signal_and_callers_none)
{
    struct job job = { .task.run = run_job, .look = look_at_signals };
    sigset_t before;
    sigset_t after;

    cr_assert_eq(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(has_run, &job));
    cr_expect_eq(job.answer, 1, "signal %d is not blocked", -job.answer);
    cr_assert_eq(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    for (int signal = 1; signal < 32; signal++)
        cr_expect_eq(sigismember(&before, signal), sigismember(&after, signal));
    preload_pool_stop();
}

static void look_at_descriptors(struct job *job)
{
    job->answer = preload_pool_has_private_table() ? 0 : 1;
    for (int fd = 3; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0) job->answer++;
}

Test(pool, workers_have_an_empty_descriptor_table_of_their_own)
{
    struct job job = { .task.run = run_job, .look = look_at_descriptors };
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    cr_assert(fd >= 3);
    cr_expect_not(preload_pool_has_private_table());
    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(has_run, &job));
    cr_expect_eq(job.answer, 0);
    cr_expect(fcntl(fd, F_GETFD) >= 0);
    close(fd);
    preload_pool_stop();
}

static void open_and_close(struct job *job)
{
    for (int i = 0; i < 100; i++) {
        int fd = open(job->path, O_RDONLY | O_CLOEXEC);

        if (fd < 0) job->answer = errno;
        close(fd);
    }
}

/* Whether another process finds the file locked. */
static bool is_locked_for_others(const char *path)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        int fd = open(path, O_RDWR | O_CLOEXEC);

        if (fd < 0 || fcntl(fd, F_GETLK, &lock) != 0) _exit(2);
        _exit(lock.l_type == F_UNLCK ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 1;
}

Test(pool, a_worker_may_close_a_file_on_which_the_process_holds_a_lock)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    struct path path = scratch("x.db");
    struct job job = { .task.run = run_job, .look = open_and_close, .path = path.s };
    int fd;

    file_write(path.s, "x", 1);
    fd = open(path.s, O_RDWR | O_CLOEXEC);
    cr_assert(fd >= 0);
    cr_assert_eq(fcntl(fd, F_SETLK, &lock), 0);
    cr_expect(is_locked_for_others(path.s));
    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(has_run, &job));
    cr_expect_eq(job.answer, 0);
    cr_expect(is_locked_for_others(path.s));
    /* The test sees what it is there for: the same on this thread loses the lock. */
    open_and_close(&job);
    cr_expect_not(is_locked_for_others(path.s));
    close(fd);
    preload_pool_stop();
}

static void *run_in_child(void *ctx)
{
    struct job *job = ctx;
    bool good = preload_pool_threads() == 0 && preload_pool_submit(&job->task, 0, 4);

    for (int i = 0; good && i < PATIENCE_MS && !has_run(job); i++)
        sleep_ms(1);
    _exit(good && has_run(job) ? 0 : 1);
}

Test(pool, a_forked_child_begins_with_an_empty_pool)
{
    struct job parents = { .task.run = run_job };
    struct job childs = { .task.run = run_job };
    pid_t child;
    int status;

    register_over(NULL); /* installs the fork handlers */
    cr_assert(preload_pool_submit(&parents.task, 0, 4));
    cr_assert(wait_until(has_run, &parents));
    child = fork();
    if (child == 0) (void)run_in_child(&childs);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    cr_expect_eq(preload_pool_threads(), 1);
    preload_pool_stop();
}

static struct job shared_job = { .task = { .run = run_job, .kind = POOL_SHARING } };

static void submit_shared(struct job *job)
{
    job->answer = preload_pool_submit(&shared_job.task, 0, 4);
}

/* The thread would have the worker's descriptor table, not the host's. */
Test(pool, a_private_worker_starts_no_sharing_one)
{
    struct job job = { .task.run = run_job, .look = submit_shared, .answer = -1 };
    struct job own = { .task = { .run = run_job, .kind = POOL_SHARING } };

    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(has_run, &job));
    preload_pool_cancel(&job.task);
    cr_expect_eq(job.answer, false);
    cr_expect_eq(atomic_load(&shared_job.runs), 0);
    /* One that runs already takes it. */
    cr_assert(preload_pool_submit(&own.task, 0, 4));
    cr_assert(wait_until(has_run, &own));
    preload_pool_cancel(&own.task);
    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_expect(wait_until(has_run, &shared_job));
    preload_pool_cancel(&job.task);
    preload_pool_cancel(&shared_job.task);
    cr_expect_eq(job.answer, true);
}
