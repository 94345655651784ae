/* A function a call: fail, or make the call; write the outcome down. `close` and `munmap` are made
 * although they fail, as the kernel does it: nothing is to leak. */
#include "tests/faults/kernel.h"

#include <errno.h>
#include <sqlite3.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "tests/faults/layer.h"

static struct {
    bool on;
    enum kernel_call call;
    unsigned at;
    unsigned times;
    int error;
    unsigned failed;
    unsigned counts[KERNEL_CALLS];
    uint64_t digest;
} kernel;

/* What stood in the table. */
static sqlite3_syscall_ptr made[KERNEL_CALLS];

#define MAKE(name, type) ((type)made[KERNEL_##name])

/* How this call is to fail; 0: not. */
static int error_of(enum kernel_call call)
{
    unsigned n;

    if (!kernel.on) return 0;
    n = kernel.counts[call]++;
    if (call != kernel.call || n < kernel.at || n - kernel.at >= kernel.times) return 0;
    kernel.failed++;
    return kernel.error;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

/* Addresses and descriptors differ from run to run: of them only the success is written down. */
static void note(enum kernel_call call, bool good, ssize_t bytes)
{
    int64_t row[] = { (int64_t)call, good ? bytes : -errno };

    if (kernel.on) kernel.digest = digest_bytes(kernel.digest, row, sizeof row);
}

static int noted(enum kernel_call call, int result)
{
    note(call, result >= 0, 0);
    return result;
}

static ssize_t noted_bytes(enum kernel_call call, ssize_t result)
{
    note(call, result >= 0, result);
    return result;
}

static size_t halved(int error, size_t len)
{
    return error == KERNEL_HALF && len > 1 ? len / 2 : len;
}

static int k_open(const char *path, int flags, int mode)
{
    int error = error_of(KERNEL_open);

    return noted(KERNEL_open, error
                                  ? fail(error)
                                  : MAKE(open, int (*)(const char *, int, int))(path, flags, mode));
}

static int k_close(int fd)
{
    int error = error_of(KERNEL_close);
    int rc = MAKE(close, int (*)(int))(fd);

    return noted(KERNEL_close, error ? fail(error) : rc);
}

static int k_access(const char *path, int mode)
{
    int error = error_of(KERNEL_access);

    return noted(KERNEL_access,
                 error ? fail(error) : MAKE(access, int (*)(const char *, int))(path, mode));
}

static int k_stat(const char *path, void *st)
{
    int error = error_of(KERNEL_stat);

    return noted(KERNEL_stat,
                 error ? fail(error) : MAKE(stat, int (*)(const char *, void *))(path, st));
}

static int k_fstat(int fd, void *st)
{
    int error = error_of(KERNEL_fstat);

    return noted(KERNEL_fstat, error ? fail(error) : MAKE(fstat, int (*)(int, void *))(fd, st));
}

static int k_lstat(const char *path, void *st)
{
    int error = error_of(KERNEL_lstat);

    return noted(KERNEL_lstat,
                 error ? fail(error) : MAKE(lstat, int (*)(const char *, void *))(path, st));
}

static int k_ftruncate(int fd, off_t size)
{
    int error = error_of(KERNEL_ftruncate);

    return noted(KERNEL_ftruncate,
                 error ? fail(error) : MAKE(ftruncate, int (*)(int, off_t))(fd, size));
}

/* os_unix gives locks, whose third argument is a pointer, and flags, whose third is a number. */
static int k_fcntl(int fd, int op, void *argument)
{
    int error = error_of(KERNEL_fcntl);

    return noted(KERNEL_fcntl,
                 error ? fail(error) : MAKE(fcntl, int (*)(int, int, void *))(fd, op, argument));
}

static ssize_t k_read(int fd, void *to, size_t len)
{
    int error = error_of(KERNEL_read);

    return noted_bytes(KERNEL_read, error > 0 ? fail(error)
                                              : MAKE(read, ssize_t(*)(int, void *, size_t))(
                                                    fd, to, halved(error, len)));
}

static ssize_t k_pread(int fd, void *to, size_t len, off_t at)
{
    int error = error_of(KERNEL_pread);

    return noted_bytes(KERNEL_pread, error > 0
                                         ? fail(error)
                                         : MAKE(pread, ssize_t(*)(int, void *, size_t, off_t))(
                                               fd, to, halved(error, len), at));
}

static ssize_t k_pread64(int fd, void *to, size_t len, off_t at)
{
    int error = error_of(KERNEL_pread64);

    return noted_bytes(KERNEL_pread64, error > 0
                                           ? fail(error)
                                           : MAKE(pread64, ssize_t(*)(int, void *, size_t, off_t))(
                                                 fd, to, halved(error, len), at));
}

static ssize_t k_write(int fd, const void *from, size_t len)
{
    int error = error_of(KERNEL_write);

    return noted_bytes(KERNEL_write, error > 0 ? fail(error)
                                               : MAKE(write, ssize_t(*)(int, const void *, size_t))(
                                                     fd, from, halved(error, len)));
}

static ssize_t k_pwrite(int fd, const void *from, size_t len, off_t at)
{
    int error = error_of(KERNEL_pwrite);

    return noted_bytes(KERNEL_pwrite,
                       error > 0 ? fail(error)
                                 : MAKE(pwrite, ssize_t(*)(int, const void *, size_t, off_t))(
                                       fd, from, halved(error, len), at));
}

static ssize_t k_pwrite64(int fd, const void *from, size_t len, off_t at)
{
    int error = error_of(KERNEL_pwrite64);

    return noted_bytes(KERNEL_pwrite64,
                       error > 0 ? fail(error)
                                 : MAKE(pwrite64, ssize_t(*)(int, const void *, size_t, off_t))(
                                       fd, from, halved(error, len), at));
}

static int k_fchmod(int fd, mode_t mode)
{
    int error = error_of(KERNEL_fchmod);

    return noted(KERNEL_fchmod, error ? fail(error) : MAKE(fchmod, int (*)(int, mode_t))(fd, mode));
}

static int k_fchown(int fd, uid_t user, gid_t group)
{
    int error = error_of(KERNEL_fchown);

    return noted(KERNEL_fchown,
                 error ? fail(error) : MAKE(fchown, int (*)(int, uid_t, gid_t))(fd, user, group));
}

static int k_unlink(const char *path)
{
    int error = error_of(KERNEL_unlink);

    return noted(KERNEL_unlink, error ? fail(error) : MAKE(unlink, int (*)(const char *))(path));
}

/* An SQLite result code and no errno. */
static int k_open_directory(const char *path, int *fd)
{
    int error = error_of(KERNEL_openDirectory);

    *fd = -1;
    return noted(KERNEL_openDirectory,
                 error ? SQLITE_CANTOPEN
                       : MAKE(openDirectory, int (*)(const char *, int *))(path, fd));
}

static void *k_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
    int error = error_of(KERNEL_mmap);
    void *map = MAP_FAILED;

    if (error)
        (void)fail(error);
    else
        map = MAKE(mmap, void *(*)(void *, size_t, int, int, int, off_t))(at, len, prot, flags, fd,
                                                                          offset);
    note(KERNEL_mmap, map != MAP_FAILED, (ssize_t)len);
    return map;
}

