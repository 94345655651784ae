/* A radix sort from the lowest byte up; a byte that all keys share costs nothing. */
#include "hints/order.h"

#include <string.h>

#define KEY_BYTES   8
#define BYTE_VALUES 256

static unsigned byte_of(const struct hint_place *place, unsigned byte)
{
    return (unsigned)(place->key >> 8 * byte) & (BYTE_VALUES - 1);
}

/* Where the first of each value goes; how often each comes is replaced. */
static void make_offsets(size_t *counts)
{
    size_t at = 0;

    for (unsigned value = 0; value < BYTE_VALUES; value++) {
        const size_t count = counts[value];

        counts[value] = at;
        at += count;
    }
}

void hint_order(struct hint_place *places, struct hint_place *scratch, size_t len)
{
    size_t counts[KEY_BYTES][BYTE_VALUES] = { { 0 } };
    struct hint_place *from = places;
    struct hint_place *to = scratch;

    for (size_t i = 0; i < len; i++)
        for (unsigned byte = 0; byte < KEY_BYTES; byte++)
            counts[byte][byte_of(&places[i], byte)]++;
    for (unsigned byte = 0; byte < KEY_BYTES && len > 0; byte++) {
        struct hint_place *sorted = to;

        if (counts[byte][byte_of(&places[0], byte)] == len) continue;
        make_offsets(counts[byte]);
        for (size_t i = 0; i < len; i++)
            to[counts[byte][byte_of(&from[i], byte)]++] = from[i];
        to = from;
        from = sorted;
    }
    if (from != places) memcpy(places, from, len * sizeof(*places));
}
