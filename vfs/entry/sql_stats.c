/* An eponymous virtual table over one table of rows. */
#include "vfs/entry/sql_stats.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const char *const state_names[] = { "off", "none", "loading", "done", "aborted", "failed" };
static const char *const reason_names[] = { "",          "closed",    "host",  "deadline",
                                            "unwanted",  "page size", "file",  "device",
                                            "memory",    "thread",    "moved", "unproven",
                                            "base",      "mode",      "vfs",   "opened before",
                                            "no header", "small" };

#define STAT(field)                                                                                \
    {                                                                                              \
#field, offsetof(struct preload_stats, field), NULL                                        \
    }
#define NAMED_STAT(field)                                                                          \
    {                                                                                              \
#field, offsetof(struct preload_stats, field), field##_names                               \
    }
#define TENTH(nth, name)                                                                           \
    {                                                                                              \
        name, offsetof(struct preload_stats, tenth_us[nth]), NULL                                  \
    }

static const struct stat_row {
    const char *name;
    size_t offset;
    const char *const *names; /* of an enum's values; NULL: it is a number */
} stat_rows[] = {
    NAMED_STAT(state),
    STAT(history_pages),
    STAT(history_sessions),
    STAT(planned_pages),
    STAT(issued_pages),
    STAT(issued_requests),
    STAT(issued_bytes),
    STAT(touched_pages),
    STAT(used_pages),
    STAT(demand_pages),
    STAT(saves),
    STAT(errors),
    STAT(replay_us),
    NAMED_STAT(reason),
    STAT(resident_pages),
    STAT(wasted_pages),
    STAT(late_pages),
    TENTH(0, "tenth_1_us"),
    TENTH(1, "tenth_2_us"),
    TENTH(2, "tenth_3_us"),
    TENTH(3, "tenth_4_us"),
    TENTH(4, "tenth_5_us"),
    TENTH(5, "tenth_6_us"),
    TENTH(6, "tenth_7_us"),
    TENTH(7, "tenth_8_us"),
    TENTH(8, "tenth_9_us"),
    TENTH(9, "tenth_10_us"),
};

#define STAT_ROWS ((sqlite3_int64)(sizeof stat_rows / sizeof stat_rows[0]))

struct stats_table {
    sqlite3_vtab base;
    sqlite3 *db;
    bool is_early; /* its connection was opened before we were loaded */
};

struct stats_cursor {
    sqlite3_vtab_cursor base;
    struct preload_stats stats;
    sqlite3_int64 row;
    sqlite3_int64 rows;
};

enum stats_column { STATS_NAME, STATS_VALUE, STATS_SCHEMA };

static int stats_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                         sqlite3_vtab **out, char **error)
{
    struct stats_table *table;
    int rc = sqlite3_declare_vtab(db, "CREATE TABLE x(name TEXT, value, schema TEXT HIDDEN)");

    (void)argc;
    (void)argv;
    (void)error;
    if (rc != SQLITE_OK) return rc;
    table = sqlite3_malloc(sizeof *table);
    if (!table) return SQLITE_NOMEM;
    memset(table, 0, sizeof *table);
    table->db = db;
    table->is_early = aux != NULL;
    *out = &table->base;
    return SQLITE_OK;
}

static int stats_disconnect(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

/* idxNum 1: the schema is given. */
static int stats_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    info->estimatedCost = 100;
    info->estimatedRows = STAT_ROWS;
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].iColumn != STATS_SCHEMA ||
            info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        if (!info->aConstraint[i].usable) return SQLITE_CONSTRAINT;
        info->aConstraintUsage[i].argvIndex = 1;
        info->aConstraintUsage[i].omit = 1;
        info->idxNum = 1;
        break;
    }
    return SQLITE_OK;
}

static int stats_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    struct stats_cursor *cursor = sqlite3_malloc(sizeof *cursor);

    (void)table;
    if (!cursor) return SQLITE_NOMEM;
    memset(cursor, 0, sizeof *cursor);
    *out = &cursor->base;
    return SQLITE_OK;
}

static int stats_close(sqlite3_vtab_cursor *cursor)
{
    sqlite3_free(cursor);
    return SQLITE_OK;
}

/* Whether there is such a database; what is not under preload has a reason. */
static bool look(struct preload_stats *out, const struct stats_table *table, const char *schema)
{
    int rc = preload_stats_of(table->db, schema, out);

    if (out->reason == PRELOAD_REASON_VFS && table->is_early) out->reason = PRELOAD_REASON_EARLY;
    return rc == SQLITE_OK || out->reason != PRELOAD_REASON_NONE;
}

static int stats_filter(sqlite3_vtab_cursor *base, int index, const char *index_text, int argc,
                        sqlite3_value **argv)
{
    struct stats_cursor *cursor = (struct stats_cursor *)base;
    const struct stats_table *table = (const struct stats_table *)base->pVtab;
    const char *schema = index == 1 && argc > 0 ? (const char *)sqlite3_value_text(argv[0]) : NULL;

    (void)index_text;
    cursor->row = 0;
    cursor->rows = look(&cursor->stats, table, schema) ? STAT_ROWS : 0;
    return SQLITE_OK;
}

static int stats_next(sqlite3_vtab_cursor *base)
{
    ((struct stats_cursor *)base)->row++;
    return SQLITE_OK;
}

static int stats_eof(sqlite3_vtab_cursor *base)
{
    const struct stats_cursor *cursor = (const struct stats_cursor *)base;

    return cursor->row >= cursor->rows;
}

static void give_value(sqlite3_context *context, const struct preload_stats *stats,
                       const struct stat_row *row)
{
    const char *at = (const char *)stats + row->offset;
    sqlite3_int64 number;
    int named;

    if (row->names) {
        memcpy(&named, at, sizeof named);
        sqlite3_result_text(context, row->names[named], -1, SQLITE_STATIC);
    } else {
        memcpy(&number, at, sizeof number);
        sqlite3_result_int64(context, number);
    }
}

static int stats_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const struct stats_cursor *cursor = (const struct stats_cursor *)base;
    const struct stat_row *row = &stat_rows[cursor->row];

    if (column == STATS_NAME) sqlite3_result_text(context, row->name, -1, SQLITE_STATIC);
    if (column == STATS_VALUE) give_value(context, &cursor->stats, row);
    return SQLITE_OK;
}

static int stats_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    *out = ((const struct stats_cursor *)base)->row;
    return SQLITE_OK;
}

static const sqlite3_module stats_module = {
    .iVersion = 0,
    .xConnect = stats_connect,
    .xBestIndex = stats_best_index,
    .xDisconnect = stats_disconnect,
    .xOpen = stats_open,
    .xClose = stats_close,
    .xFilter = stats_filter,
    .xNext = stats_next,
    .xEof = stats_eof,
    .xColumn = stats_column,
    .xRowid = stats_rowid,
};

int preload_sql_stats_init(sqlite3 *db, bool is_early)
{
    static char early;

    return sqlite3_create_module_v2(db, SQL_STATS_TABLE, &stats_module, is_early ? &early : NULL,
                                    NULL);
}
