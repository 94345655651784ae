/* Levels are numbered as they are found; the steps are one queue, so that roots come before what is
 * below them. */
#include "hints/walk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FILE_HEADER_BYTES 100
#define RESERVED_OFFSET   20 /* of the byte that says how many at a page's end are not SQLite's */
#define USABLE_BYTES_MIN  480

#define TABLE_INTERIOR 0x05
#define TABLE_LEAF     0x0d
#define INDEX_INTERIOR 0x02
#define INDEX_LEAF     0x0a

#define INTERIOR_HEADER_BYTES 12
#define LEAF_HEADER_BYTES     8
#define RIGHTMOST_OFFSET      8
#define CELL_COUNT_OFFSET     3

/* The fewest bytes of a cell with its pointer: so many cells a page can have at most. */
#define CELL_BYTES_MIN 6

/* sqlite_schema: type, name, tbl_name, rootpage, sql. */
#define ROOT_COLUMN 3

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

static uint32_t get_be16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get_be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t header_at(uint32_t pgno)
{
    return pgno == 1 ? FILE_HEADER_BYTES : 0;
}

enum hint_walk_kind hint_walk_kind_of(const uint8_t *page, uint32_t pgno)
{
    switch (page[header_at(pgno)]) {
    case TABLE_INTERIOR:
    case INDEX_INTERIOR:
        return HINT_WALK_INTERIOR;
    case TABLE_LEAF:
    case INDEX_LEAF:
        return HINT_WALK_LEAF;
    default:
        return HINT_WALK_NO_BTREE;
    }
}

/* How many cell pointers there are, at `pointers` and on; as far as the page can hold them. */
static uint32_t cell_count(const uint8_t *page, uint32_t pgno, uint32_t pointers, uint32_t usable)
{
    uint32_t count = get_be16(page + header_at(pgno) + CELL_COUNT_OFFSET);
    uint32_t most = (usable - pointers) / 2;

    return count < most ? count : most;
}

size_t hint_walk_children(uint32_t *out, size_t max, const uint8_t *page, uint32_t pgno,
                          uint32_t usable)
{
    const uint32_t pointers = header_at(pgno) + INTERIOR_HEADER_BYTES;
    const uint32_t count = cell_count(page, pgno, pointers, usable);
    size_t len = 0;

    for (uint32_t i = 0; i < count && len < max; i++) {
        uint32_t cell = get_be16(page + pointers + (size_t)2 * i);

        if (cell >= pointers && cell + 4 <= usable) out[len++] = get_be32(page + cell);
    }
    if (len < max) out[len++] = get_be32(page + header_at(pgno) + RIGHTMOST_OFFSET);
    return len;
}

/* Bytes of a cell or record, read from the front; past the end everything is 0 and `bad` is set. */
struct bytes {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static uint8_t take_byte(struct bytes *bytes)
{
    if (bytes->left == 0) {
        bytes->bad = true;
        return 0;
    }
    bytes->left--;
    return *bytes->at++;
}

/* File format, "varint": seven bits a byte, the ninth has eight. */
static uint64_t take_varint(struct bytes *bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++) {
        uint8_t byte = take_byte(bytes);

        value = value << 7 | (byte & 0x7f);
        if (!(byte & 0x80)) return value;
    }
    return value << 8 | take_byte(bytes);
}

static void skip(struct bytes *bytes, uint64_t count)
{
    if (count > bytes->left) {
        bytes->bad = true;
        count = bytes->left;
    }
    bytes->at += count;
    bytes->left -= (size_t)count;
}

/* The bytes of a value in a record, by its serial type. */
static uint64_t value_bytes(uint64_t serial)
{
    static const uint8_t sizes[12] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };

    return serial < 12 ? sizes[serial] : (serial - 12) / 2;
}

