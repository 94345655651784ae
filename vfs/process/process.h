/* Counters, which are the whole process's, and a sign that something is new, which each copy of the
 * library in it has of its own. *Any thread*. */
#ifndef VFS_PROCESS_H
#define VFS_PROCESS_H

#include <stdatomic.h>
#include <stdint.h>

enum process_counter {
    PROCESS_OPENS,
    PROCESS_WRAPPED,
    PROCESS_PREFETCHES,
    PROCESS_SAVES,
    PROCESS_ERRORS,
    PROCESS_COUNTERS
};

void preload_process_count(enum process_counter counter);
uint64_t preload_process_counter(enum process_counter counter);

/* Says that connections have something to look at: the host set an option, or a message waits to be
 * said. */
void preload_process_notify(void);

/* From here on, until it leaves, that is said, too, when another copy of the library in the process
 * sets an option. */
void preload_process_listen(void);
void preload_process_leave(void);

/* Counts how often that was said: the same number twice, and nothing is new. */
extern __attribute__((visibility("hidden"))) atomic_uint preload_process_notified;
static inline unsigned preload_process_notices(void)
{
    return atomic_load_explicit(&preload_process_notified, memory_order_acquire);
}

#endif
