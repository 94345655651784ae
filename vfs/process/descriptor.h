/* Descriptors of ours are never 0, 1 or 2. A host may have closed its standard streams, and what
 * anybody writes to them then (the C library a message, a child its output) would land in a file of
 * ours. *Any thread*. */
#ifndef VFS_DESCRIPTOR_H
#define VFS_DESCRIPTOR_H

#include <sys/types.h>

/* open(2) with O_CLOEXEC, but the descriptor is 3 or higher; -1 with errno. `mode` counts with
 * O_CREAT. For a moment one of the three numbers may be taken, so this is not for a file on which
 * the process may hold a POSIX lock: giving the number back drops that. */
int preload_open(const char *path, int flags, mode_t mode);

#endif
