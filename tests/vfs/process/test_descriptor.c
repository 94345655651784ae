#include "vfs/process/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/vfs/common.h"

TestSuite(descriptor, .init = scratch_begin, .fini = scratch_end);

#define STREAMS 3

/* What 0, 1 and 2 were, while a test does without some of them. */
struct streams {
    int kept[STREAMS];
};

static struct streams close_first(int count)
{
    struct streams streams;

    for (int fd = 0; fd < STREAMS; fd++)
        streams.kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 100);
    for (int fd = 0; fd < count; fd++)
        close(fd);
    return streams;
}

static void give_back(struct streams streams)
{
    for (int fd = 0; fd < STREAMS; fd++) {
        if (streams.kept[fd] < 0) continue;
        (void)dup2(streams.kept[fd], fd);
        close(streams.kept[fd]);
    }
}

/* How many of the three numbers are taken. */
static int taken(void)
{
    int count = 0;

    for (int fd = 0; fd < STREAMS; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

Test(descriptor, of_what_the_host_has_closed_none_is_taken)
{
    for (int closed = 0; closed <= STREAMS; closed++) {
        struct streams streams = close_first(closed);
        int fd = preload_open("/dev/null", O_RDONLY, 0);
        int flags = fcntl(fd, F_GETFD);
        int left = taken();

        close(fd);
        give_back(streams);
        cr_expect(fd >= STREAMS, "%d closed: descriptor %d", closed, fd);
        cr_expect_eq(flags, FD_CLOEXEC, "%d closed: flags %d", closed, flags);
        cr_expect_eq(left, STREAMS - closed, "%d closed: %d are left", closed, left);
    }
}

Test(descriptor, a_new_file_gets_its_mode)
{
    struct path path = scratch("new");
    struct streams streams = close_first(1);
    int fd = preload_open(path.s, O_WRONLY | O_CREAT | O_EXCL, 0400);

    close(fd);
    give_back(streams);
    cr_expect(fd >= STREAMS, "descriptor %d", fd);
    cr_expect_eq(access(path.s, R_OK), 0);
}

Test(descriptor, a_failure_says_why_and_leaves_nothing_open)
{
    struct rlimit limit;
    struct streams streams;
    int missing;
    int missing_errno;
    int none;
    int none_errno;
    int left;

    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    streams = close_first(STREAMS);
    missing = preload_open("/nowhere", O_RDONLY, 0);
    missing_errno = errno;
    /* One number is to be had, and that is too low. */
    (void)setrlimit(RLIMIT_NOFILE, &(struct rlimit){ STREAMS, limit.rlim_max });
    none = preload_open("/dev/null", O_RDONLY, 0);
    none_errno = errno;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    left = taken();
    give_back(streams);
    cr_expect_eq(missing, -1);
    cr_expect_eq(missing_errno, ENOENT);
    cr_expect_eq(none, -1);
    cr_expect(none_errno == EINVAL || none_errno == EMFILE, "errno %d", none_errno);
    cr_expect_eq(left, 0);
}
