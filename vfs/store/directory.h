/* A directory that holds the sidecars of many databases (`store=sidecar:DIRECTORY`).
 *
 * A file is named after its database's inode, and says itself whose it is: a database is known by
 * device and inode, whatever name it is opened by, or by inode and path, for a file system may come
 * back under another device number. Where the inodes of two file systems agree, a number is added
 * to the name. directory_tidy.h removes
 * what is no longer used. *Any thread*. */
#ifndef VFS_DIRECTORY_H
#define VFS_DIRECTORY_H

#include <stdbool.h>

#include "hints/evidence.h"
#include "vfs/file/identity.h"

/* The path of the database's file there: of the one that says so, else of the first name that is
 * free. The caller frees it. NULL: no memory, or each name is taken by another database or by what
 * is no file of ours. */
char *preload_directory_find(const char *directory, const struct named_file *database);

/* Whether the file may be written for the database: there is none, it is torn, or it says so. */
bool preload_directory_is_for(const char *path, const struct named_file *database);

/* Whether the file with these bytes, which were learnt in that state, may be of another database:
 * it was of one with another path and another size. That was renamed, and has grown since; or it
 * was removed, and its inode number is another one's now. */
bool preload_directory_may_be_anothers(const uint8_t *bytes, size_t len,
                                       const struct named_file *database,
                                       const struct hint_evidence *learnt);

/* The file is in use. Writes to it once a day at most. */
void preload_directory_use(const char *path);

#endif
