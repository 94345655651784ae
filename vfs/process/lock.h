/* Locks of which a thread holds one at a time: the session's, the keeper's, the progress's. So no
 * order among them has to be kept, and none can be taken in the wrong one. A build with assertions
 * checks it. *Any thread.* */
#ifndef VFS_LOCK_H
#define VFS_LOCK_H

#include <pthread.h>

void preload_lock(pthread_mutex_t *mutex);
void preload_unlock(pthread_mutex_t *mutex);

#endif
