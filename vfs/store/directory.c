/* There is no index: it would have to be locked and could disagree with the files. */
#include "vfs/store/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hints/memory.h"
#include "vfs/file/text.h"
#include "vfs/process/own_file.h"
#include "vfs/store/sidecar_format.h"
#include "vfs/store/sidecar_lock.h"

/* Databases of one inode number that a directory tells apart. */
#define NAMES_MAX 8

#define DAY_S 86400

/* Whose a file is. */
enum holder {
    HOLDER_US,
    HOLDER_NOBODY, /* there is none, or a torn one */
    HOLDER_OTHER,  /* another database's, no file of ours, or one that may not be read */
};

static bool has_path(const struct sidecar_owner *owner, const char *path)
{
    return owner->path_len == strlen(path) && memcmp(owner->path, path, owner->path_len) == 0;
}

static bool is_owner(const struct sidecar_owner *owner, const struct named_file *database)
{
    if (owner->inode != database->identity.inode) return false;
    return owner->device == database->identity.device || has_path(owner, database->path);
}

static enum holder holder_in(const uint8_t *bytes, size_t len, const struct named_file *database)
{
    struct sidecar_owner owner;

    if (!preload_sidecar_is_ours(bytes, len)) return HOLDER_OTHER;
    if (preload_sidecar_owner(&owner, bytes, len))
        return is_owner(&owner, database) ? HOLDER_US : HOLDER_OTHER;
    return HOLDER_NOBODY;
}

static enum holder holder_of(const char *path, const struct named_file *database)
{
    uint8_t bytes[SIDECAR_OWNER_BYTES_MAX];
    int fd = preload_own_open(path, O_RDONLY, 0);
    enum holder holder;
    ssize_t len;

    if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? HOLDER_NOBODY : HOLDER_OTHER;
    do
        len = pread(fd, bytes, sizeof bytes, 0);
    while (len < 0 && errno == EINTR);
    if (len < 0 || !preload_sidecar_descriptor_is_ours(fd))
        holder = HOLDER_OTHER;
    else
        holder = holder_in(bytes, (size_t)len, database);
    close(fd);
    return holder;
}

char *preload_directory_find(const char *directory, const struct named_file *database)
{
    const uintmax_t inode = (uintmax_t)database->identity.inode;

    for (unsigned i = 0; i < NAMES_MAX; i++) {
        char name[64];
        char *path;

        if (i == 0)
            (void)snprintf(name, sizeof name, "/%jx-preload", inode);
        else
            (void)snprintf(name, sizeof name, "/%jx-%u-preload", inode, i);
        path = preload_text_join(directory, name);
        if (!path || holder_of(path, database) != HOLDER_OTHER) return path;
        hint_free(path);
    }
    return NULL;
}

bool preload_directory_is_for(const char *path, const struct named_file *database)
{
    return holder_of(path, database) != HOLDER_OTHER;
}

bool preload_directory_may_be_anothers(const uint8_t *bytes, size_t len,
                                       const struct named_file *database,
                                       const struct hint_evidence *learnt)
{
    struct sidecar_owner owner;
    struct stat st;

    if (!preload_sidecar_owner(&owner, bytes, len) || has_path(&owner, database->path))
        return false;
    return stat(database->path, &st) != 0 ||
           st.st_size != (off_t)learnt->page_count * learnt->page_size;
}

void preload_directory_use(const char *path)
{
    const time_t now = time(NULL);
    struct stat st;

    if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
        (st.st_mtime < now - DAY_S || st.st_mtime > now + DAY_S))
        (void)utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
}
