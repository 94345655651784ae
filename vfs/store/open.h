/* Picks the store that the option `store` names. Any thread. */
#ifndef VFS_STORE_OPEN_H
#define VFS_STORE_OPEN_H

#include "vfs/process/config.h"
#include "vfs/store/store.h"

/* The store of a database: its sidecar beside it, or in a directory. NULL: no memory, an unknown
 * kind of store (logged), or a sidecar beside the database was asked for and `beside` says that
 * nothing may lie there. */
struct store *preload_store_open(const struct named_file *database, const struct config *config,
                                 bool beside);

#endif
