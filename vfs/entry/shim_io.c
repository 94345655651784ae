/* Three lines a method. Read beside sqlite3.h, "OS Interface Open File Handle". */
#include "vfs/entry/shim_io.h"

#include <stdlib.h>
#include <string.h>

#include "vfs/database/exchange.h"
#include "vfs/database/stats.h"
#include "vfs/entry/fork.h"
#include "vfs/entry/say.h"
#include "vfs/entry/shim_list.h"
#include "vfs/entry/shim_tables.h"
#include "vfs/entry/uri.h"

static inline struct connection *connection_of(struct shim_file *shim)
{
    return &shim->attachment.connection;
}

static inline sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct shim_handle *)file)->real;
}

/* Follows a mode that the host set since the file was opened. */
static void follow_host(struct shim_file *shim)
{
    struct config config;

    if (!preload_attachment_is_outdated(&shim->attachment)) return;
    preload_uri_resolve(&config, shim->uri_name);
    preload_attachment_follow(&shim->attachment, &config);
}

/* Takes the time, follows the host's mode, sees and says what workers have to say. */
static void tick(struct shim_file *shim)
{
    preload_connection_tick(connection_of(shim));
    follow_host(shim);
    preload_attachment_start_over(&shim->attachment, shim->real, shim->uri_name);
    preload_say();
}

/* Version 1 */

static int shim_close(sqlite3_file *file)
{
    struct shim_file *shim = preload_shim_of(file);
    int rc;

    preload_fork_notice();
    preload_shim_unlist(shim);
    if (shim->log) shim->log->main = NULL;
    follow_host(shim);
    preload_detach(&shim->attachment);
    rc = shim->real->pMethods->xClose(shim->real);
    preload_release(&shim->attachment);
    free(shim);
    file->pMethods = NULL;
    preload_say();
    return rc;
}

static NOINLINE int read_and_record(struct shim_file *shim, void *bytes, int amount,
                                    sqlite3_int64 offset)
{
    int rc;

    preload_recording_reads(&connection_of(shim)->recording, true);
    rc = shim->real->pMethods->xRead(shim->real, bytes, amount, offset);
    preload_recording_reads(&connection_of(shim)->recording, false);
    if (rc == SQLITE_OK) preload_connection_read(connection_of(shim), bytes, amount, offset);
    return rc;
}

static int shim_read(sqlite3_file *file, void *bytes, int amount, sqlite3_int64 offset)
{
    struct shim_file *shim = preload_shim_of(file);

    if (preload_connection_knows(connection_of(shim), amount, offset))
        return shim->real->pMethods->xRead(shim->real, bytes, amount, offset);
    return read_and_record(shim, bytes, amount, offset);
}

