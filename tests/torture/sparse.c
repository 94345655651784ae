/* A sparse database of 1 TiB whose table lies all over it: sessions of 20,000 pages, most of them
 * the only one of their neighbourhood, are learnt and replayed, and what that takes of memory is
 * bounded; nothing of it is left after the close.
 *
 * SQLite takes new pages from the freelist. So a small database whose header states 2^28 pages, and
 * whose freelist names pages far apart, is filled with plain SQL.
 *
 * usage: sparse [SESSIONS] */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/torture/bounds.h"
#include "tests/torture/torture.h"
#include "vfs/preload.h"

#define PAGE_BYTES 4096
#define PAGES      (UINT32_C(1) << 28)
#define ROWS       20000 /* a leaf page each */

/* The freelist: trunk pages side by side, the leaves that they name far apart; some more than the
 * rows take, for interior pages. None is the page of the lock byte. */
#define TRUNK_FIRST  3
#define TRUNKS       21
#define TRUNK_LEAVES 960
#define LEAVES       (TRUNKS * TRUNK_LEAVES)
#define LEAF_FIRST   1000
#define LEAF_STEP    13288
#define LOCK_PAGE    ((UINT32_C(1) << 30) / PAGE_BYTES + 1)

_Static_assert(LEAF_FIRST + (uint64_t)LEAVES * LEAF_STEP < PAGES, "they lie in the database");
_Static_assert((LOCK_PAGE - LEAF_FIRST) % LEAF_STEP != 0, "SQLite uses no such page");

/* Three sets of pages (touched by the connection, by the session, fetched), each of a block of 4
 * KiB for 32,768 pages. */
#define SET_BYTES ((size_t)PAGES / 32768 * (4096 + 2 * sizeof(void *)))

/* Lists: the touches, the history as it is loaded, written and replayed, the forecast, the plan. */
#define LIST_BYTES ((size_t)ROWS * 512)

#define HEAP_MAX (3 * SET_BYTES + LIST_BYTES)

/* SQLite's page cache, zstd, stacks, the allocator's own. */
#define RESIDENT_OTHER_MAX ((size_t)24 << 20)

#define BUDGET_DEFAULT ((int64_t)32 << 20)

/* ---- the database ---- */

static void put_be32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

static void write_at(int file, const void *bytes, size_t count, off_t offset)
{
    if (pwrite(file, bytes, count, offset) != (ssize_t)count)
        torture_fail("cannot write: %s", strerror(errno));
}

static void write_freelist(int file)
{
    uint32_t leaf = LEAF_FIRST;

    for (uint32_t trunk = 0; trunk < TRUNKS; trunk++) {
        uint8_t page[PAGE_BYTES] = { 0 };

        if (trunk + 1 < TRUNKS) put_be32(page, TRUNK_FIRST + trunk + 1);
        put_be32(page + 4, TRUNK_LEAVES);
        for (uint32_t i = 0; i < TRUNK_LEAVES; i++, leaf += LEAF_STEP)
            put_be32(page + 8 + 4 * (size_t)i, leaf);
        write_at(file, page, sizeof page, (off_t)(TRUNK_FIRST + trunk - 1) * PAGE_BYTES);
    }
}

/* Pages in the database; first trunk and number of pages of its freelist. False: the file system
 * has no such files. */
static bool stretch(const char *path)
{
    const int file = open(path, O_RDWR | O_CLOEXEC);
    uint8_t pages[4];
    uint8_t freelist[8];
    bool done;

    if (file < 0) torture_fail("%s: %s", path, strerror(errno));
    done = ftruncate(file, (off_t)PAGES * PAGE_BYTES) == 0;
    put_be32(pages, PAGES);
    put_be32(freelist, TRUNK_FIRST);
    put_be32(freelist + 4, TRUNKS + LEAVES);
    if (done) {
        write_at(file, pages, sizeof pages, 28);
        write_at(file, freelist, sizeof freelist, 32);
        write_freelist(file);
    }
    (void)close(file);
    return done;
}

static bool make_database(const char *path)
{
    char uri[TORTURE_TEXT_MAX];
    char sql[512];
    sqlite3 *db;

    torture_print(uri, sizeof uri, "file:%s?vfs=unix", path);
    db = torture_open(uri);
    torture_print(sql, sizeof sql,
                  "PRAGMA page_size = %d; CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB);",
                  PAGE_BYTES);
    torture_exec(db, sql);
    (void)sqlite3_close(db);
    if (!stretch(path)) return false;

    db = torture_open(uri);
    torture_print(sql, sizeof sql,
                  "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                  "WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM c LIMIT %d)"
                  "INSERT INTO t SELECT i, zeroblob(3000) FROM c;",
                  ROWS);
    torture_exec(db, sql);
    if (torture_int(db, "PRAGMA page_count") != (int64_t)PAGES)
        torture_fail("the database is not of 1 TiB");
    (void)sqlite3_close(db);
    return true;
}

