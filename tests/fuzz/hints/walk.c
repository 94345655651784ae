/* Any bytes as a database with pages of 512 bytes, which come again and again, so that every page
 * number leads somewhere. The walk reads no page twice, none past the end, and no more than it may.
 */
#include <stdlib.h>
#include <string.h>

#include "hints/walk.h"

#define PAGE_BYTES 512
#define PAGES_MAX  64

#define REQUIRE(fact)                                                                              \
    do {                                                                                           \
        if (!(fact)) abort();                                                                      \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A copy without a byte to spare, so that a read past the page's end is seen. */
static void give(struct hint_walk *walk, const uint8_t *bytes, size_t pages, uint32_t pgno)
{
    uint8_t *page = malloc(PAGE_BYTES);

    REQUIRE(page);
    memcpy(page, bytes + (pgno - 1) % pages * PAGE_BYTES, PAGE_BYTES);
    REQUIRE(hint_walk_give(walk, page) == HINT_OK);
    free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const size_t pages = len / PAGE_BYTES;
    const struct hint_database database = { PAGE_BYTES, (uint32_t)(pages * 1000) };
    struct hint_bitmap read = { 0 };
    struct hint_walk walk;
    uint32_t pgnos[8];
    size_t count;
    size_t all = 0;

    if (pages == 0) return 0;
    REQUIRE(hint_walk_init(&walk, database, PAGES_MAX) == HINT_OK);
    while ((count = hint_walk_next(&walk, pgnos, 8)) > 0) {
        for (size_t i = 0; i < count; i++) {
            REQUIRE(pgnos[i] >= 1 && pgnos[i] <= database.page_count);
            REQUIRE(!hint_bitmap_has(&read, pgnos[i]));
            REQUIRE(hint_bitmap_add(&read, pgnos[i]) == HINT_OK);
            give(&walk, bytes, pages, pgnos[i]);
            all++;
        }
    }
    REQUIRE(all >= 1 && all <= PAGES_MAX);
    hint_walk_free(&walk);
    hint_bitmap_free(&read);
    return 0;
}
