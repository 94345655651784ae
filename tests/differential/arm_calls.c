/* Steps that are calls of the C API. What they choose, they choose by the step's dice. */
#include "tests/differential/arm.h"

#include <stdlib.h>
#include <string.h>

#define BACKUP_FILE "backup.db"

static sqlite3 *db_of(const struct arm *arm, const struct op *op)
{
    return arm->connections[op->connection].db;
}

/* Steps a statement half-way and leaves it there, with its read transaction. */
static int hold(struct arm *arm, const struct op *op, sqlite3_str *text)
{
    struct arm_connection *connection = &arm->connections[op->connection];
    int rc;

    if (connection->held) return SQLITE_MISUSE;
    rc = sqlite3_prepare_v2(connection->db, op->text, -1, &connection->held, NULL);
    for (uint32_t i = 0; rc == SQLITE_OK && i < 1 + op->dice[0] % 8; i++) {
        int step = sqlite3_step(connection->held);

        if (step == SQLITE_ROW)
            sqlite3_str_appendf(text, "(%lld)", sqlite3_column_int64(connection->held, 0));
        if (step != SQLITE_ROW) rc = step;
    }
    if (rc == SQLITE_OK) return rc;
    sqlite3_finalize(connection->held);
    connection->held = NULL;
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int release(struct arm *arm, const struct op *op)
{
    struct arm_connection *connection = &arm->connections[op->connection];
    sqlite3_stmt *held = connection->held;

    connection->held = NULL;
    return held ? sqlite3_finalize(held) : SQLITE_MISUSE;
}

static int read_and_write_blob(sqlite3_blob *blob, const struct op *op, sqlite3_str *text)
{
    int len = sqlite3_blob_bytes(blob);
    int offset = len > 0 ? (int)(op->dice[1] % (uint32_t)len) : 0;
    char bytes[256];
    int amount = len - offset < (int)sizeof bytes ? len - offset : (int)sizeof bytes;
    int rc = sqlite3_blob_read(blob, bytes, amount, offset);

    if (rc == SQLITE_OK) arm_write_bytes(text, bytes, (size_t)amount);
    memset(bytes, (int)(op->dice[1] >> 24), sizeof bytes);
    if (rc == SQLITE_OK && op->dice[0] & 1) rc = sqlite3_blob_write(blob, bytes, amount, offset);
    return rc;
}

static int use_blob(const struct arm *arm, const struct op *op, sqlite3_str *text)
{
    static const char *const tables[] = { "t0", "t1", "t2", "t3" };
    sqlite3_blob *blob = NULL;
    int rc = sqlite3_blob_open(db_of(arm, op), "main", tables[op->dice[0] >> 8 & 3], "c",
                               1 + op->dice[1] % 40, op->dice[0] & 1, &blob);

    if (rc == SQLITE_OK) rc = read_and_write_blob(blob, op, text);
    if (rc == SQLITE_OK && op->dice[0] & 2) {
        rc = sqlite3_blob_reopen(blob, 1 + op->dice[2] % 40);
        if (rc == SQLITE_OK) rc = read_and_write_blob(blob, op, text);
    }
    sqlite3_blob_close(blob);
    return rc;
}

/* Copies in a few goes; `between` runs on the source after the first. */
static int copy(const struct arm *arm, sqlite3 *to, sqlite3 *from, const struct op *op,
                sqlite3_str *text)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    int pages = 1 + (int)(op->dice[0] % 40);
    int rc = SQLITE_OK;

    if (!backup) {
        sqlite3_str_appendf(text, "[%s]", sqlite3_errmsg(to));
        return sqlite3_extended_errcode(to);
    }
    for (int i = 0; i < 100 && rc == SQLITE_OK; i++) {
        rc = sqlite3_backup_step(backup, i < 3 ? pages : -1);
        sqlite3_str_appendf(text, "(%d %d/%d)", rc, sqlite3_backup_remaining(backup),
                            sqlite3_backup_pagecount(backup));
        if (i == 0 && op->text[0]) (void)arm_sql(arm, from, op->text, text);
    }
    sqlite3_backup_finish(backup);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int back_up(const struct arm *arm, const struct op *op, sqlite3_str *text)
{
    sqlite3 *other = NULL;
    int rc = arm_open(arm, &other, BACKUP_FILE, "");

    if (rc == SQLITE_OK && op->kind == OP_BACKUP_OUT)
        rc = copy(arm, other, db_of(arm, op), op, text);
    else if (rc == SQLITE_OK)
        rc = copy(arm, db_of(arm, op), other, op, text);
    sqlite3_close(other);
    return rc;
}

/* SQLite (3.40) serializes with the page size that the connection saw last: after another one
 * changed it, what comes out is memory that nobody wrote. So the connection looks at the file
 * first. */
static int serialize(const struct arm *arm, const struct op *op, sqlite3_str *text)
{
    sqlite3 *db = db_of(arm, op);
    int rc = arm_sql(arm, db, "SELECT count(*) FROM sqlite_schema", text);
    sqlite3_int64 len = 0;
    unsigned char *bytes = rc == SQLITE_OK ? sqlite3_serialize(db, "main", &len, 0) : NULL;

    if (bytes) arm_write_bytes(text, bytes, (size_t)len);
    if (rc == SQLITE_OK && !bytes) rc = SQLITE_ERROR;
    sqlite3_free(bytes);
    return rc;
}

/* preload's name before the base's is what the arms may differ in. */
static int ask_name(const struct arm *arm, sqlite3 *db, sqlite3_str *text)
{
    static const char ours[] = "preload/";
    char *name = NULL;
    int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_VFSNAME, &name);
    const char *base = name ? name : "";

    if (arm->is_preload && strncmp(base, ours, sizeof ours - 1) == 0) base += sizeof ours - 1;
    sqlite3_str_appendf(text, "%s", base);
    sqlite3_free(name);
    return rc;
}

