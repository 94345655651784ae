/* What fork() finds, and exit(). */
#ifndef VFS_FORK_H
#define VFS_FORK_H

/* Installs the handlers of both; more than once is harmless. */
void preload_fork_init(void);

/* Where a host calls us that may be in a child already, in a handler of its own which runs before
 * ours. Cheap while no thread forks. */
void preload_fork_notice(void);

#endif
