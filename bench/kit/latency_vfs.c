/* The shim. Each method of three lines passes on to the base's file, which lies right behind ours;
 * xRead, xWrite and xTruncate tell the device first.
 *
 * The method table is part of each file: it is the full one below, less the slots that the base's
 * file lacks, at the base's version but 2 at most. */
#include "bench/kit/latency_vfs.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "vfs/preload.h"

struct latency_vfs {
    sqlite3_vfs vfs; /* first: SQLite's pointer is ours */
    sqlite3_vfs *base;
    struct device device;
    atomic_bool every_file;
    atomic_int open_count;
    char name[];
};

struct latency_file {
    sqlite3_file file; /* first: SQLite's pointer is ours */
    struct latency_vfs *vfs;
    struct device_file *residence;
    sqlite3_io_methods methods;
};

/* The base's file starts at the next multiple of 8. */
#define FILE_BYTES ((sizeof(struct latency_file) + 7) & ~(size_t)7)

static struct latency_file *ours(sqlite3_file *file)
{
    return (struct latency_file *)file;
}

static sqlite3_file *base_file(sqlite3_file *file)
{
    return (sqlite3_file *)(void *)((char *)file + FILE_BYTES);
}

static struct latency_vfs *instance(sqlite3_vfs *vfs)
{
    return (struct latency_vfs *)vfs;
}

static sqlite3_vfs *base_vfs(sqlite3_vfs *vfs)
{
    return instance(vfs)->base;
}

/* ---- files ---- */

static int file_close(sqlite3_file *file)
{
    sqlite3_file *base = base_file(file);
    const int rc = base->pMethods->xClose(base);

    atomic_fetch_sub(&ours(file)->vfs->open_count, 1);
    return rc;
}

/* The base reads while the device is busy with the request: what the read costs is part of the
 * latency, not added to it. */
static int file_read(sqlite3_file *file, void *out, int amount, sqlite3_int64 offset)
{
    struct device *device = &ours(file)->vfs->device;
    sqlite3_file *base = base_file(file);
    const uint64_t deadline_ns =
        device_read(device, ours(file)->residence, (uint64_t)offset, (uint64_t)amount);
    const int rc = base->pMethods->xRead(base, out, amount, offset);

    device_wait(device, deadline_ns);
    return rc;
}

static int file_write(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
    sqlite3_file *base = base_file(file);
    const int rc = base->pMethods->xWrite(base, bytes, amount, offset);

    if (rc == SQLITE_OK) {
        device_write(&ours(file)->vfs->device, ours(file)->residence, (uint64_t)offset,
                     (uint64_t)amount);
    }
    return rc;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    sqlite3_file *base = base_file(file);
    const int rc = base->pMethods->xTruncate(base, size);

    if (rc == SQLITE_OK) {
        device_truncate(&ours(file)->vfs->device, ours(file)->residence, (uint64_t)size);
    }
    return rc;
}

