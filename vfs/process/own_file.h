/* Opening files of ours: sidecars, their temporary files, traces, logs.
 *
 * Closing any descriptor of a file drops all POSIX locks that the process has on it. So a name of
 * ours that leads to an open database must not be opened, whoever made it lead there. It is looked
 * at through an O_PATH descriptor, whose close drops no lock, and what was looked at is opened.
 * *Any thread.* */
#ifndef VFS_OWN_FILE_H
#define VFS_OWN_FILE_H

#include <sys/types.h>

/* As open(2), with O_NOFOLLOW, O_CLOEXEC and O_NONBLOCK; O_CREAT makes a file only where none is.
 * The descriptor is never 0, 1 or 2. What is there already is opened only when it is a regular file
 * with one name, and, on a thread that has the process's descriptor table, when no other code of
 * the process has it open; to be written to, only when it belongs to the effective user or to root;
 * to be appended to, only when it does not begin as a database does.
 *
 * -1 with errno: ELOOP, a symbolic link; EISDIR; ENOTSUP, no regular file, or a database; EMLINK,
 * more than one name; EBUSY, open in this process; EPERM, somebody else's; else as open(2). */
int preload_own_open(const char *path, int flags, mode_t mode);

/* Whether that errno says that what is under the name is no file of ours. */
int preload_own_is_foreign(int error);

#endif