/* ---- the sessions ---- */

static struct preload_stats stats_of(sqlite3 *db)
{
    struct preload_stats stats;

    if (preload_stats_of(db, NULL, &stats) != SQLITE_OK) torture_fail("not under preload");
    if (stats.errors > 0) torture_fail("%lld errors", (long long)stats.errors);
    return stats;
}

static void read_all(sqlite3 *db)
{
    if (torture_int(db, "SELECT sum(length(body)) FROM t") != ROWS * INT64_C(3000))
        torture_fail("the rows are not as they were written");
}

static struct preload_stats wait_for_pages(sqlite3 *db, int64_t pages)
{
    struct preload_stats stats = stats_of(db);

    while (stats.issued_pages < pages) {
        if (stats.state != PRELOAD_STATE_LOADING)
            torture_fail("the replay ended in state %d after %lld pages", (int)stats.state,
                         (long long)stats.issued_pages);
        (void)usleep(500);
        stats = stats_of(db);
    }
    return stats;
}

/* A session; `fetched` pages are awaited before it reads. */
static void run_session(const char *name, const char *uri, int64_t fetched, int64_t budget)
{
    const size_t before = bounds_heap();
    struct preload_stats stats;
    struct bounds open;
    sqlite3 *db;

    bounds_heap_restart();
    db = torture_open(uri);
    stats = wait_for_pages(db, fetched);
    read_all(db);
    stats = stats_of(db);
    if (stats.touched_pages < ROWS) torture_fail("%s: a part was not recorded", name);
    if (stats.issued_bytes > budget) torture_fail("%s: more was fetched than may be", name);
    if (stats.used_pages < fetched) torture_fail("%s: what was fetched is not used", name);
    open = bounds_look(BOUNDS_WORKER_BUSY);
    (void)sqlite3_close(db);

    bounds_expect("threads", open.threads, BOUNDS_WORKERS);
    bounds_expect("descriptors of a worker", open.worker_descriptors, BOUNDS_WORKER_BUSY);
    bounds_expect("bytes", bounds_heap_most() - before, HEAP_MAX);
    bounds_expect("bytes after the close", bounds_heap(), before);
    printf("sparse: %s: %lld pages touched, %lld fetched; %zu KiB while open, %zu at the most\n",
           name, (long long)stats.touched_pages, (long long)stats.issued_pages,
           (open.heap - before) >> 10, (bounds_heap_most() - before) >> 10);
}

static void run_sessions(const char *path, int count)
{
    char usual[TORTURE_TEXT_MAX];
    char whole[TORTURE_TEXT_MAX];

    torture_print(usual, sizeof usual, "file:%s?vfs=preload", path);
    torture_print(whole, sizeof whole, "%s&preload_pace=0&preload_budget=1G", usual);
    run_session("learning", usual, 0, BUDGET_DEFAULT);
    for (int i = 0; i < count; i++) {
        run_session("all fetched", whole, ROWS, INT64_C(1) << 30);
        run_session("by default", usual, 1, BUDGET_DEFAULT);
    }
}

int main(int argc, char **argv)
{
    const int count = argc > 1 ? atoi(argv[1]) : 1;
    char scratch[TORTURE_TEXT_MAX];
    char path[TORTURE_TEXT_MAX];
    size_t resident;

    torture_watchdog("sparse", 280);
    torture_scratch(scratch, "sparse");
    torture_print(path, sizeof path, "%s/sparse.db", scratch);
    if (!make_database(path)) {
        torture_remove_scratch(scratch);
        puts("skipped: the file system has no files of 1 TiB");
        return 77;
    }
    if (preload_register(&(struct preload_config){ .base = "unix" }) != SQLITE_OK)
        torture_fail("not registered");
    bounds_begin();
    resident = bounds_resident_most();
    run_sessions(path, count);
    if (preload_unregister() != SQLITE_OK) torture_fail("files are still open");
    bounds_expect_nothing();
    bounds_expect("resident memory", bounds_resident_growth(resident),
                  HEAP_MAX + RESIDENT_OTHER_MAX);
    printf("sparse: resident memory grew by %zu KiB\n", bounds_resident_growth(resident) >> 10);
    torture_remove_scratch(scratch);
    return 0;
}