static int shim_write(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
    struct shim_file *shim = preload_shim_of(file);
    int rc = shim->real->pMethods->xWrite(shim->real, bytes, amount, offset);

    if (rc == SQLITE_OK) preload_connection_wrote(connection_of(shim), bytes, amount, offset);
    return rc;
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int shim_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static NOINLINE int lock_and_look(struct shim_file *shim, int level)
{
    int rc = shim->real->pMethods->xLock(shim->real, level);

    if (rc != SQLITE_OK) return rc;
    shim->level = level;
    preload_connection_locked(connection_of(shim), level);
    tick(shim);
    return SQLITE_OK;
}

static int shim_lock(sqlite3_file *file, int level)
{
    struct shim_file *shim = preload_shim_of(file);

    if (preload_connection_ignores_lock(connection_of(shim), level))
        return shim->real->pMethods->xLock(shim->real, level);
    return lock_and_look(shim, level);
}

/* While a lock is still held a handle on the same file may be closed. After an xLock that was
 * refused the pager calls this, too. */
static NOINLINE int look_and_unlock(struct shim_file *shim, int level)
{
    int rc;

    if (shim->level > SQLITE_LOCK_NONE) preload_attachment_close_handles(&shim->attachment);
    preload_connection_unlocking(connection_of(shim));
    tick(shim);
    rc = shim->real->pMethods->xUnlock(shim->real, level);
    if (rc == SQLITE_OK && level < shim->level) shim->level = level;
    return rc;
}

static int shim_unlock(sqlite3_file *file, int level)
{
    struct shim_file *shim = preload_shim_of(file);

    if (preload_connection_end_quietly(connection_of(shim)))
        return shim->real->pMethods->xUnlock(shim->real, level);
    return look_and_unlock(shim, level);
}

static int shim_check_reserved_lock(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

/* The base answers first; a base that does not know the question leaves our name alone. */
static int vfs_name(struct shim_file *shim, const char *ours, char **name)
{
    int rc = shim->real->pMethods->xFileControl(shim->real, SQLITE_FCNTL_VFSNAME, name);

    if (rc == SQLITE_NOTFOUND) {
        *name = sqlite3_mprintf("%s", ours);
        return *name ? SQLITE_OK : SQLITE_NOMEM;
    }
    if (rc == SQLITE_OK) *name = sqlite3_mprintf("%s/%z", ours, *name);
    return rc;
}

/* A message may come before anything was read: its pages are kept with the page size, which page 1
 * has. */
static void learn_page_size(struct shim_file *shim)
{
    uint8_t header[HINT_HEADER_BYTES];

    if (connection_of(shim)->page_shift != CONNECTION_SHIFT_UNKNOWN) return;
    if (shim->real->pMethods->xRead(shim->real, header, sizeof header, 0) == SQLITE_OK)
        preload_connection_read(connection_of(shim), header, sizeof header, 0);
}

static int flush(struct database *database)
{
    enum store_result result = preload_saving_save(&database->saving, true);

    return result == STORE_OK || result == STORE_NONE ? SQLITE_OK : SQLITE_ERROR;
}

static int own_control(struct shim_file *shim, int op, void *arg)
{
    struct database *database = shim->attachment.database;

    /* Who asked knows then that a file of ours is there, and that it has no database. */
    if (!database && op == PRELOAD_FCNTL_STATS)
        ((struct preload_stats *)arg)->reason = PRELOAD_REASON_FILE;
    if (!database) return SQLITE_NOTFOUND;
    if (op == PRELOAD_FCNTL_STATS) {
        preload_database_stats(database, arg);
        preload_stats_explain(arg, connection_of(shim));
        return SQLITE_OK;
    }
    if (op == PRELOAD_FCNTL_FLUSH) return flush(database);
    if (op == PRELOAD_FCNTL_EXPORT) return preload_exchange_export(database, arg);
    learn_page_size(shim);
    return preload_exchange_import(database, arg);
}

static int shim_file_control(sqlite3_file *file, int op, void *arg)
{
    struct shim_file *shim = preload_shim_of(file);
    int rc;

    switch (op) {
    case PRELOAD_FCNTL_STATS:
    case PRELOAD_FCNTL_FLUSH:
    case PRELOAD_FCNTL_EXPORT:
    case PRELOAD_FCNTL_IMPORT:
        rc = own_control(shim, op, arg);
        tick(shim);
        return rc;
    case SQLITE_FCNTL_VFSNAME:
        return vfs_name(shim, "preload", arg);
    case SQLITE_FCNTL_OVERWRITE:
        preload_connection_overwrites(connection_of(shim));
        break;
    case SQLITE_FCNTL_COMMIT_PHASETWO:
        preload_connection_committed(connection_of(shim));
        break;
    case SQLITE_FCNTL_PRAGMA:
        preload_connection_pragma(connection_of(shim), ((char **)arg)[1]);
        break;
    case SQLITE_FCNTL_CKPT_START:
    case SQLITE_FCNTL_CKPT_DONE:
        preload_connection_checkpoints(connection_of(shim), op == SQLITE_FCNTL_CKPT_START);
        break;
    default:
        break;
    }
    return shim->real->pMethods->xFileControl(shim->real, op, arg);
}

static int shim_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int shim_device_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

/* Version 2 */

static int shim_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    struct shim_file *shim = preload_shim_of(file);
    int rc = shim->real->pMethods->xShmMap(shim->real, region, size, extend, out);

    if (rc == SQLITE_OK && *out)
        preload_wal_index_map(&connection_of(shim)->log.index, region, *out);
    return rc;
}

static NOINLINE int shm_lock_and_look(struct shim_file *shim, int offset, int count, int flags)
{
    int rc = shim->real->pMethods->xShmLock(shim->real, offset, count, flags);

    if (rc == SQLITE_OK && preload_connection_shm_locked(connection_of(shim), offset, flags))
        tick(shim);
    return rc;
}

static int shim_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    struct shim_file *shim = preload_shim_of(file);

    if (preload_connection_ignores_shm_lock(connection_of(shim), offset, flags))
        return shim->real->pMethods->xShmLock(shim->real, offset, count, flags);
    return shm_lock_and_look(shim, offset, count, flags);
}

