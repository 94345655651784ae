/* Each method notes its arguments; what it gives back is set beforehand. */
#include "tests/differential/scripted.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

const struct shape scripted_shapes[] = {
    { "scripted1", 1, 1, false, false },         { "scripted2", 2, 2, true, false },
    { "scripted2-no-shm", 2, 2, false, false },  { "scripted3", 3, 3, true, true },
    { "scripted3-no-fetch", 3, 3, true, false },
};
const size_t scripted_shape_count = COUNT(scripted_shapes);

struct scripted scripted;

static sqlite3_io_methods methods_of[COUNT(scripted_shapes)];
static sqlite3_vfs vfs_of[COUNT(scripted_shapes)]; /* SQLite keeps them */

static int note(const char *method, const void *object, const int64_t numbers[3], const void *p,
                const void *q)
{
    scripted.last = (struct scripted_call){
        method,
        object,
        { numbers[0], numbers[1], numbers[2] },
        { p, q },
    };
    scripted.calls++;
    return scripted.rc;
}

#define NOTE(method, object, a, b, c, p, q)                                                        \
    note(method, object, (const int64_t[3]){ a, b, c }, p, q)

void scripted_page(void *out, int amount, int64_t offset)
{
    static const unsigned char header[] = "SQLite format 3\0\x10\x00\x01\x01\x00\x40\x20\x20";
    unsigned char *bytes = out;

    for (int i = 0; i < amount; i++) {
        int64_t at = offset + i;

        bytes[i] = at < (int64_t)sizeof header - 1 ? header[at] : (unsigned char)(at * 7 >> 3);
    }
}

static int scripted_close(sqlite3_file *file)
{
    return NOTE("xClose", file, 0, 0, 0, NULL, NULL);
}

static int scripted_read(sqlite3_file *file, void *bytes, int amount, sqlite3_int64 offset)
{
    scripted_page(bytes, amount, offset);
    return NOTE("xRead", file, amount, offset, 0, bytes, NULL);
}

static int scripted_write(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
    return NOTE("xWrite", file, amount, offset, 0, bytes, NULL);
}

static int scripted_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return NOTE("xTruncate", file, size, 0, 0, NULL, NULL);
}

static int scripted_sync(sqlite3_file *file, int flags)
{
    return NOTE("xSync", file, flags, 0, 0, NULL, NULL);
}

static int scripted_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    *size = scripted.wide;
    return NOTE("xFileSize", file, 0, 0, 0, size, NULL);
}

static int scripted_lock(sqlite3_file *file, int level)
{
    return NOTE("xLock", file, level, 0, 0, NULL, NULL);
}

static int scripted_unlock(sqlite3_file *file, int level)
{
    return NOTE("xUnlock", file, level, 0, 0, NULL, NULL);
}

static int scripted_check_reserved_lock(sqlite3_file *file, int *out)
{
    *out = scripted.number;
    return NOTE("xCheckReservedLock", file, 0, 0, 0, out, NULL);
}

static int scripted_file_control(sqlite3_file *file, int op, void *arg)
{
    if (op == SQLITE_FCNTL_VFSNAME && scripted.rc == SQLITE_OK)
        *(char **)arg = sqlite3_mprintf("scripted");
    return NOTE("xFileControl", file, op, 0, 0, arg, NULL);
}

static int scripted_sector_size(sqlite3_file *file)
{
    (void)NOTE("xSectorSize", file, 0, 0, 0, NULL, NULL);
    return scripted.number;
}

static int scripted_device_characteristics(sqlite3_file *file)
{
    (void)NOTE("xDeviceCharacteristics", file, 0, 0, 0, NULL, NULL);
    return scripted.number;
}

static int scripted_shm_map(sqlite3_file *file, int region, int size, int extend,
                            void volatile **out)
{
    *out = scripted.pointer;
    return NOTE("xShmMap", file, region, size, extend, (const void *)out, NULL);
}

static int scripted_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return NOTE("xShmLock", file, offset, count, flags, NULL, NULL);
}

static void scripted_shm_barrier(sqlite3_file *file)
{
    (void)NOTE("xShmBarrier", file, 0, 0, 0, NULL, NULL);
}

static int scripted_shm_unmap(sqlite3_file *file, int delete_it)
{
    return NOTE("xShmUnmap", file, delete_it, 0, 0, NULL, NULL);
}

static int scripted_fetch(sqlite3_file *file, sqlite3_int64 offset, int amount, void **out)
{
    *out = scripted.pointer;
    return NOTE("xFetch", file, offset, amount, 0, (const void *)out, NULL);
}

static int scripted_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page)
{
    return NOTE("xUnfetch", file, offset, 0, 0, page, NULL);
}

static int scripted_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                         int *out_flags)
{
    const struct shape *shape = vfs->pAppData;

    file->pMethods = NULL;
    if (scripted.rc == SQLITE_OK || scripted.leaves_methods)
        file->pMethods = scripted_methods(shape);
    if (out_flags) *out_flags = scripted.number;
    return NOTE("xOpen", vfs, flags, 0, 0, name, out_flags);
}

static int scripted_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    return NOTE("xDelete", vfs, sync_directory, 0, 0, name, NULL);
}

static int scripted_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    *out = scripted.number;
    return NOTE("xAccess", vfs, flags, 0, 0, name, out);
}

