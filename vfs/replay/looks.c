/* One number that doubles, and is set back. */
#include "vfs/replay/looks.h"

void preload_looks_begin(struct looks *looks)
{
    *looks = (struct looks){ .pause_us = LOOKS_PAUSE_US };
}

void preload_looks_saw(struct looks *looks, uint64_t touched, uint64_t planned)
{
    if (planned != looks->planned)
        looks->pause_us = LOOKS_PAUSE_US;
    else if (touched != looks->touched && looks->pause_us > LOOKS_PAUSE_US_OTHER)
        looks->pause_us = LOOKS_PAUSE_US_OTHER;
    looks->planned = planned;
    looks->touched = touched;
}

uint64_t preload_looks_pause(struct looks *looks)
{
    const uint64_t pause_us = looks->pause_us;

    looks->pause_us = pause_us * 2 < LOOKS_PAUSE_US_MOST ? pause_us * 2 : LOOKS_PAUSE_US_MOST;
    return pause_us;
}
