/* Lets the library learn hints for a file, and keeps a copy of them. Two sessions, each in a
 * process of its own, read pages through the VFS `preload`, which writes the sidecar. A session
 * changes the hints, so the copy is restored before each one that is measured. One thread at a
 * time. */
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
