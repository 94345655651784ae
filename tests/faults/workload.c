/* Steps in a table. Nothing here allocates while a run is on: the heap may be the thing that
 * fails. */
#include "tests/faults/workload.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/faults/layer.h"
#include "vfs/preload.h"
#include "vfs/process/clock.h"
#include "vfs/process/pool.h"
#include "vfs/store/sidecar_format.h"

#define CONNECTIONS    2
#define BUSY_TRIES     3
#define WAIT_MS_MAX    5000
#define FILE_BYTES_MAX ((size_t)4 << 20)

enum step_kind { OPEN, CLOSE, SQL, WAIT, FLUSH };

#define BRIEF true
#define FULL  false

static const struct step {
    bool is_brief;
    enum step_kind kind;
    int connection;
    const char *sql;
} steps[] = {
    { BRIEF, OPEN, 0, NULL },
    { BRIEF, SQL, 0, "PRAGMA page_size = 1024" },
    { BRIEF, SQL, 0, "PRAGMA auto_vacuum = INCREMENTAL" },
    { BRIEF, SQL, 0, "PRAGMA cache_size = 8" },
    { BRIEF, SQL, 0, "CREATE TABLE t(id INTEGER PRIMARY KEY, k INT, body TEXT)" },
    { FULL, SQL, 0, "CREATE INDEX t_k ON t(k)" },
    { BRIEF, SQL, 0,
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150) "
      "INSERT INTO t SELECT i, i * 7919 % 101, printf('%0700d', i) FROM n" },
    { FULL, SQL, 0, "BEGIN" },
    { FULL, SQL, 0, "UPDATE t SET body = printf('%0600d', id) WHERE id % 3 = 0" },
    { FULL, SQL, 0, "SAVEPOINT s" },
    { FULL, SQL, 0, "DELETE FROM t WHERE id > 100" },
    { FULL, SQL, 0, "ROLLBACK TO s" },
    { FULL, SQL, 0, "COMMIT" },
    { FULL, SQL, 0, "BEGIN" },
    { FULL, SQL, 0, "UPDATE t SET k = k + 1" },
    { FULL, SQL, 0, "ROLLBACK" },
    { FULL, SQL, 0, "PRAGMA temp.cache_size = 8" },
    { FULL, SQL, 0, "CREATE TEMP TABLE temporary AS SELECT * FROM t" },
    { FULL, SQL, 0, "SELECT count(*), sum(k) FROM temporary" },
    { BRIEF, FLUSH, 0, NULL },
    { BRIEF, CLOSE, 0, NULL },

    { BRIEF, OPEN, 0, NULL },
    { BRIEF, WAIT, 0, NULL },
    { BRIEF, SQL, 0, "PRAGMA cache_size = 8" },
    { BRIEF, SQL, 0, "SELECT count(*), sum(length(body)) FROM t" },
    { BRIEF, SQL, 0, "SELECT body FROM t WHERE id IN (3, 50, 99, 140)" },
    { BRIEF, FLUSH, 0, NULL },
    { FULL, SQL, 0, "PRAGMA journal_mode = PERSIST" },
    { FULL, SQL, 0, "INSERT INTO t VALUES (1000, 5, 'persist')" },
    { FULL, OPEN, 1, NULL },
    { FULL, SQL, 1, "SELECT count(*) FROM t" },
    { FULL, SQL, 1, "BEGIN IMMEDIATE" },
    { FULL, SQL, 0, "INSERT INTO t VALUES (1001, 5, 'busy')" },
    { FULL, SQL, 1, "UPDATE t SET k = 6 WHERE id = 1000" },
    { FULL, SQL, 1, "COMMIT" },
    { FULL, SQL, 0, "SELECT k FROM t WHERE id = 1000" },
    { FULL, CLOSE, 1, NULL },
    { FULL, SQL, 0, "PRAGMA journal_mode = TRUNCATE" },
    { FULL, SQL, 0, "ATTACH 'aux' AS aux" },
    { FULL, SQL, 0, "CREATE TABLE aux.u(id INTEGER PRIMARY KEY, body TEXT)" },
    { FULL, SQL, 0, "BEGIN" },
    { FULL, SQL, 0, "INSERT INTO aux.u SELECT id, body FROM t WHERE id < 40" },
    { FULL, SQL, 0, "DELETE FROM t WHERE id < 40 AND id % 2" },
    { FULL, SQL, 0, "COMMIT" },
    { FULL, SQL, 0, "DETACH aux" },
    { FULL, SQL, 0, "PRAGMA mmap_size = 1048576" },
    { FULL, SQL, 0, "SELECT count(*), sum(k), max(body) FROM t" },
    { FULL, SQL, 0, "UPDATE t SET k = k + 1 WHERE id % 5 = 0" },
    { FULL, SQL, 0, "SELECT count(*), sum(k), min(body) FROM t" },
    { BRIEF, CLOSE, 0, NULL },

    { BRIEF, OPEN, 0, NULL },
    { BRIEF, WAIT, 0, NULL },
    { BRIEF, SQL, 0, "PRAGMA cache_size = 8" },
    { BRIEF, SQL, 0, "PRAGMA journal_mode = WAL" },
    { BRIEF, SQL, 0, "INSERT INTO t SELECT id + 2000, k, body FROM t WHERE id < 80" },
    { FULL, SQL, 0, "BEGIN" },
    { FULL, SQL, 0, "UPDATE t SET k = k + 1" },
    { FULL, SQL, 0, "ROLLBACK" },
    { FULL, OPEN, 1, NULL },
    { FULL, SQL, 1, "BEGIN" },
    { FULL, SQL, 1, "SELECT sum(k), sum(length(body)) FROM t" },
    { FULL, SQL, 0, "UPDATE t SET k = 1 WHERE id % 10 = 0" },
    { FULL, SQL, 1, "SELECT sum(k) FROM t" },
    { FULL, SQL, 0, "PRAGMA wal_checkpoint(PASSIVE)" },
    { FULL, SQL, 1, "COMMIT" },
    { FULL, SQL, 0, "PRAGMA wal_checkpoint(FULL)" },
    { FULL, SQL, 1, "INSERT INTO t VALUES (5000, 1, 'other')" },
    { FULL, SQL, 0, "PRAGMA wal_checkpoint(TRUNCATE)" },
    { FULL, SQL, 0, "INSERT INTO t VALUES (5001, 1, 'after')" },
    { FULL, CLOSE, 1, NULL },
    { BRIEF, SQL, 0, "SELECT count(*), sum(k) FROM t" },
    { BRIEF, CLOSE, 0, NULL },

    { FULL, OPEN, 0, NULL },
    { FULL, SQL, 0, "PRAGMA locking_mode = EXCLUSIVE" },
    { FULL, SQL, 0, "INSERT INTO t VALUES (6000, 1, 'exclusive')" },
    { FULL, SQL, 0, "SELECT count(*), sum(k) FROM t" },
    { FULL, CLOSE, 0, NULL },

    { FULL, OPEN, 0, NULL },
    { FULL, WAIT, 0, NULL },
    { FULL, SQL, 0, "PRAGMA mmap_size = 1048576" },
    { FULL, SQL, 0, "SELECT count(*), max(k) FROM t" },
    { FULL, SQL, 0, "PRAGMA journal_mode = DELETE" },
    { FULL, SQL, 0, "DELETE FROM t WHERE id % 2 = 0" },
    { FULL, SQL, 0, "PRAGMA incremental_vacuum(5)" },
    { FULL, SQL, 0, "VACUUM" },
    { FULL, SQL, 0, "PRAGMA integrity_check" },
    { FULL, CLOSE, 0, NULL },

    /* After the VACUUM the hints are on trial until something was read. */
    { BRIEF, OPEN, 0, NULL },
    { BRIEF, SQL, 0, "SELECT count(*), sum(k), sum(length(body)) FROM t" },
    { BRIEF, WAIT, 0, NULL },
    { BRIEF, CLOSE, 0, NULL },
};

