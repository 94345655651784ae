/* stat(2) and nothing else. */
#include "vfs/file/identity.h"

#include <sys/stat.h>

bool preload_identity_of_path(struct identity *out, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) return false;
    *out = (struct identity){ .device = st.st_dev, .inode = st.st_ino };
    return true;
}

bool preload_identity_equal(struct identity a, struct identity b)
{
    return a.device == b.device && a.inode == b.inode;
}

bool preload_identity_is_at(struct identity identity, const char *path)
{
    struct identity found;

    return preload_identity_of_path(&found, path) && preload_identity_equal(found, identity);
}
