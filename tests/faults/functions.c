/* SQLite's own allocator fails while preload gives a connection its functions and its table: the
 * open succeeds all the same, and the connection works. SQLite runs this for every connection of
 * the process, whatever its VFS. */
#include <stdint.h>
#include <stdio.h>

#include <sqlite3.h>

#include "vfs/entry/sql.h"
#include "vfs/preload.h"

static sqlite3_mem_methods heap; /* SQLite's */
static size_t fail_at = SIZE_MAX;
static size_t calls;
static int armed;

static int fails(void)
{
    return armed && calls++ == fail_at;
}

static void *heap_malloc(int size)
{
    return fails() ? NULL : heap.xMalloc(size);
}

static void *heap_realloc(void *memory, int size)
{
    return fails() ? NULL : heap.xRealloc(memory, size);
}

/* The linker chose these names. */
int __real_preload_sql_init(sqlite3 *db);
int __wrap_preload_sql_init(sqlite3 *db);
int __wrap_preload_sql_init(sqlite3 *db)
{
    int rc;

    armed = 1;
    rc = __real_preload_sql_init(db);
    armed = 0;
    return rc;
}

static int take_heap(void)
{
    sqlite3_mem_methods ours;

    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &heap) != SQLITE_OK) return 0;
    ours = heap;
    ours.xMalloc = heap_malloc;
    ours.xRealloc = heap_realloc;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) == SQLITE_OK;
}

/* Opens and uses a connection; the first code that is not SQLITE_OK. */
static int use_connection(const char *vfs)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE, vfs);

    if (rc == SQLITE_OK) rc = sqlite3_exec(db, "CREATE TABLE t(a)", NULL, NULL, NULL);
    (void)sqlite3_close(db);
    return rc;
}

int main(void)
{
    unsigned faults = 0;
    unsigned wrong = 0;

    if (!take_heap() || preload_register(NULL) != SQLITE_OK) return 1;
    for (fail_at = 0;; fail_at++) {
        int rc;

        calls = 0;
        rc = use_connection(fail_at % 2 ? "unix" : "preload");
        if (rc != SQLITE_OK) {
            fprintf(stderr, "allocation %zu failed, and the open gave %d\n", fail_at, rc);
            wrong++;
        }
        if (calls <= fail_at) break;
        faults++;
    }
    printf("faults_functions: %u allocations failed, %u failures\n", faults, wrong);
    return wrong || faults == 0;
}
