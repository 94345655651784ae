/* The public calls of preload.h, but for registration. */
#include <string.h>

#include "vfs/entry/fork.h"
#include "vfs/entry/instances.h"
#include "vfs/entry/other_copy.h"
#include "vfs/process/config.h"
#include "vfs/process/log.h"
#include "vfs/process/process.h"
#include "vfs/sqlite.h"

int preload_configure(const char *name, const char *value)
{
    enum config_result result;
    sqlite3_vfs *other;

    preload_fork_notice();
    if (!name || !value) return SQLITE_ERROR;
    result = preload_config_host(name, value);
    if (result != CONFIG_OK && result != CONFIG_CLAMPED) return SQLITE_ERROR;
    other = preload_other_copy_in_use();
    return other ? preload_other_copy_configure(other, name, value) : SQLITE_OK;
}

int preload_flush(sqlite3 *db, const char *schema)
{
    int rc = sqlite3_file_control(db, schema, PRELOAD_FCNTL_FLUSH, NULL);
    struct preload_stats stats;

    if (rc != SQLITE_ERROR) return rc == SQLITE_OK ? SQLITE_OK : SQLITE_NOTFOUND;
    /* An unknown schema and an unopened temp answer ERROR too. */
    return preload_stats_of(db, schema, &stats) == SQLITE_OK ? SQLITE_ERROR : SQLITE_NOTFOUND;
}

/* An unknown schema and an unopened temp have no VFS, and nothing to be told about. */
static enum preload_reason why_not(sqlite3 *db, const char *schema)
{
    const char *name = sqlite3_db_filename(db, schema ? schema : "main");
    struct config process;
    sqlite3_vfs *vfs = NULL;

    if (sqlite3_file_control(db, schema, SQLITE_FCNTL_VFS_POINTER, &vfs) != SQLITE_OK || !vfs)
        return PRELOAD_REASON_NONE;
    if (!name || !name[0]) return PRELOAD_REASON_FILE;
    if (!preload_config_begin(&process)) return PRELOAD_REASON_MODE;
    return preload_instance_of(vfs) ? PRELOAD_REASON_MODE : PRELOAD_REASON_VFS;
}

int preload_stats_of(sqlite3 *db, const char *schema, struct preload_stats *out)
{
    memset(out, 0, sizeof *out);
    if (sqlite3_file_control(db, schema, PRELOAD_FCNTL_STATS, out) == SQLITE_OK) return SQLITE_OK;
    /* A file of ours that belongs to no database has said so. */
    if (out->reason == PRELOAD_REASON_NONE) out->reason = why_not(db, schema);
    return SQLITE_NOTFOUND;
}

void preload_process_stats(struct preload_process_stats *out)
{
    *out = (struct preload_process_stats){
        .opens = (sqlite3_int64)preload_process_counter(PROCESS_OPENS),
        .wrapped = (sqlite3_int64)preload_process_counter(PROCESS_WRAPPED),
        .prefetches = (sqlite3_int64)preload_process_counter(PROCESS_PREFETCHES),
        .saves = (sqlite3_int64)preload_process_counter(PROCESS_SAVES),
        .errors = (sqlite3_int64)preload_log_errors(),
    };
}
