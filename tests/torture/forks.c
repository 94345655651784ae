/* A process forks while its workers replay and save: the child opens databases of its own, reads,
 * saves and ends; none hangs, and the parent goes on well. Only the forking thread uses SQLite, so
 * what a child could hang on is ours.
 *
 * usage: forks [FORKS] */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/torture/torture.h"
#include "vfs/preload.h"

#define ROWS          400
#define CHILD_SECONDS 30

struct names {
    char busy_uri[TORTURE_TEXT_MAX];       /* open all the time, saved every 10 ms */
    char replay_uris[2][TORTURE_TEXT_MAX]; /* opened for each fork: by advice, by reading */
};

static void read_row(sqlite3 *db, uint32_t row)
{
    char sql[96];

    torture_print(sql, sizeof sql, "SELECT length(body) FROM t WHERE id = %u", row);
    if (torture_int(db, sql) != 900) torture_fail("row %u is not as it was written", row);
}

/* Opens what the parent has open, and what it is replaying, learns something, saves it. */
static void child_main(const struct names *names, uint64_t random)
{
    torture_watchdog("forks: a child", CHILD_SECONDS);
    for (size_t i = 0; i < COUNT(names->replay_uris); i++) {
        sqlite3 *db = torture_open(names->replay_uris[i]);
        sqlite3 *busy = torture_open(names->busy_uri);

        read_row(db, torture_random(&random, ROWS) + 1);
        read_row(busy, torture_random(&random, ROWS) + 1);
        (void)preload_flush(busy, NULL);
        (void)sqlite3_close(busy);
        (void)sqlite3_close(db);
    }
    if (torture_random(&random, 2) == 0) exit(0);
    _exit(0);
}

static void fork_once(const struct names *names, sqlite3 *busy, uint64_t *random, int n)
{
    const char *uri = names->replay_uris[n % 2];
    sqlite3 *db = torture_open(uri);
    uint32_t pause_us = torture_random(random, 400);
    pid_t child;

    read_row(busy, torture_random(random, ROWS) + 1);
    if (pause_us >= 100) (void)usleep(pause_us - 100);
    child = fork();
    if (child == 0) child_main(names, *random);
    read_row(db, torture_random(random, ROWS) + 1);
    (void)sqlite3_close(db);
    torture_join(child, "forks: a child");
}

static void prepare(struct names *names, const char *scratch)
{
    static const char *const vfs_names[] = { "preload", "preload-through" };
    char path[TORTURE_TEXT_MAX];

    torture_print(path, sizeof path, "%s/busy.db", scratch);
    torture_make_database(path, ROWS, "wal");
    torture_print(names->busy_uri, sizeof names->busy_uri, "file:%s?vfs=preload&preload_save_ms=10",
                  path);
    for (size_t i = 0; i < COUNT(vfs_names); i++) {
        torture_print(path, sizeof path, "%s/%s.db", scratch, vfs_names[i]);
        torture_make_database(path, ROWS, "delete");
        torture_print(names->replay_uris[i], sizeof names->replay_uris[i],
                      "file:%s?vfs=%s&preload_store=sidecar:%s", path, vfs_names[i], scratch);
        torture_learn(names->replay_uris[i], ROWS, 8);
    }
}

/* Their allocators are not made ready for fork(): a child may inherit a mutex of theirs that stays
 * locked. The release tests run this program. */
#if defined(__SANITIZE_ADDRESS__)
#define SKIPPED "skipped: the address sanitizer's allocator does not survive fork() beside threads"
#elif defined(__SANITIZE_THREAD__)
#define SKIPPED "skipped: the thread sanitizer's allocator does not survive fork() beside threads"
#else
#define SKIPPED NULL
#endif

int main(int argc, char **argv)
{
    const char *skipped = SKIPPED;
    int count = argc > 1 ? atoi(argv[1]) : 200;
    uint64_t random = torture_seed("forks");
    uint64_t began_ms = torture_now_ms();
    struct preload_process_stats stats;
    char scratch[TORTURE_TEXT_MAX];
    static struct names names;
    sqlite3 *busy;

    if (skipped) {
        puts(skipped);
        return 77;
    }
    torture_scratch(scratch, "forks");
    torture_register_through("through");
    if (preload_register(&(struct preload_config){ .base = "unix" }) != SQLITE_OK ||
        preload_register(&(struct preload_config){ .base = "through" }) != SQLITE_OK ||
        preload_configure("read_through", "1") != SQLITE_OK)
        torture_fail("not registered");
    prepare(&names, scratch);
    busy = torture_open(names.busy_uri);
    for (int n = 0; n < count; n++)
        fork_once(&names, busy, &random, n);
    (void)sqlite3_close(busy);
    preload_process_stats(&stats);
    printf("forks: %d children, none hung; the parent replayed %lld times and saved %lld times, "
           "%.1f s\n",
           count, (long long)stats.prefetches, (long long)stats.saves,
           (double)(torture_now_ms() - began_ms) / 1000);
    if (stats.prefetches < count / 4) torture_fail("hardly any replay ran");
    if (preload_unregister() != SQLITE_OK) torture_fail("files are still open");
    torture_remove_scratch(scratch);
    return 0;
}
