/* F_DUPFD_CLOEXEC takes the lowest number that it is allowed. */
#include "vfs/process/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int preload_open(const char *path, int flags, mode_t mode)
{
    int low = open(path, flags | O_CLOEXEC, mode);
    int saved;
    int fd;

    if (low < 0 || low > STDERR_FILENO) return low;
    fd = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    saved = errno;
    close(low);
    errno = saved;
    return fd;
}
