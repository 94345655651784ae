/* What errno says, in words of our own. The C library's words come by its translations, for which
 * glibc's strerror_r looks into the environment: beside another thread's setenv() that is a crash.
 * *Pure*. */
#ifndef VFS_ERRNO_TEXT_H
#define VFS_ERRNO_TEXT_H

#include <stddef.h>

/* A constant text, or "error N" in `room` for an error that files seldom meet. */
const char *preload_errno_text(int error, char *room, size_t len);

#endif
