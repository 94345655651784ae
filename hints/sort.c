/* Quicksort by the median of three; where that divides badly, heapsort; short parts by insertion.
 * Whatever `compare` says, nothing outside of the items is looked at. */
#include "hints/sort.h"

#include <stdint.h>
#include <string.h>

#define SHORT_PART 12

struct sorter {
    size_t bytes; /* of an item */
    int (*compare)(const void *a, const void *b);
};

/* Items are mostly of 4 to 24 bytes, and a word at a time takes a third of a byte at a time. */
#define SWAP_BY(type)                                                                              \
    for (; bytes >= sizeof(type); bytes -= sizeof(type)) {                                         \
        type x;                                                                                    \
        type y;                                                                                    \
                                                                                                   \
        memcpy(&x, a, sizeof(x));                                                                  \
        memcpy(&y, b, sizeof(y));                                                                  \
        memcpy(a, &y, sizeof(y));                                                                  \
        memcpy(b, &x, sizeof(x));                                                                  \
        a += sizeof(type);                                                                         \
        b += sizeof(type);                                                                         \
    }

static inline void swap(char *a, char *b, size_t bytes)
{
    SWAP_BY(uint64_t)
    SWAP_BY(uint32_t)
    SWAP_BY(char)
}

static void sort_short(const struct sorter *s, char *items, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0; j--) {
            char *item = items + j * s->bytes;

            if (s->compare(item - s->bytes, item) <= 0) break;
            swap(item - s->bytes, item, s->bytes);
        }
}

static void sift_down(const struct sorter *s, char *items, size_t from, size_t count)
{
    for (size_t child; (child = 2 * from + 1) < count; from = child) {
        if (child + 1 < count &&
            s->compare(items + child * s->bytes, items + (child + 1) * s->bytes) < 0)
            child++;
        if (s->compare(items + from * s->bytes, items + child * s->bytes) >= 0) return;
        swap(items + from * s->bytes, items + child * s->bytes, s->bytes);
    }
}

static void sort_by_heap(const struct sorter *s, char *items, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sift_down(s, items, i, count);
    for (size_t end = count; --end > 0;) {
        swap(items, items + end * s->bytes, s->bytes);
        sift_down(s, items, 0, end);
    }
}

static void order(const struct sorter *s, char *a, char *b)
{
    if (s->compare(a, b) > 0) swap(a, b, s->bytes);
}

/* The median of the first, the middle and the last item becomes the first, and is then put where it
 * belongs; its place. */
static size_t divide(const struct sorter *s, char *items, size_t count)
{
    char *middle = items + count / 2 * s->bytes;
    char *last = items + (count - 1) * s->bytes;
    size_t low = 1;
    size_t high = count - 1;

    order(s, middle, items);
    order(s, items, last);
    order(s, middle, items);
    for (;;) {
        while (low <= high && s->compare(items + low * s->bytes, items) < 0)
            low++;
        while (high >= low && s->compare(items + high * s->bytes, items) > 0)
            high--;
        if (low >= high) break;
        swap(items + low++ * s->bytes, items + high-- * s->bytes, s->bytes);
    }
    swap(items, items + high * s->bytes, s->bytes);
    return high;
}

/* The longer part goes on here, so that calls nest no deeper than the logarithm. */
static void sort_part(const struct sorter *s, char *items, size_t count, unsigned divisions)
{
    while (count > SHORT_PART) {
        size_t at;

        if (divisions-- == 0) {
            sort_by_heap(s, items, count);
            return;
        }
        at = divide(s, items, count);
        if (at < count - at) {
            sort_part(s, items, at, divisions);
            items += (at + 1) * s->bytes;
            count -= at + 1;
        } else {
            sort_part(s, items + (at + 1) * s->bytes, count - at - 1, divisions);
            count = at;
        }
    }
    sort_short(s, items, count);
}

void hint_sort(void *items, size_t count, size_t bytes, int (*compare)(const void *, const void *))
{
    const struct sorter sorter = { bytes, compare };
    unsigned divisions = 2;

    for (size_t rest = count; rest > 0; rest /= 2)
        divisions += 2;
    sort_part(&sorter, items, count, divisions);
}
