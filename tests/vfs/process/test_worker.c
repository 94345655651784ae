#include "vfs/process/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/vfs/common.h"

TestSuite(worker, .init = scratch_begin, .fini = scratch_end);

/* What a worker sees of itself. */
struct look {
    bool is_private;
    bool has_table;
    long policy;
    int nice;
    long io;
    cpu_set_t processors;
    size_t stack;
    bool is_filled; /* 0, 1 and 2 are taken */
    bool is_empty;  /* the rest is not */
    bool can_read;
};

/* include/uapi/linux/ioprio.h */
#define IO_OF_A_THREAD 1
#define IO_CLASS(io)   ((io) >> 13)
#define IO_BEST_EFFORT 2L

/* What posix_fadvise calls, with offsets of 64 bits. */
#ifdef SYS_fadvise64_64
#define SYS_ADVICE SYS_fadvise64_64
#else
#define SYS_ADVICE SYS_fadvise64
#endif

/* Of what a thread has, some C libraries count their own part, too. */
#define STACK_BYTES_MORE 8192

static void look_at_descriptors(struct look *look)
{
    char byte = 0;

    look->is_filled = true;
    look->is_empty = true;
    for (int fd = 0; fd < 1024; fd++) {
        bool is_open = fcntl(fd, F_GETFD) >= 0;

        if (fd < 3 && !is_open) look->is_filled = false;
        if (fd >= 3 && is_open) look->is_empty = false;
        if (fd < 3 && (read(fd, &byte, 1) >= 0 || write(fd, &byte, 1) >= 0)) look->can_read = true;
    }
}

static void *look_around(void *arg)
{
    struct look *look = arg;
    pthread_attr_t attr;

    look->has_table = preload_worker_settle(look->is_private);
    look->policy = syscall(SYS_sched_getscheduler, 0); /* not every C library asks the kernel */
    look->nice = getpriority(PRIO_PROCESS, 0);
    look->io = syscall(SYS_ioprio_get, IO_OF_A_THREAD, 0);
    (void)sched_getaffinity(0, sizeof look->processors, &look->processors);
    if (pthread_getattr_np(pthread_self(), &attr) == 0) {
        (void)pthread_attr_getstacksize(&attr, &look->stack);
        (void)pthread_attr_destroy(&attr);
    }
    if (look->has_table) look_at_descriptors(look);
    return NULL;
}

static struct look run_worker(bool is_private)
{
    struct look look = { .is_private = is_private };
    pthread_t thread;

    cr_assert(preload_worker_start(&thread, look_around, &look));
    cr_assert_eq(pthread_join(thread, NULL), 0);
    return look;
}

Test(worker, a_private_one_has_a_table_of_its_own_and_a_sharing_one_has_not)
{
    struct look look = run_worker(true);

    cr_expect(preload_worker_tables_work());
    cr_expect(look.has_table);
    cr_expect(look.is_filled && look.is_empty && !look.can_read);
    cr_expect_not(run_worker(false).has_table);
    cr_expect(fcntl(STDERR_FILENO, F_GETFD) >= 0);
}

Test(worker, its_stack_is_small)
{
    const size_t bytes = run_worker(true).stack;

    cr_expect(bytes > 0 && bytes <= ((size_t)WORKER_STACK_KIB << 10) + STACK_BYTES_MORE,
              "%zu bytes", bytes);
}

/* The opener: a thread beside the process's first one. */
static void from_a_thread(void *(*open)(void *))
{
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, open, NULL), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
}

static void *open_pinned(void *unused)
{
    cpu_set_t process;
    cpu_set_t one;
    cpu_set_t found;

    cr_assert_eq(sched_getaffinity(getpid(), sizeof process, &process), 0);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &process)) CPU_SET(i, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    found = run_worker(true).processors;
    cr_expect(CPU_EQUAL(&found, &process), "%d of %d processors", CPU_COUNT(&found),
              CPU_COUNT(&process));
    cr_assert_eq(sched_getaffinity(0, sizeof found, &found), 0);
    cr_expect(CPU_EQUAL(&found, &one), "the opener is not pinned any more");
    return unused;
}

Test(worker, a_pinned_opener_pins_no_worker)
{
    from_a_thread(open_pinned);
}

