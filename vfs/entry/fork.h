/* What fork() finds, and exit(). */
#ifndef VFS_FORK_H
#define VFS_FORK_H

/* Installs the handlers of both; more than once is harmless. */
void preload_fork_init(void);

#endif
