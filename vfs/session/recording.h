/* What one connection records, as its session lists it. A connection embeds it.
 *
 * `recorder` and `reading` belong to the connection's thread; other threads read what the recorder
 * publishes (hints/recorder.h) and `reading`. The rest is behind the session's lock. */
#ifndef VFS_RECORDING_H
#define VFS_RECORDING_H

#include <stdatomic.h>

#include "hints/recorder.h"

struct recording {
    struct hint_recorder recorder;
    atomic_bool reading; /* a page is read that was not seen before: workers give way */
    int mode;            /* enum config_mode in force */

    size_t ignored_from; /* touches [from, to) say nothing about the next session */
    size_t ignored_to;
    size_t first_valid; /* touches before it are of pages that have moved */
    size_t taken;       /* touches before it were handed out by preload_session_take */
    struct recording *next;
};

/* Around a read of a page that was not seen before. */
static inline void preload_recording_reads(struct recording *recording, bool reading)
{
    atomic_store_explicit(&recording->reading, reading, memory_order_relaxed);
}

#endif