static void *open_in_haste(void *unused)
{
    const struct sched_param first = { .sched_priority = 1 };
    struct look look;
    bool is_real_time = syscall(SYS_sched_setscheduler, 0, SCHED_RR, &first) == 0;
    bool is_preferred = setpriority(PRIO_PROCESS, 0, -5) == 0;

    (void)syscall(SYS_ioprio_set, IO_OF_A_THREAD, 0, IO_BEST_EFFORT << 13);
    look = run_worker(true);
    if (is_real_time) cr_expect_eq(syscall(SYS_sched_getscheduler, 0), SCHED_RR);
    if (is_preferred) cr_expect_eq(getpriority(PRIO_PROCESS, 0), -5);
    cr_expect_eq(look.policy, SCHED_OTHER);
    cr_expect_eq(look.nice, 0);
    cr_expect_neq(IO_CLASS(look.io), IO_BEST_EFFORT);
    return unused;
}

/* Only root may try all of it. */
Test(worker, an_opener_in_haste_lends_no_worker_its_priority)
{
    from_a_thread(open_in_haste);
}

static void *open_at_leisure(void *unused)
{
    cr_assert_eq(setpriority(PRIO_PROCESS, 0, 7), 0);
    cr_expect_eq(run_worker(true).nice, 7);
    return unused;
}

Test(worker, a_lower_priority_stays)
{
    from_a_thread(open_at_leisure);
}

/* For the rest of the process. */
static void answer_with(long call, uint32_t action)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { .len = COUNT(filter), .filter = filter };

    cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void *settle_only(void *has_table)
{
    *(bool *)has_table = preload_worker_settle(true);
    return NULL;
}

/* A private worker under a filter that minds one call. */
static bool gets_table_under(long call, uint32_t action)
{
    bool has_table = false;
    pthread_t thread;

    answer_with(call, action);
    cr_assert(preload_worker_start(&thread, settle_only, &has_table));
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_expect_eq(preload_worker_tables_work(), has_table);
    return has_table;
}

#define FILTER_TEST(name, call, action, table)                                                     \
    Test(worker, name)                                                                             \
    {                                                                                              \
        cr_expect_eq(gets_table_under(call, action), table);                                       \
    }

FILTER_TEST(a_filter_that_minds_nothing_of_ours_changes_nothing, SYS_getsid,
            SECCOMP_RET_KILL_PROCESS, true)
FILTER_TEST(a_table_that_is_denied_is_no_table, SYS_close_range, SECCOMP_RET_ERRNO | EPERM, false)
FILTER_TEST(a_table_that_the_kernel_does_not_know_is_no_table, SYS_close_range,
            SECCOMP_RET_ERRNO | ENOSYS, false)
FILTER_TEST(a_table_that_is_only_promised_is_no_table, SYS_close_range, SECCOMP_RET_ERRNO, false)
FILTER_TEST(a_table_that_kills_the_thread_is_not_asked_for, SYS_close_range,
            SECCOMP_RET_KILL_THREAD, false)
FILTER_TEST(a_table_that_kills_the_process_is_not_asked_for, SYS_close_range,
            SECCOMP_RET_KILL_PROCESS, false)
FILTER_TEST(a_table_that_raises_a_signal_is_not_asked_for, SYS_close_range, SECCOMP_RET_TRAP, false)
FILTER_TEST(advice_that_kills_is_not_given, SYS_ADVICE, SECCOMP_RET_KILL_PROCESS, false)
FILTER_TEST(advice_that_is_denied_is_not_given, SYS_ADVICE, SECCOMP_RET_ERRNO | EPERM, false)
FILTER_TEST(a_look_at_memory_that_kills_is_not_taken, SYS_mincore, SECCOMP_RET_KILL_PROCESS, false)
FILTER_TEST(a_priority_that_kills_is_not_asked_for, SYS_getpriority, SECCOMP_RET_KILL_PROCESS, true)
FILTER_TEST(an_io_class_that_kills_is_not_asked_for, SYS_ioprio_get, SECCOMP_RET_KILL_PROCESS, true)

/* Where 0, 1 and 2 cannot be filled they are free, and preload_open takes none of them. */
Test(worker, a_table_that_cannot_be_filled_is_one_all_the_same)
{
    struct look look;

    answer_with(SYS_epoll_create1, SECCOMP_RET_ERRNO | EPERM);
    look = run_worker(true);
    cr_expect(look.has_table);
    cr_expect(look.is_empty);
}
