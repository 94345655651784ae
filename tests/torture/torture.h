/* What the torture programs share: each is a plain main that says what it did on stdout and exits
 * with 0, or says on stderr what went wrong and exits with 1. `torture_scratch` makes a directory
 * of its own below the working directory; it stays behind when the program fails. */
#ifndef TESTS_TORTURE_H
#define TESTS_TORTURE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Paths, URIs, statements. */
#define TORTURE_TEXT_MAX 2048

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Says what went wrong and exits with 1: the whole process, from any thread. */
_Noreturn void torture_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* snprintf that fails the program when the text does not fit. */
void torture_print(char *out, size_t len, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Ends the process with 1 and a message when it still runs after `seconds`. */
void torture_watchdog(const char *name, unsigned seconds);

/* The seed of the run, from TORTURE_SEED, else from the clock; printed. */
uint64_t torture_seed(const char *name);

/* The next number of a stream, below `limit`. */
uint32_t torture_random(uint64_t *state, uint32_t limit);

uint64_t torture_now_ms(void);

/* Makes an empty directory and goes into it; its absolute path is given. Removed with all its files
 * by torture_remove_scratch. From now on URIs may name paths (uri_paths), as the hints' there. */
void torture_scratch(char path[TORTURE_TEXT_MAX], const char *name);
void torture_remove_scratch(const char *path);

/* Opens with URIs on; busy only after many seconds; fails the program when it cannot. */
sqlite3 *torture_open(const char *uri);

/* Runs SQL; true when it succeeded, false when the database was busy; anything else fails the
 * program. */
bool torture_try(sqlite3 *db, const char *sql);

/* Runs SQL that has to succeed. */
void torture_exec(sqlite3 *db, const char *sql);

/* The first column of the first row. */
int64_t torture_int(sqlite3 *db, const char *sql);

/* Makes the database `t(id INTEGER PRIMARY KEY, n INTEGER, body BLOB)` with rows 1..rows of about
 * one page of 1,024 bytes each, through the VFS `unix`. `journal` is delete, wal, ... */
void torture_make_database(const char *path, int rows, const char *journal);

/* A session that reads every `step`th row: far enough apart for a request each from a step of 6 on.
 */
void torture_learn(const char *uri, int rows, int step);

/* Registers the VFS `name`, which passes everything through to `unix`: a base that is not the
 * operating system's by its name and its code, as the library sees it. */
void torture_register_through(const char *name);

/* Waits for a child that has to exit with 0 by itself. */
void torture_join(pid_t child, const char *what);

#endif
