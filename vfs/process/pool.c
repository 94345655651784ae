/* A kind has one mutex, one condition for its workers, one for those who wait for a task to end.
 * Tasks are few (one or two an open database, up to 16 while a foreign base is read), so the queue
 * is a list sorted by time. */
#include "vfs/process/pool.h"

#include <linux/close_range.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "vfs/process/clock.h"
#include "vfs/process/log.h"

struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t work;
    pthread_cond_t ended; /* a task's run returned, or a thread is gone */
    bool ready;           /* the conditions are on the monotonic clock */
    bool stopping;
    unsigned threads;
    unsigned running; /* threads that run a task */
    unsigned waiting; /* threads that wait for one; the others are on their way to it */
    struct pool_task *queue;
};

static struct pool pools[POOL_KINDS] = {
    [POOL_PRIVATE] = { .mutex = PTHREAD_MUTEX_INITIALIZER },
    [POOL_SHARING] = { .mutex = PTHREAD_MUTEX_INITIALIZER },
};

static _Thread_local bool has_private_table;

bool preload_pool_has_private_table(void)
{
    return has_private_table;
}

static void init_conditions(struct pool *pool)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->work, &attr);
    pthread_cond_init(&pool->ended, &attr);
    pthread_condattr_destroy(&attr);
    pool->ready = true;
}

/* The functions below hold the mutex. */

static void enqueue(struct pool *pool, struct pool_task *task, uint64_t due_us)
{
    struct pool_task **at = &pool->queue;

    task->due_us = due_us;
    task->state = POOL_QUEUED;
    while (*at && (*at)->due_us <= due_us)
        at = &(*at)->next;
    task->next = *at;
    *at = task;
}

static void dequeue(struct pool *pool, struct pool_task *task)
{
    struct pool_task **at = &pool->queue;

    while (*at && *at != task)
        at = &(*at)->next;
    if (*at) *at = task->next;
    task->next = NULL;
    task->state = POOL_IDLE;
}

/* Returns false when an idle worker has waited long enough to leave. The last idle one stays for
 * what is due later, and sleeps until then: a process with nothing to do is not woken, and a task
 * does not wait for a worker that is busy. */
static bool wait_for_work(struct pool *pool, uint64_t now_us)
{
    uint64_t until_us = now_us + POOL_IDLE_US;
    bool for_task = pool->queue && (pool->waiting == 0 || pool->queue->due_us < until_us);
    struct timespec until;
    int rc;

    if (for_task) until_us = pool->queue->due_us;
    until.tv_sec = (time_t)(until_us / 1000000);
    until.tv_nsec = (long)(until_us % 1000000) * 1000;
    pool->waiting++;
    rc = pthread_cond_timedwait(&pool->work, &pool->mutex, &until);
    pool->waiting--;
    return rc == 0 || for_task;
}

static void forget_queue(struct pool *pool)
{
    while (pool->queue)
        dequeue(pool, pool->queue);
}

/* Whether a worker is free for a task that is due then: it has none, nor a due one coming. For what
 * is due later any is: one that takes a task meanwhile sees to it (run_task). */
static bool has_free_worker(const struct pool *pool, uint64_t due_us)
{
    uint64_t now_us = preload_clock_us();
    const unsigned free = pool->threads - pool->running;
    unsigned due = 0;

    if (due_us > now_us) return free > 0;
    for (const struct pool_task *task = pool->queue; task && task->due_us <= now_us;
         task = task->next)
        due++;
    return free > due;
}

static bool start_thread(struct pool *pool);

/* The last worker that was free leaves one behind for what is due later. */
static void run_task(struct pool *pool, struct pool_task *task)
{
    dequeue(pool, task);
    task->state = POOL_RUNNING;
    pool->running++;
    if (pool->queue && pool->threads == pool->running && pool->threads < pool->queue->threads_max)
        (void)start_thread(pool);
    pthread_mutex_unlock(&pool->mutex);
    task->run(task);
    pthread_mutex_lock(&pool->mutex);
    pool->running--;
    task->state = POOL_IDLE;
    if (task->again) enqueue(pool, task, task->again_us);
    task->again = false;
    pthread_cond_broadcast(&pool->ended);
}

/* One idle worker stays while anything is queued; the others leave when they had nothing to do for
 * a while. */