static int control(const struct arm *arm, const struct op *op, sqlite3_str *text)
{
    static const struct question {
        int op;
        int is_wide;
        sqlite3_int64 most; /* 0: asks, sets nothing */
    } questions[] = {
        { SQLITE_FCNTL_CHUNK_SIZE, 0, 1 << 15 },
        { SQLITE_FCNTL_POWERSAFE_OVERWRITE, 0, 2 },
        { SQLITE_FCNTL_HAS_MOVED, 0, 0 },
        { SQLITE_FCNTL_DATA_VERSION, 0, 0 },
        { SQLITE_FCNTL_LAST_ERRNO, 0, 0 },
        { SQLITE_FCNTL_MMAP_SIZE, 1, 0 },
        { SQLITE_FCNTL_EXTERNAL_READER, 0, 0 },
        { SQLITE_FCNTL_LOCKSTATE, 0, 0 },
        { 4711, 0, 0 },
    };
    const size_t count = sizeof questions / sizeof questions[0];
    uint32_t chosen = op->dice[0] % (uint32_t)(count + 1);
    const struct question *question = &questions[chosen % count];
    union {
        sqlite3_int64 wide;
        int narrow;
    } arg = { .wide = 0 };
    int rc;

    if (chosen == count) return ask_name(arm, db_of(arm, op), text);
    if (question->op == SQLITE_FCNTL_MMAP_SIZE) arg.wide = -1;
    if (question->most && question->is_wide) arg.wide = (sqlite3_int64)op->dice[1] % question->most;
    if (question->most && !question->is_wide) arg.narrow = (int)(op->dice[1] % question->most);
    rc = sqlite3_file_control(db_of(arm, op), "main", question->op, &arg);
    sqlite3_str_appendf(text, "%d: %d, %lld", question->op, rc, arg.wide);
    return rc == SQLITE_NOTFOUND ? SQLITE_OK : rc;
}

static int flush(const struct arm *arm, const struct op *op, sqlite3_str *text)
{
    sqlite3 *db = db_of(arm, op);
    int rc = arm_sql(arm, db, "SAVEPOINT flushed", text);

    if (rc != SQLITE_OK) return rc;
    rc = arm_sql(arm, db, op->text, text);
    if (rc == SQLITE_OK) rc = sqlite3_db_cacheflush(db);
    if (rc == SQLITE_OK) rc = sqlite3_db_release_memory(db);
    (void)arm_sql(arm, db,
                  op->dice[0] & 1 ? "RELEASE flushed" : "ROLLBACK TO flushed; RELEASE flushed",
                  text);
    return rc;
}

static int stop_now(void *rest)
{
    return --*(int *)rest <= 0;
}

static int interrupt(const struct arm *arm, const struct op *op, sqlite3_str *text)
{
    sqlite3 *db = db_of(arm, op);
    int rest = 1 + (int)(op->dice[0] % 20);
    int rc;

    sqlite3_progress_handler(db, 40, stop_now, &rest);
    rc = arm_sql(arm, db, op->text, text);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    if (rc == SQLITE_OK) return SQLITE_DONE; /* before it could be interrupted */
    return rc == SQLITE_INTERRUPT ? SQLITE_OK : rc;
}

static bool copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb");
    FILE *out = in ? fopen(to, "wb") : NULL;
    char bytes[8192];
    size_t len;

    while (out && (len = fread(bytes, 1, sizeof bytes, in)) > 0)
        (void)fwrite(bytes, 1, len, out);
    if (in) (void)fclose(in);
    if (out) (void)fclose(out);
    return out != NULL;
}

/* Whether a crash leaves what is needed to recover. unix-dotfile never does: it takes its own lock
 * for somebody's reservation, so that no journal is hot. */
