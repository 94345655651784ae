/* The errors that open, read, write, rename, flock and their like give. */
#include "vfs/process/errno_text.h"

#include <errno.h>
#include <stdio.h>

static const struct {
    int error;
    const char *text;
} texts[] = {
    { EACCES, "Permission denied" },
    { EAGAIN, "Resource temporarily unavailable" },
    { EBADF, "Bad file descriptor" },
    { EBUSY, "Device or resource busy" },
    { EDQUOT, "Disk quota exceeded" },
    { EEXIST, "File exists" },
    { EFBIG, "File too large" },
    { EINTR, "Interrupted system call" },
    { EINVAL, "Invalid argument" },
    { EIO, "Input/output error" },
    { EISDIR, "Is a directory" },
    { ELOOP, "Too many levels of symbolic links" },
    { EMFILE, "Too many open files" },
    { EMLINK, "Too many links" },
    { ENAMETOOLONG, "File name too long" },
    { ENFILE, "Too many open files in system" },
    { ENODEV, "No such device" },
    { ENOENT, "No such file or directory" },
    { ENOLCK, "No locks available" },
    { ENOMEM, "Cannot allocate memory" },
    { ENOSPC, "No space left on device" },
    { ENOSYS, "Function not implemented" },
    { ENOTDIR, "Not a directory" },
    { ENOTSUP, "Operation not supported" },
    { ENXIO, "No such device or address" },
    { EPERM, "Operation not permitted" },
    { EROFS, "Read-only file system" },
    { ESTALE, "Stale file handle" },
    { ETXTBSY, "Text file busy" },
    { EXDEV, "Invalid cross-device link" },
};

const char *preload_errno_text(int error, char *room, size_t len)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].error == error) return texts[i].text;
    (void)snprintf(room, len, "error %d", error);
    return room;
}