static void work(struct pool *pool)
{
    bool stay = true;

    while (!pool->stopping && stay) {
        uint64_t now_us = preload_clock_us();

        if (pool->queue && pool->queue->due_us <= now_us)
            run_task(pool, pool->queue);
        else
            stay = wait_for_work(pool, now_us) || (pool->queue && pool->waiting == 0);
    }
}

static void *thread_main(void *arg)
{
    struct pool *pool = arg;

    if (pool == &pools[POOL_PRIVATE])
        has_private_table = syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_UNSHARE) == 0;
    pthread_mutex_lock(&pool->mutex);
    work(pool);
    pool->threads--;
    pthread_cond_broadcast(&pool->ended);
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* Signals are the host's: a worker takes none. A thread has the descriptor table of the one that
 * starts it, so none that is to share the host's can be started from a private one. */
static bool start_thread(struct pool *pool)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    int rc;

    if (pool == &pools[POOL_SHARING] && has_private_table) return false;
    if (pthread_attr_init(&attr) != 0) return false;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&thread, &attr, thread_main, pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (rc == 0) pool->threads++;
    return rc == 0;
}

bool preload_pool_submit(struct pool_task *task, uint64_t due_us, unsigned threads_max)
{
    struct pool *pool = &pools[task->kind];
    bool taken = true;

    pthread_mutex_lock(&pool->mutex);
    if (!pool->ready) init_conditions(pool);
    if (threads_max > POOL_THREADS_MAX) threads_max = POOL_THREADS_MAX;
    if (task->state == POOL_RUNNING) {
        /* The worker that runs it sees to it, and wakes nobody for it. */
        task->again_us = task->again && task->again_us < due_us ? task->again_us : due_us;
        task->again = true;
        pthread_mutex_unlock(&pool->mutex);
        return true;
    }
    task->threads_max = threads_max;
    if (!has_free_worker(pool, due_us) && pool->threads < threads_max && !start_thread(pool))
        taken = pool->threads > 0;
    if (!taken) {
        preload_log_error(
            "no thread could be started: nothing is prefetched or saved in the background");
    } else if (task->state == POOL_IDLE) {
        enqueue(pool, task, due_us);
    } else if (due_us < task->due_us) {
        dequeue(pool, task);
        enqueue(pool, task, due_us);
    }
    /* All of them look again: the one that sleeps until a later task is due may not be the one that
     * a signal wakes. */
    if (taken) pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    return taken;
}

void preload_pool_cancel(struct pool_task *task)
{
    struct pool *pool = &pools[task->kind];

    pthread_mutex_lock(&pool->mutex);
    while (task->state != POOL_IDLE) {
        if (task->state == POOL_QUEUED) {
            dequeue(pool, task);
        } else {
            task->again = false;
            pthread_cond_wait(&pool->ended, &pool->mutex);
        }
    }
    pthread_mutex_unlock(&pool->mutex);
}

static void stop(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    forget_queue(pool);
    if (pool->ready) pthread_cond_broadcast(&pool->work);
    while (pool->threads > 0)
        pthread_cond_wait(&pool->ended, &pool->mutex);
    /* A task that ran until now may have asked for another run. */
    forget_queue(pool);
    pool->stopping = false;
    pthread_mutex_unlock(&pool->mutex);
}

void preload_pool_stop(void)
{
    for (int kind = 0; kind < POOL_KINDS; kind++)
        stop(&pools[kind]);
}

unsigned preload_pool_threads(void)
{
    unsigned threads = 0;

    for (int kind = 0; kind < POOL_KINDS; kind++) {
        pthread_mutex_lock(&pools[kind].mutex);
        threads += pools[kind].threads;
        pthread_mutex_unlock(&pools[kind].mutex);
    }
    return threads;
}

void preload_pool_before_fork(void)
{
    for (int kind = 0; kind < POOL_KINDS; kind++)
        pthread_mutex_lock(&pools[kind].mutex);
}

void preload_pool_after_fork_in_parent(void)
{
    for (int kind = 0; kind < POOL_KINDS; kind++)
        pthread_mutex_unlock(&pools[kind].mutex);
}

/* A condition that workers wait on is copied with its waiters; it is made anew. */
void preload_pool_after_fork_in_child(void)
{
    for (int kind = 0; kind < POOL_KINDS; kind++) {
        struct pool *pool = &pools[kind];

        pool->threads = 0;
        pool->running = 0;
        pool->waiting = 0;
        pool->stopping = false;
        pool->queue = NULL;
        pool->ready = false;
        pthread_mutex_unlock(&pool->mutex);
    }
}