static void add(struct transcript *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct transcript *out, const char *format, ...)
{
    size_t room = sizeof out->text - out->len;
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(out->text + out->len, room, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= room)
        out->is_cut = true;
    else
        out->len += (size_t)len;
}

static int try_again(void *unused, int tries)
{
    (void)unused;
    return tries < BUSY_TRIES;
}

static int open_connection(sqlite3 **db, const char *path, const char *vfs)
{
    char name[512];
    int rc;

    (void)snprintf(name, sizeof name, "%s/db", path);
    rc = sqlite3_open_v2(name, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs);
    if (!*db) return rc;
    (void)sqlite3_extended_result_codes(*db, 1);
    (void)sqlite3_busy_handler(*db, try_again, NULL);
    return rc == SQLITE_OK ? rc : sqlite3_extended_errcode(*db);
}

/* Runs one statement; the digest of its rows comes out. */
static int run_statement(sqlite3 *db, const char *sql, unsigned *rows, uint64_t *digest)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    while (rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const char *text = (const char *)sqlite3_column_text(statement, i);

            if (text) *digest = digest_bytes(*digest, text, strlen(text) + 1);
        }
        ++*rows;
    }
    if (rc == SQLITE_OK) rc = sqlite3_finalize(statement);
    return rc;
}

