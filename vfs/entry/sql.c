/* Scalar functions, rows of a table. */
#include "vfs/entry/sql.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "vfs/database/exchange.h"
#include "vfs/entry/instances.h"
#include "vfs/entry/say.h"
#include "vfs/entry/sql_stats.h"
#include "vfs/process/config.h"

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
 * value that is not of the option's kind is an error and changes nothing; an option that may name a
 * file to write to, or the VFS beneath, is not SQL's to set. */
static void config(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *name = text_or_null(values[0]);
    const char *value = count > 1 ? text_or_null(values[1]) : NULL;
    const struct config_option *option = name ? preload_config_find(name) : NULL;
    enum config_result result = CONFIG_OK;
    char text[CONFIG_TEXT_MAX];
    struct config in_force;

    if (!option) {
        sqlite3_result_error(context, "preload_config: no such option", -1);
        return;
    }
    if (value && !preload_config_is_for_sql(option)) {
        sqlite3_result_error(context,
                             "preload_config: the environment or preload_configure() sets that "
                             "option, SQL does not",
                             -1);
        return;
    }
    if (value) result = preload_config_host(name, value);
    preload_say();
    if (result == CONFIG_BAD) {
        sqlite3_result_error(context, "preload_config: not a value for that option", -1);
        return;
    }
    preload_config_process(&in_force);
    preload_config_print(text, sizeof text, &in_force, option);
    sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

/* 1: saved, or nothing new; 0: not saved; NULL: that schema is not under preload. */
static void flush_schema(sqlite3_context *context, int count, sqlite3_value **values)
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
    { "preload_flush", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, flush_schema },
    { "preload_flush", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, flush_schema },
    { "preload_export", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, export_hints },
    { "preload_export", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, export_hints },
    { "preload_import", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, import_hints },
    { "preload_import", 2, SQLITE_UTF8 | SQLITE_DIRECTONLY, import_hints },
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

/* A function of this name is what a connection is counted by, for SQLite says when it goes. The
 * host may replace or drop the others. */
#define COUNTED "preload_connection"

static atomic_uint connections;

static void uncount(void *unused)
{
    (void)unused;
    atomic_fetch_sub(&connections, 1);
}

static void counted(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    sqlite3_result_int(context, 1);
}

static bool has_our_vfs(sqlite3 *db)
{
    sqlite3_vfs *vfs = NULL;

    return sqlite3_file_control(db, "main", SQLITE_FCNTL_VFS_POINTER, &vfs) == SQLITE_OK &&
           preload_instance_of(vfs);
}

/* Counts a connection once: while a statement runs SQLite refuses to put a function in the place of
 * one that is there. What it refuses it destroys. */
static int count_connection(sqlite3 *db)
{
    int rc;

    atomic_fetch_add(&connections, 1);
    rc = sqlite3_create_function_v2(db, COUNTED, 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL, counted,
                                    NULL, NULL, uncount);
    if (rc == SQLITE_OK || rc == SQLITE_BUSY) return SQLITE_OK;
    if (has_our_vfs(db)) atomic_fetch_add(&connections, 1);
    return rc;
}

unsigned preload_sql_connections(void)
{
    return atomic_load(&connections);
}

/* A statement of our own runs meanwhile: then nothing that is in use can be taken away, and SQLite
 * says what is there without a word in the host's log. Its end clears the connection's error. */
int preload_sql_init(sqlite3 *db, bool is_early)
{
    sqlite3_stmt *running = NULL;
    size_t added = 0;
    int rc = begin_statement(db, &running);
    int counted_rc = count_connection(db);

    if (rc == SQLITE_ROW && counted_rc != SQLITE_OK) rc = counted_rc;
    if (rc == SQLITE_ROW) rc = add_functions(db, &added);
    if (rc == SQLITE_OK && added > 0 && !is_listed(running, SQL_STATS_TABLE))
        rc = preload_sql_stats_init(db, is_early);
    (void)sqlite3_finalize(running);
    return rc;
}
