/* A host under a seccomp filter that minds what workers ask of the kernel. Each case is a process
 * of its own, for a filter stays. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hosts/host.h"

#define ROWS 400

static atomic_uint noticed; /* fork handlers and signals that the host has seen */

static void notice(void)
{
    atomic_fetch_add(&noticed, 1);
}

static void notice_signal(int number)
{
    (void)number;
    notice();
}

/* Hints of two sessions, learnt before there is a filter, by a process of its own: what a worker
 * may ask for is found out once in a process. */
static void learn(void)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0) {
        sqlite3 *db = host_open("x.db", "unix");

        host_run(db, "CREATE TABLE t(body);"
                     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)"
                     "INSERT INTO t SELECT randomblob(900) FROM n");
        host_close(db);
        for (int session = 0; session < 2; session++) {
            host_load(NULL, false);
            db = host_open("x.db", "preload");
            host_run(db, "SELECT count(body) FROM t");
            host_close(db);
        }
        _exit(0);
    }
    HOST_CHECK(waitpid(child, &status, 0) == child && status == 0, "%d", status);
}

static void install(long call, uint32_t action)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { .len = sizeof filter / sizeof *filter, .filter = filter };

    HOST_CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "errno %d", errno);
    HOST_CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0, "errno %d", errno);
}

/* Cores as large as they like: one would be a stray file. */
static void watch_the_host(void)
{
    struct rlimit limit;

    HOST_CHECK(getrlimit(RLIMIT_CORE, &limit) == 0, "errno %d", errno);
    limit.rlim_cur = limit.rlim_max;
    HOST_CHECK(setrlimit(RLIMIT_CORE, &limit) == 0, "errno %d", errno);
    HOST_CHECK(pthread_atfork(notice, notice, notice) == 0, "no handlers");
    HOST_CHECK(signal(SIGCHLD, notice_signal) != SIG_ERR, "errno %d", errno);
    HOST_CHECK(signal(SIGSYS, notice_signal) != SIG_ERR, "errno %d", errno);
}

static void expect_unnoticed(void)
{
    HOST_CHECK(atomic_load(&noticed) == 0, "%u", atomic_load(&noticed));
    HOST_CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "errno %d", errno);
    HOST_CHECK(access("core", F_OK) != 0, "a core was written");
}

/* The very first database of the process is prefetched, whatever the filter says, and saved. */
static void serve_under(long call, uint32_t action)
{
    sqlite3 *db;

    learn();
    watch_the_host();
    install(call, action);
    host_load(NULL, false);
    db = host_open("file:x.db?preload_sync=20000", "preload");
    HOST_CHECK(atoi(host_text(db, "SELECT value FROM preload_stats WHERE name = 'issued_pages'")) >
                   50,
               "%s", host_text(db, "SELECT group_concat(name || '=' || value) FROM preload_stats"));
    HOST_CHECK(atoi(host_text(db, "SELECT count(body) FROM t")) == ROWS, "not all rows");
    HOST_CHECK(atoi(host_text(db, "SELECT preload_flush()")) == 1, "not saved");
    host_close(db);
    HOST_CHECK(preload_unregister() == SQLITE_OK, "not unregistered");
    expect_unnoticed();
}

#define CASE(name, call, action)                                                                   \
    static void name(void)                                                                         \
    {                                                                                              \
        serve_under(call, action);                                                                 \
    }

CASE(a_filter_that_allows_all, SYS_close_range, SECCOMP_RET_ALLOW)
CASE(no_permission, SYS_close_range, SECCOMP_RET_ERRNO | EPERM)
CASE(no_such_call, SYS_close_range, SECCOMP_RET_ERRNO | ENOSYS)
CASE(success_without_an_effect, SYS_close_range, SECCOMP_RET_ERRNO)
CASE(a_killed_thread, SYS_close_range, SECCOMP_RET_KILL_THREAD)
CASE(a_killed_process, SYS_close_range, SECCOMP_RET_KILL_PROCESS)
CASE(a_trap, SYS_close_range, SECCOMP_RET_TRAP)
CASE(advice_that_kills, SYS_fadvise64, SECCOMP_RET_KILL_PROCESS)
CASE(an_empty_descriptor_that_kills, SYS_epoll_create1, SECCOMP_RET_KILL_PROCESS)

#define ROW(name)                                                                                  \
    {                                                                                              \
#name, name                                                                                \
    }
static const struct host_case cases[] = {
    ROW(a_filter_that_allows_all),
    ROW(no_permission),
    ROW(no_such_call),
    ROW(success_without_an_effect),
    ROW(a_killed_thread),
    ROW(a_killed_process),
    ROW(a_trap),
    ROW(advice_that_kills),
    ROW(an_empty_descriptor_that_kills),
};

HOST_MAIN(cases)