/* The page number in a row of the schema; 0: a view, a trigger, or no row of it. */
static uint32_t root_of(struct bytes record)
{
    struct bytes header = record;
    uint64_t header_bytes = take_varint(&header);
    size_t taken = record.left - header.left;
    uint64_t serial;
    uint64_t root = 0;

    if (header.bad || header_bytes < taken || header_bytes > record.left) return 0;
    header.left = (size_t)header_bytes - taken;
    skip(&record, header_bytes);
    for (int column = 0; column < ROOT_COLUMN; column++)
        skip(&record, value_bytes(take_varint(&header)));
    serial = take_varint(&header);
    if (header.bad || serial < 1 || serial > 6) return 0;
    for (uint64_t i = value_bytes(serial); i > 0; i--)
        root = root << 8 | take_byte(&record);
    return record.bad || root > HINT_PGNO_MAX ? 0 : (uint32_t)root;
}

/* How much of a payload is on the page itself (file format, "Cell Payload Overflow Pages"). */
static uint64_t local_bytes(uint64_t payload, uint32_t usable)
{
    uint64_t least = (uint64_t)(usable - 12) * 32 / 255 - 23;
    uint64_t local = least + (payload - least) % (usable - 4);

    if (payload <= usable - 35) return payload;
    return local <= usable - 35 ? local : least;
}

/* A cell is the length of its payload, the rowid, and the payload; `left` bytes lie behind its
 * beginning on the page. */
static uint32_t root_of_cell(const uint8_t *cell, size_t left, uint32_t usable)
{
    struct bytes bytes = { cell, left, false };
    uint64_t payload = take_varint(&bytes);

    (void)take_varint(&bytes);
    if (bytes.bad) return 0;
    payload = local_bytes(payload, usable);
    if (payload < bytes.left) bytes.left = (size_t)payload;
    return root_of(bytes);
}

size_t hint_walk_roots(uint32_t *out, size_t max, const uint8_t *page, uint32_t pgno,
                       uint32_t usable)
{
    const uint32_t pointers = header_at(pgno) + LEAF_HEADER_BYTES;
    const uint32_t count = cell_count(page, pgno, pointers, usable);
    size_t len = 0;

    if (page[header_at(pgno)] != TABLE_LEAF) return 0;
    for (uint32_t i = 0; i < count && len < max; i++) {
        uint32_t cell = get_be16(page + pointers + (size_t)2 * i);
        uint32_t root = 0;

        if (cell >= pointers && cell < usable)
            root = root_of_cell(page + cell, usable - cell, usable);
        if (root) out[len++] = root;
    }
    return len;
}

static void *grow(void *list, size_t len, size_t more, size_t size)
{
    size_t cap = 16;

    /* Lists double: one that is full has a power of two of elements. */
    while (cap < len)
        cap *= 2;
    if (list && len + more <= cap) return list;
    while (cap < len + more)
        cap *= 2;
    return realloc(list, cap * size);
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
        uint32_t *waiting = realloc(level->waiting, cap * sizeof(*waiting));

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
    walk->levels = calloc(16, sizeof(*walk->levels));
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
        free(walk->levels[i].waiting);
    free(walk->levels);
    free(walk->steps);
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
    free(waiting);
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
    size_t count = hint_walk_children(room, room_len, page, step.pgno, walk->usable);
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
    count = hint_walk_roots(room, room_len, page, step.pgno, walk->usable);
    for (size_t i = 0; i < count && rc == HINT_OK; i++)
        rc = add_page(walk, room[i], LEVEL_OF_ROOTS);
    return rc;
}

int hint_walk_give(struct hint_walk *walk, const uint8_t *page)
{
    struct hint_walk_step step = walk->steps[walk->given++];
    const size_t room_len = walk->database.page_size / CELL_BYTES_MIN + 1;
    uint32_t *room;
    int rc = HINT_OK;

    assert(walk->given <= walk->next);
    if (page && step.pgno == 1) walk->usable = walk->database.page_size - page[RESERVED_OFFSET];
    if (!page || walk->usable < USABLE_BYTES_MIN) return HINT_OK;
    room = calloc(room_len, sizeof(*room));
    if (!room) return HINT_NOMEM;
    switch (hint_walk_kind_of(page, step.pgno)) {
    case HINT_WALK_INTERIOR:
        rc = give_interior(walk, step, page, room, room_len);
        break;
    case HINT_WALK_LEAF:
        rc = give_leaf(walk, step, page, room, room_len);
        break;
    case HINT_WALK_NO_BTREE:
        break;
    }
    free(room);
    return rc;
}
