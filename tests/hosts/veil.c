#include "tests/hosts/veil.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hosts/host.h"

#define PAGE_BYTES 4096

/* The real file lies behind. */
struct veil_file {
    sqlite3_file file;
};

static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *base;
    sqlite3_io_methods methods;
    int begin;
    bool opened;
    pthread_t opener;
    atomic_uint wrong_reads;
    atomic_uint reads_elsewhere;
} veil;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return (sqlite3_file *)(void *)((struct veil_file *)file + 1);
}

static void turn(unsigned char *out, const unsigned char *in, int amount)
{
    for (int i = 0; i < amount; i++)
        out[i] = in[i] ^ 0x5a;
}

static int veil_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int veil_read(sqlite3_file *file, void *bytes, int amount, sqlite3_int64 offset)
{
    int rc;

    if (!pthread_equal(pthread_self(), veil.opener)) atomic_fetch_add(&veil.reads_elsewhere, 1);
    if (amount > PAGE_BYTES) {
        atomic_fetch_add(&veil.wrong_reads, 1);
        return SQLITE_IOERR_DATA;
    }
    rc = real_of(file)->pMethods->xRead(real_of(file), bytes, amount, offset + veil.begin);
    if (rc == SQLITE_OK) turn(bytes, bytes, amount);
    return rc;
}

static int veil_write(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
    unsigned char *turned = malloc((size_t)amount);
    int rc;

    if (!turned) return SQLITE_IOERR_NOMEM;
    turn(turned, bytes, amount);
    rc = real_of(file)->pMethods->xWrite(real_of(file), turned, amount, offset + veil.begin);
    free(turned);
    return rc;
}

static int veil_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real_of(file)->pMethods->xTruncate(real_of(file), size + veil.begin);
}

static int veil_sync(sqlite3_file *file, int flags)
{
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int veil_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    int rc = real_of(file)->pMethods->xFileSize(real_of(file), size);

    *size = *size > veil.begin ? *size - veil.begin : 0;
    return rc;
}

static int veil_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int veil_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int veil_check_reserved_lock(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int veil_file_control(sqlite3_file *file, int op, void *arg)
{
    int rc = real_of(file)->pMethods->xFileControl(real_of(file), op, arg);

    if (rc == SQLITE_OK && op == SQLITE_FCNTL_VFSNAME)
        *(char **)arg = sqlite3_mprintf("veil/%z", *(char **)arg);
    return rc;
}

static int veil_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int veil_device_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int veil_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    int rc;

    (void)vfs;
    if (!(flags & SQLITE_OPEN_MAIN_DB))
        return veil.base->xOpen(veil.base, name, file, flags, out_flags);
    if (!veil.opened) veil.opener = pthread_self();
    veil.opened = true;
    file->pMethods = NULL;
    real_of(file)->pMethods = NULL;
    rc = veil.base->xOpen(veil.base, name, real_of(file), flags, out_flags);
    if (rc == SQLITE_OK) file->pMethods = &veil.methods;
    return rc;
}

static int veil_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    (void)vfs;
    return veil.base->xDelete(veil.base, name, sync_directory);
}

static int veil_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    return veil.base->xAccess(veil.base, name, flags, out);
}

static int veil_full_pathname(sqlite3_vfs *vfs, const char *name, int len, char *out)
{
    (void)vfs;
    return veil.base->xFullPathname(veil.base, name, len, out);
}

static void *veil_dl_open(sqlite3_vfs *vfs, const char *name)
{
    (void)vfs;
    return veil.base->xDlOpen(veil.base, name);
}

static void veil_dl_error(sqlite3_vfs *vfs, int len, char *out)
{
    (void)vfs;
    veil.base->xDlError(veil.base, len, out);
}

static void (*veil_dl_sym(sqlite3_vfs *vfs, void *library, const char *symbol))(void)
{
    (void)vfs;
    return veil.base->xDlSym(veil.base, library, symbol);
}

static void veil_dl_close(sqlite3_vfs *vfs, void *library)
{
    (void)vfs;
    veil.base->xDlClose(veil.base, library);
}

static int veil_randomness(sqlite3_vfs *vfs, int len, char *out)
{
    (void)vfs;
    return veil.base->xRandomness(veil.base, len, out);
}

static int veil_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return veil.base->xSleep(veil.base, microseconds);
}

static int veil_current_time(sqlite3_vfs *vfs, double *out)
{
    (void)vfs;
    return veil.base->xCurrentTime(veil.base, out);
}

static int veil_get_last_error(sqlite3_vfs *vfs, int len, char *out)
{
    (void)vfs;
    return veil.base->xGetLastError(veil.base, len, out);
}

void veil_load_over(const char *base, int make_default)
{
    if (sqlite3_vfs_find("veil")) return;
    veil.base = sqlite3_vfs_find(base);
    HOST_CHECK(veil.base, "%s", base ? base : "no default");
    veil.methods = (sqlite3_io_methods){
        .iVersion = 1,
        .xClose = veil_close,
        .xRead = veil_read,
        .xWrite = veil_write,
        .xTruncate = veil_truncate,
        .xSync = veil_sync,
        .xFileSize = veil_file_size,
        .xLock = veil_lock,
        .xUnlock = veil_unlock,
        .xCheckReservedLock = veil_check_reserved_lock,
        .xFileControl = veil_file_control,
        .xSectorSize = veil_sector_size,
        .xDeviceCharacteristics = veil_device_characteristics,
    };
    veil.vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct veil_file) + veil.base->szOsFile,
        .mxPathname = veil.base->mxPathname,
        .zName = "veil",
        .xOpen = veil_open,
        .xDelete = veil_delete,
        .xAccess = veil_access,
        .xFullPathname = veil_full_pathname,
        .xDlOpen = veil_dl_open,
        .xDlError = veil_dl_error,
        .xDlSym = veil_dl_sym,
        .xDlClose = veil_dl_close,
        .xRandomness = veil_randomness,
        .xSleep = veil_sleep,
        .xCurrentTime = veil_current_time,
        .xGetLastError = veil_get_last_error,
    };
    HOST_CHECK(sqlite3_vfs_register(&veil.vfs, make_default) == SQLITE_OK, "veil");
}

void veil_load(void)
{
    veil_load_over(NULL, 1);
}

void veil_begin_at(int bytes)
{
    veil.begin = bytes;
}

unsigned veil_wrong_reads(void)
{
    return atomic_load(&veil.wrong_reads);
}

unsigned veil_reads_elsewhere(void)
{
    return atomic_load(&veil.reads_elsewhere);
}
