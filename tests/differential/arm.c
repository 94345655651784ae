/* A line holds the rows, the codes, and what of the pager's work can be counted from outside. */
#include "tests/differential/arm.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/differential/steady.h"
#include "tests/differential/witness.h"
#include "vfs/preload.h"

#define ROWS_MAX 2000

void arm_write_bytes(sqlite3_str *text, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    sqlite3_str_appendf(text, "%lld:%llx", (sqlite3_int64)len, (sqlite3_uint64)hash);
}

static void write_row(sqlite3_str *text, sqlite3_stmt *stmt)
{
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
        int type = sqlite3_column_type(stmt, i);

        sqlite3_str_appendchar(text, 1, i ? ',' : '(');
        if (type == SQLITE_BLOB)
            arm_write_bytes(text, sqlite3_column_blob(stmt, i),
                            (size_t)sqlite3_column_bytes(stmt, i));
        else
            sqlite3_str_appendf(text, "%s", sqlite3_column_text(stmt, i));
    }
    sqlite3_str_appendchar(text, 1, ')');
}

static int run_statement(sqlite3_stmt *stmt, sqlite3_str *text)
{
    int rows = 0;

    while (sqlite3_step(stmt) == SQLITE_ROW && rows < ROWS_MAX) {
        write_row(text, stmt);
        rows++;
    }
    return sqlite3_finalize(stmt);
}

int arm_sql(const struct arm *arm, sqlite3 *db, const char *sql, sqlite3_str *text)
{
    int rc = SQLITE_OK;

    while (rc == SQLITE_OK && *sql) {
        sqlite3_stmt *stmt = NULL;

        rc = sqlite3_prepare_v2(db, sql, -1, &stmt, &sql);
        if (!stmt) continue;
        arm->counts->statements++;
        rc = run_statement(stmt, text);
    }
    return rc;
}

/* Percent signs for all that means something in a URI. */
static void uri_of(char *out, size_t room, const char *name, const char *parameters)
{
    size_t at = (size_t)snprintf(out, room, "file:");

    for (; *name && at + 4 < room; name++) {
        bool plain = isalnum((unsigned char)*name) || *name == '.';

        at += (size_t)snprintf(out + at, room - at, plain ? "%c" : "%%%02X", (unsigned char)*name);
    }
    (void)snprintf(out + at, room - at, "%s", parameters);
}

int arm_open(const struct arm *arm, sqlite3 **out, const char *name, const char *parameters)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    char uri[256];
    int rc;

    uri_of(uri, sizeof uri, name, parameters);
    if (parameters[0])
        rc = sqlite3_open_v2(uri, out, flags | SQLITE_OPEN_URI, arm->vfs);
    else
        rc = sqlite3_open_v2(name, out, flags, arm->vfs);
    if (rc != SQLITE_OK) {
        sqlite3_close(*out);
        *out = NULL;
    }
    if (*out) (void)sqlite3_extended_result_codes(*out, 1);
    return rc;
}

void arm_close(struct arm_connection *connection)
{
    sqlite3_finalize(connection->held);
    sqlite3_close(connection->db);
    *connection = (struct arm_connection){ 0 };
}

/* How much the pager read and wrote, and what the connection says of itself. */
static void write_state(sqlite3_str *text, sqlite3 *db)
{
    static const int counters[] = { SQLITE_DBSTATUS_CACHE_HIT, SQLITE_DBSTATUS_CACHE_MISS,
                                    SQLITE_DBSTATUS_CACHE_WRITE, SQLITE_DBSTATUS_CACHE_SPILL };

    sqlite3_str_appendf(text, " [%s] changes %d rowid %lld transaction %d cache",
                        sqlite3_errmsg(db), sqlite3_total_changes(db),
                        sqlite3_last_insert_rowid(db), sqlite3_txn_state(db, NULL));
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        int now = 0;
        int high = 0;

        sqlite3_db_status(db, counters[i], &now, &high, 0);
        sqlite3_str_appendf(text, " %d", now);
    }
}

