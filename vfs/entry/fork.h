/* What fork() finds. */
#ifndef VFS_FORK_H
#define VFS_FORK_H

/* Installs the fork handlers; more than once is harmless. */
void preload_fork_init(void);

#endif
