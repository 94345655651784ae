/* The plugin: libpreload.a and calls of its own. Another host's code would be unmapped with it.
 */
#include <sqlite3.h>
#include <stddef.h>

#include "vfs/preload.h"

int plugin_session(const char *path);
int plugin_begin(void);
int plugin_end(void);
int plugin_configure(const char *name, const char *value);
sqlite3_int64 plugin_wrapped(void);

static int read_all(const char *path)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, "preload");

    if (rc == SQLITE_OK) rc = sqlite3_exec(db, "SELECT count(body) FROM t", NULL, NULL, NULL);
    sqlite3_close(db);
    return rc;
}

__attribute__((visibility("default"))) int plugin_begin(void)
{
    return preload_register(&(struct preload_config){ .make_default = 1 });
}

__attribute__((visibility("default"))) int plugin_end(void)
{
    return preload_unregister();
}

/* Registers, reads a database twice, takes everything out again: from then on the plugin may go. */
__attribute__((visibility("default"))) int plugin_session(const char *path)
{
    int rc = preload_register(NULL);

    if (rc == SQLITE_OK) rc = read_all(path);
    if (rc == SQLITE_OK) rc = read_all(path);
    return rc == SQLITE_OK ? preload_unregister() : rc;
}

__attribute__((visibility("default"))) int plugin_configure(const char *name, const char *value)
{
    return preload_configure(name, value);
}

__attribute__((visibility("default"))) sqlite3_int64 plugin_wrapped(void)
{
    struct preload_process_stats stats;

    preload_process_stats(&stats);
    return stats.wrapped;
}
