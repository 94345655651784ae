/* Random pages. */
#include "bench/replay/fetch_set.h"

#include "bench/kit/random.h"
#include "hints/bitmap.h"

#include <string.h>

#define CLUSTER_PAGES 16u
#define GAP_PAGES     2u

const char *const fetch_kind_names[FETCH_KIND_COUNT] = {
    [FETCH_SCATTERED] = "scattered",
    [FETCH_CLUSTERED] = "clustered",
    [FETCH_SCAN] = "scan",
    [FETCH_USELESS] = "useless",
};

struct maker {
    struct hint_bitmap taken;
    uint32_t file_pages;
    struct random random;
    int rc;
};

/* Stretches of `len` pages that nobody has taken yet, behind page 1. */
static void take(struct maker *maker, uint32_t *pages, uint32_t len)
{
    for (uint32_t count = 0; count < FETCH_PAGES && maker->rc == HINT_OK;) {
        const uint32_t first =
            random_below(&maker->random, (maker->file_pages - 1) / len) * len + 2;

        if (hint_bitmap_has(&maker->taken, first)) continue;
        for (uint32_t i = 0; i < len && maker->rc == HINT_OK; i++) {
            pages[count++] = first + i;
            maker->rc = hint_bitmap_add(&maker->taken, first + i);
        }
    }
}

static void choose(struct maker *maker, struct fetch_set *set, enum fetch_kind kind)
{
    switch (kind) {
    case FETCH_SCATTERED:
        take(maker, set->wanted, 1);
        memcpy(set->hinted, set->wanted, sizeof(set->hinted));
        break;
    case FETCH_CLUSTERED:
        take(maker, set->wanted, CLUSTER_PAGES);
        random_shuffle(&maker->random, set->wanted, FETCH_PAGES, sizeof(set->wanted[0]));
        memcpy(set->hinted, set->wanted, sizeof(set->hinted));
        break;
    case FETCH_SCAN:
        take(maker, set->wanted, FETCH_PAGES);
        memcpy(set->hinted, set->wanted, sizeof(set->hinted));
        break;
    case FETCH_USELESS:
        take(maker, set->wanted, 1);
        take(maker, set->hinted, 1);
        break;
    case FETCH_KIND_COUNT:
        break;
    }
}

static int make_runs(struct fetch_set *set)
{
    uint32_t pages[FETCH_PAGES];
    int rc;

    memcpy(pages, set->hinted, sizeof(pages));
    rc = hint_runs_of_pages(&set->runs, pages, FETCH_PAGES);
    if (rc == HINT_OK) hint_runs_bridge(&set->runs, GAP_PAGES);
    return rc;
}

int fetch_set_make(struct fetch_set *set, enum fetch_kind kind, uint32_t file_pages, uint64_t seed)
{
    struct maker maker = { .file_pages = file_pages, .random = { seed } };

    choose(&maker, set, kind);
    if (maker.rc == HINT_OK) maker.rc = make_runs(set);
    hint_bitmap_free(&maker.taken);
    return maker.rc;
}

void fetch_set_free(struct fetch_set *set)
{
    hint_runs_free(&set->runs);
}
