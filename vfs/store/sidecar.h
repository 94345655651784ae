/* A store in a file, which docs/formats.md has byte by byte. */
#ifndef VFS_SIDECAR_H
#define VFS_SIDECAR_H

#include "vfs/store/store.h"

/* The store of a database in the file `path`; a save waits at most `lock_ms` for another one's
 * lock. Strings are copied. NULL: no memory. */
struct store *preload_sidecar_new(const struct named_file *database, const char *path,
                                  uint64_t lock_ms);

/* The same in a directory, which is asked for the file at each load and save. */
struct store *preload_sidecar_new_in(const struct named_file *database, const char *directory,
                                     uint64_t lock_ms);

/* The path of the file that lies beside its database; NULL: it lies in a directory. */
const char *preload_sidecar_path(const struct store *store);

#endif
