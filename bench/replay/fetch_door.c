/* Read beside sqlite3.h, "OS Interface Object" and "OS Interface Open File Handle". */
#include "bench/replay/fetch_door.h"

#include "bench/kit/child.h"
#include "bench/replay/fetch_set.h"

#include <stdio.h>
#include <stdlib.h>

#define HEADER_BYTES 100

int fetch_door_register(const char *mode)
{
    char option[32];
    const char *const options[] = { option, NULL };
    const struct preload_config config = { .base = "unix", .options = options };

    snprintf(option, sizeof(option), "mode=%s", mode);
    child_clear_environment();
    return preload_register(&config);
}

static void let_go(struct fetch_door *door)
{
    free(door->file);
    sqlite3_free_filename(door->name);
    *door = (struct fetch_door){ 0 };
}

static int read_header_and_lock(const struct fetch_door *door)
{
    const sqlite3_io_methods *methods = door->file->pMethods;
    char header[HEADER_BYTES];
    int rc = methods->xRead(door->file, header, sizeof(header), 0);

    return rc == SQLITE_OK ? methods->xLock(door->file, SQLITE_LOCK_SHARED) : rc;
}

int fetch_door_open(struct fetch_door *door, const char *vfs_name, const char *path)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(vfs_name);
    int rc = SQLITE_NOMEM;

    *door = (struct fetch_door){ 0 };
    if (vfs == NULL) return SQLITE_ERROR;
    door->file = calloc(1, (size_t)vfs->szOsFile);
    door->name = sqlite3_create_filename(path, "", "", 0, NULL);
    if (door->file != NULL && door->name != NULL) {
        int flags = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE;

        rc = vfs->xOpen(vfs, door->name, door->file, flags, &flags);
    }
    if (rc == SQLITE_OK) rc = read_header_and_lock(door);
    if (rc == SQLITE_OK) return SQLITE_OK;
    if (door->file != NULL && door->file->pMethods != NULL)
        door->file->pMethods->xClose(door->file);
    let_go(door);
    return rc;
}

int fetch_door_read(const struct fetch_door *door, uint32_t pgno, void *page)
{
    return door->file->pMethods->xRead(door->file, page, (int)FETCH_PAGE_BYTES,
                                       (sqlite3_int64)(pgno - 1) * FETCH_PAGE_BYTES);
}

int fetch_door_stats(const struct fetch_door *door, struct preload_stats *out)
{
    *out = (struct preload_stats){ 0 };
    return door->file->pMethods->xFileControl(door->file, PRELOAD_FCNTL_STATS, out);
}

int fetch_door_close(struct fetch_door *door)
{
    const sqlite3_io_methods *methods = door->file->pMethods;
    const int rc = methods->xUnlock(door->file, SQLITE_LOCK_NONE);
    const int closed = methods->xClose(door->file);

    let_go(door);
    return rc != SQLITE_OK ? rc : closed;
}
