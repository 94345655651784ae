/* Each of our allocations fails in turn, while a program opens, reads, saves and closes: SQLite's
 * results are what they are without us, nothing leaks, and the next session works. SQLite's own
 * allocations go through its library and do not fail here. */
#include <stdio.h>
#include <sys/stat.h>

#include "tests/vfs/common.h"
#include "tests/vfs/witness.h"
#include "vfs/process/log.h"

static struct path path;

static void begin(void)
{
    scratch_begin();
    path = scratch("x.db");
    db_make(path.s, 50);
}

TestSuite(memory, .init = begin, .fini = scratch_end, .timeout = 100);

static void read_some(sqlite3 *db)
{
    db_visit(db, 1, 20);
    db_visit(db, 80, 120);
}

static void read_and_flush(sqlite3 *db)
{
    read_some(db);
    (void)preload_flush(db, "main");
    db_visit(db, 30, 60);
    (void)stats_of(db);
    (void)preload_flush(db, "main");
}

static void write_in_a_log(sqlite3 *db)
{
    db_run(db, "PRAGMA journal_mode=WAL; UPDATE t SET body=zeroblob(1000) WHERE id % 7 = 0;");
    db_visit(db, 1, 140);
    db_run(db, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;");
}

static void write_in_an_exclusive_log(sqlite3 *db)
{
    db_run(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA cache_size=5;"
               "UPDATE t SET body=zeroblob(1000) WHERE id % 7 = 1;");
    db_visit(db, 1, 140);
    db_run(db, "PRAGMA journal_mode=DELETE;");
}

static void rebuild(sqlite3 *db)
{
    read_some(db);
    db_run(db, "PRAGMA page_size=8192; VACUUM; PRAGMA page_size=4096; VACUUM;");
    read_some(db);
}

static void change_the_mode(sqlite3 *db)
{
    read_some(db);
    db_run(db, "SELECT preload_config('mode', 'record');");
    read_some(db);
    db_run(db, "SELECT preload_config('mode', 'off');");
    read_some(db);
    db_run(db, "SELECT preload_config('mode', 'on');");
    db_visit(db, 100, 120);
}

static void attach(sqlite3 *db)
{
    char *sql = sqlite3_mprintf("ATTACH '%q' AS again; SELECT count(*) FROM again.t;", path.s);

    read_some(db);
    db_run(db, sql);
    sqlite3_free(sql);
    db_run(db, "SELECT count(*), max(value) FROM preload_stats('again'); DETACH again;");
}

/* Fails allocation after allocation of whole sessions. Returns how many there are. */
static size_t fail_each(const char *vfs, const char *uri, void (*use)(sqlite3 *db))
{
    bool failed = true;
    size_t n = 0;

    for (; failed; n++) {
        sqlite3 *db;

        heap_fail_at(n);
        db = db_open(uri, vfs);
        use(db);
        db_close(db);
        failed = heap_restore();
        db = db_open(uri, vfs);
        (void)wait_for_replay(db);
        read_some(db);
        db_close(db);
    }
    return n;
}

static void expect_harmless(const char *vfs, void (*use)(sqlite3 *db))
{
    size_t allocations = fail_each(vfs, path.s, use);

    cr_expect(allocations > 8, "%zu allocations", allocations);
    cr_expect_eq(preload_unregister(), SQLITE_OK);
}

Test(memory, a_session_is_read_and_saved)
{
    register_over(NULL);
    expect_harmless("preload", read_and_flush);
}

Test(memory, a_session_writes_in_a_log)
{
    register_over(NULL);
    expect_harmless("preload", write_in_a_log);
}

Test(memory, a_session_writes_in_a_log_of_its_own)
{
    register_over(NULL);
    expect_harmless("preload", write_in_an_exclusive_log);
}

Test(memory, a_session_rebuilds_the_database)
{
    register_over(NULL);
    expect_harmless("preload", rebuild);
}

Test(memory, a_session_changes_the_mode)
{
    register_over(NULL);
    expect_harmless("preload", change_the_mode);
}

Test(memory, a_session_attaches_its_own_database)
{
    register_over(NULL);
    expect_harmless("preload", attach);
}

/* Over a foreign base the hints are loaded, and the plan made, on the connection's own thread. */
Test(memory, a_session_is_replayed_through_another_base)
{
    struct path hints = scratch("hints");
    char store[600];

    (void)snprintf(store, sizeof store, "sidecar:%s", hints.s);
    cr_assert_eq(mkdir(hints.s, 0700), 0);
    cr_assert_eq(preload_configure("store", store), SQLITE_OK);
    witness_register((struct witness_shape){ 0 });
    register_over("witness");
    expect_harmless("preload", read_and_flush);
    cr_expect_eq(witness_open_files(), 0);
}

/* Where nothing is stored: the process remembers, and wakes what it remembers. */
Test(memory, a_session_is_remembered)
{
    struct path folder = scratch("");

    obey_permissions();
    cr_assert_eq(chmod(folder.s, 0555), 0);
    register_over(NULL);
    expect_harmless("preload", read_and_flush);
    cr_assert_eq(chmod(folder.s, 0755), 0);
}

Test(memory, a_trace_is_written)
{
    register_over(NULL);
    cr_assert_eq(preload_configure("trace", scratch("trace").s), SQLITE_OK);
    cr_expect(fail_each("preload", path.s, read_and_flush) > 10);
    cr_expect_eq(preload_unregister(), SQLITE_OK);
}
