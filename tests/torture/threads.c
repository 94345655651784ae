/* Many connections to one file in many threads: they open, read, write, save, look at the
 * statistics and close, by two names of the file, over both backends. Nothing is lost of what they
 * wrote, the file stays whole, and the thread sanitizer has nothing to say.
 *
 * usage: threads [ROUNDS] */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/torture/torture.h"
#include "vfs/preload.h"

#define ROWS    400
#define THREADS 6
#define STEPS   8 /* at most, between an open and its close */

struct arm {
    char path[TORTURE_TEXT_MAX];
    char uris[2][TORTURE_TEXT_MAX]; /* by its name, and by a symlink's */
    uint64_t seed;
    int rounds;
    atomic_int opens;
    atomic_int updates;
};

struct seat {
    struct arm *arm;
    uint64_t random;
};

static void read_rows(struct seat *seat, sqlite3 *db)
{
    char sql[128];

    torture_print(sql, sizeof sql, "SELECT sum(length(body)) FROM t WHERE id %% 50 = %u",
                  torture_random(&seat->random, 50));
    (void)torture_try(db, sql);
}

static void write_row(struct seat *seat, sqlite3 *db)
{
    char sql[128];

    torture_print(sql, sizeof sql, "UPDATE t SET n = n + 1 WHERE id = %u",
                  torture_random(&seat->random, ROWS) + 1);
    if (torture_try(db, sql)) atomic_fetch_add(&seat->arm->updates, 1);
}

static void look(struct seat *seat, sqlite3 *db)
{
    struct preload_process_stats process;
    struct preload_stats stats;

    (void)seat;
    preload_process_stats(&process);
    if (preload_stats_of(db, NULL, &stats) != SQLITE_OK) torture_fail("not under preload");
    if (stats.used_pages > stats.touched_pages) torture_fail("more pages used than touched");
    (void)torture_int(db, "SELECT count(*) FROM preload_stats");
}

static void save(struct seat *seat, sqlite3 *db)
{
    (void)seat;
    if (preload_flush(db, NULL) == SQLITE_NOTFOUND) torture_fail("not under preload");
}

static void configure(struct seat *seat, sqlite3 *db)
{
    char text[16];

    (void)db;
    torture_print(text, sizeof text, "%u", torture_random(&seat->random, 16) + 1);
    if (preload_configure("workers", text) != SQLITE_OK) torture_fail("not configured");
}

static void (*const steps[])(struct seat *, sqlite3 *) = { read_rows, read_rows, write_row,
                                                           look,      save,      configure };

static void *thread_main(void *argument)
{
    struct seat *seat = argument;

    for (int round = 0; round < seat->arm->rounds; round++) {
        sqlite3 *db = torture_open(seat->arm->uris[torture_random(&seat->random, 2)]);
        uint32_t count = torture_random(&seat->random, STEPS);

        atomic_fetch_add(&seat->arm->opens, 1);
        (void)torture_try(db, "PRAGMA synchronous = OFF");
        while (count-- > 0)
            steps[torture_random(&seat->random, COUNT(steps))](seat, db);
        (void)sqlite3_close(db);
    }
    return NULL;
}

static void check(const struct arm *arm, int64_t updates)
{
    char uri[TORTURE_TEXT_MAX];
    sqlite3 *db;

    torture_print(uri, sizeof uri, "file:%s?vfs=unix", arm->path);
    db = torture_open(uri);
    if (torture_int(db, "SELECT sum(n) FROM t") != updates) torture_fail("an update is lost");
    if (torture_int(db, "SELECT integrity_check = 'ok' FROM pragma_integrity_check") != 1)
        torture_fail("the database is damaged");
    (void)sqlite3_close(db);
}

static void make_names(struct arm *arm, const char *scratch, const char *vfs, const char *journal)
{
    char link[TORTURE_TEXT_MAX];

    torture_print(arm->path, sizeof arm->path, "%s/%s-%s.db", scratch, vfs, journal);
    torture_print(link, sizeof link, "%s/%s-%s.link", scratch, vfs, journal);
    if (symlink(arm->path, link) != 0) torture_fail("no symlink");
    torture_print(arm->uris[0], sizeof arm->uris[0],
                  "file:%s?vfs=%s&preload_save_ms=10&preload_store=sidecar:%s", arm->path, vfs,
                  scratch);
    torture_print(arm->uris[1], sizeof arm->uris[1],
                  "file:%s?vfs=%s&preload_save_ms=10&preload_store=sidecar:%s", link, vfs, scratch);
}

static void run_arm(const char *scratch, const char *vfs, const char *journal, uint64_t seed,
                    int rounds)
{
    static struct arm arm;
    struct seat seats[THREADS];
    pthread_t threads[THREADS];
    uint64_t began_ms = torture_now_ms();

    arm = (struct arm){ .seed = seed, .rounds = rounds };
    make_names(&arm, scratch, vfs, journal);
    torture_make_database(arm.path, ROWS, journal);
    for (size_t i = 0; i < THREADS; i++) {
        seats[i] = (struct seat){ .arm = &arm, .random = seed * THREADS + i };
        if (pthread_create(&threads[i], NULL, thread_main, &seats[i]) != 0)
            torture_fail("no thread");
    }
    for (size_t i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    check(&arm, atomic_load(&arm.updates));
    printf("threads: %s, %s: %d threads, %d opens, %d updates kept, %.1f s\n", vfs, journal,
           THREADS, atomic_load(&arm.opens), atomic_load(&arm.updates),
           (double)(torture_now_ms() - began_ms) / 1000);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    static const char *const vfs_names[] = { "preload", "preload-through" };
    static const char *const journals[] = { "delete", "wal" };
    int rounds = argc > 1 ? atoi(argv[1]) : 100;
    uint64_t seed = torture_seed("threads");
    char scratch[TORTURE_TEXT_MAX];

    torture_scratch(scratch, "threads");
    torture_register_through("through");
    if (preload_register(&(struct preload_config){ .base = "unix" }) != SQLITE_OK ||
        preload_register(&(struct preload_config){ .base = "through" }) != SQLITE_OK ||
        preload_configure("read_through", "1") != SQLITE_OK)
        torture_fail("not registered");
    for (size_t i = 0; i < COUNT(vfs_names); i++) {
        for (size_t j = 0; j < COUNT(journals); j++)
            run_arm(scratch, vfs_names[i], journals[j], seed + 2 * i + j, rounds);
    }
    if (preload_unregister() != SQLITE_OK) torture_fail("files are still open");
    torture_remove_scratch(scratch);
    return 0;
}
