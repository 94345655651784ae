/* Many databases open at once, all of which have hints and replay them: threads stay within the
 * options, the process has no more descriptors than with SQLite alone, the workers' own tables stay
 * small, and a database holds no more memory than is stated here; nothing is left after the close.
 * Over a foreign base fewer of them, which read through handles of their own.
 *
 * usage: crowd [DATABASES] */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/torture/bounds.h"
#include "tests/torture/torture.h"
#include "vfs/preload.h"

#define STEP          6 /* from one row that is read to the next, each in a request of its own */
#define CROWD_MAX     2000
#define CROWD_ROWS    120
#define THROUGH_CROWD 20 /* databases over a foreign base */
#define THROUGH_ROWS  400

/* An open database that is being replayed: its recorder, two sets that count how its hints do, its
 * history, forecast and plan, its configuration. */
#define HEAP_EACH_MAX ((size_t)32 << 10)

/* zstd's context, while a worker loads or saves. */
#define CONTEXT_BYTES ((size_t)192 << 10)

/* What a thread reads into. */
#define READER_BYTES ((size_t)129 << 10)

struct crowd {
    const char *vfs;
    int count;
    int rows; /* of each, a page a row */
    size_t threads_max;
    size_t handles_max; /* of a database, beside SQLite's */
    bool is_shared;     /* workers have the process's table */
    char scratch[TORTURE_TEXT_MAX];
    sqlite3 *open[CROWD_MAX];
};

static void copy_database(const char *from, const char *to)
{
    char bytes[4096];
    const int in = open(from, O_RDONLY | O_CLOEXEC);
    const int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t got;

    if (in < 0 || out < 0) torture_fail("%s: %s", to, strerror(errno));
    while ((got = read(in, bytes, sizeof bytes)) > 0)
        if (write(out, bytes, (size_t)got) != got) torture_fail("%s: %s", to, strerror(errno));
    (void)close(in);
    (void)close(out);
}

static void make_databases(const struct crowd *crowd)
{
    char original[TORTURE_TEXT_MAX];
    char copy[TORTURE_TEXT_MAX];

    torture_print(original, sizeof original, "%s/%s.db", crowd->scratch, crowd->vfs);
    torture_make_database(original, crowd->rows, "delete");
    for (int i = 0; i < crowd->count; i++) {
        torture_print(copy, sizeof copy, "%s/%s-%d.db", crowd->scratch, crowd->vfs, i);
        copy_database(original, copy);
    }
}

static sqlite3 *open_one(const struct crowd *crowd, const char *vfs, int i)
{
    char uri[TORTURE_TEXT_MAX];

    /* The store is named because beside a foreign base there is none. */
    torture_print(uri, sizeof uri, "file:%s/%s-%d.db?vfs=%s&preload_store=sidecar:%s",
                  crowd->scratch, crowd->vfs, i, vfs, crowd->scratch);
    return torture_open(uri);
}

static void read_one(const struct crowd *crowd, sqlite3 *db)
{
    char sql[128];

    torture_print(sql, sizeof sql, "SELECT sum(length(body)) FROM t WHERE id %% %d = 0", STEP);
    if (torture_int(db, sql) != crowd->rows / STEP * INT64_C(900))
        torture_fail("the rows are not as they were written");
}

static void close_all(struct crowd *crowd)
{
    for (int i = 0; i < crowd->count; i++) {
        if (sqlite3_close(crowd->open[i]) != SQLITE_OK) torture_fail("not closed");
        crowd->open[i] = NULL;
    }
}

/* What SQLite itself needs. */
static size_t descriptors_without(struct crowd *crowd)
{
    size_t descriptors;

    for (int i = 0; i < crowd->count; i++) {
        crowd->open[i] = open_one(crowd, "unix", i);
        read_one(crowd, crowd->open[i]);
    }
    descriptors = bounds_look_shared().descriptors;
    close_all(crowd);
    return descriptors;
}

static void learn(const struct crowd *crowd)
{
    for (int i = 0; i < crowd->count; i++) {
        sqlite3 *db = open_one(crowd, crowd->vfs, i);

        read_one(crowd, db);
        (void)sqlite3_close(db);
    }
}