static int file_sync(sqlite3_file *file, int flags)
{
    sqlite3_file *base = base_file(file);
    return base->pMethods->xSync(base, flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    sqlite3_file *base = base_file(file);
    return base->pMethods->xFileSize(base, size);
}

static int file_lock(sqlite3_file *file, int level)
{
    sqlite3_file *base = base_file(file);
    return base->pMethods->xLock(base, level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    sqlite3_file *base = base_file(file);
    return base->pMethods->xUnlock(base, level);
}

static int file_check_reserved_lock(sqlite3_file *file, int *out)
{
    sqlite3_file *base = base_file(file);
    return base->pMethods->xCheckReservedLock(base, out);
}

/* Requests of any size, on any thread, are what the device is made for. */
static int serve_workers(sqlite3_file *file, struct preload_read_pages *question)
{
    if (question->file != file || question->count != 0) return SQLITE_NOTFOUND;
    question->answered = 1;
    return SQLITE_OK;
}

/* Adds our name in front of the base's; a base that knows no name leaves ours alone. */
static int name_of_vfs(struct latency_vfs *vfs, int rc, char **name)
{
    if (rc != SQLITE_OK) *name = NULL;
    *name = *name != NULL ? sqlite3_mprintf("%s/%z", vfs->name, *name)
                          : sqlite3_mprintf("%s", vfs->name);
    return *name != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

static int file_control(sqlite3_file *file, int opcode, void *argument)
{
    struct latency_vfs *vfs = ours(file)->vfs;
    struct device_file *residence = ours(file)->residence;
    sqlite3_file *base = base_file(file);
    int rc;

    switch (opcode) {
    case LATENCY_FCNTL_EVICT:
        device_evict(&vfs->device, residence);
        return SQLITE_OK;
    case LATENCY_FCNTL_COUNTERS:
        device_counters(&vfs->device, residence, argument);
        return SQLITE_OK;
    case LATENCY_FCNTL_RESET:
        device_reset(&vfs->device, residence);
        return SQLITE_OK;
    case LATENCY_FCNTL_RESIDENT:
        *(uint64_t *)argument = device_resident(&vfs->device, residence);
        return SQLITE_OK;
    case PRELOAD_FCNTL_READ_PAGES:
        return serve_workers(file, argument);
    default:
        rc = base->pMethods->xFileControl(base, opcode, argument);
        if (opcode == SQLITE_FCNTL_VFSNAME) rc = name_of_vfs(vfs, rc, argument);
        return rc;
    }
}

static int file_sector_size(sqlite3_file *file)
{
    sqlite3_file *base = base_file(file);
    return base->pMethods->xSectorSize(base);
}

static int file_device_characteristics(sqlite3_file *file)
{
    sqlite3_file *base = base_file(file);
    return base->pMethods->xDeviceCharacteristics(base);
}

static int file_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    sqlite3_file *base = base_file(file);
    return base->pMethods->xShmMap(base, region, size, extend, out);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    sqlite3_file *base = base_file(file);
    return base->pMethods->xShmLock(base, offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    sqlite3_file *base = base_file(file);
    base->pMethods->xShmBarrier(base);
}

static int file_shm_unmap(sqlite3_file *file, int delete_flag)
{
    sqlite3_file *base = base_file(file);
    return base->pMethods->xShmUnmap(base, delete_flag);
}

static sqlite3_io_methods methods_like(const sqlite3_io_methods *base)
{
    sqlite3_io_methods methods = { .iVersion = base->iVersion < 2 ? base->iVersion : 2 };

#define METHODS_V1(X)                                                                              \
    X(xClose, file_close)                                                                          \
    X(xRead, file_read)                                                                            \
    X(xWrite, file_write)                                                                          \
    X(xTruncate, file_truncate)                                                                    \
    X(xSync, file_sync)                                                                            \
    X(xFileSize, file_size)                                                                        \
    X(xLock, file_lock)                                                                            \
    X(xUnlock, file_unlock)                                                                        \
    X(xCheckReservedLock, file_check_reserved_lock)                                                \
    X(xFileControl, file_control)                                                                  \
    X(xSectorSize, file_sector_size)                                                               \
    X(xDeviceCharacteristics, file_device_characteristics)
#define METHODS_V2(X)                                                                              \
    X(xShmMap, file_shm_map)                                                                       \
    X(xShmLock, file_shm_lock)                                                                     \
    X(xShmBarrier, file_shm_barrier)                                                               \
    X(xShmUnmap, file_shm_unmap)
#define SLOT(slot, method)                                                                         \
    if (base->slot != NULL) methods.slot = method;
    METHODS_V1(SLOT)
    if (methods.iVersion < 2) return methods;
    METHODS_V2(SLOT)
    return methods;
}

/* ---- the VFS ---- */

static bool is_slow(const struct latency_vfs *vfs, const char *name, int flags)
{
    const int others = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL | SQLITE_OPEN_SUPER_JOURNAL;

    if (name == NULL) return false;
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) return true;
    return (flags & others) != 0 && atomic_load(&vfs->every_file);
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *flags_out)
{
    struct latency_vfs *self = instance(vfs);
    sqlite3_file *base = base_file(file);
    struct device_file *residence;
    int rc;

    file->pMethods = NULL;
    if (!is_slow(self, name, flags))
        return self->base->xOpen(self->base, name, file, flags, flags_out);

    residence = device_open(&self->device, name);
    if (residence == NULL) return SQLITE_NOMEM;

    base->pMethods = NULL;
    rc = self->base->xOpen(self->base, name, base, flags, flags_out);
    if (rc != SQLITE_OK) {
        if (base->pMethods != NULL) base->pMethods->xClose(base);
        return rc;
    }
    ours(file)->vfs = self;
    ours(file)->residence = residence;
    ours(file)->methods = methods_like(base->pMethods);
    file->pMethods = &ours(file)->methods;
    atomic_fetch_add(&self->open_count, 1);
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    const int rc = base_vfs(vfs)->xDelete(base_vfs(vfs), name, sync_directory);

    if (rc == SQLITE_OK) device_forget(&instance(vfs)->device, name);
    return rc;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    return base_vfs(vfs)->xAccess(base_vfs(vfs), name, flags, out);
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    return base_vfs(vfs)->xFullPathname(base_vfs(vfs), name, size, out);
}

static void *vfs_dl_open(sqlite3_vfs *vfs, const char *name)
{
    return base_vfs(vfs)->xDlOpen(base_vfs(vfs), name);
}

static void vfs_dl_error(sqlite3_vfs *vfs, int size, char *out)
{
    base_vfs(vfs)->xDlError(base_vfs(vfs), size, out);
}

static void (*vfs_dl_sym(sqlite3_vfs *vfs, void *library, const char *symbol))(void)
{
    return base_vfs(vfs)->xDlSym(base_vfs(vfs), library, symbol);
}

static void vfs_dl_close(sqlite3_vfs *vfs, void *library)
{
    base_vfs(vfs)->xDlClose(base_vfs(vfs), library);
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *out)
{
    return base_vfs(vfs)->xRandomness(base_vfs(vfs), size, out);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    return base_vfs(vfs)->xSleep(base_vfs(vfs), microseconds);
}

static int vfs_current_time(sqlite3_vfs *vfs, double *out)
{
    return base_vfs(vfs)->xCurrentTime(base_vfs(vfs), out);
}

static int vfs_get_last_error(sqlite3_vfs *vfs, int size, char *out)
{
    return base_vfs(vfs)->xGetLastError(base_vfs(vfs), size, out);
}

static int vfs_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    return base_vfs(vfs)->xCurrentTimeInt64(base_vfs(vfs), out);
}

static int vfs_set_system_call(sqlite3_vfs *vfs, const char *name, sqlite3_syscall_ptr call)
{
    return base_vfs(vfs)->xSetSystemCall(base_vfs(vfs), name, call);
}

static sqlite3_syscall_ptr vfs_get_system_call(sqlite3_vfs *vfs, const char *name)
{
    return base_vfs(vfs)->xGetSystemCall(base_vfs(vfs), name);
}

static const char *vfs_next_system_call(sqlite3_vfs *vfs, const char *name)
{
    return base_vfs(vfs)->xNextSystemCall(base_vfs(vfs), name);
}

/* Our table, less what the base lacks, at the base's version. */
static sqlite3_vfs vfs_like(const sqlite3_vfs *base)
{
    sqlite3_vfs vfs = { .iVersion = base->iVersion < 3 ? base->iVersion : 3,
                        .szOsFile = (int)FILE_BYTES + base->szOsFile,
                        .mxPathname = base->mxPathname,
                        .xOpen = vfs_open };

#define VFS_V1(X)                                                                                  \
    X(xDelete, vfs_delete)                                                                         \
    X(xAccess, vfs_access)                                                                         \
    X(xFullPathname, vfs_full_pathname)                                                            \
    X(xDlOpen, vfs_dl_open)                                                                        \
    X(xDlError, vfs_dl_error)                                                                      \
    X(xDlSym, vfs_dl_sym)                                                                          \
    X(xDlClose, vfs_dl_close)                                                                      \
    X(xRandomness, vfs_randomness)                                                                 \
    X(xSleep, vfs_sleep)                                                                           \
    X(xCurrentTime, vfs_current_time)                                                              \
    X(xGetLastError, vfs_get_last_error)
#define VFS_V3(X)                                                                                  \
    X(xSetSystemCall, vfs_set_system_call)                                                         \
    X(xGetSystemCall, vfs_get_system_call)                                                         \
    X(xNextSystemCall, vfs_next_system_call)
#define VFS_SLOT(slot, method)                                                                     \
    if (base->slot != NULL) vfs.slot = method;
    VFS_V1(VFS_SLOT)
    if (vfs.iVersion >= 2 && base->xCurrentTimeInt64 != NULL) {
        vfs.xCurrentTimeInt64 = vfs_current_time_int64;
    }
    if (vfs.iVersion < 3) return vfs;
    VFS_V3(VFS_SLOT)
    return vfs;
}

/* The instance of that name, or NULL when the name is somebody else's. */
static struct latency_vfs *find(const char *name)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(name != NULL ? name : "latency");

    return vfs != NULL && vfs->xOpen == vfs_open ? instance(vfs) : NULL;
}

