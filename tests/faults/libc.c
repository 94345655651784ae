/* A wrapper a function. The linker turns a call of `open` into one of __wrap_open, and __real_open
 * into open. */
#include "tests/faults/libc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

static struct {
    atomic_bool on;
    enum libc_call call;
    unsigned at;
    unsigned times;
    int error;
    atomic_uint failed;
    atomic_uint counts[LIBC_CALLS];
} libc;

/* How this call is to fail; 0: not. */
static int error_of(enum libc_call call)
{
    unsigned n;

    if (!atomic_load(&libc.on)) return 0;
    n = atomic_fetch_add(&libc.counts[call], 1);
    if (call != libc.call || n < libc.at || n - libc.at >= libc.times) return 0;
    atomic_fetch_add(&libc.failed, 1);
    return libc.error;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

static void *fail_pointer(int error)
{
    errno = error;
    return NULL;
}

static size_t fail_zstd(int error)
{
    return 0 - (size_t)(error == ENOMEM ? ZSTD_error_memory_allocation : ZSTD_error_GENERIC);
}

static size_t halved(int error, size_t len)
{
    return error == LIBC_HALF && len > 1 ? len / 2 : len;
}

/* The linker chose these names. */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    int error = error_of(LIBC_malloc);

    return error ? fail_pointer(error) : __real_malloc(size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    int error = error_of(LIBC_calloc);

    return error ? fail_pointer(error) : __real_calloc(count, size);
}

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size)
{
    int error = error_of(LIBC_realloc);

    return error ? fail_pointer(error) : __real_realloc(memory, size);
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
    int error = error_of(LIBC_strdup);

    return error ? fail_pointer(error) : __real_strdup(text);
}

const char *__real_sqlite3_create_filename(const char *database, const char *journal,
                                           const char *wal, int count, const char **parameters);
const char *__wrap_sqlite3_create_filename(const char *database, const char *journal,
                                           const char *wal, int count, const char **parameters);
const char *__wrap_sqlite3_create_filename(const char *database, const char *journal,
                                           const char *wal, int count, const char **parameters)
{
    if (error_of(LIBC_sqlite3_create_filename)) return NULL;
    return __real_sqlite3_create_filename(database, journal, wal, count, parameters);
}

sqlite3_mutex *__real_sqlite3_mutex_alloc(int kind);
sqlite3_mutex *__wrap_sqlite3_mutex_alloc(int kind);
sqlite3_mutex *__wrap_sqlite3_mutex_alloc(int kind)
{
    return error_of(LIBC_sqlite3_mutex_alloc) ? NULL : __real_sqlite3_mutex_alloc(kind);
}

ZSTD_CCtx *__real_ZSTD_createCCtx_advanced(ZSTD_customMem memory);
ZSTD_CCtx *__wrap_ZSTD_createCCtx_advanced(ZSTD_customMem memory);
ZSTD_CCtx *__wrap_ZSTD_createCCtx_advanced(ZSTD_customMem memory)
{
    if (error_of(LIBC_ZSTD_createCCtx_advanced)) return NULL;
    return __real_ZSTD_createCCtx_advanced(memory);
}

ZSTD_DCtx *__real_ZSTD_createDCtx_advanced(ZSTD_customMem memory);
ZSTD_DCtx *__wrap_ZSTD_createDCtx_advanced(ZSTD_customMem memory);
ZSTD_DCtx *__wrap_ZSTD_createDCtx_advanced(ZSTD_customMem memory)
{
    if (error_of(LIBC_ZSTD_createDCtx_advanced)) return NULL;
    return __real_ZSTD_createDCtx_advanced(memory);
}

size_t __real_ZSTD_CCtx_setParameter(ZSTD_CCtx *context, ZSTD_cParameter parameter, int value);
size_t __wrap_ZSTD_CCtx_setParameter(ZSTD_CCtx *context, ZSTD_cParameter parameter, int value);
size_t __wrap_ZSTD_CCtx_setParameter(ZSTD_CCtx *context, ZSTD_cParameter parameter, int value)
{
    int error = error_of(LIBC_ZSTD_CCtx_setParameter);

    if (error) return fail_zstd(error);
    return __real_ZSTD_CCtx_setParameter(context, parameter, value);
}

size_t __real_ZSTD_compress2(ZSTD_CCtx *context, void *to, size_t room, const void *from,
                             size_t len);
size_t __wrap_ZSTD_compress2(ZSTD_CCtx *context, void *to, size_t room, const void *from,
                             size_t len);
size_t __wrap_ZSTD_compress2(ZSTD_CCtx *context, void *to, size_t room, const void *from,
                             size_t len)
{
    int error = error_of(LIBC_ZSTD_compress2);

    if (error) return fail_zstd(error);
    return __real_ZSTD_compress2(context, to, room, from, len);
}

size_t __real_ZSTD_decompressDCtx(ZSTD_DCtx *context, void *to, size_t room, const void *from,
                                  size_t len);
size_t __wrap_ZSTD_decompressDCtx(ZSTD_DCtx *context, void *to, size_t room, const void *from,
                                  size_t len);
size_t __wrap_ZSTD_decompressDCtx(ZSTD_DCtx *context, void *to, size_t room, const void *from,
                                  size_t len)
{
    int error = error_of(LIBC_ZSTD_decompressDCtx);

    if (error) return fail_zstd(error);
    return __real_ZSTD_decompressDCtx(context, to, room, from, len);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    int error = error_of(LIBC_open);
    mode_t mode = 0;
    va_list args;

    va_start(args, flags);
    if (flags & O_CREAT) mode = va_arg(args, mode_t);
    va_end(args);
    return error ? fail(error) : __real_open(path, flags, mode);
}

