/* The process's worker threads, of two kinds, started when there is work, gone when there is none:
 * where nothing is queued, none is left after POOL_IDLE_US. A worker calls no SQLite function; what
 * else it is to the process, worker.h says.
 *
 * *Private* workers have a descriptor table of their own, so that they may open and close a
 * database file: POSIX locks belong to a table, and closing any descriptor of a file drops the
 * table's locks on it. Where that is denied (preload_worker_tables_work tells beforehand),
 * preload_pool_has_private_table() is false in a worker, and it must not open a database. *Sharing*
 * workers have the process's table, because they read through handles that a connection's thread
 * opened; they open nothing.
 *
 * Any thread may submit and cancel. */
#ifndef VFS_POOL_H
#define VFS_POOL_H

#include <stdbool.h>
#include <stdint.h>

#define POOL_THREADS_MAX 16

/* A worker leaves when nothing has been queued for so long; one that is not needed for what is
 * queued leaves after POOL_SPARE_US. */
#define POOL_IDLE_US  UINT64_C(50000)
#define POOL_SPARE_US UINT64_C(2000000)

/* A task that is due waits no longer for a worker that hangs, when another one is there. */
#define POOL_RELIEF_US UINT64_C(20000)

/* How long preload_pool_stop waits. */
#define POOL_STOP_US UINT64_C(1000000)

enum pool_kind { POOL_PRIVATE = 0, POOL_SHARING = 1, POOL_KINDS };

enum pool_task_state {
    POOL_IDLE = 0, /* not in the pool: zeroed, done or cancelled */
    POOL_QUEUED,
    POOL_RUNNING,
};

/* Lies in its owner's memory, zeroed before first use. `run` may submit its own task again; the
 * owner must not free it before preload_pool_cancel has returned. */
struct pool_task {
    void (*run)(struct pool_task *task);
    enum pool_kind kind; /* of worker that it needs */
    struct pool_task *next;
    uint64_t due_us; /* preload_clock_us(); 0: at once */
    enum pool_task_state state;
    bool again; /* submitted while running */
    uint64_t again_us;
};

/* Runs the task at `due_us` (0: at once) on a worker. One is started when none is free for it, or
 * one that hangs would hold up what is queued, and fewer than `threads_max` run. A task that is
 * queued moves to the earlier of both times; a running one runs again. False when no thread could
 * be started and none runs: the task is not queued; without a word where `threads_max` is 0. A
 * private worker starts none: it would have the descriptor table of its starter, and starting
 * allocates. */
bool preload_pool_submit(struct pool_task *task, uint64_t due_us, unsigned threads_max);

/* Takes the task out of the queue, or waits until its run returned. Not from within the task. */
void preload_pool_cancel(struct pool_task *task);

/* True on a worker that has its own descriptor table. */
bool preload_pool_has_private_table(void);

/* True on any worker. */
bool preload_pool_is_worker(void);

/* Forgets what is queued, ends every worker and joins it, also those that left by themselves: none
 * runs our code afterwards. False when one still does after POOL_STOP_US: then the pool goes on.
 * After a stop it can be used again. A thread of the host. */
bool preload_pool_stop(void);

/* At the process's end: joins what has left by itself, so that nobody who looks finds it forgotten.
 * Waits for nothing, because exit() may come from a signal handler. */
void preload_pool_at_exit(void);

/* Threads alive, of both kinds, for the statistics and the bounds tests. */
unsigned preload_pool_threads(void);

/* fork(): the child has no workers and an empty queue. */
void preload_pool_after_fork_in_child(void);

#endif
