/* What a simulated replay knows about each page, looked up by page number. One thread at a time. */
#ifndef BENCH_REPLAY_PAGES_H
#define BENCH_REPLAY_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct replay_page {
    uint32_t pgno;
    uint32_t offered;    /* the number of the plan that last released it; 0: none has */
    uint64_t arrives_ns; /* valid if it is booked */
    bool booked;         /* on its way or there */
    bool fetched;        /* by a prefetch, and not on demand */
    bool touched;
};

/* Zeroed is a valid empty table. */
struct replay_pages {
    struct replay_page *slots;
    size_t cap;
    size_t len;
};

void replay_pages_free(struct replay_pages *pages);

/* The page's entry, zeroed but for `pgno` when it is new; valid until the next one is added. `pgno`
 * is at least 1. NULL: no memory. */
struct replay_page *replay_pages_add(struct replay_pages *pages, uint32_t pgno);

/* The entry of a page that has one. */
struct replay_page *replay_pages_at(const struct replay_pages *pages, uint32_t pgno);

#endif
