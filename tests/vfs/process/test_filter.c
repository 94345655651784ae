#include "vfs/process/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vfs/common.h"

TestSuite(filter, .init = scratch_begin, .fini = scratch_end);

/* For the rest of the process. */
static void answer_getsid_with(uint32_t action)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { .len = COUNT(filter), .filter = filter };

    cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static int ask_session(void)
{
    return syscall(SYS_getsid, 0) >= 0 ? 7 : 8;
}

static int ask_nothing(void)
{
    return 0;
}

Test(filter, a_process_without_one_is_told_from_one_with)
{
    cr_expect_not(preload_filter_is_on());
    answer_getsid_with(SECCOMP_RET_ALLOW);
    cr_expect(preload_filter_is_on());
}

static atomic_uint signals;
static atomic_uint forks;

static void count_signal(int signal)
{
    (void)signal;
    atomic_fetch_add(&signals, 1);
}

static void count_fork(void)
{
    atomic_fetch_add(&forks, 1);
}

static const struct filter_case {
    uint32_t action;
    int want;
} filter_cases[] = {
    { SECCOMP_RET_ALLOW, 7 }, { SECCOMP_RET_ERRNO | EPERM, 8 }, { SECCOMP_RET_ERRNO | ENOSYS, 8 },
    { SECCOMP_RET_TRAP, -1 }, { SECCOMP_RET_KILL_THREAD, -1 },  { SECCOMP_RET_KILL_PROCESS, -1 },
};

/* Each filter stays, and the strictest counts. */
Test(filter, what_would_kill_is_told_and_the_host_notices_nothing)
{
    sigset_t before;
    sigset_t after;

    (void)signal(SIGCHLD, count_signal);
    (void)signal(SIGSYS, count_signal);
    cr_assert_eq(pthread_atfork(count_fork, count_fork, count_fork), 0);
    cr_assert_eq(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
    for (size_t i = 0; i < COUNT(filter_cases); i++) {
        answer_getsid_with(filter_cases[i].action);
        errno = EDOM;
        cr_expect_eq(preload_filter_try(ask_session), filter_cases[i].want, "row %zu", i);
        cr_expect_eq(errno, EDOM, "row %zu: errno %d", i, errno);
        cr_expect_eq(preload_filter_try(ask_nothing), 0, "row %zu", i);
    }
    cr_assert_eq(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    for (int number = 1; number < 32; number++)
        cr_expect_eq(sigismember(&before, number), sigismember(&after, number));
    cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1);
    cr_expect_eq(errno, ECHILD);
    cr_expect_eq(atomic_load(&signals), 0);
    cr_expect_eq(atomic_load(&forks), 0);
}

static void deny_clone(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { .len = COUNT(filter), .filter = filter };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        _exit(2);
}

/* Then the answer is no. In a child: a sanitizer needs the call at its end. */
Test(filter, where_no_process_is_to_be_had_nothing_is_known)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        deny_clone();
        _exit(preload_filter_try(ask_nothing) == -1 ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
