/* The signals go to the thread that writes. They are blocked there, and the one that the write has
 * caused is taken away before they are let through again. */
#include "vfs/process/quiet_write.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

struct quiet {
    sigset_t mask;    /* of before */
    sigset_t waiting; /* the host's own */
};

static void begin_quiet(struct quiet *quiet)
{
    sigset_t ours;

    sigemptyset(&ours);
    sigaddset(&ours, SIGXFSZ);
    sigaddset(&ours, SIGPIPE);
    sigaddset(&ours, SIGTTOU); /* blocked, it lets the write through */
    pthread_sigmask(SIG_BLOCK, &ours, &quiet->mask);
    sigpending(&quiet->waiting);
}

/* One that waited before has taken ours in: there is nothing to take away then. */
static void take_away(const struct quiet *quiet, int signal)
{
    const struct timespec no_time = { 0 };
    sigset_t ours;

    if (sigismember(&quiet->waiting, signal)) return;
    sigemptyset(&ours);
    sigaddset(&ours, signal);
    while (sigtimedwait(&ours, NULL, &no_time) < 0 && errno == EINTR)
        ;
}

static void end(const struct quiet *quiet, bool failed)
{
    const int error = errno;

    if (failed && error == EFBIG) take_away(quiet, SIGXFSZ);
    if (failed && error == EPIPE) take_away(quiet, SIGPIPE);
    pthread_sigmask(SIG_SETMASK, &quiet->mask, NULL);
    errno = error;
}

ssize_t preload_quiet_write(int fd, const void *bytes, size_t len)
{
    struct quiet quiet;
    ssize_t put;

    begin_quiet(&quiet);
    put = write(fd, bytes, len);
    end(&quiet, put < 0);
    return put;
}

ssize_t preload_quiet_pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    struct quiet quiet;
    ssize_t put;

    begin_quiet(&quiet);
    put = pwrite(fd, bytes, len, offset);
    end(&quiet, put < 0);
    return put;
}
