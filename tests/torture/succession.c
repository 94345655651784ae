/* Thousands of databases opened one after the other, some of them twice, so that the second session
 * has hints to replay: at no time are there more threads, descriptors or bytes than one database
 * needs, and none is left of those that were closed.
 *
 * usage: succession [DATABASES] */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/torture/bounds.h"
#include "tests/torture/torture.h"
#include "vfs/preload.h"

#define ROWS          12 /* a page each, and two more */
#define ORIGINAL_MAX  (32 << 10)
#define EACH_IS_TWICE 10 /* is opened once more, and so are the first tenth of all */
#define EACH_IS_SEEN  10 /* is looked at */

/* An open database with its hints, its recorder, and what the replay and a save hold meanwhile, of
 * which a context of zstd is most. */
#define HEAP_MAX ((size_t)192 << 10)

/* SQLite's page cache, zstd, stacks; the same after ten databases as after ten thousand. */
#define RESIDENT_MAX ((size_t)2 << 20)

/* A database, to be copied; each copy is a file of its own. */
struct original {
    char bytes[ORIGINAL_MAX];
    size_t len;
};

static void read_original(struct original *out, const char *path)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = file >= 0 ? read(file, out->bytes, sizeof out->bytes) : -1;

    if (got <= 0 || got == (ssize_t)sizeof out->bytes) torture_fail("%s: cannot be read", path);
    out->len = (size_t)got;
    (void)close(file);
}

static void write_copy(const struct original *original, const char *path)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (file < 0 || write(file, original->bytes, original->len) != (ssize_t)original->len)
        torture_fail("%s: %s", path, strerror(errno));
    (void)close(file);
}

static void remove_copy(const char *path)
{
    char hints[TORTURE_TEXT_MAX];

    torture_print(hints, sizeof hints, "%s-preload", path);
    if (unlink(hints) != 0) torture_fail("%s: no hints were saved", path);
    if (unlink(path) != 0) torture_fail("%s: %s", path, strerror(errno));
}

/* The hints are loaded, and the session replays them. */
static void wait_for_hints(sqlite3 *db)
{
    struct preload_stats stats = { 0 };

    while (stats.issued_pages < ROWS) {
        if (preload_stats_of(db, NULL, &stats) != SQLITE_OK) torture_fail("not under preload");
        if (stats.issued_pages < ROWS && stats.state != PRELOAD_STATE_LOADING)
            torture_fail("the replay ended in state %d after %lld pages", (int)stats.state,
                         (long long)stats.issued_pages);
        (void)usleep(50);
    }
}

static void look_at_open(size_t descriptors)
{
    const struct bounds open = bounds_look(BOUNDS_WORKER_BUSY);

    bounds_expect("threads", open.threads, BOUNDS_WORKERS);
    bounds_expect("descriptors", open.descriptors, descriptors + 1);
    bounds_expect("descriptors of a worker", open.worker_descriptors, BOUNDS_WORKER_BUSY);
}

static void look_at_closed(size_t descriptors)
{
    const struct bounds closed = bounds_look(BOUNDS_WORKER_IDLE);

    bounds_expect("threads after a close", closed.threads, BOUNDS_WORKERS);
    bounds_expect("descriptors after a close", closed.descriptors, descriptors);
    bounds_expect("descriptors of an idle worker", closed.worker_descriptors, BOUNDS_WORKER_IDLE);
}

static void run_session(const char *path, bool has_hints, bool is_seen, struct bounds before)
{
    char uri[TORTURE_TEXT_MAX];
    sqlite3 *db;

    torture_print(uri, sizeof uri, "file:%s?vfs=preload", path);
    bounds_heap_restart();
    db = torture_open(uri);
    if (has_hints) wait_for_hints(db);
    if (torture_int(db, "SELECT count(body) FROM t") != ROWS) torture_fail("rows are missing");
    if (is_seen) look_at_open(before.descriptors);
    if (sqlite3_close(db) != SQLITE_OK) torture_fail("not closed");
    if (is_seen) look_at_closed(before.descriptors);
    bounds_expect("bytes", bounds_heap_most(), before.heap + HEAP_MAX);
    bounds_expect("bytes after a close", bounds_heap(), before.heap);
}

int main(int argc, char **argv)
{
    const int count = argc > 1 ? atoi(argv[1]) : 1000;
    static struct original original;
    struct preload_process_stats stats;
    char scratch[TORTURE_TEXT_MAX];
    char path[TORTURE_TEXT_MAX];
    size_t resident = 0;
    size_t most = 0;
    struct bounds before;

    torture_watchdog("succession", 280);
    torture_scratch(scratch, "succession");
    torture_print(path, sizeof path, "%s/original.db", scratch);
    torture_make_database(path, ROWS, "delete");
    read_original(&original, path);
    if (preload_configure("small", "0") != SQLITE_OK ||
        preload_register(&(struct preload_config){ .base = "unix" }) != SQLITE_OK)
        torture_fail("not registered");
    bounds_begin();
    before = bounds_look(BOUNDS_WORKER_IDLE);
    for (int i = 0; i < count; i++) {
        const bool is_seen = i % EACH_IS_SEEN == 0;

        torture_print(path, sizeof path, "%s/%d.db", scratch, i);
        write_copy(&original, path);
        run_session(path, false, is_seen, before);
        if (i < count / 10 || i % EACH_IS_TWICE == 0) run_session(path, true, is_seen, before);
        remove_copy(path);
        if (bounds_heap_most() - before.heap > most) most = bounds_heap_most() - before.heap;
        if (i == EACH_IS_SEEN) resident = bounds_resident_most();
    }
    preload_process_stats(&stats);
    if (preload_unregister() != SQLITE_OK) torture_fail("files are still open");
    bounds_expect_nothing();
    bounds_expect("resident memory", bounds_resident_growth(resident), RESIDENT_MAX);
    printf("succession: %d databases, %lld sessions, %lld replayed; %zu KiB at the most, resident "
           "memory grew by %zu KiB\n",
           count, (long long)stats.wrapped, (long long)stats.prefetches, most >> 10,
           bounds_resident_growth(resident) >> 10);
    torture_remove_scratch(scratch);
    return 0;
}
