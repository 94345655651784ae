/* What a worker is to the process: its signals, its descriptors, the locks beside it, fork(). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vfs/job.h"

TestSuite(pool_workers, .init = scratch_begin, .fini = scratch_end);

static void look_at_signals(struct job *job)
{
    sigset_t blocked;

    job->answer = pthread_sigmask(SIG_SETMASK, NULL, &blocked) == 0;
    for (int signal = 1; signal < 32; signal++) {
        if (signal == SIGKILL || signal == SIGSTOP) continue;
        if (!sigismember(&blocked, signal)) job->answer = -signal;
    }
}

Test(pool_workers, workers_block_every_signal_and_callers_none)
{
    struct job job = { .task.run = job_run, .look = look_at_signals };
    sigset_t before;
    sigset_t after;

    cr_assert_eq(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(job_has_run, &job));
    cr_expect_eq(job.answer, 1, "signal %d is not blocked", -job.answer);
    cr_assert_eq(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    for (int signal = 1; signal < 32; signal++)
        cr_expect_eq(sigismember(&before, signal), sigismember(&after, signal));
    preload_pool_stop();
}

/* 0, 1 and 2 are there, and are no file: they can neither be read nor written. */
static void look_at_descriptors(struct job *job)
{
    char byte = 0;

    job->answer = preload_pool_has_private_table() ? 0 : 1;
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 || read(fd, &byte, 1) >= 0 || write(fd, &byte, 1) >= 0)
            job->answer++;
    for (int fd = 3; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0) job->answer++;
}

Test(pool_workers, workers_have_a_descriptor_table_of_their_own_without_any_file)
{
    struct job job = { .task.run = job_run, .look = look_at_descriptors };
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    cr_assert(fd >= 3);
    cr_expect_not(preload_pool_has_private_table());
    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(job_has_run, &job));
    cr_expect_eq(job.answer, 0);
    cr_expect(fcntl(fd, F_GETFD) >= 0);
    close(fd);
    preload_pool_stop();
}

/* What the host's reader waits for: the end of the last copy of the pipe's other end. */
Test(pool_workers, workers_keep_no_pipe_of_the_host_open)
{
    struct job job = { .task.run = job_run };
    struct job later = { .task.run = job_run };
    struct pollfd reader = { .events = POLLIN };
    int kept = dup(STDOUT_FILENO);
    int ends[2];
    int ready;

    cr_assert_eq(pipe(ends), 0);
    reader.fd = ends[0];
    (void)dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    (void)preload_pool_submit(&later.task, preload_clock_us() + 3600000000, 4);
    (void)preload_pool_submit(&job.task, 0, 4);
    (void)wait_until(job_has_run, &job);
    (void)dup2(kept, STDOUT_FILENO);
    ready = poll(&reader, 1, PATIENCE_MS);
    cr_expect_eq(ready, 1);
    cr_expect(reader.revents & POLLHUP);
    cr_expect(preload_pool_threads() > 0);
    close(kept);
    close(ends[0]);
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

Test(pool_workers, a_worker_may_close_a_file_on_which_the_process_holds_a_lock)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    struct path path = scratch("x.db");
    struct job job = { .task.run = job_run, .look = open_and_close, .path = path.s };
    int fd;

    file_write(path.s, "x", 1);
    fd = open(path.s, O_RDWR | O_CLOEXEC);
    cr_assert(fd >= 0);
    cr_assert_eq(fcntl(fd, F_SETLK, &lock), 0);
    cr_expect(is_locked_for_others(path.s));
    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(job_has_run, &job));
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

    for (int i = 0; good && i < PATIENCE_MS && !job_has_run(job); i++)
        sleep_ms(1);
    _exit(good && job_has_run(job) ? 0 : 1);
}

Test(pool_workers, a_forked_child_begins_with_an_empty_pool)
{
    struct job parents = { .task.run = job_run };
    struct job childs = { .task.run = job_run };
    pid_t child;
    int status;

    register_over(NULL); /* installs the fork handlers */
    cr_assert(preload_pool_submit(&parents.task, 0, 4));
    cr_assert(wait_until(job_has_run, &parents));
    child = fork();
    if (child == 0) (void)run_in_child(&childs);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    cr_assert(preload_pool_submit(&parents.task, 0, 4));
    preload_pool_cancel(&parents.task);
    preload_pool_stop();
}

static struct job shared_job = { .task = { .run = job_run, .kind = POOL_SHARING } };

static void submit_shared(struct job *job)
{
    job->answer = preload_pool_submit(&shared_job.task, 0, 4);
}

/* The thread would have the worker's descriptor table, not the host's. */
Test(pool_workers, a_private_worker_starts_no_sharing_one)
{
    struct job job = { .task.run = job_run, .look = submit_shared, .answer = -1 };
    struct job own = { .task = { .run = job_run, .kind = POOL_SHARING } };

    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_assert(wait_until(job_has_run, &job));
    preload_pool_cancel(&job.task);
    cr_expect_eq(job.answer, false);
    cr_expect_eq(atomic_load(&shared_job.runs), 0);
    /* One that runs already takes it. */
    cr_assert(preload_pool_submit(&own.task, 0, 4));
    cr_assert(wait_until(job_has_run, &own));
    preload_pool_cancel(&own.task);
    cr_assert(preload_pool_submit(&job.task, 0, 4));
    cr_expect(wait_until(job_has_run, &shared_job));
    preload_pool_cancel(&job.task);
    preload_pool_cancel(&shared_job.task);
    cr_expect_eq(job.answer, true);
}
