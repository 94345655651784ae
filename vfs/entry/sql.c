/* Scalar functions and one eponymous table, rows of tables both. */
#include "vfs/entry/sql.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "vfs/database/exchange.h"
#include "vfs/process/config.h"
#include "vfs/process/log.h"

static const char *text_or_null(sqlite3_value *value)
{
    return (const char *)sqlite3_value_text(value);
}

static void version(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    sqlite3_result_text(context, PRELOAD_VERSION, -1, SQLITE_STATIC);
}

/* The value in force for databases opened from now on; with a second argument, after setting it. A
 * value that is not of the option's kind is logged and changes nothing. */
static void config(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *name = text_or_null(values[0]);
    const char *value = count > 1 ? text_or_null(values[1]) : NULL;
    const struct config_option *option = name ? preload_config_find(name) : NULL;
    char text[CONFIG_TEXT_MAX];
    struct config in_force;

    if (!option) {
        sqlite3_result_error(context, "preload_config: no such option", -1);
        return;
    }
    if (value) (void)preload_config_host(name, value);
    preload_log_say();
    preload_config_process(&in_force);
    preload_config_print(text, sizeof text, &in_force, option);
    sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

/* 1: saved, or nothing new; 0: not saved; NULL: that schema is not under preload. */
static void flush(sqlite3_context *context, int count, sqlite3_value **values)
{
    int rc = preload_flush(sqlite3_context_db_handle(context),
                           count > 0 ? text_or_null(values[0]) : NULL);

    if (rc == SQLITE_OK || rc == SQLITE_ERROR) sqlite3_result_int(context, rc == SQLITE_OK);
}

static int exchange(sqlite3_context *context, const char *schema, int op,
                    struct preload_exchange *with)
{
    return sqlite3_file_control(sqlite3_context_db_handle(context), schema, op, with);
}

/* The hints as a persist request; NULL when there are none, or that schema is not under preload. */
static void export_hints(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct preload_exchange with = { 0 };
    int rc =
        exchange(context, count > 0 ? text_or_null(values[0]) : NULL, PRELOAD_FCNTL_EXPORT, &with);

    if (rc == SQLITE_OK) sqlite3_result_blob64(context, with.bytes, with.len, SQLITE_TRANSIENT);
    if (rc == SQLITE_NOMEM) sqlite3_result_error_nomem(context);
    free(with.bytes);
}

/* How many pages the message names, once they are stored. What is refused is an error with the
 * reason. */
static void import_hints(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct preload_exchange with = { 0 };
    char text[MESSAGE_WHY_MAX + 32];
    int rc;

    with.bytes = (uint8_t *)sqlite3_value_blob(values[0]);
    with.len = (size_t)sqlite3_value_bytes(values[0]);
    rc = exchange(context, count > 1 ? text_or_null(values[1]) : NULL, PRELOAD_FCNTL_IMPORT, &with);
    if (rc == SQLITE_OK) {
        sqlite3_result_int64(context, (sqlite3_int64)with.pages);
        return;
    }
    (void)sqlite3_snprintf(sizeof text, text, "preload_import: %s",
                           with.why[0] ? with.why : "that schema is not under preload");
    sqlite3_result_error(context, text, -1);
}

static const struct sql_function {
    const char *name;
    int arguments;
    int flags;
    void (*call)(sqlite3_context *, int, sqlite3_value **);
} functions[] = {
    { "preload_version", 0, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, version },
    { "preload_config", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, config },
    { "preload_config", 2, SQLITE_UTF8 | SQLITE_DIRECTONLY, config },
    { "preload_flush", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, flush },
    { "preload_flush", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, flush },
    { "preload_export", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, export_hints },
    { "preload_export", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, export_hints },
    { "preload_import", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, import_hints },
    { "preload_import", 2, SQLITE_UTF8 | SQLITE_DIRECTONLY, import_hints },
};

/* preload_stats: a row a statistic of one schema's database, `main` unless `schema` says another:
 *   SELECT name, value FROM preload_stats;   SELECT value FROM preload_stats('aux') WHERE name =
 * 'used_pages'; */

static const char *const state_names[] = { "off", "none", "loading", "done", "aborted", "failed" };
static const char *const reason_names[] = { "",         "closed",    "host",  "deadline",
                                            "unwanted", "page size", "file",  "device",
                                            "memory",   "thread",    "moved", "unproven" };

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

    (void)aux;
    (void)argc;
    (void)argv;
    (void)error;
    if (rc != SQLITE_OK) return rc;
    table = sqlite3_malloc(sizeof *table);
    if (!table) return SQLITE_NOMEM;
    memset(table, 0, sizeof *table);
    table->db = db;
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

static int stats_filter(sqlite3_vtab_cursor *base, int index, const char *index_text, int argc,
                        sqlite3_value **argv)
{
    struct stats_cursor *cursor = (struct stats_cursor *)base;
    const struct stats_table *table = (const struct stats_table *)base->pVtab;
    const char *schema = index == 1 && argc > 0 ? text_or_null(argv[0]) : NULL;

    (void)index_text;
    cursor->row = 0;
    cursor->rows = preload_stats_of(table->db, schema, &cursor->stats) == SQLITE_OK ? STAT_ROWS : 0;
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

/* Whether calls of that name with so many arguments are answered already, by us or by the host.
 * While a statement runs SQLite refuses to delete a function, and where there is none has nothing
 * to do.
 */
static bool is_defined(sqlite3 *db, const struct sql_function *f)
{
    return sqlite3_create_function_v2(db, f->name, f->arguments, SQLITE_UTF8, NULL, NULL, NULL,
                                      NULL, NULL) != SQLITE_OK ||
           sqlite3_create_function_v2(db, f->name, -1, SQLITE_UTF8, NULL, NULL, NULL, NULL, NULL) !=
               SQLITE_OK;
}

/* Adds what is missing of the functions; `*added` says how many. While a statement runs. */
static int add_functions(sqlite3 *db, size_t *added)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < sizeof functions / sizeof functions[0]; i++) {
        const struct sql_function *f = &functions[i];

        if (is_defined(db, f)) continue;
        rc = sqlite3_create_function_v2(db, f->name, f->arguments, f->flags, NULL, f->call, NULL,
                                        NULL, NULL);
        *added += rc == SQLITE_OK;
    }
    return rc;
}

