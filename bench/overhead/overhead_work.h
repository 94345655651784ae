/* The works that the overhead is measured on. A work is a session of SQL that does the same under
 * any VFS, statement by statement and page by page, so that its instructions can be compared.
 *
 * A mix holds a bit of everything, schema changes included, on a database that it makes. Points are
 * lookups by random keys in a database of a row a page, with a page cache of one page: each lookup
 * comes down to the VFS. One thread at a time. */
#ifndef BENCH_OVERHEAD_WORK_H
#define BENCH_OVERHEAD_WORK_H

#include <sqlite3.h>
#include <stdbool.h>

/* Rows of the points' database, which are also its leaf pages. */
#define WORK_ROWS 12000u

struct work {
    const char *name;
    bool is_points;      /* on the points' database; else on a new one */
    bool is_repeated;    /* no page is touched for the first time */
    bool is_alone;       /* the host has no thread but its first */
    unsigned lookups;    /* a loop, each of which misses pages; 0: not of the kind, or mapped, which
                            counts as no miss */
    const char *pragmas; /* of its connection */
    int (*prepare)(sqlite3 *db);
    int (*run)(sqlite3 *db, unsigned loops);
    unsigned loops_counted;  /* for an exact count under an emulator */
    unsigned loops_timed;    /* natively, some 100 ms */
    double instructions_max; /* ours over base's; 0: no limit */
    double cpu_max;          /* the same, of user and system time: the interval's lower bound */
};

extern const struct work works[];
extern const unsigned work_count;

/* The work of that name, or NULL. */
const struct work *work_find(const char *name);

/* Makes the points' database. An SQLite result code. */
int work_make_points(const char *path);

/* Reads `count` rows of the points' database, each once, in random order. An SQLite result code. */
int work_read_rows(sqlite3 *db, unsigned count);

#endif
