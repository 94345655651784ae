/* Writes whose signals do not reach the host: SIGXFSZ past its limit for files, SIGPIPE where
 * nobody reads any more, SIGTTOU on a terminal that it is in the background of. The first two end a
 * process that has no handler, the last stops it, for bytes that the host does not know of.
 *
 * They answer as write(2) and pwrite(2) do. On any thread, the host's included; its signal mask is
 * as before, and a signal of its own that waits goes on waiting. */
#ifndef VFS_QUIET_WRITE_H
#define VFS_QUIET_WRITE_H

#include <sys/types.h>

ssize_t preload_quiet_write(int fd, const void *bytes, size_t len);
ssize_t preload_quiet_pwrite(int fd, const void *bytes, size_t len, off_t offset);

#endif