/* Begins a statement that has a row, and lists the modules where SQLite does (since 3.30): that
 * asks for no look into the schema, which would read the database. */
static int begin_statement(sqlite3 *db, sqlite3_stmt **running)
{
    static const char *const texts[] = { "PRAGMA module_list", "SELECT 1" };
    int rc = SQLITE_DONE;

    for (size_t i = 0; rc != SQLITE_ROW && i < sizeof texts / sizeof texts[0]; i++) {
        (void)sqlite3_finalize(*running);
        rc = sqlite3_prepare_v2(db, texts[i], -1, running, NULL);
        if (rc == SQLITE_OK) rc = sqlite3_step(*running);
    }
    return rc;
}

/* Whether a module of that name is among those listed; goes on to the end of the list. */
static bool is_listed(sqlite3_stmt *running, const char *name)
{
    bool found = false;

    do {
        const char *module = (const char *)sqlite3_column_text(running, 0);

        found = found || (module && sqlite3_stricmp(module, name) == 0);
    } while (sqlite3_step(running) == SQLITE_ROW);
    return found;
}

/* A statement of our own runs meanwhile: then nothing that is in use can be taken away, and SQLite
 * says what is there without a word in the host's log. Its end clears the connection's error. */
int preload_sql_init(sqlite3 *db)
{
    static const char table[] = "preload_stats";
    sqlite3_stmt *running = NULL;
    size_t added = 0;
    int rc = begin_statement(db, &running);

    if (rc == SQLITE_ROW) rc = add_functions(db, &added);
    if (rc == SQLITE_OK && added > 0 && !is_listed(running, table))
        rc = sqlite3_create_module_v2(db, table, &stats_module, NULL, NULL);
    (void)sqlite3_finalize(running);
    return rc;
}
