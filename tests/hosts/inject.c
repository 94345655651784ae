/* Put before a program by LD_PRELOAD, it loads preloaddefault into a process that loads no
 * extensions itself. The program's own SQLite serves. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((constructor)) static void load(void)
{
    char *error = NULL;
    sqlite3 *db = NULL;
    int rc = sqlite3_open(":memory:", &db);

    if (rc == SQLITE_OK) rc = sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_load_extension(db, HOST_LOADS "/preloaddefault", NULL, &error);
    sqlite3_close(db);
    if (rc == SQLITE_OK) return;
    fprintf(stderr, "preloaddefault was not loaded: %s\n", error ? error : "");
    exit(1);
}
