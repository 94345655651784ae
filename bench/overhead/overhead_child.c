/* Measuring from within. The library's calls of malloc and its like are counted by the kit;
 * SQLite's through the methods that it is configured with. Both count by thread: what a worker
 * allocates for a save is nobody's read. */
#include "bench/overhead/overhead_child.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench/kit/allocations.h"
#include "vfs/preload.h"

#define PATH_BYTES 4400

/* ---- allocations ---- */

static _Thread_local uint64_t sqlite_allocations;

/* SQLite's memory where it is counted: blocks of a power of two, kept in lists when they are freed.
 * With it the count of a call does not depend on how a heap happens to be cut, which is no
 * difference between the arms. */

#define POOL_BYTES ((size_t)256 << 20)
#define POOL_SIZES 31

struct block {
    union {
        struct block *next; /* free */
        size_t size;        /* in use: its place in the lists */
    };
};

static struct {
    char *unused;
    char *end;
    struct block *free[POOL_SIZES];
} pool;

static int pool_init(void *unused)
{
    (void)unused;
    pool.unused = malloc(POOL_BYTES);
    pool.end = pool.unused + POOL_BYTES;
    return pool.unused ? SQLITE_OK : SQLITE_NOMEM;
}

static void pool_shutdown(void *unused)
{
    (void)unused;
}

static size_t place_of(int bytes)
{
    return bytes <= 16 ? 4 : (size_t)(32 - __builtin_clz((unsigned)bytes - 1));
}

static void *pool_malloc(int bytes)
{
    size_t place = place_of(bytes);
    size_t room = ((size_t)1 << place) + sizeof(struct block);
    struct block *block = pool.free[place];

    sqlite_allocations++;
    if (block) {
        pool.free[place] = block->next;
    } else {
        if ((size_t)(pool.end - pool.unused) < room) return NULL;
        block = (struct block *)(void *)pool.unused;
        pool.unused += room;
    }
    block->size = place;
    return block + 1;
}

static void pool_free(void *memory)
{
    struct block *block = (struct block *)memory - 1;
    size_t place = block->size;

    block->next = pool.free[place];
    pool.free[place] = block;
}

static int pool_size(void *memory)
{
    return memory ? 1 << ((struct block *)memory - 1)->size : 0;
}

static int pool_roundup(int bytes)
{
    return 1 << place_of(bytes);
}

static void *pool_realloc(void *memory, int bytes)
{
    int before = pool_size(memory);
    void *moved;

    if (bytes <= before) return memory;
    moved = pool_malloc(bytes);
    if (!moved) return NULL;
    memcpy(moved, memory, (size_t)before);
    pool_free(memory);
    return moved;
}

static int take_pool(void)
{
    static const sqlite3_mem_methods methods = { pool_malloc,  pool_free, pool_realloc,  pool_size,
                                                 pool_roundup, pool_init, pool_shutdown, NULL };

    return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

/* ---- works ---- */

static void *do_nothing(void *unused)
{
    return unused;
}

/* From its first thread on, a process pays for threads in every call of libc's: 15 instructions a
 * system call, to be exact. Hosts have threads. */
static int become_threaded(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, do_nothing, NULL) != 0) return SQLITE_ERROR;
    return pthread_join(thread, NULL) == 0 ? SQLITE_OK : SQLITE_ERROR;
}

static uint64_t cpu_us(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* The emulator is told to collect in here, by this name. */
__attribute__((noinline)) int child_measured(const struct work *work, sqlite3 *db, unsigned loops);

int child_measured(const struct work *work, sqlite3 *db, unsigned loops)
{
    return work->run(db, loops);
}

static uint64_t pages_missed(sqlite3 *db)
{
    int missed = 0;
    int high = 0;

    (void)sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_MISS, &missed, &high, 0);
    return (uint64_t)missed;
}

/* Between the open and the close, which are measured by themselves. */
static int measure_work(const struct probe *probe, const char *path, const char *vfs,
                        struct probe_found *out)
{
    const struct work *work = probe->work;
    const unsigned loops = probe->kind == PROBE_TIME ? work->loops_timed : work->loops_counted;
    sqlite3 *db = NULL;
    uint64_t begun_us;
    int rc;

    rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, work->pragmas, NULL, NULL, NULL);
    if (rc == SQLITE_OK && work->prepare) rc = work->prepare(db);
    out->own_allocations = allocations_count();
    out->sqlite_allocations = sqlite_allocations;
    out->pages = pages_missed(db);
    begun_us = cpu_us();
    if (rc == SQLITE_OK) rc = child_measured(work, db, loops);
    out->cpu_us = cpu_us() - begun_us;
    out->pages = pages_missed(db) - out->pages;
    out->own_allocations = allocations_count() - out->own_allocations;
    out->sqlite_allocations = sqlite_allocations - out->sqlite_allocations;
    sqlite3_close(db);
    return rc;
}

static int run_work(const struct probe *probe, const char *vfs, struct probe_found *out)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
    char path[PATH_BYTES];
    char name[PATH_BYTES + 16];
    int rc;

    if (!probe->work) return SQLITE_MISUSE;
    if (probe->work->is_points) return measure_work(probe, probe->points, vfs, out);
    (void)snprintf(path, sizeof path, "%s/new.db", probe->directory);
    rc = measure_work(probe, path, vfs, out);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        (void)unlink(name);
    }
    return rc;
}

/* ---- opens ---- */

static uint64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

struct open_times {
    uint64_t open_us, prepare_us, close_us, thread_us;
};

static int measure_open(const char *path, const char *vfs, struct open_times *out)
{
    sqlite3_stmt *statement = NULL;
    sqlite3 *db = NULL;
    uint64_t thread_began = clock_us(CLOCK_THREAD_CPUTIME_ID);
    uint64_t began = now_us();
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, vfs);

    out->open_us = now_us() - began;
    began = now_us();
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, "SELECT body FROM item WHERE id = 1", -1, &statement, NULL);
    out->prepare_us = now_us() - began;
    out->thread_us = clock_us(CLOCK_THREAD_CPUTIME_ID) - thread_began;
    if (rc == SQLITE_OK && sqlite3_step(statement) != SQLITE_ROW) rc = SQLITE_CORRUPT;
    sqlite3_finalize(statement);
    began = now_us();
    sqlite3_close(db);
    out->close_us = now_us() - began;
    return rc;
}

static int run_opens(const struct probe *probe, const char *vfs, struct probe_found *out)
{
    struct open_times once;
    struct open_times again;
    int rc = measure_open(probe->points, vfs, &once);

    if (rc == SQLITE_OK) rc = measure_open(probe->points, vfs, &again);
    if (rc != SQLITE_OK) return rc;
    out->thread_us = once.thread_us;
    out->open_us = once.open_us;
    out->prepare_us = once.prepare_us;
    out->close_us = once.close_us;
    out->again_open_us = again.open_us;
    out->again_prepare_us = again.prepare_us;
    out->again_close_us = again.close_us;
    return SQLITE_OK;
}

static int run_learn(const struct probe *probe, const char *vfs)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(probe->points, &db, SQLITE_OPEN_READWRITE, vfs);

    if (rc == SQLITE_OK) rc = work_read_rows(db, probe->rows);
    sqlite3_close(db);
    return rc;
}

int child_run(const struct probe *probe, struct probe_found *out)
{
    char store[PATH_BYTES];
    const char *const options[] = { store, NULL };
    const struct preload_config config = { .base = "unix", .options = options };
    const char *vfs = probe->ours ? "preload" : "unix";
    int rc = SQLITE_OK;

    (void)snprintf(store, sizeof store, "store=sidecar:%s", probe->store);
    if (probe->kind == PROBE_COUNT || probe->kind == PROBE_ALLOCATE) rc = take_pool();
    if (rc == SQLITE_OK && probe->work && !probe->work->is_alone) rc = become_threaded();
    if (rc == SQLITE_OK && probe->ours) rc = preload_register(&config);
    if (rc != SQLITE_OK) return rc;
    switch (probe->kind) {
    case PROBE_COUNT:
    case PROBE_ALLOCATE:
    case PROBE_TIME:
        return run_work(probe, vfs, out);
    case PROBE_OPEN:
        return run_opens(probe, vfs, out);
    case PROBE_LEARN:
        return run_learn(probe, vfs);
    case PROBE_KIND_COUNT:
        break;
    }
    return SQLITE_MISUSE;
}
