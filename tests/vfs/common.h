/* What the suites of vfs/ share, beside what those of hints/ do: a folder of their own, files and
 * databases in it, SQL as text. */
#ifndef TESTS_VFS_COMMON_H
#define TESTS_VFS_COMMON_H

#include "tests/hints/common.h"
#include "vfs/sqlite.h"

/* Nothing here takes that long; a busy machine may. */
#define PATIENCE_MS 30000

struct path {
    char s[512];
};

/* Before and after each test: makes an empty folder, removes it with all that is in it. */
void scratch_begin(void);
void scratch_end(void);

/* The path of `name` in that folder. */
struct path scratch(const char *name);

/* Files. The bytes of a file that is not there are NULL; the caller frees them. */
void file_write(const char *path, const void *bytes, size_t len);
uint8_t *file_read(const char *path, size_t *len);
bool file_exists(const char *path);
/* Whether two files hold the same bytes. */
bool file_equal(const char *a, const char *b);

/* Opens with URIs; `vfs` NULL is the default one. Aborts the test when that fails. */
sqlite3 *db_open(const char *name, const char *vfs);
void db_close(sqlite3 *db);

/* Runs statements that must succeed. */
void db_run(sqlite3 *db, const char *sql);

/* Rows as text, "1|a 2|b"; an error as "error CODE". */
struct text db_text(sqlite3 *db, const char *sql);

/* A database of about `pages` pages of 4096 bytes: table t(id, body), a row of 1000 bytes each, ids
 * from 1; made through `unix`. */
void db_make(const char *path, unsigned pages);

/* Reads the rows of table t with ids first .. last. */
void db_visit(sqlite3 *db, unsigned first, unsigned last);

/* The open file of a connection's main database. */
sqlite3_file *db_file(sqlite3 *db);

/* Registers preload over a base (NULL: the default) and asserts that it worked. */
void register_over(const char *base);

/* Statistics of the main database; zeroed when it is not under preload. */
struct preload_stats stats_of(sqlite3 *db);

/* Waits until the replay has ended; gives its state. */
enum preload_state wait_for_replay(sqlite3 *db);

/* Waits until `is_so(ctx)`; false when patience ends. */
bool wait_until(bool (*is_so)(void *ctx), void *ctx);

void sleep_ms(unsigned ms);

/* Root may write everywhere; the tests of permissions give that up for the rest of the process. */
void obey_permissions(void);

/* Messages from log_listen() on, a line each: what is said at all, and what sqlite3_log() is told.
 * Before any other call of SQLite. */
void log_listen(void);
const char *log_heard(void);
const char *log_of_host(void);
/* How often `part` was heard. */
unsigned log_times(const char *part);

#endif