int latency_vfs_register(const char *name, const char *base, const struct latency_config *config)
{
    const char *own_name = name != NULL ? name : "latency";
    const size_t name_bytes = strlen(own_name) + 1;
    sqlite3_vfs *below = sqlite3_vfs_find(base);
    struct latency_vfs *self;
    int rc;

    if (below == NULL || sqlite3_vfs_find(own_name) != NULL) return SQLITE_ERROR;
    self = calloc(1, sizeof(*self) + name_bytes);
    if (self == NULL) return SQLITE_NOMEM;

    memcpy(self->name, own_name, name_bytes);
    self->vfs = vfs_like(below);
    self->vfs.zName = self->name;
    self->base = below;
    device_init(&self->device, &config->device);
    atomic_init(&self->every_file, config->every_file);
    atomic_init(&self->open_count, 0);
    rc = sqlite3_vfs_register(&self->vfs, 0);
    if (rc != SQLITE_OK) {
        device_free(&self->device);
        free(self);
    }
    return rc;
}

int latency_vfs_configure(const char *name, const struct latency_config *config)
{
    struct latency_vfs *self = find(name);

    if (self == NULL) return SQLITE_NOTFOUND;
    device_configure(&self->device, &config->device);
    atomic_store(&self->every_file, config->every_file);
    return SQLITE_OK;
}

int latency_vfs_evict(const char *name)
{
    struct latency_vfs *self = find(name);

    if (self == NULL) return SQLITE_NOTFOUND;
    device_evict(&self->device, NULL);
    return SQLITE_OK;
}

int latency_vfs_counters(const char *name, const char *path, struct device_counters *out)
{
    struct latency_vfs *self = find(name);
    struct device_file *residence;

    if (self == NULL) return SQLITE_NOTFOUND;
    residence = device_open(&self->device, path);
    if (residence == NULL) return SQLITE_NOMEM;
    device_counters(&self->device, residence, out);
    return SQLITE_OK;
}

int latency_vfs_unregister(const char *name)
{
    struct latency_vfs *self = find(name);

    if (self == NULL) return SQLITE_NOTFOUND;
    if (atomic_load(&self->open_count) > 0) return SQLITE_BUSY;
    sqlite3_vfs_unregister(&self->vfs);
    device_free(&self->device);
    free(self);
    return SQLITE_OK;
}