static int scripted_full_pathname(sqlite3_vfs *vfs, const char *name, int len, char *out)
{
    return NOTE("xFullPathname", vfs, len, 0, 0, name, out);
}

static void *scripted_dl_open(sqlite3_vfs *vfs, const char *name)
{
    (void)NOTE("xDlOpen", vfs, 0, 0, 0, name, NULL);
    return scripted.pointer;
}

static void scripted_dl_error(sqlite3_vfs *vfs, int len, char *out)
{
    (void)NOTE("xDlError", vfs, len, 0, 0, out, NULL);
}

static void symbol(void) {}

static void (*scripted_dl_sym(sqlite3_vfs *vfs, void *library, const char *name))(void)
{
    (void)NOTE("xDlSym", vfs, 0, 0, 0, library, name);
    return symbol;
}

static void scripted_dl_close(sqlite3_vfs *vfs, void *library)
{
    (void)NOTE("xDlClose", vfs, 0, 0, 0, library, NULL);
}

static int scripted_randomness(sqlite3_vfs *vfs, int len, char *out)
{
    return NOTE("xRandomness", vfs, len, 0, 0, out, NULL);
}

static int scripted_sleep(sqlite3_vfs *vfs, int microseconds)
{
    return NOTE("xSleep", vfs, microseconds, 0, 0, NULL, NULL);
}

static int scripted_current_time(sqlite3_vfs *vfs, double *out)
{
    *out = (double)scripted.wide;
    return NOTE("xCurrentTime", vfs, 0, 0, 0, out, NULL);
}

static int scripted_get_last_error(sqlite3_vfs *vfs, int len, char *out)
{
    return NOTE("xGetLastError", vfs, len, 0, 0, out, NULL);
}

static int scripted_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    *out = scripted.wide;
    return NOTE("xCurrentTimeInt64", vfs, 0, 0, 0, out, NULL);
}

static int scripted_set_system_call(sqlite3_vfs *vfs, const char *name, sqlite3_syscall_ptr call)
{
    return NOTE("xSetSystemCall", vfs, call == symbol, 0, 0, name, NULL);
}

static sqlite3_syscall_ptr scripted_get_system_call(sqlite3_vfs *vfs, const char *name)
{
    (void)NOTE("xGetSystemCall", vfs, 0, 0, 0, name, NULL);
    return symbol;
}

static const char *scripted_next_system_call(sqlite3_vfs *vfs, const char *name)
{
    (void)NOTE("xNextSystemCall", vfs, 0, 0, 0, name, NULL);
    return scripted.pointer;
}

static void init_methods(sqlite3_io_methods *methods, const struct shape *shape)
{
    *methods = (sqlite3_io_methods){
        shape->file_version,
        scripted_close,
        scripted_read,
        scripted_write,
        scripted_truncate,
        scripted_sync,
        scripted_file_size,
        scripted_lock,
        scripted_unlock,
        scripted_check_reserved_lock,
        scripted_file_control,
        scripted_sector_size,
        .xDeviceCharacteristics = scripted_device_characteristics,
    };
    if (shape->has_shm) {
        methods->xShmMap = scripted_shm_map;
        methods->xShmLock = scripted_shm_lock;
        methods->xShmBarrier = scripted_shm_barrier;
        methods->xShmUnmap = scripted_shm_unmap;
    }
    if (shape->has_fetch) {
        methods->xFetch = scripted_fetch;
        methods->xUnfetch = scripted_unfetch;
    }
}

static void init_vfs(sqlite3_vfs *vfs, const struct shape *shape)
{
    *vfs = (sqlite3_vfs){
        .iVersion = shape->vfs_version,
        .szOsFile = (int)sizeof(sqlite3_file),
        .mxPathname = 777,
        .zName = shape->name,
        .pAppData = (void *)(uintptr_t)shape,
        .xOpen = scripted_open,
        .xDelete = scripted_delete,
        .xAccess = scripted_access,
        .xFullPathname = scripted_full_pathname,
        .xDlOpen = scripted_dl_open,
        .xDlError = scripted_dl_error,
        .xDlSym = scripted_dl_sym,
        .xDlClose = scripted_dl_close,
        .xRandomness = scripted_randomness,
        .xSleep = scripted_sleep,
        .xCurrentTime = scripted_current_time,
        .xGetLastError = scripted_get_last_error,
    };
    if (shape->vfs_version >= 2) vfs->xCurrentTimeInt64 = scripted_current_time_int64;
    if (shape->vfs_version >= 3) {
        vfs->xSetSystemCall = scripted_set_system_call;
        vfs->xGetSystemCall = scripted_get_system_call;
        vfs->xNextSystemCall = scripted_next_system_call;
    }
}

const sqlite3_io_methods *scripted_methods(const struct shape *shape)
{
    return &methods_of[shape - scripted_shapes];
}

sqlite3_vfs *scripted_vfs(const struct shape *shape)
{
    return &vfs_of[shape - scripted_shapes];
}

int scripted_register(void)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; i < COUNT(scripted_shapes) && rc == SQLITE_OK; i++) {
        init_methods(&methods_of[i], &scripted_shapes[i]);
        init_vfs(&vfs_of[i], &scripted_shapes[i]);
        rc = sqlite3_vfs_register(&vfs_of[i], 0);
    }
    return rc;
}
