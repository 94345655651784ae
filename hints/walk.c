/* Levels are numbered as they are found; the steps are one queue, so that roots come before what is
 * below them. */
#include "hints/walk.h"

#include <assert.h>

#include "hints/format/btree.h"
#include "hints/format/header.h"
#include "hints/memory.h"

enum level_kind {
    LEVEL_UNKNOWN,  /* its first page was not given yet */
    LEVEL_INTERIOR, /* read all of it */
    LEVEL_LEAF,     /* read no more of it */
    LEVEL_ROOTS,    /* each page is a tree's own, of either kind */
    LEVEL_SCHEMA,   /* the schema's: leaves, too */
};

#define LEVEL_OF_ROOTS  1
#define LEVEL_OF_SCHEMA 2
#define LEVELS_FIRST    3

static void *grow(void *list, size_t len, size_t more, size_t size)
{
    size_t cap = 16;

    /* Lists double: one that is full has a power of two of elements. */
    while (cap < len)
        cap *= 2;
    if (list && len + more <= cap) return list;
    while (cap < len + more)
        cap *= 2;
    return hint_realloc(list, cap * size);
}

/* What comes after the last page that may be read is not noted. */
static int add_step(struct hint_walk *walk, uint32_t pgno, uint32_t level)
{
    struct hint_walk_step *steps;

    if (walk->step_count >= walk->pages_max) return HINT_OK;
    steps = grow(walk->steps, walk->step_count, 1, sizeof(*steps));
    if (!steps) return HINT_NOMEM;
    walk->steps = steps;
    steps[walk->step_count++] = (struct hint_walk_step){ pgno, level };
    return HINT_OK;
}

/* Whether a page may be read, and was not named before; from now on it was. */
static bool take_new(struct hint_walk *walk, uint32_t pgno)
{
    if (walk->step_count >= walk->pages_max) return false;
    if (pgno == 0 || pgno > walk->database.page_count) return false;
    if (pgno == hint_lock_page(walk->database.page_size)) return false;
    return !hint_bitmap_has(&walk->known, pgno) && hint_bitmap_add(&walk->known, pgno) == HINT_OK;
}

/* gcc's analyzer loses sight of what a level owns when the levels are reached by a computed index.
 */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif
