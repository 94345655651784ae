/* Open addressing; an empty slot has page number 0, which no page has. */
#include "bench/policy/replay_pages.h"

#include <assert.h>
#include <stdlib.h>

#define SLOTS_FIRST 1024

void replay_pages_free(struct replay_pages *pages)
{
    free(pages->slots);
    *pages = (struct replay_pages){ 0 };
}

/* The page's slot, or the empty one where it belongs. There is always an empty one. */
static struct replay_page *find(const struct replay_pages *pages, uint32_t pgno)
{
    /* The high half of a product with 2^32 / golden ratio spreads pages that lie at equal steps. */
    size_t slot = (size_t)(((uint64_t)pgno * UINT32_C(2654435769)) >> 16) & (pages->cap - 1);

    while (pages->slots[slot].pgno != 0 && pages->slots[slot].pgno != pgno)
        slot = (slot + 1) & (pages->cap - 1);
    return &pages->slots[slot];
}

static bool grow(struct replay_pages *pages)
{
    struct replay_pages larger = { .cap = pages->cap ? pages->cap * 2 : SLOTS_FIRST,
                                   .len = pages->len };

    larger.slots = calloc(larger.cap, sizeof(*larger.slots));
    if (!larger.slots) return false;
    for (size_t i = 0; i < pages->cap; i++)
        if (pages->slots[i].pgno != 0) *find(&larger, pages->slots[i].pgno) = pages->slots[i];
    free(pages->slots);
    *pages = larger;
    return true;
}

struct replay_page *replay_pages_add(struct replay_pages *pages, uint32_t pgno)
{
    struct replay_page *page;

    assert(pgno >= 1);
    if (pages->cap == 0 && !grow(pages)) return NULL;
    page = find(pages, pgno);
    if (page->pgno == pgno) return page;
    if (pages->len * 2 >= pages->cap) {
        if (!grow(pages)) return NULL;
        page = find(pages, pgno);
    }
    page->pgno = pgno;
    pages->len++;
    return page;
}

struct replay_page *replay_pages_at(const struct replay_pages *pages, uint32_t pgno)
{
    struct replay_page *page = find(pages, pgno);

    assert(page->pgno == pgno);
    return page;
}
