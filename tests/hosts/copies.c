/* Hosts that copy our VFS, borrow its methods, or keep the methods of a file of ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/hosts/host.h"
#include "tests/hosts/veil.h"

static sqlite3_vfs *original; /* what was copied or borrowed from */
/* What lies behind a host's VFS is not what lies behind ours. */
static struct {
    sqlite3_vfs vfs;
    void *beyond[8];
} own = { .beyond = { (void *)8, (void *)8, (void *)8, (void *)8 } };
#define mine own.vfs
static char other_data[] = "a host's own";

static void become_default(void)
{
    sqlite3 *db = host_open(":memory:", NULL);

    host_load(db, true);
    host_close(db);
    original = sqlite3_vfs_find(NULL);
    HOST_CHECK(strcmp(original->zName, "preload") == 0, "%s", original->zName);
}

static void make_mine_default(void)
{
    mine.zName = "mine";
    mine.pNext = NULL;
    HOST_CHECK(sqlite3_vfs_register(&mine, 1) == SQLITE_OK, "mine");
}

/* Opens, writes, reads, closes and opens again, with a rollback journal and with a write-ahead log,
 * and asks each method of the VFS. */
static void expect_service(const char *vfs)
{
    static const char *const modes[] = { "PRAGMA journal_mode = delete",
                                         "PRAGMA journal_mode = wal" };
    char want[16];

    (void)unlink("x.db");
    for (int i = 0; i < 4; i++) {
        sqlite3 *db = host_open("x.db", vfs);

        host_run(db, modes[i / 2]);
        host_run(db, "CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES(randomblob(40000));"
                     "CREATE TEMP TABLE w(y); INSERT INTO w VALUES(datetime('now'));");
        (void)snprintf(want, sizeof want, "%d", i + 1);
        HOST_CHECK(strcmp(host_text(db, "SELECT count(*) FROM t"), want) == 0, "round %d", i);
        HOST_CHECK(strcmp(host_text(db, "PRAGMA integrity_check"), "ok") == 0, "round %d", i);
        HOST_CHECK(strncmp(host_text(db, "SELECT y FROM w"), "20", 2) == 0, "round %d", i);
        HOST_CHECK(sqlite3_sleep(1) >= 0, "sleep");
        host_close(db);
    }
}

/* SQLite's test_quota.c and multiplex, Ur/Web, FMDB's tests. */
static int open_original(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                         int *out_flags)
{
    (void)vfs;
    return original->xOpen(original, name, file, flags, out_flags);
}

static void a_copy_with_an_open_of_its_own_works(void)
{
    become_default();
    mine = *original;
    mine.xOpen = open_original;
    make_mine_default();
    expect_service(NULL);
    HOST_CHECK(access("x.db-preload", F_OK) == 0, "nothing was learnt");
}

static void a_copy_with_nothing_of_its_own_works(void)
{
    become_default();
    mine = *original;
    make_mine_default();
    expect_service(NULL);
    HOST_CHECK(access("x.db-preload", F_OK) == 0, "nothing was learnt");
}

static void a_copy_with_data_of_its_own_works(void)
{
    become_default();
    mine = *original;
    mine.pAppData = other_data;
    make_mine_default();
    expect_service(NULL);
    mine.pAppData = NULL;
    expect_service("mine");
}

static void a_copy_of_what_is_not_the_default_works(void)
{
    sqlite3 *db = host_open(":memory:", NULL);

    host_load(db, false);
    host_close(db);
    original = sqlite3_vfs_find("preload");
    mine = *original;
    mine.xOpen = open_original;
    make_mine_default();
    expect_service(NULL);
    mine.pAppData = other_data;
    expect_service("mine");
}

/* With a size of its own, which it had from the VFS that was the default before. */
static void a_copy_with_the_size_of_the_base_works(void)
{
    become_default();
    mine = *original;
    mine.szOsFile = sqlite3_vfs_find("unix")->szOsFile;
    make_mine_default();
    expect_service(NULL);
}