static void shim_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shim_shm_unmap(sqlite3_file *file, int delete_it)
{
    preload_wal_index_unmap(&connection_of(preload_shim_of(file))->log.index);
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_it);
}

/* Version 3 */

/* The mapped bytes are not looked at. SQLite asks for them before it looks into its cache, and
 * where the cache has the page, it leaves them alone: they may lie past the end of a file that
 * another connection truncated, and then a look is a SIGBUS. */
static NOINLINE int fetch_and_record(struct shim_file *shim, sqlite3_int64 offset, int amount,
                                     void **out)
{
    int rc = shim->real->pMethods->xFetch(shim->real, offset, amount, out);

    if (rc == SQLITE_OK && *out) preload_connection_read(connection_of(shim), NULL, amount, offset);
    return rc;
}

static int shim_fetch(sqlite3_file *file, sqlite3_int64 offset, int amount, void **out)
{
    struct shim_file *shim = preload_shim_of(file);

    if (preload_connection_knows_mapped(connection_of(shim), offset))
        return shim->real->pMethods->xFetch(shim->real, offset, amount, out);
    return fetch_and_record(shim, offset, amount, out);
}

static int shim_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page)
{
    return real_of(file)->pMethods->xUnfetch(real_of(file), offset, page);
}

/* The write-ahead log of a wrapped database: its frames are the database's pages. */

static int wal_close(sqlite3_file *file)
{
    struct shim_file *shim = preload_shim_of(file);
    int rc;

    if (shim->main) {
        shim->main->log = NULL;
        preload_connection_has_log(connection_of(shim->main), false);
    }
    rc = shim->real->pMethods->xClose(shim->real);
    free(shim);
    file->pMethods = NULL;
    return rc;
}

static NOINLINE int read_log_and_record(struct shim_file *shim, void *bytes, int amount,
                                        sqlite3_int64 offset)
{
    int rc = shim->real->pMethods->xRead(shim->real, bytes, amount, offset);

    if (rc == SQLITE_OK)
        preload_connection_read_log(connection_of(shim->main), bytes, amount, offset);
    return rc;
}

static int wal_read(sqlite3_file *file, void *bytes, int amount, sqlite3_int64 offset)
{
    struct shim_file *shim = preload_shim_of(file);

    if (!shim->main || preload_connection_knows_log(connection_of(shim->main), amount, offset))
        return shim->real->pMethods->xRead(shim->real, bytes, amount, offset);
    return read_log_and_record(shim, bytes, amount, offset);
}

static int wal_write(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
    struct shim_file *shim = preload_shim_of(file);
    int rc = shim->real->pMethods->xWrite(shim->real, bytes, amount, offset);

    if (rc == SQLITE_OK && shim->main)
        preload_connection_wrote_log(connection_of(shim->main), bytes, amount, offset);
    return rc;
}

static int wal_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int wal_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int wal_file_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

/* A slot is ours exactly where the base has one. */
#define METHOD(slot, ours)                                                                         \
    if (base->slot) methods->slot = ours

