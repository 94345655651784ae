/* pthread_create, close_range, the scheduler's calls. Nothing here allocates on the new thread. */
#include "vfs/process/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vfs/process/filter.h"
#include "vfs/process/log.h"

/* linux/close_range.h, which not every C library brings. */
#define RANGE_UNSHARE 2U

/* Of a process that has a database open, one of the first is. */
#define NUMBERS_LOOKED_AT 16

/* linux/ioprio.h: a class above 13 bits of level. */
#define IO_OF_A_THREAD 1
#define IO_CLASS_SHIFT 13
#define IO_CLASS_NONE  0
#define IO_CLASS_IDLE  3

#define STACK_BYTES      ((size_t)WORKER_STACK_KIB << 10)
#define STACK_ROOM_LEAST (STACK_BYTES / 4 * 3) /* beside thread-local storage */
#define STACK_STEP       ((size_t)64 << 10)

/* What was found out at first need; bits. */
enum {
    FOUND_OUT = 1,
    TABLES_WORK = 2,  /* a private worker may ask for its table */
    MANNERS_WORK = 4, /* a worker may ask for its place in the scheduler */
};
static atomic_int found;

/* ---- the scheduler ---- */

static void leave_real_time(void)
{
    static const struct sched_param none = { 0 };
    const long policy = syscall(SYS_sched_getscheduler, 0) & ~(long)SCHED_RESET_ON_FORK;

    if (policy == SCHED_FIFO || policy == SCHED_RR)
        (void)syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &none);
}

static void leave_priority(void)
{
    long io;

    errno = 0;
    if (getpriority(PRIO_PROCESS, 0) < 0 && errno == 0) (void)setpriority(PRIO_PROCESS, 0, 0);
    io = syscall(SYS_ioprio_get, IO_OF_A_THREAD, 0) >> IO_CLASS_SHIFT;
    if (io > IO_CLASS_NONE && io < IO_CLASS_IDLE)
        (void)syscall(SYS_ioprio_set, IO_OF_A_THREAD, 0, IO_CLASS_NONE << IO_CLASS_SHIFT);
}

/* Eight sets are 8,192 processors. */
static void leave_affinity(void)
{
    cpu_set_t own[8];
    cpu_set_t process[8];

    if (sched_getaffinity(0, sizeof own, own) == 0 &&
        sched_getaffinity(getpid(), sizeof process, process) == 0 &&
        memcmp(own, process, sizeof own) != 0)
        (void)sched_setaffinity(0, sizeof process, process);
}

static int take_own_place(void)
{
    leave_real_time();
    leave_priority();
    leave_affinity();
    return 0;
}

/* ---- the descriptor table ---- */

/* A descriptor of no file: nothing can be read from it or written to it, it never blocks, and it
 * keeps no file system busy. */
static int open_nothing(void)
{
    return epoll_create1(EPOLL_CLOEXEC);
}

static void fill_streams(void)
{
    int fd = open_nothing();

    while (fd >= 0 && fd < STDERR_FILENO)
        fd = open_nothing();
    if (fd > STDERR_FILENO) close(fd);
}

/* A filter may have said that all went well and done nothing. */
static bool is_emptied(void)
{
    for (int fd = 0; fd < NUMBERS_LOOKED_AT; fd++)
        if (fcntl(fd, F_GETFD) >= 0) return false;
    return true;
}

static bool take_own_table(void)
{
    if (syscall(SYS_close_range, 0U, ~0U, RANGE_UNSHARE) != 0 || !is_emptied()) return false;
    fill_streams();
    return true;
}

/* In a process that may be lost: all that a private worker does and a host may never do. */
static int try_table(void)
{
    unsigned char state;

    if (!take_own_table()) return 0;
    (void)mincore(NULL, 0, &state);
    return posix_fadvise(-1, 0, 0, POSIX_FADV_WILLNEED) == EBADF;
}

/* ---- what works ---- */

/* The range is none, so that the call is refused as it stands, before it does anything to the
 * caller's table. */
static bool kernel_has_tables(void)
{
    return syscall(SYS_close_range, 1U, 0U, RANGE_UNSHARE) != 0 && errno == EINVAL;
}

/* Two threads that find out at once find the same. */
static int find_out(void)
{
    int now = atomic_load(&found);

    if (now) return now;
    now = FOUND_OUT;
    if (!preload_filter_is_on()) {
        now |= MANNERS_WORK | (kernel_has_tables() ? TABLES_WORK : 0);
    } else {
        if (preload_filter_try(take_own_place) == 0) now |= MANNERS_WORK;
        if (preload_filter_try(try_table) == 1) now |= TABLES_WORK;
    }
    if (!(now & TABLES_WORK))
        preload_log_note("workers have no descriptor table of their own here (Linux 5.9, and no "
                         "filter that denies it): databases are read through handles instead");
    atomic_store(&found, now);
    return now;
}

bool preload_worker_tables_work(void)
{
    return find_out() & TABLES_WORK;
}

/* ---- the thread ---- */

static int add_tls(struct dl_phdr_info *info, size_t size, void *sum)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_TLS)
            *(size_t *)sum += info->dlpi_phdr[i].p_memsz + info->dlpi_phdr[i].p_align;
    return 0;
}

/* The C library lays the program's thread-local storage into the stack. */
static size_t stack_bytes(void)
{
    static atomic_size_t known;
    size_t bytes = atomic_load(&known);
    size_t tls = 0;

    if (bytes > 0) return bytes;
    (void)dl_iterate_phdr(add_tls, &tls);
    bytes = STACK_BYTES;
    while (bytes < tls + STACK_ROOM_LEAST)
        bytes += STACK_STEP;
    atomic_store(&known, bytes);
    return bytes;
}

bool preload_worker_start(pthread_t *out, void *(*run)(void *), void *arg)
{
    pthread_attr_t attr;
    sigset_t all;
    sigset_t before;
    int rc;

    (void)find_out();
    if (pthread_attr_init(&attr) != 0) return false;
    (void)pthread_attr_setstacksize(&attr, stack_bytes());
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(out, &attr, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return rc == 0;
}

bool preload_worker_settle(bool is_private)
{
    const int now = atomic_load(&found);

    if (now & MANNERS_WORK) (void)take_own_place();
    return is_private && now & TABLES_WORK && take_own_table();
}
