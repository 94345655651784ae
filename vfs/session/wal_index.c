#include "vfs/session/wal_index.h"

#include <string.h>

#include "hints/memory.h"

#define REGIONS_MAX 4096
#define FRAMES_MAX  ((uint64_t)1 << 20)

/* SQLite's words are read as atomic ones. */
_Static_assert(sizeof(atomic_uint) == sizeof(uint32_t), "the wal-index is made of u32");

static const atomic_uint no_region[HINT_WAL_INDEX_REGION_WORDS];

void preload_wal_index_free(struct wal_index *index)
{
    hint_free(index->regions);
    hint_free(index->frames);
    *index = (struct wal_index){ 0 };
}

void preload_wal_index_map(struct wal_index *index, int number, const volatile void *region)
{
    if (number < 0 || number >= REGIONS_MAX) return;
    if ((size_t)number >= index->region_count) {
        size_t count = (size_t)number + 8;
        const atomic_uint **regions = hint_realloc(index->regions, count * sizeof *regions);

        if (!regions) return;
        for (size_t i = index->region_count; i < count; i++)
            regions[i] = no_region;
        index->regions = regions;
        index->region_count = count;
    }
    index->regions[number] = (const atomic_uint *)region;
}

void preload_wal_index_unmap(struct wal_index *index)
{
    hint_free(index->regions);
    index->regions = NULL;
    index->region_count = 0;
}

void preload_wal_index_note(struct wal_index *index, uint64_t frame, uint32_t pgno)
{
    if (index->region_count > 0 || frame == 0 || frame > FRAMES_MAX) return;
    if (frame > index->frame_count) {
        size_t count = index->frame_count ? index->frame_count : 64;
        uint32_t *frames;

        while (count < frame)
            count *= 2;
        frames = hint_realloc(index->frames, count * sizeof *frames);
        if (!frames) return;
        memset(frames + index->frame_count, 0, (count - index->frame_count) * sizeof *frames);
        index->frames = frames;
        index->frame_count = count;
    }
    index->frames[frame - 1] = pgno;
}

uint32_t preload_wal_index_page(const struct wal_index *index, uint64_t frame)
{
    if (frame == 0) return 0;
    if (index->region_count == 0) return frame <= index->frame_count ? index->frames[frame - 1] : 0;
    return preload_wal_index_shared_page(index, frame);
}
