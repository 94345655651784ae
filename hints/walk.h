/* A walk goes from page 1 of a database to the pages that every lookup passes: the schema's, the
 * roots that it names, and the interior pages below them, level by level. It stands in for a
 * history where there is none yet.
 *
 * It says which pages to read next, and is given their bytes (hints/format/btree.h). The bytes are
 * foreign: whatever they hold, it stays within them and within its bounds. What is on a level is
 * known by its first page, so of each tree one leaf is read, the last one, where new rows go. Pure;
 * memory belongs to the walk. */
#ifndef HINTS_WALK_H
#define HINTS_WALK_H

#include "hints/bitmap.h"
#include "hints/plan.h"

/* Pages of a level that wait until its first one was read, over all trees. */
#define HINT_WALK_WAITING_MAX 65536

/* Pages of one tree and level. Private. */
struct hint_walk_level {
    uint32_t *waiting; /* pages that are read when the level turns out to be an interior one */
    size_t waiting_len;
    size_t waiting_cap;
    uint32_t below; /* the level below; 0: none is known */
    uint8_t kind;
    bool has_first; /* its first page is among the steps */
};

struct hint_walk_step {
    uint32_t pgno;
    uint32_t level; /* index */
};

/* Fields are private. */
struct hint_walk {
    struct hint_database database;
    uint32_t pages_max;
    uint32_t usable; /* bytes of a page; 0 before page 1 was given */
    struct hint_bitmap known;
    struct hint_walk_step *steps; /* in order; those before `next` were handed out */
    size_t step_count;
    size_t next;
    size_t given;                   /* of those handed out */
    struct hint_walk_level *levels; /* 0 is no tree's, 1 the schema's */
    size_t level_count;
    size_t waiting; /* pages in all levels */
};

/* A walk that reads at most `pages_max` pages. HINT_NOMEM: it reads none. */
int hint_walk_init(struct hint_walk *walk, struct hint_database database, uint32_t pages_max);
void hint_walk_free(struct hint_walk *walk);

/* The pages to read next, up to `max` of them, in order of use; none: the walk has ended. Each one
 * is to be given before the next call. */
size_t hint_walk_next(struct hint_walk *walk, uint32_t *pgnos, size_t max);

/* The bytes of the next of those pages, page_size of them; NULL: it could not be read. HINT_NOMEM:
 * what it says of others is lost in part, and the walk can go on. */
int hint_walk_give(struct hint_walk *walk, const uint8_t *page);

#endif