static void a_method_takes_no_vfs_at_all(void)
{
    char path[1024];
    char random[8];
    double now = 0;
    int there = 1;

    become_default();
    HOST_CHECK(original->xFullPathname(NULL, "x.db", sizeof path, path) == SQLITE_OK, "path");
    HOST_CHECK(path[0] == '/', "%s", path);
    HOST_CHECK(original->xAccess(NULL, path, SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK, "access");
    HOST_CHECK(!there, "%s", path);
    HOST_CHECK(original->xRandomness(NULL, sizeof random, random) == sizeof random, "random");
    HOST_CHECK(original->xCurrentTime(NULL, &now) == SQLITE_OK && now > 2e6, "%f", now);
}

/* PROJ has a struct of its own with the default's methods, opens with the default, and puts a
 * changed copy of the file's methods in. */

typedef int (*close_method)(sqlite3_file *);

/* Where it keeps the file's own xClose: behind what the default VFS takes, now. */
static char *behind(sqlite3_file *file)
{
    return (char *)file + sqlite3_vfs_find(NULL)->szOsFile;
}

static int proj_close(sqlite3_file *file)
{
    void *methods = (void *)file->pMethods;
    close_method close_original;
    int rc;

    memcpy(&close_original, behind(file), sizeof close_original);
    rc = close_original(file);
    free(methods);
    return rc;
}

static int proj_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    sqlite3_vfs *real = vfs->pAppData;
    int rc = real->xOpen(real, name, file, flags, out_flags);
    sqlite3_io_methods *methods = rc == SQLITE_OK ? malloc(sizeof *methods) : NULL;

    if (!methods) return rc;
    *methods = *file->pMethods;
    memcpy(behind(file), &methods->xClose, sizeof methods->xClose);
    methods->xClose = proj_close;
    file->pMethods = methods;
    return SQLITE_OK;
}

static void borrow(void *data)
{
    mine = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = original->szOsFile + 8,
        .mxPathname = original->mxPathname,
        .zName = "mine",
        .pAppData = data,
        .xOpen = data == original ? proj_open : open_original,
        .xDelete = original->xDelete,
        .xAccess = original->xAccess,
        .xFullPathname = original->xFullPathname,
        .xDlOpen = original->xDlOpen,
        .xDlError = original->xDlError,
        .xDlSym = original->xDlSym,
        .xDlClose = original->xDlClose,
        .xRandomness = original->xRandomness,
        .xSleep = original->xSleep,
        .xCurrentTime = original->xCurrentTime,
        .xGetLastError = original->xGetLastError,
    };
    HOST_CHECK(sqlite3_vfs_register(&mine, 0) == SQLITE_OK, "mine");
}

static void borrowed_methods_work(void)
{
    become_default();
    borrow(original);
    expect_service("mine");
    HOST_CHECK(access("x.db-preload", F_OK) == 0, "nothing was learnt");
}

static void borrowed_methods_work_in_a_struct_of_any_data(void)
{
    become_default();
    borrow(other_data);
    expect_service("mine");
}

static void borrowed_methods_work_when_switched_off(void)
{
    HOST_CHECK(setenv("SQLITE_PRELOAD", "off", 1) == 0, "setenv");
    become_default();
    borrow(original);
    expect_service("mine");
    HOST_CHECK(access("x.db-preload", F_OK) != 0, "something was learnt");
}

/* It opens its database when it is first asked something, and we may come after that. */
static void borrowed_methods_work_when_the_default_changes(void)
{
    sqlite3 *db;

    original = sqlite3_vfs_find(NULL);
    borrow(original);
    db = host_open("y.db", "mine");
    host_run(db, "CREATE TABLE t(x)");
    become_default();
    host_run(db, "INSERT INTO t VALUES(1)");
    host_close(db);
    db = host_open("y.db", "mine");
    HOST_CHECK(strcmp(host_text(db, "SELECT count(*) FROM t"), "1") == 0, "lost");
    host_close(db);
}

