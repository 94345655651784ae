/* The main databases that are open through any instance, so that a write-ahead log finds its own.
 * *Any thread.* */
#ifndef VFS_SHIM_LIST_H
#define VFS_SHIM_LIST_H

#include "vfs/entry/shim_file.h"

void preload_shim_list(struct shim_file *shim);
void preload_shim_unlist(struct shim_file *shim);

/* How many there are. */
unsigned preload_shim_open_files(void);

/* The open main database of a write-ahead log that SQLite opens by this name; NULL when there is
 * none. The names' bytes are compared, and none beyond them is looked at: a name may be anybody's.
 */
struct shim_file *preload_shim_find_main(const char *log_name);

/* fork(): in the child those that are open record nothing and belong to no database. */
void preload_shim_after_fork_in_child(void);

#endif
