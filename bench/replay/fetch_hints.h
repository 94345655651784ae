/* Hints for a file, learnt as anybody's are: two sessions, each in a process of its own, read pages
 * through the VFS `preload`, and the sidecar is there. A copy of it is put back before each session
 * that shall find these hints, since every session changes them. One thread at a time. */
#ifndef BENCH_FETCH_HINTS_H
#define BENCH_FETCH_HINTS_H

#include <stddef.h>
#include <stdint.h>

/* A sidecar's bytes. Zeroed is none. */
struct fetch_hints {
    char *bytes;
    size_t len;
};

/* Forgets what is known of the file, then learns page 1 and `pages` in this order. 0, or -1: a
 * session failed, or left no sidecar. `hints` is zeroed or was learnt before. */
int fetch_hints_learn(struct fetch_hints *hints, const char *path, const uint32_t *pages,
                      uint32_t count);

/* Writes the sidecar as it was learnt, and syncs it. 0, or -1 with errno. */
int fetch_hints_put_back(const struct fetch_hints *hints, const char *path);

/* Removes what sessions left beside the file. */
void fetch_hints_remove(const char *path);

/* Twice is harmless. */
void fetch_hints_free(struct fetch_hints *hints);

#endif
