/* Three lines a method. Read beside sqlite3.h, "OS Interface Open File Handle". */
#include "vfs/shim.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "vfs/config.h"
#include "vfs/database.h"
#include "vfs/process.h"

/* The base's file object lies behind ours, 8-byte aligned. */
struct shim_file {
    sqlite3_file file;
    sqlite3_io_methods methods;
    struct connection connection;
    sqlite3_file *real;
};

_Static_assert(sizeof(struct shim_file) % 8 == 0, "the base's file object is aligned behind it");

static atomic_uint open_files;

static inline struct shim_file *shim_of(sqlite3_file *file)
{
    return (struct shim_file *)file;
}

static inline sqlite3_file *real_of(sqlite3_file *file)
{
    return shim_of(file)->real;
}

static inline sqlite3_vfs *base_of(sqlite3_vfs *vfs)
{
    return ((struct instance *)vfs)->base;
}

unsigned preload_shim_open_files(void)
{
    return atomic_load(&open_files);
}

/* Version 1 */

static int shim_close(sqlite3_file *file)
{
    struct shim_file *shim = shim_of(file);
    int rc;

    preload_database_detach(&shim->connection);
    rc = shim->real->pMethods->xClose(shim->real);
    preload_database_release(&shim->connection);
    file->pMethods = NULL;
    atomic_fetch_sub(&open_files, 1);
    return rc;
}

static int shim_read(sqlite3_file *file, void *bytes, int amount, sqlite3_int64 offset)
{
    struct shim_file *shim = shim_of(file);
    int rc = shim->real->pMethods->xRead(shim->real, bytes, amount, offset);

    if (rc == SQLITE_OK) preload_connection_read(&shim->connection, bytes, amount, offset);
    return rc;
}

static int shim_write(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
    struct shim_file *shim = shim_of(file);
    int rc = shim->real->pMethods->xWrite(shim->real, bytes, amount, offset);

    if (rc == SQLITE_OK && offset == 0)
        preload_connection_wrote(&shim->connection, bytes, amount, offset);
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

static int shim_lock(sqlite3_file *file, int level)
{
    struct shim_file *shim = shim_of(file);
    int rc = shim->real->pMethods->xLock(shim->real, level);

    preload_connection_tick(&shim->connection);
    return rc;
}

static int shim_unlock(sqlite3_file *file, int level)
{
    struct shim_file *shim = shim_of(file);

    /* The lock is still held, which is when a handle on the same file may be closed. */
    if (shim->connection.owns_readers) preload_database_close_handles(&shim->connection);
    preload_connection_tick(&shim->connection);
    return shim->real->pMethods->xUnlock(shim->real, level);
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

static int own_control(struct connection *connection, int op, void *arg)
{
    struct database *database = connection->database;

    if (op == PRELOAD_FCNTL_STATS) {
        memset(arg, 0, sizeof(struct preload_stats));
        if (database) preload_database_stats(database, arg);
        return SQLITE_OK;
    }
    return database ? preload_database_flush(database) : SQLITE_OK;
}

static int shim_file_control(sqlite3_file *file, int op, void *arg)
{
    struct shim_file *shim = shim_of(file);
    int rc;

    switch (op) {
    case PRELOAD_FCNTL_STATS:
    case PRELOAD_FCNTL_FLUSH:
        rc = own_control(&shim->connection, op, arg);
        preload_connection_tick(&shim->connection);
        return rc;
    case SQLITE_FCNTL_VFSNAME:
        return vfs_name(shim, "preload", arg);
    case SQLITE_FCNTL_OVERWRITE:
        preload_connection_relocated(&shim->connection);
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
    return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, out);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    struct shim_file *shim = shim_of(file);

    if (flags & SQLITE_SHM_UNLOCK) preload_connection_tick(&shim->connection);
    return shim->real->pMethods->xShmLock(shim->real, offset, count, flags);
}

static void shim_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shim_shm_unmap(sqlite3_file *file, int delete_it)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_it);
}