static void wait_for_pages(sqlite3 *db, int pages)
{
    struct preload_stats stats = { 0 };

    while (stats.issued_pages < pages) {
        if (preload_stats_of(db, NULL, &stats) != SQLITE_OK) torture_fail("not under preload");
        if (stats.issued_pages < pages && stats.state != PRELOAD_STATE_LOADING)
            torture_fail("a replay ended in state %d after %lld pages", (int)stats.state,
                         (long long)stats.issued_pages);
        (void)usleep(100);
    }
}

static void look(const struct crowd *crowd, size_t descriptors, struct bounds *most)
{
    const struct bounds found =
        crowd->is_shared ? bounds_look_shared() : bounds_look(BOUNDS_WORKER_BUSY);

    bounds_expect("threads", found.threads, crowd->threads_max);
    bounds_expect("descriptors", found.descriptors,
                  descriptors + (size_t)crowd->count * crowd->handles_max);
    bounds_expect("descriptors of a worker", found.worker_descriptors, BOUNDS_WORKER_BUSY);
    if (found.threads > most->threads) most->threads = found.threads;
    if (found.descriptors > most->descriptors) most->descriptors = found.descriptors;
}

static void run_crowd(struct crowd *crowd)
{
    const size_t before = bounds_heap();
    const size_t heap_max = (size_t)crowd->count * HEAP_EACH_MAX + BOUNDS_WORKERS * CONTEXT_BYTES +
                            (crowd->is_shared ? BOUNDS_READERS * READER_BYTES : 0);
    struct bounds most = { 0 };
    size_t without;

    make_databases(crowd);
    without = descriptors_without(crowd);
    learn(crowd);
    bounds_heap_restart();
    for (int i = 0; i < crowd->count; i++) {
        crowd->open[i] = open_one(crowd, crowd->vfs, i);
        if (i % 10 == 0) look(crowd, without, &most);
    }
    for (int i = 0; i < crowd->count; i++)
        wait_for_pages(crowd->open[i], crowd->rows / STEP);
    look(crowd, without, &most);
    for (int i = 0; i < crowd->count; i++)
        read_one(crowd, crowd->open[i]);
    look(crowd, without, &most);
    bounds_expect("bytes", bounds_heap_most() - before, heap_max);
    most.heap = bounds_heap_most() - before;
    close_all(crowd);
    bounds_expect("bytes after the close", bounds_heap(), before);
    printf("crowd: %s: %d databases; %zu threads, %zu descriptors (%zu without preload), %zu KiB "
           "each\n",
           crowd->vfs, crowd->count, most.threads, most.descriptors, without,
           (most.heap / (size_t)crowd->count) >> 10);
}

int main(int argc, char **argv)
{
    static struct crowd crowd;

    crowd.count = argc > 1 ? atoi(argv[1]) : 200;
    if (crowd.count < THROUGH_CROWD || crowd.count > CROWD_MAX) torture_fail("no such crowd");
    if (!bounds_allow_descriptors((size_t)crowd.count + THROUGH_CROWD * BOUNDS_READERS + 64)) {
        puts("skipped: the process may not have so many descriptors");
        return 77;
    }
    torture_watchdog("crowd", 280);
    torture_scratch(crowd.scratch, "crowd");
    torture_register_through("through");
    if (preload_register(&(struct preload_config){ .base = "unix" }) != SQLITE_OK ||
        preload_register(&(struct preload_config){ .base = "through" }) != SQLITE_OK ||
        preload_configure("read_through", "1") != SQLITE_OK)
        torture_fail("not registered");
    bounds_begin();

    crowd.vfs = "preload";
    crowd.rows = CROWD_ROWS;
    crowd.threads_max = BOUNDS_WORKERS;
    run_crowd(&crowd);

    crowd.vfs = "preload-through";
    crowd.count = THROUGH_CROWD;
    crowd.rows = THROUGH_ROWS;
    crowd.threads_max = BOUNDS_WORKERS + BOUNDS_READERS;
    crowd.handles_max = BOUNDS_READERS;
    crowd.is_shared = true;
    run_crowd(&crowd);

    if (preload_unregister() != SQLITE_OK) torture_fail("files are still open");
    bounds_expect_nothing();
    torture_remove_scratch(crowd.scratch);
    return 0;
}
