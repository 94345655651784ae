/* Seccomp filters. One may end the process for a system call that the host itself never makes.
 * Where a filter is in force, what workers are going to ask of the kernel is tried beforehand, in a
 * process that may be lost. A filter that is installed after that, or on another thread, cannot be
 * foreseen. *Any thread* of the host. */
#ifndef VFS_FILTER_H
#define VFS_FILTER_H

#include <stdbool.h>

/* Whether a filter is in force for the calling thread; true also where that cannot be told (no
 * /proc). */
bool preload_filter_is_on(void);

/* What `calls` returns, 0 .. 127, when run in a process of its own; -1 when that was ended, or none
 * could be had. The host does not notice: its fork handlers do not run, no signal comes, wait()
 * does not find it, and no core is written. `calls` must make system calls and do nothing else: it
 * may share the host's memory. */
int preload_filter_try(int (*calls)(void));

#endif
