/* A database's file and those beside it, opened by a worker with a descriptor table of its own:
 * closing any descriptor of a file drops the locks of its table on it, so a thread without one of
 * its own finds nothing here. */
#ifndef VFS_BESIDE_H
#define VFS_BESIDE_H

#include <sys/stat.h>

#include "vfs/file/identity.h"

/* Opens the regular file that has the database's name with that suffix, for reading. -1: there is
 * none. */
int preload_beside_open(const struct named_file *file, const char *suffix, struct stat *st);

#endif
