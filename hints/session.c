/* Merges the first touches of several connections into one order.
 *
 * The merge is linear: a hash table by page number finds the place of a page that was touched
 * before, to hand it the better class. */
#include "hints/session.h"

#include <assert.h>

#include "hints/memory.h"

/* The session in the making. `slots` has at least twice as many entries as there will be touches;
 * an entry is 1 + the index of a touch, 0 where empty. */
struct merger {
    struct hint_touch *touches;
    size_t len;
    size_t len_max;
    uint32_t *slots;
    unsigned slot_bits; /* there are 2^slot_bits entries */
};

static int merger_init(struct merger *merger, size_t len_max)
{
    *merger = (struct merger){ .len_max = len_max, .slot_bits = 4 };
    while ((size_t)1 << merger->slot_bits < 2 * len_max)
        merger->slot_bits++;
    assert(merger->slot_bits <= 32);
    merger->touches = hint_calloc(len_max ? len_max : 1, sizeof(*merger->touches));
    merger->slots = hint_calloc((size_t)1 << merger->slot_bits, sizeof(*merger->slots));
    return merger->touches && merger->slots ? HINT_OK : HINT_NOMEM;
}

/* The entry of a page, or the empty one where it belongs. */
static uint32_t *merger_slot(const struct merger *merger, uint32_t pgno)
{
    /* The high bits of a product with 2^32 / golden ratio spread pages that lie at equal steps. */
    size_t slot = (pgno * UINT32_C(2654435769)) >> (32 - merger->slot_bits);
    size_t mask = ((size_t)1 << merger->slot_bits) - 1;

    while (merger->slots[slot] && merger->touches[merger->slots[slot] - 1].pgno != pgno)
        slot = (slot + 1) & mask;
    return &merger->slots[slot];
}

static void merger_take(struct merger *merger, struct hint_touch touch)
{
    uint32_t *slot = merger_slot(merger, touch.pgno);

    if (*slot) {
        struct hint_touch *known = &merger->touches[*slot - 1];

        if (hint_touch_class(*known) == HINT_CLASS_UNKNOWN)
            known->stamp |= (uint32_t)hint_touch_class(touch);
    } else if (merger->len < merger->len_max) {
        merger->touches[merger->len++] = touch;
        *slot = (uint32_t)merger->len;
    }
}

void hint_session_free(struct hint_session *session)
{
    hint_free(session->touches);
    hint_runs_free(&session->fetched);
    *session = (struct hint_session){ 0 };
}

int hint_session_merge(struct hint_session *session, const struct hint_touch *touches, size_t count,
                       size_t pages_max)
{
    size_t len_max = session->len + count < pages_max ? session->len + count : pages_max;
    struct merger merger;
    size_t ours = 0;
    size_t theirs = 0;
    int rc = merger_init(&merger, len_max);

    while (rc == HINT_OK && (ours < session->len || theirs < count)) {
        if (theirs == count || (ours < session->len && hint_touch_us(session->touches[ours]) <=
                                                           hint_touch_us(touches[theirs])))
            merger_take(&merger, session->touches[ours++]);
        else
            merger_take(&merger, touches[theirs++]);
    }
    if (rc == HINT_OK) {
        struct hint_touch *old = session->touches;

        session->touches = merger.touches;
        session->len = merger.len;
        merger.touches = old;
    }
    hint_free(merger.touches);
    hint_free(merger.slots);
    return rc;
}
