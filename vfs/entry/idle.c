/* A VFS, and a virtual table of two rows. */
#ifndef SQLITE_CORE
#include "vfs/entry/idle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vfs/entry/idle_vfs.h"
#include "vfs/entry/instances.h"

#define VFS_NAME    "preload"
#define STATS_TABLE "preload_stats"

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

/* Whether its `preload` is idle: a copy of this library may have been linked into it. */
static bool register_vfs(const sqlite3_api_routines *api)
{
    const sqlite3_vfs *found = api->vfs_find(VFS_NAME);
    sqlite3_vfs *usual = api->vfs_find(NULL);
    sqlite3_vfs *idle;

    if (found) return preload_idle_vfs_is(found);
    idle = usual ? preload_idle_vfs_for(api, VFS_NAME, usual) : NULL;
    if (idle) (void)api->vfs_register(idle, 0);
    return true;
}

bool preload_idle_is(const sqlite3_api_routines *api)
{
    const sqlite3_vfs *found = api->vfs_find(VFS_NAME);

    return found && preload_idle_vfs_is(found);
}

void preload_idle_load(sqlite3 *db, const sqlite3_api_routines *api)
{
    bool is_idle;

    preload_instances_lock();
    is_idle = register_vfs(api);
    preload_instances_unlock();
    if (!is_idle) return;
    (void)api->auto_extension((void (*)(void))explain_idleness);
    if (db) (void)explain_idleness(db, NULL, api);
}

#endif
