/* vfstrace as a loadable, which makes itself the default and prints nothing. */
#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1
#include "test_vfstrace.c"

static int say_nothing(const char *text, void *unused)
{
    (void)text;
    (void)unused;
    return 0;
}

int sqlite3_vfstrace_init(sqlite3 *db, char **error, const sqlite3_api_routines *api)
{
    int rc;

    (void)db;
    (void)error;
    SQLITE_EXTENSION_INIT2(api);
    rc = vfstrace_register("trace", NULL, say_nothing, NULL, 1);
    return rc == SQLITE_OK ? SQLITE_OK_LOAD_PERMANENTLY : rc;
}