/* With SQLite's own VFS the methods of one file are those of all, and stay: a host keeps the
 * pointer. */

static const sqlite3_io_methods *kept;
static sqlite3_io_methods changed;

static int counted_sync(sqlite3_file *file, int flags)
{
    return kept->xSync(file, flags);
}

static int open_with_kept(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                          int *out_flags)
{
    int rc = open_original(vfs, name, file, flags, out_flags);

    if (rc != SQLITE_OK || !(flags & SQLITE_OPEN_MAIN_DB)) return rc;
    if (!kept) {
        kept = file->pMethods;
        changed = *kept;
        changed.xSync = counted_sync;
    }
    file->pMethods = &changed;
    return SQLITE_OK;
}

static void methods_outlast_their_file(void)
{
    become_default();
    mine = *original;
    mine.xOpen = open_with_kept;
    make_mine_default();
    expect_service(NULL);
}

#ifndef HOST_LOADS

static void over_several_bases_a_copy_has_the_base_of_its_original(void)
{
    sqlite3 *db;

    HOST_CHECK(preload_register(&(struct preload_config){ .base = "unix" }) == SQLITE_OK, "unix");
    veil_load_over("unix", 0);
    HOST_CHECK(preload_register(&(struct preload_config){ .base = "veil" }) == SQLITE_OK, "veil");
    original = sqlite3_vfs_find("preload-veil");
    mine = *original;
    make_mine_default();
    expect_service(NULL);
    db = host_open("x.db", "veil");
    HOST_CHECK(strcmp(host_text(db, "PRAGMA integrity_check"), "ok") == 0, "veiled");
    host_close(db);
    db = host_open("x.db", "unix");
    HOST_CHECK(strncmp(host_text(db, "SELECT count(*) FROM t"), "error", 5) == 0, "not veiled");
    host_close(db);
}

/* Connections go on, and what is taken out does nothing for them. */
static void a_copy_works_after_we_are_taken_out(void)
{
    become_default();
    mine = *original;
    make_mine_default();
    HOST_CHECK(preload_unregister() == SQLITE_OK, "unregisters");
    expect_service(NULL);
    HOST_CHECK(access("x.db-preload", F_OK) != 0, "something was learnt");
    mine.pAppData = other_data;
    expect_service(NULL);
    HOST_CHECK(preload_unregister() == SQLITE_OK, "unregisters");
}
#endif

static const struct host_case cases[] = {
    { "a_copy_with_an_open_of_its_own_works", a_copy_with_an_open_of_its_own_works },
    { "a_copy_with_nothing_of_its_own_works", a_copy_with_nothing_of_its_own_works },
    { "a_copy_with_data_of_its_own_works", a_copy_with_data_of_its_own_works },
    { "a_copy_of_what_is_not_the_default_works", a_copy_of_what_is_not_the_default_works },
    { "a_copy_with_the_size_of_the_base_works", a_copy_with_the_size_of_the_base_works },
    { "a_method_takes_no_vfs_at_all", a_method_takes_no_vfs_at_all },
    { "borrowed_methods_work", borrowed_methods_work },
    { "borrowed_methods_work_in_a_struct_of_any_data",
      borrowed_methods_work_in_a_struct_of_any_data },
    { "borrowed_methods_work_when_switched_off", borrowed_methods_work_when_switched_off },
    { "borrowed_methods_work_when_the_default_changes",
      borrowed_methods_work_when_the_default_changes },
    { "methods_outlast_their_file", methods_outlast_their_file },
#ifndef HOST_LOADS
    { "over_several_bases_a_copy_has_the_base_of_its_original",
      over_several_bases_a_copy_has_the_base_of_its_original },
    { "a_copy_works_after_we_are_taken_out", a_copy_works_after_we_are_taken_out },
#endif
};

HOST_MAIN(cases)
