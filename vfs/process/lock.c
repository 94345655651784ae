/* A mutex, and where assertions are on a mark of the thread. */
#include "vfs/process/lock.h"

#include <assert.h>
#include <stdbool.h>

#ifdef NDEBUG
static void mark(bool takes)
{
    (void)takes;
}
#else
static _Thread_local bool has_one;

static void mark(bool takes)
{
    assert(has_one != takes);
    has_one = takes;
}
#endif

void preload_lock(pthread_mutex_t *mutex)
{
    pthread_mutex_lock(mutex);
    mark(true);
}

void preload_unlock(pthread_mutex_t *mutex)
{
    mark(false);
    pthread_mutex_unlock(mutex);
}
