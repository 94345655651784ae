/* A table of VFS copies, and a virtual table of two rows. */
#ifndef SQLITE_CORE
#include "vfs/entry/idle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vfs/entry/instances.h"

/* Of more SQLites than that in one process the rest has no VFS of our name. */
#define COPIES_MAX 16

#define VFS_NAME    "preload"
#define STATS_TABLE "preload_stats"

/* An SQLite keeps its copy, which is not written again: connections may be using it. One that was
 * unloaded has left its own. Behind the instances' lock. */
static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *(*vfs_find)(const char *);
} copies[COPIES_MAX];

struct idle_table {
    sqlite3_vtab base;
    const sqlite3_api_routines *api;
};

struct idle_cursor {
    sqlite3_vtab_cursor base;
    size_t row;
};

static const struct idle_row {
    const char *name, *value;
} rows[] = { { "state", "off" }, { "reason", "another SQLite was here first" } };

#define ROWS (sizeof rows / sizeof rows[0])

static int idle_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                        sqlite3_vtab **out, char **error)
{
    const sqlite3_api_routines *api = aux;
    struct idle_table *table;
    int rc = api->declare_vtab(db, "CREATE TABLE x(name TEXT, value, schema TEXT HIDDEN)");

    (void)argc;
    (void)argv;
    (void)error;
    if (rc != SQLITE_OK) return rc;
    table = calloc(1, sizeof *table);
    if (!table) return SQLITE_NOMEM;
    table->api = api;
    *out = &table->base;
    return SQLITE_OK;
}

static int idle_disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

/* Whatever schema is asked for, the answer is the same. */
static int idle_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    const sqlite3_int64 row_count = ROWS;

    (void)table;
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].iColumn != 2) continue;
        if (!info->aConstraint[i].usable) return SQLITE_CONSTRAINT;
        info->aConstraintUsage[i].argvIndex = 1;
        info->aConstraintUsage[i].omit = 1;
        break;
    }
    info->estimatedCost = (double)row_count;
    return SQLITE_OK;
}

static int idle_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    struct idle_cursor *cursor = calloc(1, sizeof *cursor);

    (void)table;
    if (!cursor) return SQLITE_NOMEM;
    *out = &cursor->base;
    return SQLITE_OK;
}

static int idle_close(sqlite3_vtab_cursor *cursor)
{
    free(cursor);
    return SQLITE_OK;
}

static int idle_filter(sqlite3_vtab_cursor *cursor, int index, const char *index_text, int argc,
                       sqlite3_value **argv)
{
    (void)index;
    (void)index_text;
    (void)argc;
    (void)argv;
    ((struct idle_cursor *)cursor)->row = 0;
    return SQLITE_OK;
}

static int idle_next(sqlite3_vtab_cursor *cursor)
{
    ((struct idle_cursor *)cursor)->row++;
    return SQLITE_OK;
}

static int idle_eof(sqlite3_vtab_cursor *cursor)
{
    return ((const struct idle_cursor *)cursor)->row >= ROWS;
}

static int idle_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column)
{
    const sqlite3_api_routines *api = ((const struct idle_table *)cursor->pVtab)->api;
    const struct idle_row *row = &rows[((const struct idle_cursor *)cursor)->row];

    if (column < 2)
        api->result_text(context, column == 0 ? row->name : row->value, -1, SQLITE_STATIC);
    return SQLITE_OK;
}

static int idle_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)((const struct idle_cursor *)cursor)->row;
    return SQLITE_OK;
}

static const sqlite3_module idle_module = {
    .iVersion = 0,
    .xConnect = idle_connect,
    .xBestIndex = idle_best_index,
    .xDisconnect = idle_disconnect,
    .xOpen = idle_open,
    .xClose = idle_close,
    .xFilter = idle_filter,
    .xNext = idle_next,
    .xEof = idle_eof,
    .xColumn = idle_column,
    .xRowid = idle_rowid,
};

/* A module that is replaced while a statement reads it takes the statement's tables along. */
static bool has_table(sqlite3 *db, const sqlite3_api_routines *api)
{
    sqlite3_stmt *list = NULL;
    bool found = false;

    if (api->prepare_v2(db, "PRAGMA module_list", -1, &list, NULL) != SQLITE_OK) return false;
    while (!found && api->step(list) == SQLITE_ROW) {
        const char *name = (const char *)api->column_text(list, 0);

        found = name && strcmp(name, STATS_TABLE) == 0;
    }
    (void)api->finalize(list);
    return found;
}

/* As each open of a connection of that SQLite calls it; it always succeeds. */
static int explain_idleness(sqlite3 *db, char **error, const sqlite3_api_routines *api)
{
    void *aux;

    (void)error;
    memcpy(&aux, &api, sizeof aux); /* SQLite keeps it, and knows no const */
    if (!has_table(db, api)) (void)api->create_module_v2(db, STATS_TABLE, &idle_module, aux, NULL);
    /* An open takes its result from the connection's last error. */
    (void)api->exec(db, "", NULL, NULL, NULL);
    return SQLITE_OK;
}

static bool is_copy_of(const sqlite3_vfs *copy, const sqlite3_vfs *usual)
{
    return copy->iVersion == usual->iVersion && copy->szOsFile == usual->szOsFile &&
           copy->mxPathname == usual->mxPathname && copy->xOpen == usual->xOpen &&
           copy->pAppData == usual->pAppData;
}

/* A host may have taken out the one that was made. */
static sqlite3_vfs *copy_of(const sqlite3_vfs *usual, const sqlite3_api_routines *api)
{
    for (size_t i = 0; i < COPIES_MAX; i++) {
        if (copies[i].vfs_find == api->vfs_find && is_copy_of(&copies[i].vfs, usual))
            return &copies[i].vfs;
        if (copies[i].vfs_find) continue;
        copies[i].vfs_find = api->vfs_find;
        copies[i].vfs = *usual;
        copies[i].vfs.zName = VFS_NAME;
        return &copies[i].vfs;
    }
    return NULL;
}

static bool is_one_of_ours(const sqlite3_vfs *vfs)
{
    for (size_t i = 0; i < COPIES_MAX; i++)
        if (vfs == &copies[i].vfs) return true;
    return false;
}

/* Whether its `preload` is the copy: another copy of this library may have been linked into it. */
static bool register_copy(const sqlite3_api_routines *api)
{
    const sqlite3_vfs *found = api->vfs_find(VFS_NAME);
    const sqlite3_vfs *usual = api->vfs_find(NULL);
    sqlite3_vfs *copy;

    if (found) return is_one_of_ours(found);
    copy = usual ? copy_of(usual, api) : NULL;
    if (copy) (void)api->vfs_register(copy, 0);
    return true;
}

bool preload_idle_is(const sqlite3_api_routines *api)
{
    const sqlite3_vfs *found = api->vfs_find(VFS_NAME);

    return found && is_one_of_ours(found);
}

void preload_idle_load(sqlite3 *db, const sqlite3_api_routines *api)
{
    bool is_idle;

    preload_instances_lock();
    is_idle = register_copy(api);
    preload_instances_unlock();
    if (!is_idle) return;
    (void)api->auto_extension((void (*)(void))explain_idleness);
    if (db) (void)explain_idleness(db, NULL, api);
}

#endif
