/* Evicts a file from the page cache and verifies that it is gone.
 *
 * posix_fadvise(DONTNEED) only asks: dirty pages stay, and so do those that a process has mapped or
 * is reading. So the file is synced first, and mincore says afterwards what stayed. mincore answers
 * "all" for a file that one neither owns nor may write, so this refuses to judge such a file. Any
 * thread; Linux. */
#ifndef BENCH_EVICT_H
#define BENCH_EVICT_H

#include <stdint.h>

enum evict_status {
    EVICT_OK = 0,
    EVICT_IO = -1,      /* the file cannot be opened, mapped or read */
    EVICT_FOREIGN = -2, /* not ours to judge: not owned and not writable */
    EVICT_STAYED = -3   /* pages are still resident after all attempts, as on a tmpfs */
};

/* Pages of the file that the operating system holds, and of how many. EVICT_IO, EVICT_FOREIGN. */
struct evict_residence {
    uint64_t resident;
    uint64_t total;
};
int evict_look(const char *path, struct evict_residence *out);

/* Puts the file out of memory and verifies it, trying again for up to a second. All of the above.
 * `out` says what stayed. */
int evict_file(const char *path, struct evict_residence *out);

/* Reads the file, so that it is resident. EVICT_IO. */
int evict_undo(const char *path);

/* A sentence about a status. */
const char *evict_message(int status);

#endif
