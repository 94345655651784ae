/* Which file a database is, whatever name it was opened by: symlinks, hard links and relative names
 * lead to one identity. *Any thread*. */
#ifndef VFS_IDENTITY_H
#define VFS_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct identity {
    dev_t device;
    ino_t inode;
};

/* A file by the name that it was opened by, and what that name led to then. */
struct named_file {
    const char *path;
    struct identity identity;
};

/* The identity of the regular file that `path` leads to; false when there is none. Opens nothing:
 * closing a descriptor of the database would drop the process's POSIX locks on it. */
bool preload_identity_of_path(struct identity *out, const char *path);

bool preload_identity_equal(struct identity a, struct identity b);

/* Whether `path` leads to that very file. Asked of a name before it is opened, for the reason
 * above. */
bool preload_identity_is_at(struct identity identity, const char *path);

#endif
