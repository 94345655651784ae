/* A kind has one mutex, one condition for its workers, one for those who wait for a task to end.
 * Tasks are few (one or two an open database, up to 16 while a foreign base is read), so the queue
 * is a list sorted by time. */
#include "vfs/process/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include "vfs/process/clock.h"
#include "vfs/process/heap.h"
#include "vfs/process/log.h"
#include "vfs/process/worker.h"

/* Between two tries to join a thread that is on its way out. */
#define JOIN_PAUSE_NS 100000L

enum seat_state { SEAT_FREE = 0, SEAT_TAKEN, SEAT_LEFT /* its thread is to be joined */ };

/* A worker's place in the pool. */
struct seat {
    struct pool *pool;
    pthread_t thread;
    enum seat_state state;
    atomic_uintptr_t self;  /* pthread_self() while it works; thread-local storage would allocate */
    bool has_private_table; /* its own thread alone asks */
};

struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t work;
    pthread_cond_t ended; /* a task's run returned, or a thread is gone */
    bool ready;           /* the conditions are on the monotonic clock */
    bool stopping;
    struct seat seats[POOL_THREADS_MAX];
    unsigned threads;
    unsigned running; /* threads that run a task */
    unsigned waiting; /* threads that wait for one; the others are on their way to it */
    bool led;         /* one of these sleeps until the first task is due; the others a bit longer */
    struct pool_task *queue;
    uint64_t emptied_us; /* when a cancel left it empty */
};

static struct pool pools[POOL_KINDS] = {
    [POOL_PRIVATE] = { .mutex = PTHREAD_MUTEX_INITIALIZER },
    [POOL_SHARING] = { .mutex = PTHREAD_MUTEX_INITIALIZER },
};

/* The caller's seat in this pool; NULL when it is none of its workers. Without the mutex: a seat
 * that matches is the caller's own. */
static struct seat *own_seat(struct pool *pool)
{
    const uintptr_t self = (uintptr_t)pthread_self();

    for (size_t i = 0; i < POOL_THREADS_MAX; i++)
        if (atomic_load_explicit(&pool->seats[i].self, memory_order_relaxed) == self)
            return &pool->seats[i];
    return NULL;
}

bool preload_pool_has_private_table(void)
{
    const struct seat *seat = own_seat(&pools[POOL_PRIVATE]);

    return seat && seat->has_private_table;
}

bool preload_pool_is_worker(void)
{
    return own_seat(&pools[POOL_PRIVATE]) || own_seat(&pools[POOL_SHARING]);
}

