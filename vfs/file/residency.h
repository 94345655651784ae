/* Which parts of a file the operating system holds in memory.
 *
 * It is asked by mincore on a mapping that is never read. A mapping takes address space, which is
 * the host's (ulimit -v), so a window of the file is mapped, and goes where it is asked for. For a
 * file that one neither owns nor may write, mincore answers "all", so nothing is asked of such a
 * file. One thread at a time. */
#ifndef VFS_RESIDENCY_H
#define VFS_RESIDENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESIDENCY_WINDOW_BYTES ((uint64_t)2 << 20)

/* Zeroed is a file of which nothing is known; so is one for which the kernel gave no mapping. */
struct residency {
    unsigned char *window; /* NULL: nothing is mapped yet */
    uint64_t from;         /* where in the file it begins */
    uint64_t window_bytes; /* whole pages; the same wherever it goes */
    uint64_t bytes;        /* of the file */
    int fd;
};

/* `path` names the file that `fd` has open, and that stays open until the residency is closed.
 * False: the kernel would not tell the truth. */
bool preload_residency_open(struct residency *residency, int fd, const char *path);

/* Whether all of [offset, offset + bytes) is in memory. False where nothing is known, and past the
 * end that the file had. At most RESIDENCY_ASKED_MAX bytes are looked at. */
#define RESIDENCY_ASKED_MAX ((uint64_t)128 << 10)
bool preload_residency_holds(struct residency *residency, uint64_t offset, uint64_t bytes);

/* Whether half of the pages at these offsets, or more, are on the disk alone. False where nothing
 * is known. */
#define RESIDENCY_PLACES 16
bool preload_residency_is_cold(struct residency *residency,
                               const uint64_t offsets[RESIDENCY_PLACES]);

/* The same of a file of `bytes`, by places that lie evenly between its begin and its end. */
bool preload_residency_file_is_cold(int fd, const char *path, uint64_t bytes);

/* Leaves it zeroed; twice is harmless. */
void preload_residency_close(struct residency *residency);

#endif
