/* First touches in a list that never moves.
 *
 * A touch and the pointer of its segment are written before the count that includes them is
 * published, so whoever acquired a count may read everything below it while the owner appends. */
#include "hints/recorder.h"

#include <assert.h>
#include <string.h>

#include "hints/memory.h"

#define STAMP_UNITS_MAX (UINT32_MAX >> HINT_STAMP_SHIFT)

struct place {
    size_t segment;
    size_t offset; /* in touches */
    size_t room;   /* touches in that segment */
};

/* Segment 0 holds the first touches, segment k as many as all before it together. */
static struct place place_of(size_t index)
{
    struct place place = { 0, index, HINT_RECORDER_FIRST_SEGMENT };
    size_t end = HINT_RECORDER_FIRST_SEGMENT;

    while (index >= end) {
        place.segment++;
        place.room = end;
        place.offset = index - end;
        end *= 2;
    }
    return place;
}

static struct hint_touch touch_at(const struct hint_recorder *recorder, size_t index)
{
    struct place place = place_of(index);

    return recorder->segments[place.segment][place.offset];
}

void hint_recorder_init(struct hint_recorder *recorder, struct hint_window window)
{
    memset(recorder, 0, sizeof(*recorder));
    atomic_init(&recorder->count, 0);
    recorder->window = window;
    recorder->full = window.pages_max == 0 || window.us_max == 0;
}

void hint_recorder_free(struct hint_recorder *recorder)
{
    hint_bitmap_free(&recorder->seen);
    for (size_t i = 0; i < HINT_RECORDER_SEGMENTS; i++)
        hint_free(recorder->segments[i]);
    memset(recorder, 0, sizeof(*recorder));
    atomic_init(&recorder->count, 0);
}

/* The place for touch `index`, its segment allocated; NULL when the segments or memory run out. */
static struct hint_touch *place_make(struct hint_recorder *recorder, size_t index)
{
    struct place place = place_of(index);
    struct hint_touch **segment;

    if (place.segment >= HINT_RECORDER_SEGMENTS) return NULL;
    segment = &recorder->segments[place.segment];
    if (!*segment) *segment = hint_calloc(place.room, sizeof(**segment));
    return *segment ? *segment + place.offset : NULL;
}

bool hint_recorder_append(struct hint_recorder *recorder, uint32_t pgno, enum hint_class page_class,
                          enum hint_how how)
{
    size_t count = atomic_load_explicit(&recorder->count, memory_order_relaxed);
    struct hint_touch *touch = NULL;

    assert(pgno >= 1);
    if (count < recorder->window.pages_max) touch = place_make(recorder, count);
    if (!touch || hint_bitmap_add(&recorder->seen, pgno - 1) != HINT_OK) {
        recorder->full = true;
        return false;
    }
    *touch = (struct hint_touch){ pgno,
                                  recorder->now_stamp | (uint32_t)how << 2 | (uint32_t)page_class };
    atomic_store_explicit(&recorder->count, count + 1, memory_order_release);
    if (count + 1 >= recorder->window.pages_max) recorder->full = true;
    return true;
}

void hint_recorder_tick(struct hint_recorder *recorder, uint64_t now_us)
{
    uint64_t units = now_us / HINT_STAMP_UNIT_US < STAMP_UNITS_MAX ? now_us / HINT_STAMP_UNIT_US
                                                                   : STAMP_UNITS_MAX;
    uint32_t stamp = (uint32_t)units << HINT_STAMP_SHIFT;

    if (stamp > recorder->now_stamp) recorder->now_stamp = stamp;
    if (now_us >= recorder->window.us_max) recorder->full = true;
}

size_t hint_recorder_count(const struct hint_recorder *recorder)
{
    return atomic_load_explicit(&recorder->count, memory_order_acquire);
}

void hint_recorder_copy(const struct hint_recorder *recorder, struct hint_touch *out, size_t first,
                        size_t count)
{
    while (count > 0) {
        struct place place = place_of(first);
        size_t part = place.room - place.offset;

        if (part > count) part = count;
        memcpy(out, recorder->segments[place.segment] + place.offset, part * sizeof(*out));
        out += part;
        first += part;
        count -= part;
    }
}

/* Touches before `us`: their times ascend. */
static size_t touches_before(const struct hint_recorder *recorder, size_t count, uint64_t us)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (hint_touch_us(touch_at(recorder, middle)) < us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool hint_recorder_settled(const struct hint_recorder *recorder, uint64_t now_us)
{
    size_t count = hint_recorder_count(recorder);
    uint64_t first_us;
    size_t late;

    if (count == 0) return false;
    first_us = hint_touch_us(touch_at(recorder, 0));
    if (now_us < first_us || now_us - first_us < HINT_SETTLE_US_MIN) return false;
    late = count - touches_before(recorder, count, first_us + (now_us - first_us) / 2);
    return late * 16 < count;
}

size_t hint_recorder_bytes(const struct hint_recorder *recorder)
{
    size_t bytes = hint_bitmap_bytes(&recorder->seen);
    size_t room = HINT_RECORDER_FIRST_SEGMENT;

    for (size_t i = 0; i < HINT_RECORDER_SEGMENTS && recorder->segments[i]; i++) {
        bytes += room * sizeof(**recorder->segments);
        if (i > 0) room *= 2;
    }
    return bytes;
}
