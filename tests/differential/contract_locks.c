/* A child looks at the locks of its parent: F_GETLK never shows one's own. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/differential/check.h"
#include "tests/differential/contract.h"
#include "vfs/preload.h"

/* Of SQLite's lock bytes ("The File Locking Implementation", os_unix.c), and one beside them that
 * is the test's own. */
#define RESERVED_BYTE 0x40000001
#define SHARED_FIRST  0x40000002
#define OWN_BYTE      0x50000000

static const char database[] = "locks.db";

static bool child_finds_lock(off_t at)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };
        int fd = open(database, O_RDWR | O_CLOEXEC);

        _exit(fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 1;
}

static sqlite3 *open_database(void)
{
    sqlite3 *db = NULL;

    CHECK_EQUAL(
        sqlite3_open_v2(database, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "preload"),
        SQLITE_OK);
    return db;
}

static void run(sqlite3 *db, const char *sql)
{
    CHECK_EQUAL(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void wait_for_replay(sqlite3 *db)
{
    const struct timespec pause = { .tv_nsec = 1000000 };
    struct preload_stats stats = { 0 };

    for (int i = 0; i < 5000; i++) {
        CHECK_EQUAL(preload_stats_of(db, NULL, &stats), SQLITE_OK);
        if (stats.state != PRELOAD_STATE_LOADING) break;
        nanosleep(&pause, NULL);
    }
    CHECK_EQUAL(stats.state, PRELOAD_STATE_DONE);
    CHECK(stats.issued_pages > 0);
}

static void learn(void)
{
    sqlite3 *db = open_database();

    run(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b);"
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
            "INSERT INTO t(b) SELECT randomblob(500) FROM n");
    sqlite3_close(db);
    db = open_database();
    run(db, "SELECT sum(length(b)) FROM t");
    sqlite3_close(db);
}

/* A lock that is taken before the database opens is there after the replay and after a save. */
static void check_lock_from_before(void)
{
    struct flock lock = { .l_type = F_WRLCK, .l_start = OWN_BYTE, .l_len = 1 };
    int fd = open(database, O_RDWR | O_CLOEXEC);
    sqlite3 *db;

    check_trying("a lock from before the open");
    CHECK(fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0);
    CHECK(child_finds_lock(OWN_BYTE));
    db = open_database();
    wait_for_replay(db);
    check_trying("a lock from before the open, after the replay");
    CHECK(child_finds_lock(OWN_BYTE));
    /* SQLite's own unlock takes all locks: the transaction stays open. */
    run(db, "BEGIN; SELECT sum(length(b)) FROM t");
    CHECK(fcntl(fd, F_SETLK, &lock) == 0);
    CHECK_EQUAL(preload_flush(db, NULL), SQLITE_OK);
    check_trying("a lock of the process, after a save");
    CHECK(child_finds_lock(OWN_BYTE));
    sqlite3_close(db);
    close(fd);
}

/* SQLite's own lock is there whatever other connections of the process do. */
static void check_lock_among_connections(const char *journal_mode, const char *take, off_t at)
{
    sqlite3 *db = open_database();
    sqlite3 *other;

    run(db, journal_mode);
    run(db, take);
    check_trying("%s, taken", take);
    CHECK(child_finds_lock(at));
    other = open_database();
    check_trying("%s, after another open", take);
    CHECK(child_finds_lock(at));
    run(other, "SELECT sum(length(b)) FROM t");
    CHECK_EQUAL(preload_flush(other, NULL), SQLITE_OK);
    check_trying("%s, after another's save", take);
    CHECK(child_finds_lock(at));
    sqlite3_close(other);
    check_trying("%s, after another's close", take);
    CHECK(child_finds_lock(at));
    run(db, "COMMIT");
    sqlite3_close(db);
}

void contract_locks(void)
{
    check_trying("learning");
    learn();
    check_lock_from_before();
    check_lock_among_connections("PRAGMA journal_mode = delete", "BEGIN IMMEDIATE", RESERVED_BYTE);
    check_lock_among_connections("PRAGMA journal_mode = wal", "BEGIN IMMEDIATE", SHARED_FIRST);
    (void)remove(database);
    (void)remove("locks.db-preload");
}
