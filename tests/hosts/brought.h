/* What the hosts with several SQLites share. The program links none: each is a copy of the system's
 * library, under a name of its own. */
#ifndef TESTS_HOSTS_BROUGHT_H
#define TESTS_HOSTS_BROUGHT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "vfs/preload.h"

#define CHECK(what, ...)                                                                           \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #what);                                      \
            printf(__VA_ARGS__);                                                                   \
            printf("\n");                                                                          \
            fflush(stdout);                                                                        \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* One SQLite and a connection of it. */
struct copy {
    char path[64];
    void *library;
    sqlite3 *db;
    int (*open)(const char *, sqlite3 **, int, const char *);
    int (*close)(sqlite3 *);
    int (*db_config)(sqlite3 *, int, ...);
    int (*load)(sqlite3 *, const char *, const char *, char **);
    int (*prepare)(sqlite3 *, const char *, int, sqlite3_stmt **, const char **);
    int (*step)(sqlite3_stmt *);
    const unsigned char *(*text)(sqlite3_stmt *, int);
    int (*finalize)(sqlite3_stmt *);
    int (*exec)(sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);
    const char *(*error)(sqlite3 *);
    sqlite3_vfs *(*find)(const char *);
    int (*add)(sqlite3_vfs *, int);
    int (*remove)(sqlite3_vfs *);
    void (*free)(void *);
};

/* Must be there. */
void find_symbol(void *out, void *library, const char *name);
/* Brings one under a file name of its own, in the folder where the case runs. */
void bring(struct copy *copy, const char *name);
void open_db(struct copy *copy, const char *name);
void close_db(struct copy *copy);
void run(struct copy *copy, const char *sql);
const char *ask(struct copy *copy, const char *sql);
/* The first column of the first row, as text. */
void expect(struct copy *copy, const char *sql, const char *want);
/* Loads the extension on a connection, which stays open. `entry` NULL: SQLite finds it. */
void load(struct copy *copy, const char *entry);
void bring_and_load(struct copy *copy, const char *name, const char *entry);
void write_some(struct copy *copy);
void check_all(struct copy *copy);
void is_idle(struct copy *copy);
/* It records and replays. */
void is_served(struct copy *copy);
void use_both(struct copy *a, struct copy *b);

struct brought_case {
    const char *name;
    void (*run)(void);
};

/* Runs the cases, or the one that argv names, each in a process and a folder of its own. The
 * program's exit status. */
int brought_main(int argc, char **argv, const struct brought_case *cases, size_t count);

#define BROUGHT_MAIN(cases)                                                                        \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return brought_main(argc, argv, cases, sizeof(cases) / sizeof(cases)[0]);                  \
    }

#endif
