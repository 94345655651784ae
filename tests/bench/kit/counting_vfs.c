/* The base's own file objects, with two methods exchanged. */
#include "tests/bench/kit/counting_vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct counting counting;

static const sqlite3_io_methods *base_methods;
static sqlite3_io_methods counting_methods;
static sqlite3_vfs counting_vfs;

static void see(sqlite3_int64 offset, int amount)
{
    const uint64_t first = (uint64_t)offset / 4096;
    const uint64_t end = ((uint64_t)offset + (uint64_t)amount - 1) / 4096 + 1;

    if (end > COUNTING_PAGES) abort();
    for (uint64_t page = first; page < end; page++) {
        counting.pages += !counting.seen[page];
        counting.seen[page] = true;
    }
}

static int count_read(sqlite3_file *file, void *out, int amount, sqlite3_int64 offset)
{
    counting.reads++;
    see(offset, amount);
    return base_methods->xRead(file, out, amount, offset);
}

static int count_fetch(sqlite3_file *file, sqlite3_int64 offset, int amount, void **out)
{
    const int rc = base_methods->xFetch(file, offset, amount, out);

    if (rc == SQLITE_OK && *out != NULL) {
        counting.fetches++;
        see(offset, amount);
    }
    return rc;
}

static int count_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                      int *flags_out)
{
    sqlite3_vfs *base = vfs->pAppData;
    const int rc = base->xOpen(base, name, file, flags, flags_out);

    if (rc == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) != 0) {
        base_methods = file->pMethods;
        counting_methods = *base_methods;
        counting_methods.xRead = count_read;
        if (base_methods->xFetch != NULL) counting_methods.xFetch = count_fetch;
        file->pMethods = &counting_methods;
    }
    return rc;
}

int counting_vfs_register(void)
{
    sqlite3_vfs *base = sqlite3_vfs_find("unix");

    counting_vfs = *base;
    counting_vfs.zName = "counting";
    counting_vfs.pNext = NULL;
    counting_vfs.pAppData = base;
    counting_vfs.xOpen = count_open;
    counting_vfs_reset();
    return sqlite3_vfs_register(&counting_vfs, 0);
}

void counting_vfs_reset(void)
{
    memset(&counting, 0, sizeof(counting));
}
