/* A recorder keeps one connection's first touches, in order.
 *
 * On the hot path a touch is a bitmap test; a page seen for the first time is appended to a list
 * that never moves: its segments double in size, and the count is published with release order, so
 * another thread may copy what is already there while the owner appends. Touching never fails
 * towards the caller: when memory or the window's page cap runs out the recorder is full and stays
 * as it is.
 *
 * Time comes from the caller (hint_recorder_tick), in microseconds since its session began; touches
 * take the time of the last tick. Owner: one thread at a time, for every function that does not say
 * *any thread*. */
#ifndef HINTS_RECORDER_H
#define HINTS_RECORDER_H

#include <stdatomic.h>

#include "hints/bitmap.h"
#include "hints/format/btree.h"

/* How a page was touched. Written pages are in the pager's cache and are never read, yet the next
 * session needs them. */
enum hint_how {
    HINT_READ = 0,
    HINT_WRITTEN = 1,
};

#define HINT_STAMP_SHIFT   3
#define HINT_STAMP_UNIT_US 8

/* A first touch. `stamp` holds the class in bits 0 and 1, whether it was a write in bit 2, and
 * above them the time in units of 8 us since the session began (it saturates after 71 minutes, past
 * the longest window). */
struct hint_touch {
    uint32_t pgno;
    uint32_t stamp;
};

static inline enum hint_class hint_touch_class(struct hint_touch touch)
{
    return (enum hint_class)(touch.stamp & 3);
}

static inline enum hint_how hint_touch_how(struct hint_touch touch)
{
    return (enum hint_how)(touch.stamp >> 2 & 1);
}

static inline uint64_t hint_touch_us(struct hint_touch touch)
{
    return (uint64_t)(touch.stamp >> HINT_STAMP_SHIFT) * HINT_STAMP_UNIT_US;
}

/* When recording ends at the latest. */
struct hint_window {
    uint32_t pages_max;
    uint64_t us_max;
};

#define HINT_RECORDER_SEGMENTS 26
#define HINT_RECORDER_FIRST_SEGMENT                                                                \
    64 /* touches; each further segment is as large as all before it */

/* Fields are private but for the inline test below. Zeroed is a recorder that is full: it records
 * nothing. */
struct hint_recorder {
    struct hint_bitmap seen; /* of pgno - 1, which is what an offset gives */
    struct hint_touch *segments[HINT_RECORDER_SEGMENTS];
    _Atomic size_t count;
    struct hint_window window;
    uint32_t now_stamp;
    bool full; /* page cap, time cap or memory */
};

void hint_recorder_init(struct hint_recorder *recorder, struct hint_window window);
void hint_recorder_free(struct hint_recorder *recorder);

/* Appends a page that is not in the bitmap yet. Returns true when it was appended. Called by
 * hint_recorder_touch. */
bool hint_recorder_append(struct hint_recorder *recorder, uint32_t pgno, enum hint_class page_class,
                          enum hint_how how);

static inline bool hint_recorder_seen(const struct hint_recorder *recorder, uint32_t pgno)
{
    return hint_bitmap_has(&recorder->seen, pgno - 1);
}

/* Records a page; true when this was its first touch and it was taken. */
static inline bool hint_recorder_touch(struct hint_recorder *recorder, uint32_t pgno,
                                       enum hint_class page_class, enum hint_how how)
{
    if (recorder->full || hint_recorder_seen(recorder, pgno)) return false;
    return hint_recorder_append(recorder, pgno, page_class, how);
}

/* The time now; ends the recording at the window's time cap. Time never runs backwards: an earlier
 * one is ignored. */
void hint_recorder_tick(struct hint_recorder *recorder, uint64_t now_us);

/* Touches so far. Any thread. */
size_t hint_recorder_count(const struct hint_recorder *recorder);

/* Copies touches [first, first + count), which lie below a count that hint_recorder_count returned.
 * Any thread. */
void hint_recorder_copy(const struct hint_recorder *recorder, struct hint_touch *out, size_t first,
                        size_t count);

/* Whether the rate of first touches has settled at `now_us`: at least `HINT_SETTLE_US_MIN` since
 * the first touch, and fewer than one touch in 16 fell into the second half of the time since then.
 * Any thread. */
#define HINT_SETTLE_US_MIN UINT64_C(1000000)
bool hint_recorder_settled(const struct hint_recorder *recorder, uint64_t now_us);

/* Bytes held, for the bounds tests and the benchmarks. One thread at a time. */
size_t hint_recorder_bytes(const struct hint_recorder *recorder);

#endif