/* Until the replay has ended, one way or another. */
static void wait_for_replay(struct transcript *out, sqlite3 *db)
{
    const struct timespec pause = { .tv_nsec = 1000000 };
    struct preload_stats stats;
    uint64_t until_us = preload_clock_us() + WAIT_MS_MAX * UINT64_C(1000);

    do {
        if (preload_stats_of(db, NULL, &stats) != SQLITE_OK) return;
        if (stats.state != PRELOAD_STATE_LOADING) break;
        nanosleep(&pause, NULL);
    } while (preload_clock_us() < until_us);
    if (stats.state == PRELOAD_STATE_LOADING) out->stuck++;
    if (stats.state == PRELOAD_STATE_DONE && stats.issued_pages > 0) out->replays++;
}

static void run_step(struct transcript *out, size_t i, sqlite3 **dbs, const char *path,
                     const char *vfs)
{
    const struct step *step = &steps[i];
    sqlite3 **db = &dbs[step->connection];
    uint64_t digest = 0;
    unsigned rows = 0;
    int rc = SQLITE_OK;

    if (step->kind == OPEN) {
        rc = open_connection(db, path, vfs);
    } else if (step->kind == CLOSE) {
        rc = sqlite3_close(*db);
        *db = NULL;
    } else {
        rc = *db ? run_statement(*db, step->sql, &rows, &digest) : SQLITE_MISUSE;
    }
    if (rc != SQLITE_OK) out->errors++;
    add(out, "%zu %d %u %016" PRIx64 " %.40s\n", i, rc, rows, digest,
        step->sql            ? step->sql
        : step->kind == OPEN ? "(open)"
                             : "(close)");
}

void workload_run(struct transcript *out, const char *path, const char *vfs,
                  enum workload_part part, bool is_preload)
{
    sqlite3 *dbs[CONNECTIONS] = { NULL };

    memset(out, 0, sizeof *out);
    (void)sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, 1, (sqlite3 *)NULL);
    for (size_t i = 0; i < COUNT(steps); i++) {
        sqlite3 *db = dbs[steps[i].connection];

        if (part == WORKLOAD_BRIEF && !steps[i].is_brief) continue;
        if (steps[i].kind == WAIT) {
            if (is_preload && db) wait_for_replay(out, db);
        } else if (steps[i].kind == FLUSH) {
            if (is_preload && db) (void)preload_flush(db, NULL);
        } else {
            run_step(out, i, dbs, path, vfs);
        }
    }
}

/* Files */

