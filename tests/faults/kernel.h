/* The system calls of os_unix fail on demand, through the table that it has for that
 * (xSetSystemCall); fsync and fdatasync, which are not in it, by functions of their own names. Only
 * SQLite's calls are seen: preload makes its own directly. One thread at a time. */
#ifndef TESTS_FAULTS_KERNEL_H
#define TESTS_FAULTS_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#define KERNEL_ROWS(X)                                                                             \
    X(open)                                                                                        \
    X(close)                                                                                       \
    X(access)                                                                                      \
    X(stat)                                                                                        \
    X(fstat)                                                                                       \
    X(lstat)                                                                                       \
    X(ftruncate)                                                                                   \
    X(fcntl)                                                                                       \
    X(read)                                                                                        \
    X(pread)                                                                                       \
    X(pread64)                                                                                     \
    X(write)                                                                                       \
    X(pwrite)                                                                                      \
    X(pwrite64)                                                                                    \
    X(fchmod)                                                                                      \
    X(fchown)                                                                                      \
    X(unlink)                                                                                      \
    X(openDirectory)                                                                               \
    X(mmap)                                                                                        \
    X(munmap)                                                                                      \
    X(mremap)                                                                                      \
    X(readlink)                                                                                    \
    X(fsync)                                                                                       \
    X(fdatasync)

#define KERNEL_ENUM(name) KERNEL_##name,
enum kernel_call { KERNEL_ROWS(KERNEL_ENUM) KERNEL_CALLS };

#define KERNEL_HALF (-1) /* a transfer of half the bytes */

/* Puts our functions into the table of the VFS `unix`; false when one is refused. */
bool kernel_install(void);

/* From now on calls are counted, and calls [at, at + times) of this one fail with `error`, an errno
 * or KERNEL_HALF. times 0: none. */
void kernel_begin(enum kernel_call call, unsigned at, unsigned times, int error);
void kernel_end(void);

/* Since kernel_begin: calls, those that failed by us, and a digest of all calls in their order with
 * their outcomes. */
unsigned kernel_count(enum kernel_call call);
unsigned kernel_failed(void);
uint64_t kernel_digest(void);

const char *kernel_name(enum kernel_call call);

#endif
