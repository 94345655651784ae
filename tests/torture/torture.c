/* Scratch directories, databases and time limits of the torture programs. */
#include "tests/torture/torture.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUSY_PAUSE_US 100
#define BUSY_TRIES    100000

static char watchdog_message[128];

void torture_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    (void)fflush(NULL);
    _exit(1);
}

void torture_print(char *out, size_t len, const char *format, ...)
{
    va_list args;
    int wanted;

    va_start(args, format);
    wanted = vsnprintf(out, len, format, args);
    va_end(args);
    if (wanted < 0 || (size_t)wanted >= len) torture_fail("too long a text: %s", out);
}

static void bark(int signal_number)
{
    (void)signal_number;
    if (write(STDERR_FILENO, watchdog_message, strlen(watchdog_message)) < 0) _exit(2);
    _exit(1);
}

void torture_watchdog(const char *name, unsigned seconds)
{
    struct sigaction action = { .sa_handler = bark };

    torture_print(watchdog_message, sizeof watchdog_message, "%s: hangs: not done in %u s\n", name,
                  seconds);
    (void)sigaction(SIGALRM, &action, NULL);
    (void)alarm(seconds);
}

uint64_t torture_seed(const char *name)
{
    const char *given = getenv("TORTURE_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : torture_now_ms();

    printf("%s: TORTURE_SEED=%" PRIu64 "\n", name, seed);
    (void)fflush(stdout);
    return seed;
}

/* SplitMix64. */
uint32_t torture_random(uint64_t *state, uint32_t limit)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) % limit);
}

uint64_t torture_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void torture_scratch(char path[TORTURE_TEXT_MAX], const char *name)
{
    char directory[TORTURE_TEXT_MAX];

    if (!getcwd(directory, sizeof directory)) torture_fail("%s: getcwd: %s", name, strerror(errno));
    torture_print(path, TORTURE_TEXT_MAX, "%s/%s.XXXXXX", directory, name);
    if (!mkdtemp(path)) torture_fail("%s: %s", path, strerror(errno));
    if (setenv("SQLITE_PRELOAD_URI_PATHS", "1", 1) != 0) torture_fail("%s: no environment", name);
}

void torture_remove_scratch(const char *path)
{
    DIR *directory = opendir(path);
    char name[TORTURE_TEXT_MAX];

    for (const struct dirent *entry; directory && (entry = readdir(directory));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        torture_print(name, sizeof name, "%s/%s", path, entry->d_name);
        if (unlink(name) != 0 && errno == EISDIR) torture_remove_scratch(name);
    }
    if (directory) (void)closedir(directory);
    (void)rmdir(path);
}

/* SQLite's own handler soon sleeps for 100 ms at a time; locks are held for less than one here. */
static int try_again_soon(void *unused, int tries)
{
    (void)unused;
    (void)usleep(BUSY_PAUSE_US);
    return tries < BUSY_TRIES;
}

sqlite3 *torture_open(const char *uri)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(uri, &db, flags, NULL);

    if (rc != SQLITE_OK) torture_fail("open %s: %s", uri, db ? sqlite3_errmsg(db) : "no memory");
    (void)sqlite3_busy_handler(db, try_again_soon, NULL);
    return db;
}

bool torture_try(sqlite3 *db, const char *sql)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

    if (rc != SQLITE_OK && rc != SQLITE_BUSY)
        torture_fail("%s: %d, %s", sql, rc, sqlite3_errmsg(db));
    return rc == SQLITE_OK;
}

void torture_exec(sqlite3 *db, const char *sql)
{
    if (!torture_try(db, sql)) torture_fail("%s: busy", sql);
}

int64_t torture_int(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t value;
    int rc;

    rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW) torture_fail("%s: %d, %s", sql, rc, sqlite3_errmsg(db));
    value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return value;
}

void torture_learn(const char *uri, int rows, int step)
{
    sqlite3 *db = torture_open(uri);
    char sql[256];

    torture_print(sql, sizeof sql,
                  "WITH RECURSIVE c(i) AS (VALUES(%d) UNION ALL SELECT i + %d FROM c WHERE i < %d)"
                  "SELECT sum(length(body)) FROM t WHERE id IN (SELECT i FROM c)",
                  step, step, rows);
    (void)torture_int(db, sql);
    (void)sqlite3_close(db);
}

void torture_make_database(const char *path, int rows, const char *journal)
{
    char uri[TORTURE_TEXT_MAX];
    char sql[512];
    sqlite3 *db;

    torture_print(uri, sizeof uri, "file:%s?vfs=unix", path);
    db = torture_open(uri);
    torture_print(sql, sizeof sql,
                  "PRAGMA page_size = 1024; PRAGMA journal_mode = %s; PRAGMA synchronous = OFF;"
                  "CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER, body BLOB);"
                  "WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM c LIMIT %d)"
                  "INSERT INTO t SELECT i, 0, randomblob(900) FROM c;",
                  journal, rows);
    torture_exec(db, sql);
    (void)sqlite3_close(db);
}

/* The base's methods get the base itself: os_unix finds its locking style through it. */
static sqlite3_vfs through;

static int through_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    sqlite3_vfs *base = vfs->pAppData;

    return base->xOpen(base, name, file, flags, out);
}

void torture_register_through(const char *name)
{
    sqlite3_vfs *base = sqlite3_vfs_find("unix");

    if (!base) torture_fail("no VFS unix");
    through = *base;
    through.pNext = NULL;
    through.zName = name;
    through.pAppData = base;
    through.xOpen = through_open;
    if (sqlite3_vfs_register(&through, 0) != SQLITE_OK) torture_fail("%s: not registered", name);
}

void torture_join(pid_t child, const char *what)
{
    int status = 0;

    if (child < 0) torture_fail("%s: fork: %s", what, strerror(errno));
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) torture_fail("%s: waitpid: %s", what, strerror(errno));
    }
    if (WIFSIGNALED(status)) torture_fail("%s: killed by signal %d", what, WTERMSIG(status));
    if (WEXITSTATUS(status) != 0) torture_fail("%s: exit status %d", what, WEXITSTATUS(status));
}
