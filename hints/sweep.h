/* A full sweep is known by its shape: a backup reads, and a restore writes, page after page through
 * nearly the whole database. No b-tree walk does, for it comes by interior pages, which
 * lie between others. A sweep says nothing about what the next session needs. One thread at a time.
 */
#ifndef HINTS_SWEEP_H
#define HINTS_SWEEP_H

#include "hints/recorder.h"

/* Fewer pages in a row than this are no sweep: an interior page of 4 KiB has some 450 children,
 * which may lie in a row. */
#define HINT_SWEEP_PAGES_MIN 512

/* Zeroed is a sweep that has not begun. */
struct hint_sweep {
    uint32_t first; /* pgno */
    uint32_t next;  /* pgno expected now */
    size_t from;    /* index of its first touch */
    bool full;      /* this one has been called a sweep */
};

/* A page that was just recorded as touch `index`. Pages that the recorder had seen before may be
 * left out of the row, since the pager has them. True while the row is a sweep of a database of
 * `page_count` pages: at least HINT_SWEEP_PAGES_MIN in a row that are nine tenths of it; then the
 * touches from `sweep->from` on are the sweep's. */
bool hint_sweep_touch(struct hint_sweep *sweep, const struct hint_recorder *recorder, uint32_t pgno,
                      size_t index, uint32_t page_count);

#endif
