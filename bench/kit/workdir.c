/* Directories and copies. */
#include "bench/kit/workdir.h"

#include "bench/kit/evict.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES WORKDIR_PATH_BYTES

static int write_all(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        const ssize_t wrote = write(fd, bytes, count);

        if (wrote < 0) return -1;
        bytes += wrote;
        count -= (size_t)wrote;
    }
    return 0;
}

static int copy_bytes(int from, int to)
{
    char bytes[65536];
    ssize_t got;

    while ((got = read(from, bytes, sizeof(bytes))) > 0) {
        if (write_all(to, bytes, (size_t)got) != 0) return -1;
    }
    return got == 0 ? fsync(to) : -1;
}

static int copy_file(const char *from, const char *to)
{
    const int in = open(from, O_RDONLY | O_CLOEXEC);
    const int out = in >= 0 ? open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    int rc = out >= 0 ? copy_bytes(in, out) : -1;

    if (in >= 0) close(in);
    if (out >= 0 && close(out) != 0) rc = -1;
    return rc;
}

static int ends_in(const char *name, const char *suffix)
{
    const size_t name_len = strlen(name);
    const size_t suffix_len = strlen(suffix);

    return name_len >= suffix_len && strcmp(name + name_len - suffix_len, suffix) == 0;
}

/* Joins two names; too long a path is an error rather than another file. */
static int join(char *out, size_t size, const char *directory, const char *name)
{
    const int len = snprintf(out, size, "%s/%s", directory, name);

    if (len >= 0 && (size_t)len < size) return 0;
    errno = ENAMETOOLONG;
    return -1;
}

/* Calls back for the path of each regular file whose name ends in `suffix`: the number of files, or
 * -1. */
static int each_file(const char *directory, const char *suffix,
                     int (*call)(const char *path, const char *name, void *ctx), void *ctx)
{
    DIR *dir = opendir(directory);
    const struct dirent *entry;
    char path[PATH_BYTES];
    struct stat found;
    int count = 0;

    if (dir == NULL) return -1;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread reads this stream */
    while (count >= 0 && (entry = readdir(dir)) != NULL) {
        if (!ends_in(entry->d_name, suffix)) continue;
        if (join(path, sizeof(path), directory, entry->d_name) != 0) count = -1;
        if (count < 0 || lstat(path, &found) != 0 || !S_ISREG(found.st_mode)) continue;
        count = call(path, entry->d_name, ctx) == 0 ? count + 1 : -1;
    }
    closedir(dir);
    return count;
}

static int copy_to(const char *path, const char *name, void *ctx)
{
    const char *directory = ctx;
    char to[PATH_BYTES];

    return join(to, sizeof(to), directory, name) == 0 ? copy_file(path, to) : -1;
}

static int put_out(const char *path, const char *name, void *ctx)
{
    struct evict_residence ignored;

    (void)name;
    (void)ctx;
    evict_file(path, &ignored);
    return 0;
}

const char *workdir_parent(void)
{
    const char *parent = secure_getenv("TMPDIR");

    return parent != NULL && parent[0] != '\0' ? parent : "/var/tmp";
}

int workdir_begin(struct workdir *workdir, const char *name)
{
    if (join(workdir->path, sizeof(workdir->path), workdir_parent(), "bench-XXXXXX") != 0)
        return -1;
    if (mkdtemp(workdir->path) == NULL) return -1;
    if (workdir_add(workdir, "database", workdir->directory) != 0) return -1;
    return join(workdir->database, sizeof(workdir->database), workdir->directory, name);
}

int workdir_make(struct workdir *workdir, const char *database)
{
    const char *name = strrchr(database, '/');

    if (workdir_begin(workdir, name != NULL ? name + 1 : database) != 0) return -1;
    return copy_file(database, workdir->database);
}

int workdir_add(const struct workdir *workdir, const char *name, char *out)
{
    if (join(out, WORKDIR_PATH_BYTES, workdir->path, name) != 0) return -1;
    return mkdir(out, 0700);
}

int workdir_copy_files(const char *from, const char *to, const char *suffix)
{
    char directory[PATH_BYTES];

    if (snprintf(directory, sizeof(directory), "%s", to) >= (int)sizeof(directory)) return -1;
    return each_file(from, suffix, copy_to, directory);
}

void workdir_evict_files(const char *directory, const char *suffix)
{
    each_file(directory, suffix, put_out, NULL);
}

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *walk)
{
    (void)found;
    (void)type;
    (void)walk;
    return remove(path);
}

void workdir_remove(const struct workdir *workdir)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread walks */
    nftw(workdir->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