/* The descriptor is gone all the same. */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    int error = error_of(LIBC_close);
    int rc = __real_close(fd);

    return error ? fail(error) : rc;
}

int __real_stat(const char *path, struct stat *st);
int __wrap_stat(const char *path, struct stat *st);
int __wrap_stat(const char *path, struct stat *st)
{
    int error = error_of(LIBC_stat);

    return error ? fail(error) : __real_stat(path, st);
}

int __real_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st)
{
    int error = error_of(LIBC_fstat);

    return error ? fail(error) : __real_fstat(fd, st);
}

int __real_lstat(const char *path, struct stat *st);
int __wrap_lstat(const char *path, struct stat *st);
int __wrap_lstat(const char *path, struct stat *st)
{
    int error = error_of(LIBC_lstat);

    return error ? fail(error) : __real_lstat(path, st);
}

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __wrap_flock(int fd, int operation)
{
    int error = error_of(LIBC_flock);

    return error ? fail(error) : __real_flock(fd, operation);
}

ssize_t __real_pread(int fd, void *to, size_t len, off_t at);
ssize_t __wrap_pread(int fd, void *to, size_t len, off_t at);
ssize_t __wrap_pread(int fd, void *to, size_t len, off_t at)
{
    int error = error_of(LIBC_pread);

    return error > 0 ? fail(error) : __real_pread(fd, to, halved(error, len), at);
}

ssize_t __real_pwrite(int fd, const void *from, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *from, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *from, size_t len, off_t at)
{
    int error = error_of(LIBC_pwrite);

    return error > 0 ? fail(error) : __real_pwrite(fd, from, halved(error, len), at);
}

ssize_t __real_write(int fd, const void *from, size_t len);
ssize_t __wrap_write(int fd, const void *from, size_t len);
ssize_t __wrap_write(int fd, const void *from, size_t len)
{
    int error = error_of(LIBC_write);

    return error > 0 ? fail(error) : __real_write(fd, from, halved(error, len));
}

int __real_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size)
{
    int error = error_of(LIBC_ftruncate);

    return error ? fail(error) : __real_ftruncate(fd, size);
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
    int error = error_of(LIBC_fchmod);

    return error ? fail(error) : __real_fchmod(fd, mode);
}

int __real_fchown(int fd, uid_t user, gid_t group);
int __wrap_fchown(int fd, uid_t user, gid_t group);
int __wrap_fchown(int fd, uid_t user, gid_t group)
{
    int error = error_of(LIBC_fchown);

    return error ? fail(error) : __real_fchown(fd, user, group);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    int error = error_of(LIBC_rename);

    return error ? fail(error) : __real_rename(from, to);
}

/* It returns the error. */
int __real_posix_fadvise(int fd, off_t at, off_t len, int advice);
int __wrap_posix_fadvise(int fd, off_t at, off_t len, int advice);
int __wrap_posix_fadvise(int fd, off_t at, off_t len, int advice)
{
    int error = error_of(LIBC_posix_fadvise);

    return error ? error : __real_posix_fadvise(fd, at, len, advice);
}

ssize_t __real_getrandom(void *to, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *to, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *to, size_t len, unsigned flags)
{
    int error = error_of(LIBC_getrandom);

    return error > 0 ? fail(error) : __real_getrandom(to, halved(error, len), flags);
}

int __real_getrlimit(__rlimit_resource_t resource, struct rlimit *limit);
int __wrap_getrlimit(__rlimit_resource_t resource, struct rlimit *limit);
int __wrap_getrlimit(__rlimit_resource_t resource, struct rlimit *limit)
{
    int error = error_of(LIBC_getrlimit);

    return error ? fail(error) : __real_getrlimit(resource, limit);
}

int __real_nanosleep(const struct timespec *pause, struct timespec *left);
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left);
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left)
{
    int error = error_of(LIBC_nanosleep);

    return error ? fail(error) : __real_nanosleep(pause, left);
}

/* Threads: these return the error. */

int __real_pthread_attr_init(pthread_attr_t *attr);
int __wrap_pthread_attr_init(pthread_attr_t *attr);
int __wrap_pthread_attr_init(pthread_attr_t *attr)
{
    int error = error_of(LIBC_pthread_attr_init);

    return error ? error : __real_pthread_attr_init(attr);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *argument)
{
    int error = error_of(LIBC_pthread_create);

    return error ? error : __real_pthread_create(thread, attr, run, argument);
}

/* Those that preload makes so have three arguments at the most. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
    int error = error_of(LIBC_syscall);
    long arguments[3];
    va_list args;

    va_start(args, number);
    for (int i = 0; i < 3; i++)
        arguments[i] = va_arg(args, long);
    va_end(args);
    if (error) return fail(error);
    return __real_syscall(number, arguments[0], arguments[1], arguments[2]);
}

void libc_begin(enum libc_call call, unsigned at, unsigned times, int error)
{
    libc.call = call;
    libc.at = at;
    libc.times = times;
    libc.error = error;
    atomic_store(&libc.failed, 0);
    for (size_t i = 0; i < LIBC_CALLS; i++)
        atomic_store(&libc.counts[i], 0);
    atomic_store(&libc.on, true);
}

void libc_end(void)
{
    atomic_store(&libc.on, false);
}

unsigned libc_count(enum libc_call call)
{
    return atomic_load(&libc.counts[call]);
}

unsigned libc_failed(void)
{
    return atomic_load(&libc.failed);
}

#define LIBC_NAME(name) #name,

const char *libc_name(enum libc_call call)
{
    static const char *const names[] = { LIBC_ROWS(LIBC_NAME) };

    return names[call];
}