static int add_waiting(struct hint_walk *walk, struct hint_walk_level *level, uint32_t pgno)
{
    if (walk->waiting >= HINT_WALK_WAITING_MAX) return HINT_OK;
    if (level->waiting_len == level->waiting_cap) {
        size_t cap = level->waiting_cap ? level->waiting_cap * 2 : 16;
        uint32_t *waiting = hint_realloc(level->waiting, cap * sizeof(*waiting));

        if (!waiting) return HINT_NOMEM;
        level->waiting = waiting;
        level->waiting_cap = cap;
    }
    level->waiting[level->waiting_len++] = pgno;
    walk->waiting++;
    return HINT_OK;
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/* The level below one; it begins unknown. 0: no memory. */
static uint32_t level_below(struct hint_walk *walk, uint32_t level)
{
    struct hint_walk_level *levels;

    if (walk->levels[level].below) return walk->levels[level].below;
    levels = grow(walk->levels, walk->level_count, 1, sizeof(*levels));
    if (!levels) return 0;
    walk->levels = levels;
    levels[walk->level_count] = (struct hint_walk_level){ .kind = LEVEL_UNKNOWN };
    levels[level].below = (uint32_t)walk->level_count;
    return (uint32_t)walk->level_count++;
}

/* A page of a level: read it, or let it wait, or leave it. */
static int add_page(struct hint_walk *walk, uint32_t pgno, uint32_t level)
{
    switch ((enum level_kind)walk->levels[level].kind) {
    case LEVEL_INTERIOR:
    case LEVEL_ROOTS:
    case LEVEL_SCHEMA:
        return take_new(walk, pgno) ? add_step(walk, pgno, level) : HINT_OK;
    case LEVEL_UNKNOWN:
        return add_waiting(walk, &walk->levels[level], pgno);
    case LEVEL_LEAF:
        break;
    }
    return HINT_OK;
}

int hint_walk_init(struct hint_walk *walk, struct hint_database database, uint32_t pages_max)
{
    *walk = (struct hint_walk){ .database = database, .pages_max = pages_max };
    walk->levels = hint_calloc(16, sizeof(*walk->levels));
    if (!walk->levels) return HINT_NOMEM;
    walk->levels[LEVEL_OF_ROOTS].kind = LEVEL_ROOTS;
    walk->levels[LEVEL_OF_SCHEMA].kind = LEVEL_SCHEMA;
    walk->levels[LEVEL_OF_SCHEMA].below = LEVEL_OF_SCHEMA;
    walk->level_count = LEVELS_FIRST;
    return add_page(walk, 1, LEVEL_OF_SCHEMA);
}

void hint_walk_free(struct hint_walk *walk)
{
    for (size_t i = 0; i < walk->level_count; i++)
        hint_free(walk->levels[i].waiting);
    hint_free(walk->levels);
    hint_free(walk->steps);
    hint_bitmap_free(&walk->known);
    *walk = (struct hint_walk){ 0 };
}

size_t hint_walk_next(struct hint_walk *walk, uint32_t *pgnos, size_t max)
{
    size_t len = 0;

    assert(walk->given == walk->next);
    while (len < max && walk->next < walk->step_count)
        pgnos[len++] = walk->steps[walk->next++].pgno;
    return len;
}

/* Of a page whose children are of an unknown level the last one is read first. */
static int give_children(struct hint_walk *walk, uint32_t level, const uint32_t *children,
                         size_t count)
{
    uint32_t below = level_below(walk, level);
    int rc = HINT_OK;

    if (!below) return HINT_NOMEM;
    while (walk->levels[below].kind == LEVEL_UNKNOWN && !walk->levels[below].has_first &&
           count > 0 && rc == HINT_OK) {
        if (!take_new(walk, children[--count])) continue;
        walk->levels[below].has_first = true;
        rc = add_step(walk, children[count], below);
    }
    for (size_t i = 0; i < count && rc == HINT_OK; i++)
        rc = add_page(walk, children[i], below);
    return rc;
}

/* The level's first page was read: its others are, or are not. */
static int settle(struct hint_walk *walk, uint32_t index, enum level_kind kind)
{
    struct hint_walk_level *level = &walk->levels[index];
    uint32_t *waiting = level->waiting;
    size_t len = level->waiting_len;
    int rc = HINT_OK;

    level->kind = (uint8_t)kind;
    level->waiting = NULL;
    level->waiting_len = 0;
    level->waiting_cap = 0;
    walk->waiting -= len;
    for (size_t i = 0; i < len && rc == HINT_OK; i++)
        rc = add_page(walk, waiting[i], index);
    hint_free(waiting);
    return rc;
}

/* A root is a level of its own: below two roots lie two trees. */
static uint32_t own_level(struct hint_walk *walk)
{
    struct hint_walk_level *levels = grow(walk->levels, walk->level_count, 1, sizeof(*levels));

    if (!levels) return 0;
    walk->levels = levels;
    levels[walk->level_count] = (struct hint_walk_level){ .kind = LEVEL_INTERIOR };
    return (uint32_t)walk->level_count++;
}

static int give_interior(struct hint_walk *walk, struct hint_walk_step step, const uint8_t *page,
                         uint32_t *room, size_t room_len)
{
    size_t count = hint_btree_children(room, room_len, page, step.pgno, walk->usable);
    uint32_t level = step.level;
    int rc = HINT_OK;

    if (walk->levels[level].kind == LEVEL_UNKNOWN) rc = settle(walk, level, LEVEL_INTERIOR);
    if (level == LEVEL_OF_ROOTS) level = own_level(walk);
    if (level == 0) return HINT_NOMEM;
    if (rc == HINT_OK) rc = give_children(walk, level, room, count);
    return rc;
}

static int give_leaf(struct hint_walk *walk, struct hint_walk_step step, const uint8_t *page,
                     uint32_t *room, size_t room_len)
{
    size_t count;
    int rc = HINT_OK;

    if (walk->levels[step.level].kind == LEVEL_UNKNOWN) return settle(walk, step.level, LEVEL_LEAF);
    if (step.level != LEVEL_OF_SCHEMA) return HINT_OK;
    count = hint_btree_roots(room, room_len, page, step.pgno, walk->usable);
    for (size_t i = 0; i < count && rc == HINT_OK; i++)
        rc = add_page(walk, room[i], LEVEL_OF_ROOTS);
    return rc;
}

int hint_walk_give(struct hint_walk *walk, const uint8_t *page)
{
    struct hint_walk_step step = walk->steps[walk->given++];
    const size_t room_len = hint_btree_names_max(walk->database.page_size);
    uint32_t *room;
    int rc = HINT_OK;

    assert(walk->given <= walk->next);
    if (page && step.pgno == 1) walk->usable = hint_usable_bytes(page, walk->database.page_size);
    if (!page || walk->usable == 0) return HINT_OK;
    room = hint_calloc(room_len, sizeof(*room));
    if (!room) return HINT_NOMEM;
    switch (hint_btree_class(page, step.pgno)) {
    case HINT_CLASS_INTERIOR:
        rc = give_interior(walk, step, page, room, room_len);
        break;
    case HINT_CLASS_LEAF:
        rc = give_leaf(walk, step, page, room, room_len);
        break;
    case HINT_CLASS_UNKNOWN:
    case HINT_CLASS_OVERFLOW:
        break;
    }
    hint_free(room);
    return rc;
}