/* Version 3 */

static int shim_fetch(sqlite3_file *file, sqlite3_int64 offset, int amount, void **out)
{
    struct shim_file *shim = shim_of(file);
    int rc = shim->real->pMethods->xFetch(shim->real, offset, amount, out);

    if (rc == SQLITE_OK && *out) preload_connection_read(&shim->connection, *out, amount, offset);
    return rc;
}

static int shim_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page)
{
    return real_of(file)->pMethods->xUnfetch(real_of(file), offset, page);
}

/* A slot is ours exactly where the base has one. */
#define METHOD(slot, ours)                                                                         \
    if (base->slot) methods->slot = ours

static void init_methods(sqlite3_io_methods *methods, const sqlite3_io_methods *base)
{
    memset(methods, 0, sizeof *methods);
    methods->iVersion = base->iVersion < 3 ? base->iVersion : 3;
    METHOD(xClose, shim_close);
    METHOD(xRead, shim_read);
    METHOD(xWrite, shim_write);
    METHOD(xTruncate, shim_truncate);
    METHOD(xSync, shim_sync);
    METHOD(xFileSize, shim_file_size);
    METHOD(xLock, shim_lock);
    METHOD(xUnlock, shim_unlock);
    METHOD(xCheckReservedLock, shim_check_reserved_lock);
    METHOD(xFileControl, shim_file_control);
    METHOD(xSectorSize, shim_sector_size);
    METHOD(xDeviceCharacteristics, shim_device_characteristics);
    if (methods->iVersion < 2) return;
    METHOD(xShmMap, shim_shm_map);
    METHOD(xShmLock, shim_shm_lock);
    METHOD(xShmBarrier, shim_shm_barrier);
    METHOD(xShmUnmap, shim_shm_unmap);
    if (methods->iVersion < 3) return;
    METHOD(xFetch, shim_fetch);
    METHOD(xUnfetch, shim_unfetch);
}

/* The VFS itself */

/* A file without a name, in memory, or gone at its close has nothing to come back to. */
static bool is_worth_wrapping(const char *name, int flags)
{
    return name && (flags & SQLITE_OPEN_MAIN_DB) &&
           !(flags & (SQLITE_OPEN_MEMORY | SQLITE_OPEN_DELETEONCLOSE));
}

static int open_wrapped(struct instance *instance, const char *name, struct shim_file *shim,
                        int flags, int *out_flags, const struct config *config)
{
    int rc;

    memset(shim, 0, sizeof *shim);
    shim->real = (sqlite3_file *)&shim[1];
    shim->real->pMethods = NULL;
    rc = instance->base->xOpen(instance->base, name, shim->real, flags, out_flags);
    if (rc != SQLITE_OK) {
        if (shim->real->pMethods) shim->real->pMethods->xClose(shim->real);
        return rc;
    }
    init_methods(&shim->methods, shim->real->pMethods);
    shim->file.pMethods = &shim->methods;
    atomic_fetch_add(&open_files, 1);
    preload_process_count(PROCESS_WRAPPED);
    preload_database_attach(&shim->connection, instance->base, instance->base_is_os, shim->real,
                            name, config);
    return SQLITE_OK;
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    struct instance *instance = (struct instance *)vfs;
    struct config config;

    preload_process_count(PROCESS_OPENS);
    if (is_worth_wrapping(name, flags)) {
        preload_config_resolve(&config, name);
        if (config.mode != CONFIG_MODE_OFF)
            return open_wrapped(instance, name, shim_of(file), flags, out_flags, &config);
    }
    return instance->base->xOpen(instance->base, name, file, flags, out_flags);
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    return base_of(vfs)->xDelete(base_of(vfs), name, sync_directory);
}

static int shim_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    return base_of(vfs)->xAccess(base_of(vfs), name, flags, out);
}

static int shim_full_pathname(sqlite3_vfs *vfs, const char *name, int len, char *out)
{
    return base_of(vfs)->xFullPathname(base_of(vfs), name, len, out);
}

