/* F_DUPFD_CLOEXEC takes the lowest number that it is allowed. */
#include "vfs/process/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The build sees to it; a host that compiles our file behind system headers of its own would not,
 * and the pages beyond 2 GiB would be others. */
_Static_assert(sizeof(off_t) == 8, "compile with -D_FILE_OFFSET_BITS=64");

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