static bool is_recoverable(const struct arm *arm, sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    bool recoverable = false;

    if (strcmp(arm->script->base->name, "unix-dotfile") == 0) return false;
    if (sqlite3_prepare_v2(db, "PRAGMA main.journal_mode", -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        const char *mode = (const char *)sqlite3_column_text(stmt, 0);

        recoverable = strcmp(mode, "off") != 0 && strcmp(mode, "memory") != 0;
    }
    sqlite3_finalize(stmt);
    return recoverable;
}

/* Copies the files as a crash in the midst of a transaction leaves them, and recovers the copy. */
static int crash(const struct arm *arm, const struct op *op, sqlite3_str *text)
{
    static const char *const suffixes[] = { "", "-journal", "-wal" };
    sqlite3 *db = db_of(arm, op);
    sqlite3 *copied = NULL;
    char to[3][64];
    int rc = is_recoverable(arm, db) ? SQLITE_OK : SQLITE_MISUSE;

    if (rc == SQLITE_OK) rc = arm_sql(arm, db, "SAVEPOINT crashing", text);
    if (rc != SQLITE_OK) return rc;
    rc = arm_sql(arm, db, op->text, text);
    if (rc == SQLITE_OK) rc = sqlite3_db_cacheflush(db);
    for (size_t i = 0; i < 3; i++) {
        char from[64];

        (void)snprintf(from, sizeof from, "%s%s", arm->script->database, suffixes[i]);
        (void)snprintf(to[i], sizeof to[i], "crashed.db%s", suffixes[i]);
        sqlite3_str_appendf(text, "%d", copy_file(from, to[i]));
    }
    (void)arm_sql(arm, db, "ROLLBACK TO crashing; RELEASE crashing", text);
    if (rc == SQLITE_OK) rc = arm_open(arm, &copied, to[0], "");
    if (rc == SQLITE_OK)
        rc =
            arm_sql(arm, copied, "SELECT count(*), total(b) FROM t0; PRAGMA integrity_check", text);
    sqlite3_close(copied);
    for (size_t i = 0; i < 3; i++)
        (void)remove(to[i]);
    return rc;
}

static int reopen(struct arm *arm, const struct op *op)
{
    struct arm_connection *connection = &arm->connections[op->connection];
    int persist = op->kind == OP_PERSIST;

    /* Right before the close: a log that outlives a change of the journal mode spoils the file. */
    if (persist && connection->db)
        (void)sqlite3_file_control(connection->db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);

    /* Every other time both close, which is the end of a session of preload's. */
    for (size_t i = 0; i < 2; i++) {
        if (i != op->connection && op->dice[0] & 1) arm_close(&arm->connections[i]);
    }
    arm_close(connection);
    if (arm->script->base->is_shared && !arm->connections[!op->connection].db)
        (void)arm_open(arm, &arm->connections[!op->connection].db, arm->script->database, "");
    return arm_open(arm, &connection->db, arm->script->database, op->text);
}

/* Without locks nobody else may have the database open: both connections close meanwhile. */
static int episode(struct arm *arm, const struct op *op, sqlite3_str *text)
{
    sqlite3 *alone = NULL;
    int rc;

    for (size_t i = 0; i < 2; i++)
        arm_close(&arm->connections[i]);
    rc = arm_open(arm, &alone, arm->script->database, op->text);
    if (rc == SQLITE_OK)
        rc = arm_sql(arm, alone,
                     "SELECT count(*), sum(b) FROM t0; SELECT * FROM t1 WHERE a < 30;"
                     "PRAGMA integrity_check",
                     text);
    if (alone) {
        int written = arm_sql(arm, alone, "UPDATE t1 SET b = b + 1 WHERE a < 30", text);

        sqlite3_str_appendf(text, "written: %d %s", written, sqlite3_errmsg(alone));
    }
    sqlite3_close(alone);
    for (size_t i = 0; i < 2; i++) {
        if (i == 0 || arm->script->base->is_shared)
            (void)arm_open(arm, &arm->connections[i].db, arm->script->database, "");
    }
    return rc;
}

int arm_call(struct arm *arm, const struct op *op, sqlite3_str *text)
{
    switch (op->kind) {
    case OP_SQL:
        return arm_sql(arm, db_of(arm, op), op->text, text);
    case OP_HOLD:
        return hold(arm, op, text);
    case OP_RELEASE:
        return release(arm, op);
    case OP_BLOB:
        return use_blob(arm, op, text);
    case OP_BACKUP_OUT:
    case OP_BACKUP_IN:
        return back_up(arm, op, text);
    case OP_SERIALIZE:
        return serialize(arm, op, text);
    case OP_CONTROL:
        return control(arm, op, text);
    case OP_FLUSH:
        return flush(arm, op, text);
    case OP_INTERRUPT:
        return interrupt(arm, op, text);
    case OP_CRASH:
        return crash(arm, op, text);
    case OP_REOPEN:
    case OP_PERSIST:
        return reopen(arm, op);
    case OP_EPISODE:
        return episode(arm, op, text);
    }
    return SQLITE_MISUSE;
}
