/* The pages that a session reads and the pages that its hints name. The ways of fetching are
 * compared on these sets.
 *
 * A set has FETCH_PAGES pages of FETCH_PAGE_BYTES, numbered as SQLite does; page 1 is in none,
 * since every session begins with it. The same seed makes the same set. One thread at a time. */
#ifndef BENCH_FETCH_SET_H
#define BENCH_FETCH_SET_H

#include "hints/run.h"

#define FETCH_PAGE_BYTES 4096u
#define FETCH_PAGES      4096u

/* The least file that a set fits in. */
#define FETCH_FILE_PAGES_MIN (16 * FETCH_PAGES)

enum fetch_kind {
    FETCH_SCATTERED, /* single pages all over the file, in random order */
    FETCH_CLUSTERED, /* stretches of 16 pages, their pages in random order */
    FETCH_SCAN,      /* one stretch, from its first page to its last */
    FETCH_USELESS,   /* scattered; the hints name other pages */
    FETCH_KIND_COUNT
};

extern const char *const fetch_kind_names[FETCH_KIND_COUNT];

struct fetch_set {
    uint32_t wanted[FETCH_PAGES]; /* as the session reads them */
    uint32_t hinted[FETCH_PAGES]; /* as the sessions before it read theirs */
    struct hint_runs runs;        /* the hinted ones, sorted and joined over gaps of two pages */
};

/* HINT_NOMEM. `set` is zeroed or was made before. */
int fetch_set_make(struct fetch_set *set, enum fetch_kind kind, uint32_t file_pages, uint64_t seed);

/* Twice is harmless. */
void fetch_set_free(struct fetch_set *set);

#endif
