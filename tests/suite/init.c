/* testfixture's -DSQLITE_EXTRA_INIT: runs at each sqlite3_initialize(), since the tests shut SQLite
 * down again and again.
 *
 * Nothing of ours runs without SUITE_TOTALS, which names the file that each process adds a line to
 * at its end. With SUITE_FUNCTIONS=0 there is the VFS alone: the list of auto-extensions is memory
 * of SQLite's, and its tests expect none in use. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vfs/preload.h"

int suite_init(const char *unused);

/* A copy: Tcl rewrites the environment. */
static char totals[1024];

static void add_totals(void)
{
    struct preload_process_stats stats;
    char line[160];
    int fd = open(totals, O_WRONLY | O_APPEND | O_CLOEXEC);
    int len;

    preload_process_stats(&stats);
    len = snprintf(line, sizeof line, "%lld %lld %lld %lld %lld\n", stats.opens, stats.wrapped,
                   stats.prefetches, stats.saves, stats.errors);
    if (fd < 0 || write(fd, line, (size_t)len) != len) perror(totals);
    if (fd >= 0) close(fd);
}

int suite_init(const char *unused)
{
    const char *functions = getenv("SUITE_FUNCTIONS");
    const char *path = getenv("SUITE_TOTALS");
    int rc;

    if (!path) return SQLITE_OK;
    if (!totals[0]) {
        (void)snprintf(totals, sizeof totals, "%s", path);
        atexit(add_totals);
    }
    rc = preload_extra_init(unused);
    if (functions && strcmp(functions, "0") == 0) sqlite3_reset_auto_extension();
    return rc;
}
