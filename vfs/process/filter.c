/* /proc, and clone(2) without an exit signal: fork() would run the host's fork handlers, and its
 * wait() would find the child. */
#include "vfs/process/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vfs/process/descriptor.h"

#define ERRAND_STACK_BYTES ((size_t)64 << 10)

/* Reads until the line that `key` begins; the byte after the key, 0 when there is no such line, -1
 * when the file cannot be read. */
static int find_value(int fd, const char *key)
{
    size_t matched = 0;
    char bytes[512];
    ssize_t len;

    while ((len = read(fd, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < len; i++) {
            if (key[matched] == '\0') return (unsigned char)bytes[i];
            if (bytes[i] != key[matched]) matched = 0;
            if (bytes[i] == key[matched]) matched++;
        }
    }
    return len < 0 ? -1 : 0;
}

bool preload_filter_is_on(void)
{
    int fd = preload_open("/proc/thread-self/status", O_RDONLY, 0);
    int mode;

    if (fd < 0) return true;
    mode = find_value(fd, "\nSeccomp:\t");
    close(fd);
    return mode == '2' || mode < 0;
}

struct errand {
    int (*calls)(void);
    bool shares_memory;
};

/* Before 5.16 the kernel, about to write a core, ends every process that has the memory: the host
 * would die with the child. */
static bool cores_are_of_one_process(void)
{
    struct utsname name;
    char *minor;
    long major;

    if (uname(&name) != 0) return false;
    major = strtol(name.release, &minor, 10);
    return major > 5 || (major == 5 && *minor == '.' && strtol(minor + 1, NULL, 10) >= 16);
}

/* With a limit of 1 the kernel writes no core, and hands none to a program either. */
static bool may_share_memory(void)
{
    struct rlimit limit;

    return cores_are_of_one_process() && getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max >= 1;
}

static int run_errand(void *arg)
{
    const struct errand *errand = arg;
    struct rlimit limit;

    if (!errand->shares_memory) {
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    } else if (getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_cur = 1;
        (void)setrlimit(RLIMIT_CORE, &limit);
    }
    return errand->calls();
}

/* The caller sleeps until the child is gone. The descriptor table is shared, as it is with a worker
 * that has not settled yet. Every signal is blocked: the child would run the
 * host's handlers, on the host's memory. */
static int run_child(struct errand *errand, char *stack)
{
    const int flags = CLONE_VFORK | CLONE_FILES | (errand->shares_memory ? CLONE_VM : 0);
    sigset_t all;
    sigset_t before;
    int status = -1;
    pid_t child;

    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return -1;
    child = clone(run_errand, stack + ERRAND_STACK_BYTES, flags, errand);
    if (child > 0 && waitpid(child, &status, (int)__WCLONE) != child) status = -1;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return child > 0 && status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int preload_filter_try(int (*calls)(void))
{
    struct errand errand = { calls, may_share_memory() };
    int saved = errno;
    int answer = -1;
    char *stack = mmap(NULL, ERRAND_STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

    if (stack != MAP_FAILED) {
        answer = run_child(&errand, stack);
        (void)munmap(stack, ERRAND_STACK_BYTES);
    }
    errno = saved;
    return answer;
}
