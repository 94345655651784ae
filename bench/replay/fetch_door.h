/* Reads a database file through a VFS, with the methods that SQLite itself calls and no others.
 * The VFS is `preload`, which is linked in, or `unix`, for comparison.
 *
 * One process registers once; one thread at a time. All calls answer SQLite's result codes. */
#ifndef BENCH_FETCH_DOOR_H
#define BENCH_FETCH_DOOR_H

#include "vfs/preload.h"

#include <stdint.h>

struct fetch_door {
    sqlite3_file *file;
    const char *name;
};

/* Registers with the option `mode` ("record", "on"), all others at their defaults: what the
 * environment says to the library is taken out of it first. */
int fetch_door_register(const char *mode);

/* Opens by the VFS of that name, reads the header's 100 bytes, takes a SHARED lock. After an error
 * there is nothing to close. */
int fetch_door_open(struct fetch_door *door, const char *vfs_name, const char *path);

/* Reads a page of FETCH_PAGE_BYTES (fetch_set.h). */
int fetch_door_read(const struct fetch_door *door, uint32_t pgno, void *page);

int fetch_door_stats(const struct fetch_door *door, struct preload_stats *out);

/* Gives the lock back and closes, which saves what was learnt. */
int fetch_door_close(struct fetch_door *door);

#endif
