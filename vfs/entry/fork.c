/* No lock of ours is held while the process is copied. Our handler would run before those that the
 * host installed earlier, and one of these may wait for a lock of the host's whose holder waits for
 * ours, or may itself close a database.
 *
 * So the child gets whatever the other threads were doing, and its locks are made anew. What they
 * guard is whole all the same: a list changes by one store of a pointer, tables by one of a count,
 * the configuration by one of an index. The rest is not looked at: databases, queued tasks,
 * workers, messages and the workers' heap are the parent's, and the child begins without. */
#include "vfs/entry/fork.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "vfs/database/database.h"
#include "vfs/entry/instances.h"
#include "vfs/entry/shim_list.h"
#include "vfs/entry/shim_tables.h"
#include "vfs/process/board.h"
#include "vfs/process/config.h"
#include "vfs/process/heap.h"
#include "vfs/process/log.h"
#include "vfs/process/pool.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;

static atomic_int forks; /* that have begun and not ended */
static atomic_int forking_process;
static atomic_bool is_renewed; /* in the child, before our handler was called */

static void renew(void)
{
    preload_board_after_fork_in_child();
    preload_heap_after_fork_in_child();
    preload_log_after_fork_in_child();
    preload_config_after_fork_in_child();
    preload_pool_after_fork_in_child();
    preload_database_after_fork_in_child();
    preload_shim_tables_after_fork_in_child();
    preload_shim_after_fork_in_child();
    preload_instances_after_fork_in_child();
}

static void before_fork(void)
{
    atomic_store(&forking_process, (int)getpid());
    atomic_fetch_add(&forks, 1);
}

static void after_fork_in_parent(void)
{
    atomic_fetch_sub(&forks, 1);
}

static void after_fork_in_child(void)
{
    if (!atomic_exchange(&is_renewed, false)) renew();
    atomic_store(&forks, 0);
}

void preload_fork_notice(void)
{
    if (atomic_load_explicit(&forks, memory_order_relaxed) == 0) return;
    if ((int)getpid() != atomic_load(&forking_process) && !atomic_exchange(&is_renewed, true))
        renew();
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