/* What workers gave back is freed on the host's threads. */
static void sweep(void)
{
    if (!preload_pool_is_worker()) preload_heap_sweep();
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

static void wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t until_us)
{
    const struct timespec until = { .tv_sec = (time_t)(until_us / 1000000),
                                    .tv_nsec = (long)(until_us % 1000000) * 1000 };

    (void)pthread_cond_timedwait(condition, mutex, &until);
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

static unsigned queued(const struct pool *pool)
{
    unsigned count = 0;

    for (const struct pool_task *task = pool->queue; task; task = task->next)
        count++;
    return count;
}

/* How many threads `tasks`, queued and running, want: two, so that one that hangs does not hold up
 * the other task, and one that is free while any is queued. */
static unsigned wanted(const struct pool *pool, unsigned tasks)
{
    const unsigned least = tasks < 2 ? tasks : 2;
    const unsigned free = tasks > pool->running;

    return pool->running + free > least ? pool->running + free : least;
}

/* When a worker that is idle since then may leave; UINT64_MAX: it is needed. */
static uint64_t leaves_us(const struct pool *pool, uint64_t idle_since_us)
{
    if (pool->threads <= wanted(pool, pool->running + queued(pool))) return UINT64_MAX;
    if (pool->queue) return idle_since_us + POOL_SPARE_US;
    return (idle_since_us > pool->emptied_us ? idle_since_us : pool->emptied_us) + POOL_IDLE_US;
}

/* One worker sleeps until the first task is due, and leads; the next one looks a little later
 * whether somebody took it: waking all of them for each task would take processor time from the
 * host. Returns false when one that is not needed has waited long enough to leave. */
static bool wait_for_work(struct pool *pool, uint64_t now_us, uint64_t idle_since_us)
{
    const bool leads = pool->queue && !pool->led;
    uint64_t until_us = leads ? pool->queue->due_us : leaves_us(pool, idle_since_us);

    if (!leads && until_us <= now_us) return false;
    if (!leads && pool->queue) {
        const uint64_t due_us = pool->queue->due_us > now_us ? pool->queue->due_us : now_us;

        if (due_us + POOL_RELIEF_US < until_us) until_us = due_us + POOL_RELIEF_US;
    }
    if (leads) pool->led = true;
    pool->waiting++;
    wait_until(&pool->work, &pool->mutex, until_us);
    pool->waiting--;
    if (leads) pool->led = false;
    return true;
}

static void forget_queue(struct pool *pool)
{
    while (pool->queue)
        dequeue(pool, pool->queue);
}

/* Whether what is queued, with this task at `due_us`, wants another thread. */
static bool wants_thread(const struct pool *pool, const struct pool_task *task, uint64_t due_us)
{
    const uint64_t now_us = preload_clock_us();
    const unsigned tasks = pool->running + queued(pool) + (task->state == POOL_IDLE);
    unsigned due = due_us <= now_us;

    for (const struct pool_task *other = pool->queue; other && other->due_us <= now_us;
         other = other->next)
        due += other != task;
    return pool->threads - pool->running < due || pool->threads < wanted(pool, tasks);
}

static void run_task(struct pool *pool, struct pool_task *task)
{
    dequeue(pool, task);
    task->state = POOL_RUNNING;
    pool->running++;
    pthread_mutex_unlock(&pool->mutex);
    task->run(task);
    pthread_mutex_lock(&pool->mutex);
    pool->running--;
    task->state = POOL_IDLE;
    if (task->again) enqueue(pool, task, task->again_us);
    task->again = false;
    pthread_cond_broadcast(&pool->ended);
}

static void work(struct pool *pool)
{
    uint64_t idle_since_us = preload_clock_us();
    bool stay = true;

    while (!pool->stopping && stay) {
        uint64_t now_us = preload_clock_us();

        if (pool->queue && pool->queue->due_us <= now_us) {
            run_task(pool, pool->queue);
            idle_since_us = preload_clock_us();
        } else {
            stay = wait_for_work(pool, now_us, idle_since_us);
        }
    }
}

static void *thread_main(void *arg)
{
    struct seat *seat = arg;
    struct pool *pool = seat->pool;

    atomic_store_explicit(&seat->self, (uintptr_t)pthread_self(), memory_order_relaxed);
    seat->has_private_table = preload_worker_settle(pool == &pools[POOL_PRIVATE]);
    pthread_mutex_lock(&pool->mutex);
    work(pool);
    pool->threads--;
    seat->state = SEAT_LEFT;
    atomic_store_explicit(&seat->self, 0, memory_order_relaxed);
    if (pool->threads == 0) preload_heap_trim();
    pthread_cond_broadcast(&pool->ended);
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* Joins those that left; false when one is still on its way out. */
static bool join_left(struct pool *pool)
{
    bool all = true;

    for (size_t i = 0; i < POOL_THREADS_MAX; i++) {
        struct seat *seat = &pool->seats[i];

        if (seat->state != SEAT_LEFT) continue;
        if (pthread_tryjoin_np(seat->thread, NULL) == EBUSY)
            all = false;
        else
            seat->state = SEAT_FREE;
    }
    return all;
}

/* A seat for one of fewer than POOL_THREADS_MAX threads: so one is free, or its thread will be gone
 * in a moment. */
static struct seat *take_seat(struct pool *pool)
{
    struct seat *left = NULL;

    (void)join_left(pool);
    for (size_t i = 0; i < POOL_THREADS_MAX; i++) {
        struct seat *seat = &pool->seats[i];

        if (seat->state == SEAT_FREE) return seat;
        if (seat->state == SEAT_LEFT) left = seat;
    }
    if (left) (void)pthread_join(left->thread, NULL);
    return left;
}

/* Not by a private worker: the thread would have its descriptor table, and pthread_create and the
 * joins allocate and free, which would give it an arena of the C library's allocator (64 MiB). */
static bool start_thread(struct pool *pool)
{
    struct seat *seat = own_seat(&pools[POOL_PRIVATE]) ? NULL : take_seat(pool);

    if (!seat) return false;
    seat->pool = pool;
    seat->state = SEAT_FREE;
    if (!preload_worker_start(&seat->thread, thread_main, seat)) return false;
    seat->state = SEAT_TAKEN;
    pool->threads++;
    return true;
}

bool preload_pool_submit(struct pool_task *task, uint64_t due_us, unsigned threads_max)
{
    struct pool *pool = &pools[task->kind];
    bool taken = true;

    if (threads_max == 0) return false;
    sweep();
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
    if (wants_thread(pool, task, due_us) && pool->threads < threads_max && !start_thread(pool))
        taken = pool->threads > 0;
    if (!taken) {
        preload_log_warn(
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
    bool taken_out = false;

    pthread_mutex_lock(&pool->mutex);
    while (task->state != POOL_IDLE) {
        if (task->state == POOL_QUEUED) {
            dequeue(pool, task);
            taken_out = true;
        } else {
            task->again = false;
            pthread_cond_wait(&pool->ended, &pool->mutex);
        }
    }
    if (taken_out && !pool->queue && pool->waiting > 0) {
        /* They may sleep until what was taken out is due. */
        pool->emptied_us = preload_clock_us();
        pthread_cond_broadcast(&pool->work);
    }
    pthread_mutex_unlock(&pool->mutex);
    sweep();
}

/* Joins whatever leaves until then. */
static bool join_all(struct pool *pool, uint64_t until_us)
{
    const struct timespec pause = { .tv_nsec = JOIN_PAUSE_NS };

    while (!join_left(pool)) {
        if (preload_clock_us() >= until_us) return false;
        pthread_mutex_unlock(&pool->mutex);
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&pool->mutex);
    }
    return true;
}

static bool stop(struct pool *pool, uint64_t until_us)
{
    bool stopped;

    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    forget_queue(pool);
    if (pool->ready) pthread_cond_broadcast(&pool->work);
    while (pool->threads > 0 && preload_clock_us() < until_us)
        wait_until(&pool->ended, &pool->mutex, until_us);
    /* A task that ran until now may have asked for another run. */
    forget_queue(pool);
    stopped = pool->threads == 0 && join_all(pool, until_us);
    pool->stopping = false;
    pthread_mutex_unlock(&pool->mutex);
    return stopped;
}

bool preload_pool_stop(void)
{
    const uint64_t until_us = preload_clock_us() + POOL_STOP_US;
    bool stopped = true;

    for (int kind = 0; kind < POOL_KINDS; kind++)
        stopped = stop(&pools[kind], until_us) && stopped;
    sweep();
    return stopped;
}

void preload_pool_at_exit(void)
{
    for (int kind = 0; kind < POOL_KINDS; kind++) {
        if (pthread_mutex_trylock(&pools[kind].mutex) != 0) continue;
        (void)join_left(&pools[kind]);
        pthread_mutex_unlock(&pools[kind].mutex);
    }
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

/* A condition that workers wait on is copied with its waiters; it is made anew. */
void preload_pool_after_fork_in_child(void)
{
    for (int kind = 0; kind < POOL_KINDS; kind++) {
        struct pool *pool = &pools[kind];

        (void)pthread_mutex_init(&pool->mutex, NULL);
        for (size_t i = 0; i < POOL_THREADS_MAX; i++) {
            atomic_store_explicit(&pool->seats[i].self, 0, memory_order_relaxed);
            pool->seats[i].state = SEAT_FREE;
        }
        pool->threads = 0;
        pool->running = 0;
        pool->waiting = 0;
        pool->led = false;
        pool->stopping = false;
        pool->queue = NULL;
        pool->ready = false;
    }
}
