/* A host on another platform: opens a database under preload, prints what a statement selects, and
 * then the statistics, "NAME VALUE" a line.
 *
 *     host DATABASE SQL [EXTENSION]       with HOST_LOADS the library is not linked, but loaded */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "preload.h"

#if HOST_LOADS
static int begin(const char *extension)
{
    sqlite3 *db = NULL;
    char *error = NULL;
    int rc = sqlite3_open(":memory:", &db);

    if (rc == SQLITE_OK) rc = sqlite3_enable_load_extension(db, 1);
    if (rc == SQLITE_OK) rc = sqlite3_load_extension(db, extension, NULL, &error);
    if (error) (void)fprintf(stderr, "%s\n", error);
    sqlite3_free(error);
    (void)sqlite3_close(db);
    return rc;
}

static int end(void)
{
    return SQLITE_OK;
}
#else
static int begin(const char *extension)
{
    const struct preload_config config = { .make_default = 0 };

    return extension ? SQLITE_MISUSE : preload_register(&config);
}

static int end(void)
{
    return preload_unregister();
}
#endif

static int print_row(void *unused, int count, char **values, char **names)
{
    (void)unused;
    (void)names;
    for (int i = 0; i < count; i++)
        (void)printf("row %s\n", values[i] ? values[i] : "NULL");
    return 0;
}

static int print_stats(sqlite3 *db)
{
    struct preload_stats stats = { 0 };
    int rc = sqlite3_file_control(db, "main", PRELOAD_FCNTL_STATS, &stats);

    (void)printf("state %d\nreason %d\nhistory_pages %lld\nplanned_pages %lld\nissued_pages %lld\n"
                 "touched_pages %lld\nused_pages %lld\nerrors %lld\n",
                 (int)stats.state, (int)stats.reason, (long long)stats.history_pages,
                 (long long)stats.planned_pages, (long long)stats.issued_pages,
                 (long long)stats.touched_pages, (long long)stats.used_pages,
                 (long long)stats.errors);
    return rc;
}

int main(int argc, char **argv)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI;
    char *name =
        argc >= 3 ? sqlite3_mprintf("file:%s?vfs=preload&preload_sync=10000", argv[1]) : NULL;
    sqlite3 *db = NULL;
    int rc = name ? begin(argv[3]) : SQLITE_MISUSE;

    if (rc == SQLITE_OK) rc = sqlite3_open_v2(name, &db, flags, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, argv[2], print_row, NULL, NULL);
    if (rc == SQLITE_OK) rc = print_stats(db);
    if (rc != SQLITE_OK) (void)fprintf(stderr, "%d: %s\n", rc, db ? sqlite3_errmsg(db) : "no host");
    sqlite3_free(name);
    if (sqlite3_close(db) != SQLITE_OK || end() != SQLITE_OK) rc = SQLITE_ERROR;
    return rc == SQLITE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
