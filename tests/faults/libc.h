/* What preload asks of the C library, of zstd and of SQLite's allocator fails on demand, on
 * whatever thread: the linker wraps these functions in the objects of this program and of the
 * archive. SQLite and zstd themselves, being libraries, are not touched. */
#ifndef TESTS_FAULTS_LIBC_H
#define TESTS_FAULTS_LIBC_H

#include <stdbool.h>

/* The wrapped functions; CMakeLists.txt names them to the linker. */
#define LIBC_ROWS(X)                                                                               \
    X(malloc)                                                                                      \
    X(calloc)                                                                                      \
    X(realloc)                                                                                     \
    X(strdup)                                                                                      \
    X(sqlite3_create_filename)                                                                     \
    X(sqlite3_mutex_alloc)                                                                         \
    X(ZSTD_createCCtx_advanced)                                                                    \
    X(ZSTD_createDCtx_advanced)                                                                    \
    X(ZSTD_CCtx_setParameter)                                                                      \
    X(ZSTD_compress2)                                                                              \
    X(ZSTD_decompressDCtx)                                                                         \
    X(open)                                                                                        \
    X(close)                                                                                       \
    X(stat)                                                                                        \
    X(fstat)                                                                                       \
    X(lstat)                                                                                       \
    X(flock)                                                                                       \
    X(pread)                                                                                       \
    X(pwrite)                                                                                      \
    X(write)                                                                                       \
    X(ftruncate)                                                                                   \
    X(fchmod)                                                                                      \
    X(fchown)                                                                                      \
    X(rename)                                                                                      \
    X(posix_fadvise)                                                                               \
    X(getrandom)                                                                                   \
    X(getrlimit)                                                                                   \
    X(nanosleep)                                                                                   \
    X(pthread_attr_init)                                                                           \
    X(pthread_create)                                                                              \
    X(syscall)

#define LIBC_ENUM(name) LIBC_##name,
enum libc_call { LIBC_ROWS(LIBC_ENUM) LIBC_CALLS };

#define LIBC_HALF (-1) /* a transfer of half the bytes */

/* From now on calls are counted, and calls [at, at + times) of this one fail with `error`, an errno
 * or LIBC_HALF. times 0: none. */
void libc_begin(enum libc_call call, unsigned at, unsigned times, int error);
void libc_end(void);

/* Since libc_begin. */
unsigned libc_count(enum libc_call call);
unsigned libc_failed(void);

const char *libc_name(enum libc_call call);

#endif
