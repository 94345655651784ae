/* Makes a file of ours: its methods, and what they work on. */
#ifndef VFS_SHIM_IO_H
#define VFS_SHIM_IO_H

#include "vfs/entry/shim_file.h"

/* Zeroed, with room for the base's file object, and with the parameters of its name where `flags`
 * says that there are some. NULL: no memory. Freed by the file's xClose, or by free() where none
 * follows. */
struct shim_file *preload_shim_file_new(const sqlite3_vfs *base, const char *name, int flags);

/* After the base opened: gives the file a table with the base's version and the base's empty slots.
 * False, and nothing is done: there are too many tables already. */
bool preload_shim_file_main(sqlite3_file *file, struct shim_file *shim);
bool preload_shim_file_wal(sqlite3_file *file, struct shim_file *shim, struct shim_file *main);

#endif
