/* Method tables that last: files of one kind share one, and none is ever freed. With SQLite's own
 * VFS it is so, and hosts rely on it: they keep the pointer from one file and call the next one's
 * methods by it. *Any thread*. */
#ifndef VFS_SHIM_TABLES_H
#define VFS_SHIM_TABLES_H

#include "vfs/sqlite.h"

/* How many different ones there can be: a base has two or three kinds of files. */
#define SHIM_TABLES_MAX 16

/* The lasting table of that content, compared as bytes: the gap behind the version must be zero.
 * NULL: there is no room for another one. */
const sqlite3_io_methods *preload_shim_table(const sqlite3_io_methods *wanted);

/* fork(): the child has the tables that were counted. */
void preload_shim_tables_after_fork_in_child(void);

#endif