static int k_munmap(void *at, size_t len)
{
    int error = error_of(KERNEL_munmap);
    int rc = MAKE(munmap, int (*)(void *, size_t))(at, len);

    return noted(KERNEL_munmap, error ? fail(error) : rc);
}

static void *k_mremap(void *at, size_t len, size_t new_len, int flags)
{
    int error = error_of(KERNEL_mremap);
    void *map = MAP_FAILED;

    if (error)
        (void)fail(error);
    else
        map = MAKE(mremap, void *(*)(void *, size_t, size_t, int, ...))(at, len, new_len, flags);
    note(KERNEL_mremap, map != MAP_FAILED, (ssize_t)new_len);
    return map;
}

static ssize_t k_readlink(const char *path, char *to, size_t len)
{
    int error = error_of(KERNEL_readlink);

    return noted_bytes(KERNEL_readlink, error ? fail(error)
                                              : MAKE(readlink, ssize_t(*)(const char *, char *,
                                                                          size_t))(path, to, len));
}

/* Found before the C library's by whatever library this program loads. Nothing here survives the
 * machine: no disk is waited for. */
__attribute__((visibility("default"))) int fsync(int fd)
{
    int error = error_of(KERNEL_fsync);

    (void)fd;
    return noted(KERNEL_fsync, error ? fail(error) : 0);
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    int error = error_of(KERNEL_fdatasync);

    (void)fd;
    return noted(KERNEL_fdatasync, error ? fail(error) : 0);
}

