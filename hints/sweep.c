/* One row of pages is followed at a time; a page out of the row begins another. */
#include "hints/sweep.h"

/* How many pages that were seen before are stepped over for one that was not. */
#define STEPS_MAX 256

bool hint_sweep_touch(struct hint_sweep *sweep, const struct hint_recorder *recorder, uint32_t pgno,
                      size_t index, uint32_t page_count)
{
    uint64_t pages;

    for (int i = 0;
         i < STEPS_MAX && sweep->next < pgno && hint_recorder_seen(recorder, sweep->next); i++)
        sweep->next++;
    if (sweep->next != pgno || sweep->next == 0)
        *sweep = (struct hint_sweep){ .first = pgno, .from = index };
    sweep->next = pgno + 1;
    pages = (uint64_t)sweep->next - sweep->first;
    if (pages >= HINT_SWEEP_PAGES_MIN && pages * 10 >= (uint64_t)page_count * 9) sweep->full = true;
    return sweep->full;
}
