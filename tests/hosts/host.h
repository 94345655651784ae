/* What the hosts share. A host is a small program with cases; each case runs in a process of its
 * own, in an empty folder, and fails by a check, a signal or a report of a sanitizer.
 *
 * A host is built twice: linked with libpreload.a, and, with HOST_LOADS set to a folder, loading
 * preload.so from there. */
#ifndef TESTS_HOSTS_HOST_H
#define TESTS_HOSTS_HOST_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "vfs/preload.h"

struct host_case {
    const char *name;
    void (*run)(void);
};

/* Runs the cases, or those that argv names. The program's exit status. */
int host_main(int argc, char **argv, const struct host_case *cases, size_t count);

#define HOST_MAIN(cases)                                                                           \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return host_main(argc, argv, cases, sizeof(cases) / sizeof(cases)[0]);                     \
    }

/* Ends the case when `what` does not hold; `says` and what follows, printf-like, go along. */
#define HOST_CHECK(what, ...)                                                                      \
    do {                                                                                           \
        if (!(what)) host_fail(__FILE__, __LINE__, #what, __VA_ARGS__);                            \
    } while (0)
void host_fail(const char *file, int line, const char *what, const char *says, ...)
    __attribute__((format(printf, 4, 5), noreturn));

/* As a program loads the extension into a connection, by the entry point that makes it the default
 * or by the other one. Must succeed. */
void host_load(sqlite3 *db, bool make_default);

/* Loads a file, whatever the host links; `entry` NULL: SQLite finds it. SQLite's answer. */
int host_load_from(sqlite3 *db, const char *path, const char *entry, char **error);

/* Opens a database of the case's folder, URIs allowed; `vfs` NULL: the default. Must succeed. */
sqlite3 *host_open(const char *name, const char *vfs);
void host_close(sqlite3 *db);

/* Runs statements that must succeed. */
void host_run(sqlite3 *db, const char *sql);

/* Makes x.db with the rows of t(body), 400 of them and some 100 pages, loads the extension and
 * learns what counting them reads. */
void host_learn(void);

/* The first column of the first row as text, valid until the next call; "error: …" where there is
 * none. */
const char *host_text(sqlite3 *db, const char *sql);

/* The VFSes of a connection's main database, top first, as "preload/unix". */
const char *host_chain(sqlite3 *db);

#endif
