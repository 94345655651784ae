/* A host of the amalgamation: reads some rows under preload, and says whether anything was
 * prefetched.
 *
 *     amalgamation_host DATABASE record|replay */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "preload.h"

/* A worker replays: it is given ten seconds. */
static int waited_for_replay(sqlite3 *db)
{
    struct preload_stats stats;

    for (int i = 0; i < 1000; i++) {
        if (preload_stats_of(db, "main", &stats) != SQLITE_OK) return 0;
        if (stats.state != PRELOAD_STATE_LOADING) break;
        sqlite3_sleep(10);
    }
    printf("state %d, %lld pages of history, %lld prefetched\n", (int)stats.state,
           (long long)stats.history_pages, (long long)stats.issued_pages);
    return stats.state == PRELOAD_STATE_DONE && stats.issued_pages > 0;
}

/* A message that names no page, into a database of which nothing is known. */
static int imports_nothing(sqlite3 *db)
{
    return sqlite3_exec(db, "SELECT preload_import(x'09000000000001000000000000000000')", NULL,
                        NULL, NULL) == SQLITE_OK;
}

int main(int argc, char **argv)
{
    const struct preload_config config = { .make_default = 1 };
    sqlite3 *db = NULL;
    int ok = argc == 3 && preload_register(&config) == SQLITE_OK &&
             sqlite3_open(argv[1], &db) == SQLITE_OK;

    if (ok && strcmp(argv[2], "record") == 0) ok = imports_nothing(db);
    if (ok && strcmp(argv[2], "replay") == 0) ok = waited_for_replay(db);
    if (ok)
        ok = sqlite3_exec(db, "SELECT body FROM t WHERE id IN (7, 500, 900)", NULL, NULL, NULL) ==
             SQLITE_OK;
    sqlite3_close(db);
    ok = ok && preload_unregister() == SQLITE_OK;
    if (!ok) printf("%s failed\n", argc == 3 ? argv[2] : "usage");
    return ok ? 0 : 1;
}
