/* Where workers' memory comes from. */
#ifndef VFS_MEMORY_H
#define VFS_MEMORY_H

/* Before the first worker; more than once is harmless. */
void preload_memory_init(void);

#endif
