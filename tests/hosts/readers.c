/* Where hints are nobody's wish: beside a database that is only read, where who watches the folder
 * sees nothing, and beside a copy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/hosts/host.h"

/* What a watcher takes for a change. */
#define CHANGES                                                                                    \
    (IN_CREATE | IN_DELETE | IN_MODIFY | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE)

/* A database of some pages, without hints. */
static void make(void)
{
    sqlite3 *db = host_open("x.db", NULL);

    host_run(db, "CREATE TABLE t(x); WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
                 "i < 200) INSERT INTO t SELECT randomblob(3000) FROM n");
    host_close(db);
}

static void load(void)
{
    sqlite3 *db = host_open(":memory:", NULL);

    host_load(db, true);
    host_close(db);
}

static void read_all(const char *name)
{
    sqlite3 *db = host_open(name, NULL);
    const char *got = host_text(db, "SELECT sum(length(x)) FROM t");

    HOST_CHECK(strcmp(got, "600000") == 0, "%s", got);
    got = host_text(db, "SELECT preload_flush()");
    HOST_CHECK(strcmp(got, "1") == 0, "flush: %s", got);
    host_close(db);
}

static bool is_there(void)
{
    return access("x.db-preload", F_OK) == 0;
}

/* Whether another file than the database has changed; SQLite itself closes that as a writer where
 * it is immutable. */
static bool has_changes(int watch, char *name, size_t len)
{
    static char room[1 << 16];
    ssize_t got = read(watch, room, sizeof room);

    for (ssize_t at = 0; at < got;) {
        struct inotify_event event;

        memcpy(&event, room + at, sizeof event);
        at += (ssize_t)sizeof event;
        (void)snprintf(name, len, "%s", event.len ? room + at : "?");
        if (strcmp(name, "x.db") != 0) return true;
        at += (ssize_t)event.len;
    }
    return false;
}

static void expect_quiet(const char *name)
{
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    char changed[300] = "";

    HOST_CHECK(watch >= 0 && inotify_add_watch(watch, ".", CHANGES) >= 0, "inotify");
    for (int i = 0; i < 5; i++)
        read_all(name);
    HOST_CHECK(!has_changes(watch, changed, sizeof changed), "%s: %s", name, changed);
    close(watch);
    HOST_CHECK(!is_there(), "%s", name);
}

static void readers_write_nothing(void)
{
    make();
    load();
    expect_quiet("file:x.db?mode=ro");
    expect_quiet("file:x.db?immutable=1");
    expect_quiet("file:x.db?mode=ro&preload_store=sidecar");
    if (geteuid() == 0) return;
    HOST_CHECK(chmod("x.db", 0444) == 0, "chmod");
    expect_quiet("x.db");
}

/* They learn for the process that they are in. */
static void readers_remember(void)
{
    sqlite3 *db;

    make();
    load();
    read_all("file:x.db?mode=ro");
    db = host_open("file:x.db?mode=ro", NULL);
    HOST_CHECK(strcmp(host_text(db, "SELECT count(*) FROM t"), "200") == 0, "count");
    HOST_CHECK(strcmp(host_text(db, "SELECT preload_flush()"), "1") == 0, "flush");
    HOST_CHECK(
        atoi(host_text(db, "SELECT value FROM preload_stats WHERE name = 'history_sessions'")) == 2,
        "sessions");
    host_close(db);
    HOST_CHECK(!is_there(), "written");
}

static void a_writer_stores_what_they_learnt(void)
{
    sqlite3 *reader;
    sqlite3 *writer;

    make();
    load();
    reader = host_open("file:x.db?mode=ro", NULL);
    (void)host_text(reader, "SELECT sum(length(x)) FROM t");
    (void)host_text(reader, "SELECT preload_flush()");
    HOST_CHECK(!is_there(), "written");
    writer = host_open("x.db", NULL);
    host_close(reader);
    (void)host_text(writer, "SELECT count(*) FROM t");
    host_close(writer);
    HOST_CHECK(is_there(), "not written");
}

static void what_the_host_says_is_done(void)
{
    HOST_CHECK(setenv("SQLITE_PRELOAD_STORE", "sidecar", 1) == 0, "setenv");
    make();
    load();
    read_all("file:x.db?mode=ro");
    HOST_CHECK(is_there(), "not written");
}

static void a_copy_learns_nothing(void)
{
    sqlite3_backup *backup;
    sqlite3 *copy;
    sqlite3 *db;

    make();
    load();
    db = host_open("x.db", NULL);
    host_run(db, "VACUUM INTO 'copy.db'");
    copy = host_open("backup.db", NULL);
    backup = sqlite3_backup_init(copy, "main", db, "main");
    HOST_CHECK(backup && sqlite3_backup_step(backup, 10) == SQLITE_OK, "backup");
    HOST_CHECK(sqlite3_backup_step(backup, -1) == SQLITE_DONE, "backup");
    HOST_CHECK(sqlite3_backup_finish(backup) == SQLITE_OK, "backup");
    host_close(copy);
    host_close(db);
    HOST_CHECK(access("copy.db", F_OK) == 0, "no copy");
    HOST_CHECK(access("copy.db-preload", F_OK) != 0, "hints of VACUUM INTO");
    HOST_CHECK(access("backup.db-preload", F_OK) != 0, "hints of a backup");
    copy = host_open("copy.db", NULL);
    HOST_CHECK(strcmp(host_text(copy, "SELECT count(*) FROM t"), "200") == 0, "count");
    host_close(copy);
    HOST_CHECK(access("copy.db-preload", F_OK) == 0, "no hints once it is used");
}

static const struct host_case cases[] = {
    { "a_copy_learns_nothing", a_copy_learns_nothing },
    { "readers_write_nothing", readers_write_nothing },
    { "readers_remember", readers_remember },
    { "a_writer_stores_what_they_learnt", a_writer_stores_what_they_learnt },
    { "what_the_host_says_is_done", what_the_host_says_is_done },
};

HOST_MAIN(cases)
