/* File names that SQLite did not make: nothing stands behind them, or before them. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/hosts/host.h"
#include "tests/hosts/veil.h"

/* A shim that opens by names of its own, without SQLITE_OPEN_URI. */
static sqlite3_vfs renaming;
static sqlite3_vfs *below;

/* Where a copy of a name stands in its page: the next one, or the one before, is not there. */
static bool at_the_end;

static const char *copy_of(const char *name)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t len = strlen(name) + 1;
    char *room = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    HOST_CHECK(room != MAP_FAILED && len < page, "%s", name);
    HOST_CHECK(mprotect(room, page, PROT_NONE) == 0, "before");
    HOST_CHECK(mprotect(room + 2 * page, page, PROT_NONE) == 0, "behind");
    return memcpy(at_the_end ? room + 2 * page - len : room + page, name, len);
}

static int open_by_copy(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                        int *out_flags)
{
    (void)vfs;
    return below->xOpen(below, name ? copy_of(name) : NULL, file, flags & ~SQLITE_OPEN_URI,
                        out_flags);
}

static void stand_above(const char *name)
{
    below = sqlite3_vfs_find(name);
    HOST_CHECK(below, "%s", name);
    renaming = *below;
    renaming.pNext = NULL;
    renaming.zName = "renaming";
    renaming.xOpen = open_by_copy;
    HOST_CHECK(sqlite3_vfs_register(&renaming, 1) == SQLITE_OK, "renaming");
}

static void expect_count(sqlite3 *db, const char *want)
{
    const char *got = host_text(db, "SELECT count(*) FROM t");

    HOST_CHECK(strcmp(got, want) == 0, "%s", got);
}

/* Sessions that learn, replay, use a journal and a log, and follow what the host sets meanwhile. */
static void use(const char *mode, const char *other_mode)
{
    sqlite3 *db = host_open("x.db", NULL);

    host_run(db, "PRAGMA journal_mode = delete; CREATE TABLE IF NOT EXISTS t(x); DELETE FROM t;"
                 "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)"
                 "INSERT INTO t SELECT randomblob(3000) FROM n");
    host_close(db);
    for (int i = 0; i < 3; i++) {
        db = host_open("x.db", NULL);
        host_run(db, mode);
        expect_count(db, "50");
        host_run(db, other_mode);
        host_run(db, "BEGIN; INSERT INTO t VALUES(randomblob(9000)); ROLLBACK");
        host_run(db, mode);
        /* In shared memory SQLite's own VFS looks behind the name. */
        host_run(db, "PRAGMA locking_mode = exclusive; PRAGMA journal_mode = wal;"
                     "UPDATE t SET x = 1 WHERE rowid = 50; SELECT sum(length(x)) FROM t;"
                     "PRAGMA wal_checkpoint; PRAGMA journal_mode = delete");
        expect_count(db, "50");
        host_close(db);
    }
}

static void use_ours(void)
{
    use("SELECT preload_config('mode', 'on')", "SELECT preload_config('mode', 'record')");
    HOST_CHECK(sqlite3_vfs_find("renaming") == &renaming, "stands above");
}

static void over_the_operating_systems(bool copies_at_the_end)
{
    sqlite3 *db = host_open(":memory:", NULL);

    at_the_end = copies_at_the_end;
    host_load(db, false);
    host_close(db);
    stand_above("preload");
    use_ours();
    HOST_CHECK(access("x.db-preload", F_OK) == 0, "nothing was learnt");
}

static void nothing_is_read_behind_a_name(void)
{
    over_the_operating_systems(true);
}

static void nothing_is_read_before_a_name(void)
{
    over_the_operating_systems(false);
}

/* Such a base is read through handles of our own, by a copy of the name. */
static void over_another_base(bool copies_at_the_end)
{
    sqlite3 *db = host_open(":memory:", NULL);

    at_the_end = copies_at_the_end;
    HOST_CHECK(setenv("SQLITE_PRELOAD_STORE", "sidecar:.", 1) == 0, "setenv");
    veil_load();
    host_load(db, false);
    host_close(db);
    stand_above("preload");
    use_ours();
}

static void nothing_is_read_behind_a_name_over_another_base(void)
{
    over_another_base(true);
}

static void nothing_is_read_before_a_name_over_another_base(void)
{
    over_another_base(false);
}

/* Without the flag the parameters are part of somebody else's bytes. */
static void parameters_count_where_the_flag_says_so(void)
{
    const char *parameters[] = { "preload", "off" };
    sqlite3 *db = host_open(":memory:", NULL);
    const int flags = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    char path[512];

    host_load(db, false);
    host_close(db);
    below = sqlite3_vfs_find("preload");
    HOST_CHECK(below->xFullPathname(below, "x.db", sizeof path, path) == SQLITE_OK, "path");
    for (int with_flag = 0; with_flag < 2; with_flag++) {
        sqlite3_filename name = sqlite3_create_filename(path, "", "", 1, parameters);
        sqlite3_file *file = calloc(1, (size_t)below->szOsFile);
        char *chain = NULL;

        HOST_CHECK(below->xOpen(below, name, file, flags | (with_flag ? SQLITE_OPEN_URI : 0),
                                NULL) == SQLITE_OK,
                   "open");
        HOST_CHECK(file->pMethods->xFileControl(file, SQLITE_FCNTL_VFSNAME, &chain) == SQLITE_OK,
                   "name");
        HOST_CHECK(strcmp(chain, with_flag ? "unix" : "preload/unix") == 0, "%s", chain);
        sqlite3_free(chain);
        HOST_CHECK(file->pMethods->xClose(file) == SQLITE_OK, "close");
        sqlite3_free_filename(name);
        free(file);
    }
}

/* All that is read stands in the log, which must be known as the database's. */
static void expect_log_of(const char *name)
{
    sqlite3 *db = host_open(name, "preload");
    const char *touched;

    expect_count(db, "50");
    touched = host_text(db, "SELECT value FROM preload_stats WHERE name = 'touched_pages'");
    HOST_CHECK(atoi(touched) >= 50, "%s: %s pages", name, touched);
    host_close(db);
}

static void the_log_of_a_database_is_known_by_its_place(void)
{
    sqlite3 *writer = host_open("x.db", "unix");

    host_load(writer, false);
    host_run(writer, "PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t(x);"
                     "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)"
                     "INSERT INTO t SELECT randomblob(3000) FROM n");
    expect_log_of("x.db");
    expect_log_of("file:x.db");
    expect_log_of("file:x.db?preload_save_ms=777");
    expect_log_of("file:x.db?psow=1&empty=&preload_walk=0&cache=private");
    host_close(writer);
}

static const struct host_case cases[] = {
    { "the_log_of_a_database_is_known_by_its_place", the_log_of_a_database_is_known_by_its_place },
    { "nothing_is_read_behind_a_name", nothing_is_read_behind_a_name },
    { "nothing_is_read_before_a_name", nothing_is_read_before_a_name },
    { "nothing_is_read_behind_a_name_over_another_base",
      nothing_is_read_behind_a_name_over_another_base },
    { "nothing_is_read_before_a_name_over_another_base",
      nothing_is_read_before_a_name_over_another_base },
    { "parameters_count_where_the_flag_says_so", parameters_count_where_the_flag_says_so },
};

HOST_MAIN(cases)