static bool is_hints(const char *name)
{
    return strstr(name, "-preload") != NULL || strcmp(name, "hints") == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The whole file; the caller frees it. */
static uint8_t *read_all(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = file ? malloc(FILE_BYTES_MAX) : NULL;

    *len = bytes ? fread(bytes, 1, FILE_BYTES_MAX, file) : 0;
    if (file) fclose(file);
    return bytes;
}

static void add_file(struct transcript *out, const char *path, const char *name)
{
    char full[512];
    uint8_t *bytes;
    size_t len;

    (void)snprintf(full, sizeof full, "%s/%s", path, name);
    bytes = read_all(full, &len);
    add(out, "%s %zu %016" PRIx64 "\n", name, len, bytes ? digest_bytes(0, bytes, len) : 0);
    free(bytes);
}

void workload_files(struct transcript *out, const char *path)
{
    char *names[32];
    size_t count = 0;
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && count < COUNT(names) && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.' && !is_hints(entry->d_name))
            names[count++] = strdup(entry->d_name);
    }
    if (dir) closedir(dir);
    qsort(names, count, sizeof names[0], by_name);
    for (size_t i = 0; i < count; i++) {
        add_file(out, path, names[i]);
        free(names[i]);
    }
}

static void each_file(const char *path, void (*call)(const char *full, void *ctx), void *ctx)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        char full[512];

        if (entry->d_name[0] == '.') continue;
        if (snprintf(full, sizeof full, "%s/%s", path, entry->d_name) < (int)sizeof full)
            call(full, ctx);
    }
    if (dir) closedir(dir);
}

static void remove_file(const char *full, void *ctx)
{
    (void)ctx;
    (void)unlink(full);
}

static void hints_path(char *hints, size_t len, const char *path)
{
    (void)snprintf(hints, len, "%s/hints", path);
}

bool workload_prepare(char *path, size_t len, const char *name)
{
    char hints[512];
    char directory[256];

    if (!getcwd(directory, sizeof directory)) return false;
    if (snprintf(path, len, "%s/%s.%ld", directory, name, (long)getpid()) >= (int)len) return false;
    hints_path(hints, sizeof hints, path);
    return mkdir(path, 0700) == 0 && mkdir(hints, 0700) == 0 && chdir(path) == 0 &&
           setenv("SQLITE_TMPDIR", path, 1) ==
               0; /* NOLINT(concurrency-mt-unsafe): no threads yet */
}

void workload_clean(const char *path)
{
    char hints[512];

    hints_path(hints, sizeof hints, path);
    each_file(path, remove_file, NULL);
    each_file(hints, remove_file, NULL);
}

void workload_remove(const char *path)
{
    char hints[512];

    workload_clean(path);
    hints_path(hints, sizeof hints, path);
    (void)chdir("..");
    (void)rmdir(hints);
    (void)rmdir(path);
}

static void look_at_sidecar(const char *full, void *ctx)
{
    const char *end = strrchr(full, '-');
    struct workload_hints *hints = ctx;
    struct hint_book book = { 0 };
    uint64_t generation;
    uint8_t *bytes;
    size_t len;

    if (!end || strcmp(end, "-preload") != 0) return;
    bytes = read_all(full, &len);
    if (!bytes || preload_sidecar_decode(&book, &generation, bytes, len, UINT32_C(1) << 21))
        hints->damaged = true;
    hints->pages += book.shared.len;
    hints->sessions += book.shared.session_count;
    hint_book_free(&book);
    free(bytes);
}

struct workload_hints workload_hints(const char *path)
{
    struct workload_hints found = { 0 };
    char hints[512];

    hints_path(hints, sizeof hints, path);
    each_file(path, look_at_sidecar, &found);
    each_file(hints, look_at_sidecar, &found);
    return found;
}

/* Where the line begins that holds this place. */
static size_t line_at(const struct transcript *t, size_t place)
{
    while (place > 0 && t->text[place - 1] != '\n')
        place--;
    return place;
}

static int line_len(const struct transcript *t, size_t line)
{
    return (int)strcspn(t->text + line, "\n");
}

bool transcript_equal(const struct transcript *a, const struct transcript *b, char *text,
                      size_t len)
{
    size_t i = 0;
    size_t line;

    if (a->is_cut || b->is_cut) {
        (void)snprintf(text, len, "the transcript is too long");
        return false;
    }
    while (a->text[i] && a->text[i] == b->text[i])
        i++;
    if (a->text[i] == b->text[i]) return true;
    line = line_at(a, i);
    (void)snprintf(text, len, "\"%.*s\", under preload \"%.*s\"", line_len(a, line), a->text + line,
                   line_len(b, line), b->text + line);
    return false;
}