/* What neither kind of file looks at. */
static void init_methods(sqlite3_io_methods *methods, const sqlite3_io_methods *base,
                         int version_max)
{
    memset(methods, 0, sizeof *methods);
    methods->iVersion = base->iVersion < version_max ? base->iVersion : version_max;
    METHOD(xTruncate, shim_truncate);
    METHOD(xSync, shim_sync);
    METHOD(xFileSize, shim_file_size);
    METHOD(xCheckReservedLock, shim_check_reserved_lock);
    METHOD(xSectorSize, shim_sector_size);
    METHOD(xDeviceCharacteristics, shim_device_characteristics);
}

/* SQLite keeps names one behind the other: the database's, its parameters, an empty one, the
 * journal's and the log's. The log's own says as much by what stands before it, but only the flag
 * tells that a name is SQLite's, and a log is opened without. So the place is foreseen. */
static uintptr_t place_of_log_name(const char *name, const char *uri_name)
{
    size_t len = strlen(name);
    size_t end = len + 1;

    while (uri_name && uri_name[end]) {
        end += strlen(uri_name + end) + 1;
        end += strlen(uri_name + end) + 1; /* its value, which may be empty */
    }
    return (uintptr_t)name + end + 1 + len + sizeof "-journal";
}

struct shim_file *preload_shim_file_new(const sqlite3_vfs *base, const char *name, int flags)
{
    struct shim_file *shim = calloc(1, sizeof *shim + (size_t)base->szOsFile);

    if (!shim) return NULL;
    shim->real = (sqlite3_file *)&shim[1];
    shim->name = name;
    shim->uri_name = flags & SQLITE_OPEN_URI ? name : NULL;
    shim->log_name = place_of_log_name(name, shim->uri_name);
    return shim;
}

static void init_main_methods(sqlite3_io_methods *methods, const sqlite3_io_methods *base)
{
    init_methods(methods, base, 3);
    METHOD(xClose, shim_close);
    METHOD(xRead, shim_read);
    METHOD(xWrite, shim_write);
    METHOD(xLock, shim_lock);
    METHOD(xUnlock, shim_unlock);
    METHOD(xFileControl, shim_file_control);
    if (methods->iVersion >= 2) {
        METHOD(xShmMap, shim_shm_map);
        METHOD(xShmLock, shim_shm_lock);
        METHOD(xShmBarrier, shim_shm_barrier);
        METHOD(xShmUnmap, shim_shm_unmap);
    }
    if (methods->iVersion >= 3) {
        METHOD(xFetch, shim_fetch);
        METHOD(xUnfetch, shim_unfetch);
    }
}

/* SQLite asks a log for the methods of version 1 and no others. */
static void init_wal_methods(sqlite3_io_methods *methods, const sqlite3_io_methods *base)
{
    init_methods(methods, base, 1);
    METHOD(xClose, wal_close);
    METHOD(xRead, wal_read);
    METHOD(xWrite, wal_write);
    METHOD(xLock, wal_lock);
    METHOD(xUnlock, wal_unlock);
    METHOD(xFileControl, wal_file_control);
}

static bool give_table(sqlite3_file *file, struct shim_file *shim, const sqlite3_io_methods *wanted)
{
    const sqlite3_io_methods *table = preload_shim_table(wanted);

    if (!table) return false;
    ((struct shim_handle *)file)->real = shim->real;
    ((struct shim_handle *)file)->shim = shim;
    file->pMethods = table;
    return true;
}

bool preload_shim_file_main(sqlite3_file *file, struct shim_file *shim)
{
    sqlite3_io_methods wanted;

    init_main_methods(&wanted, shim->real->pMethods);
    if (!give_table(file, shim, &wanted)) return false;
    preload_shim_list(shim);
    return true;
}

bool preload_shim_file_wal(sqlite3_file *file, struct shim_file *shim, struct shim_file *main)
{
    sqlite3_io_methods wanted;

    init_wal_methods(&wanted, shim->real->pMethods);
    if (!give_table(file, shim, &wanted)) return false;
    shim->main = main;
    main->log = shim;
    preload_connection_has_log(connection_of(main), true);
    return true;
}
