/* O_PATH, fstat, then open by /proc/thread-self/fd.
 *
 * Whether the process has a file open is asked of its descriptor table: a database that is locked
 * has a descriptor there. Another thread that opens the file as a database between that question
 * and our close would lose its locks all the same; names of ours are no names for databases. */
#include "vfs/process/own_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vfs/process/descriptor.h"
#include "vfs/process/pool.h"

/* SQLite opens no database with O_NONBLOCK: a descriptor that has it is ours. */
#define OWN_FLAGS (O_NOFOLLOW | O_NONBLOCK)

/* Descriptors that are asked for where /proc does not tell how many there are. */
#define DESCRIPTORS_MAX 65536

/* Slots in this thread's descriptor table. */
static int table_size(void)
{
    static const char label[] = "\nFDSize:";
    char text[2048];
    const char *at = NULL;
    ssize_t len = 0;
    struct rlimit limit;
    int fd = preload_open("/proc/thread-self/status", O_RDONLY, 0);

    if (fd >= 0) {
        len = read(fd, text, sizeof text - 1);
        close(fd);
    }
    text[len > 0 ? len : 0] = '\0';
    at = strstr(text, label);
    if (at) return (int)strtol(at + sizeof label - 1, NULL, 10);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > DESCRIPTORS_MAX)
        return DESCRIPTORS_MAX;
    return (int)limit.rlim_cur;
}

/* Whether code that is not ours has the file open in this thread's descriptor table. */
static bool is_open_here(const struct stat *file)
{
    const int size = table_size();

    for (int fd = 0; fd < size; fd++) {
        const int flags = fcntl(fd, F_GETFL);
        struct stat st;

        if (flags < 0 || flags & (O_NONBLOCK | O_PATH)) continue;
        if (fstat(fd, &st) == 0 && st.st_ino == file->st_ino && st.st_dev == file->st_dev)
            return true;
    }
    return false;
}

/* Opens what `look` has looked at. Where /proc is not to be had the name must still lead there. */
static int open_looked_at(int look, const char *path, int flags)
{
    struct stat seen;
    struct stat opened;
    char name[48];
    int fd;

    (void)snprintf(name, sizeof name, "/proc/thread-self/fd/%d", look);
    fd = preload_open(name, (flags | OWN_FLAGS) & ~O_NOFOLLOW, 0);
    if (fd >= 0) return fd;
    fd = preload_open(path, flags | OWN_FLAGS, 0);
    if (fd < 0) return -1;
    if (fstat(look, &seen) == 0 && fstat(fd, &opened) == 0 && seen.st_ino == opened.st_ino &&
        seen.st_dev == opened.st_dev)
        return fd;
    close(fd);
    errno = EAGAIN;
    return -1;
}

static bool begins_as_database(int look, const char *path)
{
    char head[16] = { 0 };
    int fd = open_looked_at(look, path, O_RDONLY);

    if (fd < 0) return false;
    if (pread(fd, head, sizeof head, 0) < 0) head[0] = '\0';
    close(fd);
    return memcmp(head, "SQLite format 3", sizeof head) == 0;
}

/* Why what is looked at may not be opened; 0: it may. */
static int refusal_of(int look, const char *path, int flags)
{
    struct stat st;

    if (fstat(look, &st) != 0) return errno;
    if (S_ISLNK(st.st_mode)) return ELOOP;
    if (S_ISDIR(st.st_mode)) return EISDIR;
    if (!S_ISREG(st.st_mode)) return ENOTSUP;
    if (st.st_nlink == 0) return ENOENT;
    if (st.st_nlink > 1) return EMLINK;
    if ((flags & O_ACCMODE) != O_RDONLY && st.st_uid != geteuid() && st.st_uid != 0) return EPERM;
    if (!preload_pool_has_private_table() && is_open_here(&st)) return EBUSY;
    return flags & O_APPEND && begins_as_database(look, path) ? ENOTSUP : 0;
}

static int open_existing(const char *path, int flags)
{
    int look = preload_open(path, O_PATH | O_NOFOLLOW, 0);
    int fd = -1;
    int error;

    if (look < 0) return -1;
    error = refusal_of(look, path, flags);
    if (error == 0) {
        fd = open_looked_at(look, path, flags);
        error = errno;
    }
    close(look);
    errno = error;
    return fd;
}

/* A file that somebody makes between the two steps is looked at, too. */
int preload_own_open(const char *path, int flags, mode_t mode)
{
    const int existing = flags & ~(O_CREAT | O_EXCL);
    int fd = -1;

    errno = ENOENT;
    if (!(flags & O_EXCL)) fd = open_existing(path, existing);
    if (fd >= 0 || errno != ENOENT || !(flags & O_CREAT)) return fd;
    fd = preload_open(path, flags | O_EXCL | OWN_FLAGS, mode);
    if (fd >= 0 || errno != EEXIST || flags & O_EXCL) return fd;
    return open_existing(path, existing);
}

int preload_own_is_foreign(int error)
{
    return error == ELOOP || error == EISDIR || error == ENOTSUP || error == EMLINK ||
           error == EBUSY;
}
