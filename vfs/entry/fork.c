/* pthread_atfork holds every mutex of ours while the process is copied, so that a child never
 * inherits one that a thread which it does not have will never release. The order is the one in
 * which they nest: instances, open files, databases, pool, configuration, log, heap. */
#include "vfs/entry/fork.h"

#include <pthread.h>
#include <stdlib.h>

#include "vfs/database/database.h"
#include "vfs/entry/instances.h"
#include "vfs/entry/shim_list.h"
#include "vfs/process/config.h"
#include "vfs/process/heap.h"
#include "vfs/process/log.h"
#include "vfs/process/pool.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
    preload_instances_lock();
    preload_shim_before_fork();
    preload_database_before_fork();
    preload_pool_before_fork();
    preload_config_before_fork();
    preload_log_before_fork();
    preload_heap_before_fork();
}

static void after_fork_in_parent(void)
{
    preload_heap_after_fork();
    preload_log_after_fork();
    preload_config_after_fork();
    preload_pool_after_fork_in_parent();
    preload_database_after_fork_in_parent();
    preload_shim_after_fork_in_parent();
    preload_instances_unlock();
}

static void after_fork_in_child(void)
{
    preload_heap_after_fork();
    preload_log_after_fork();
    preload_config_after_fork();
    preload_pool_after_fork_in_child();
    preload_database_after_fork_in_child();
    preload_shim_after_fork_in_child();
    preload_instances_unlock();
}

static void install_handlers(void)
{
    (void)pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    (void)atexit(preload_pool_at_exit);
}

void preload_fork_init(void)
{
    (void)pthread_once(&once, install_handlers);
}