static void *shim_dl_open(sqlite3_vfs *vfs, const char *name)
{
    return base_of(vfs)->xDlOpen(base_of(vfs), name);
}

static void shim_dl_error(sqlite3_vfs *vfs, int len, char *out)
{
    base_of(vfs)->xDlError(base_of(vfs), len, out);
}

static void (*shim_dl_sym(sqlite3_vfs *vfs, void *library, const char *symbol))(void)
{
    return base_of(vfs)->xDlSym(base_of(vfs), library, symbol);
}

static void shim_dl_close(sqlite3_vfs *vfs, void *library)
{
    base_of(vfs)->xDlClose(base_of(vfs), library);
}

static int shim_randomness(sqlite3_vfs *vfs, int len, char *out)
{
    return base_of(vfs)->xRandomness(base_of(vfs), len, out);
}

static int shim_sleep(sqlite3_vfs *vfs, int microseconds)
{
    return base_of(vfs)->xSleep(base_of(vfs), microseconds);
}

static int shim_current_time(sqlite3_vfs *vfs, double *out)
{
    return base_of(vfs)->xCurrentTime(base_of(vfs), out);
}

static int shim_get_last_error(sqlite3_vfs *vfs, int len, char *out)
{
    return base_of(vfs)->xGetLastError(base_of(vfs), len, out);
}

static int shim_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    return base_of(vfs)->xCurrentTimeInt64(base_of(vfs), out);
}

static int shim_set_system_call(sqlite3_vfs *vfs, const char *name, sqlite3_syscall_ptr call)
{
    return base_of(vfs)->xSetSystemCall(base_of(vfs), name, call);
}

static sqlite3_syscall_ptr shim_get_system_call(sqlite3_vfs *vfs, const char *name)
{
    return base_of(vfs)->xGetSystemCall(base_of(vfs), name);
}

static const char *shim_next_system_call(sqlite3_vfs *vfs, const char *name)
{
    return base_of(vfs)->xNextSystemCall(base_of(vfs), name);
}

#define VFS_METHOD(slot, ours)                                                                     \
    if (base->slot) vfs->slot = ours

void preload_shim_init(struct instance *instance, sqlite3_vfs *base, const char *name)
{
    sqlite3_vfs *vfs = &instance->vfs;

    instance->base = base;
    (void)sqlite3_snprintf(sizeof instance->name, instance->name, "%s", name);
    vfs->iVersion = base->iVersion < 3 ? base->iVersion : 3;
    vfs->szOsFile = (int)sizeof(struct shim_file) + base->szOsFile;
    vfs->mxPathname = base->mxPathname;
    vfs->zName = instance->name;
    vfs->pAppData = instance;
    vfs->xOpen = shim_open;
    VFS_METHOD(xDelete, shim_delete);
    VFS_METHOD(xAccess, shim_access);
    VFS_METHOD(xFullPathname, shim_full_pathname);
    VFS_METHOD(xDlOpen, shim_dl_open);
    VFS_METHOD(xDlError, shim_dl_error);
    VFS_METHOD(xDlSym, shim_dl_sym);
    VFS_METHOD(xDlClose, shim_dl_close);
    VFS_METHOD(xRandomness, shim_randomness);
    VFS_METHOD(xSleep, shim_sleep);
    VFS_METHOD(xCurrentTime, shim_current_time);
    VFS_METHOD(xGetLastError, shim_get_last_error);
    if (vfs->iVersion < 2) return;
    VFS_METHOD(xCurrentTimeInt64, shim_current_time_int64);
    if (vfs->iVersion < 3) return;
    VFS_METHOD(xSetSystemCall, shim_set_system_call);
    VFS_METHOD(xGetSystemCall, shim_get_system_call);
    VFS_METHOD(xNextSystemCall, shim_next_system_call);
}

int preload_shim_is_ours(const sqlite3_vfs *vfs)
{
    return vfs && vfs->xOpen == shim_open;
}