static char *end_line(struct arm *arm, sqlite3_str *text, sqlite3 *db, int rc)
{
    struct witness_sum sum = witness_sum();

    sqlite3_str_appendf(text, " = %d", rc);
    if (db) write_state(text, db);
    sqlite3_str_appendf(text, " syncs %u", steady_syncs());
    if (arm->script->base->is_foreign)
        sqlite3_str_appendf(text, " calls %llu %llx", (sqlite3_uint64)sum.calls,
                            (sqlite3_uint64)sum.hash);
    arm->counts->results[rc & 0xff]++;
    if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB) arm->is_spoilt = true;
    return sqlite3_str_finish(text);
}

static char *run_prologue(struct arm *arm)
{
    sqlite3_str *text = sqlite3_str_new(NULL);
    int rc = SQLITE_OK;

    for (size_t i = 0; i < 2 && rc == SQLITE_OK; i++) {
        sqlite3 **db = &arm->connections[i].db;

        if (i == 1 && !arm->script->base->is_shared) continue;
        rc = arm_open(arm, db, arm->script->database, "");
        if (rc == SQLITE_OK && i == 0) rc = arm_sql(arm, *db, arm->script->prologue, text);
        /* The prologue is a session of its own, so that the steps begin with hints. */
        if (i == 0) {
            arm_close(&arm->connections[0]);
            rc = arm_open(arm, db, arm->script->database, "");
        }
    }
    return end_line(arm, text, arm->connections[0].db, rc);
}

static char *run_op(struct arm *arm, const struct op *op)
{
    struct arm_connection *connection = &arm->connections[op->connection];
    sqlite3_str *text = sqlite3_str_new(NULL);
    int rc = SQLITE_MISUSE;

    if (op->kind == OP_REOPEN || op->kind == OP_PERSIST || op->kind == OP_EPISODE)
        rc = arm_call(arm, op, text);
    else if (connection->db && op->kind == OP_SQL)
        rc = arm_sql(arm, connection->db, op->text, text);
    else if (connection->db)
        rc = arm_call(arm, op, text);
    if (rc == SQLITE_OK) arm->counts->features[op->feature]++;
    return end_line(arm, text, connection->db, rc);
}

/* What a host of preload's may ask for at any time, and no statement may notice. */
static void disturb(const struct arm *arm, const struct op *op)
{
    static const char *const modes[] = { "on", "off", "record", "replay" };
    sqlite3 *db = arm->connections[op->connection].db;
    struct preload_stats stats;
    uint32_t chosen = op->dice[2] % 64;

    if (chosen < 4) (void)preload_configure("mode", modes[chosen]);
    if (chosen >= 4 && chosen < 12) (void)preload_configure("mode", "on");
    if (chosen >= 12 && chosen < 16 && db) (void)preload_flush(db, NULL);
    if (chosen >= 16 && chosen < 20 && db) (void)preload_stats_of(db, NULL, &stats);
}

/* The step's line is there; what the prologue gives anew shows in the lines that follow. */
static void start_over(struct arm *arm)
{
    static const char *const suffixes[] = { "", "-journal", "-wal", "-shm" };
    char name[64];

    for (size_t i = 0; i < 2; i++)
        arm_close(&arm->connections[i]);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        (void)snprintf(name, sizeof name, "%s%s", arm->script->database, suffixes[i]);
        (void)remove(name);
    }
    arm->is_spoilt = false;
    sqlite3_free(run_prologue(arm));
}

void arm_run(struct arm *arm, struct transcript *out)
{
    transcript_add(out, run_prologue(arm));
    for (size_t i = 0; i < arm->script->len; i++) {
        if (arm->is_preload) disturb(arm, &arm->script->ops[i]);
        transcript_add(out, run_op(arm, &arm->script->ops[i]));
        if (arm->is_spoilt) start_over(arm);
    }
    for (size_t i = 0; i < 2; i++)
        arm_close(&arm->connections[i]);
    transcript_add(out, end_line(arm, sqlite3_str_new(NULL), NULL, SQLITE_OK));
}
