/* Another copy of this library that serves the same SQLite: static and loadable, or both of the
 * loadables. The one that is registered serves. What a host sets goes to all copies by the board
 * (vfs/process/board.h). Here it is handed over to one that the board does not reach. */
#ifndef VFS_OTHER_COPY_H
#define VFS_OTHER_COPY_H

#include "vfs/sqlite.h"

/* A VFS of ours answers with its preload_configure() when it is asked for a system call of this
 * name. Any other VFS knows none. */
#define OTHER_COPY_CONFIGURE "preload_configure"

/* The VFS `preload` where it is not this copy's; NULL: there is none, or this copy serves. It
 * initializes SQLite. */
sqlite3_vfs *preload_other_copy(void);

/* The same where SQLite is in use already; NULL, too, where it is not, and stays so. */
sqlite3_vfs *preload_other_copy_in_use(void);

/* Sets an option of the other copy. SQLITE_OK. SQLITE_ERROR: it refuses, or what has our name is no
 * copy of ours, or stands over a VFS without system calls. */
int preload_other_copy_configure(sqlite3_vfs *other, const char *name, const char *value);

/* Hands over what the host has set here before the other copy was found. The same answers. */
int preload_other_copy_take_over(sqlite3_vfs *other);

#endif