static const struct replacement {
    enum kernel_call call;
    sqlite3_syscall_ptr ours;
} replacements[] = {
    { KERNEL_open, (sqlite3_syscall_ptr)k_open },
    { KERNEL_close, (sqlite3_syscall_ptr)k_close },
    { KERNEL_access, (sqlite3_syscall_ptr)k_access },
    { KERNEL_stat, (sqlite3_syscall_ptr)k_stat },
    { KERNEL_fstat, (sqlite3_syscall_ptr)k_fstat },
    { KERNEL_lstat, (sqlite3_syscall_ptr)k_lstat },
    { KERNEL_ftruncate, (sqlite3_syscall_ptr)k_ftruncate },
    { KERNEL_fcntl, (sqlite3_syscall_ptr)k_fcntl },
    { KERNEL_read, (sqlite3_syscall_ptr)k_read },
    { KERNEL_pread, (sqlite3_syscall_ptr)k_pread },
    { KERNEL_pread64, (sqlite3_syscall_ptr)k_pread64 },
    { KERNEL_write, (sqlite3_syscall_ptr)k_write },
    { KERNEL_pwrite, (sqlite3_syscall_ptr)k_pwrite },
    { KERNEL_pwrite64, (sqlite3_syscall_ptr)k_pwrite64 },
    { KERNEL_fchmod, (sqlite3_syscall_ptr)k_fchmod },
    { KERNEL_fchown, (sqlite3_syscall_ptr)k_fchown },
    { KERNEL_unlink, (sqlite3_syscall_ptr)k_unlink },
    { KERNEL_openDirectory, (sqlite3_syscall_ptr)k_open_directory },
    { KERNEL_mmap, (sqlite3_syscall_ptr)k_mmap },
    { KERNEL_munmap, (sqlite3_syscall_ptr)k_munmap },
    { KERNEL_mremap, (sqlite3_syscall_ptr)k_mremap },
    { KERNEL_readlink, (sqlite3_syscall_ptr)k_readlink },
};

/* A call that SQLite was built without stands in the table as NULL and stays so. */
bool kernel_install(void)
{
    sqlite3_vfs *os = sqlite3_vfs_find("unix");

    for (size_t i = 0; os && i < COUNT(replacements); i++) {
        const struct replacement *r = &replacements[i];

        made[r->call] = os->xGetSystemCall(os, kernel_name(r->call));
        if (made[r->call] && os->xSetSystemCall(os, kernel_name(r->call), r->ours) != SQLITE_OK)
            return false;
    }
    return os != NULL;
}

void kernel_begin(enum kernel_call call, unsigned at, unsigned times, int error)
{
    memset(&kernel, 0, sizeof kernel);
    kernel.call = call;
    kernel.at = at;
    kernel.times = times;
    kernel.error = error;
    kernel.on = true;
}

void kernel_end(void)
{
    kernel.on = false;
}

unsigned kernel_count(enum kernel_call call)
{
    return kernel.counts[call];
}

unsigned kernel_failed(void)
{
    return kernel.failed;
}

uint64_t kernel_digest(void)
{
    return kernel.digest;
}

#define KERNEL_NAME(name) #name,

const char *kernel_name(enum kernel_call call)
{
    static const char *const names[] = { KERNEL_ROWS(KERNEL_NAME) };

    return names[call];
}
