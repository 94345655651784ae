/* A method is: tell, call the base unless it is to fail, tell.
 *
 * A call that takes something apart (close, unmap, unfetch) is made although it fails: what the
 * base holds would leak otherwise, and a base that fails there has let go all the same. */
#include "tests/faults/layer.h"

#include <string.h>

#include "vfs/preload.h"

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

_Static_assert(sizeof(struct layer_file) % 8 == 0, "the base's file is aligned behind it");

static struct layer_file *of(sqlite3_file *file)
{
    return (struct layer_file *)file;
}

static struct layer *layer_of(sqlite3_vfs *vfs)
{
    return (struct layer *)vfs;
}

static sqlite3_vfs *base_of(sqlite3_vfs *vfs)
{
    return layer_of(vfs)->base;
}

static const sqlite3_io_methods *methods_of(sqlite3_file *file)
{
    return of(file)->real->pMethods;
}

static struct io_call start(sqlite3_file *file, enum io_method method, int64_t a, int64_t b)
{
    struct layer_file *f = of(file);
    struct io_call call = { .method = method, .kind = f->kind, .name = f->name, .a = a, .b = b };

    f->layer->before(f, &call);
    return call;
}

static int finish(sqlite3_file *file, struct io_call *call, int rc, uint64_t out)
{
    call->rc = rc;
    call->out = out;
    of(file)->layer->after(of(file), call);
    return rc;
}

uint64_t digest_bytes(uint64_t digest, const void *bytes, size_t len)
{
    const uint8_t *b = bytes;
    uint64_t word;

    if (digest == 0) digest = FNV_BASIS;
    for (; len >= sizeof word; len -= sizeof word, b += sizeof word) {
        memcpy(&word, b, sizeof word);
        digest = (digest ^ word) * FNV_PRIME;
        digest ^= digest >> 32;
    }
    for (; len > 0; len--)
        digest = (digest ^ *b++) * FNV_PRIME;
    return digest;
}

/* Version 1 */

static int layer_close(sqlite3_file *file)
{
    struct io_call call = start(file, IO_CLOSE, 0, 0);
    int rc = methods_of(file)->xClose(of(file)->real);

    file->pMethods = NULL;
    return finish(file, &call, call.fault ? call.fault : rc, 0);
}

/* A short read hands back the first half, and zeros. */
static int layer_read(sqlite3_file *file, void *bytes, int amount, sqlite3_int64 offset)
{
    struct io_call call = start(file, IO_READ, offset, amount);
    int rc = call.fault;

    if (rc == 0) rc = methods_of(file)->xRead(of(file)->real, bytes, amount, offset);
    if (call.fault == SQLITE_IOERR_SHORT_READ) {
        (void)methods_of(file)->xRead(of(file)->real, bytes, amount, offset);
        memset((char *)bytes + amount / 2, 0, (size_t)(amount - amount / 2));
    }
    return finish(file, &call, rc,
                  rc == 0 || rc == SQLITE_IOERR_SHORT_READ ? digest_bytes(0, bytes, (size_t)amount)
                                                           : 0);
}

/* A full disk takes the first half. */
static int layer_write(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
    struct io_call call = start(file, IO_WRITE, offset, amount);
    int rc = call.fault;

    if (rc == 0) rc = methods_of(file)->xWrite(of(file)->real, bytes, amount, offset);
    if (call.fault == SQLITE_FULL)
        (void)methods_of(file)->xWrite(of(file)->real, bytes, amount / 2, offset);
    return finish(file, &call, rc, digest_bytes(0, bytes, (size_t)amount));
}

static int layer_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct io_call call = start(file, IO_TRUNCATE, size, 0);
    int rc = call.fault ? call.fault : methods_of(file)->xTruncate(of(file)->real, size);

    return finish(file, &call, rc, 0);
}

static int layer_sync(sqlite3_file *file, int flags)
{
    struct io_call call = start(file, IO_SYNC, flags, 0);
    int rc = call.fault;

    if (rc == 0 && !of(file)->layer->drops_syncs)
        rc = methods_of(file)->xSync(of(file)->real, flags);
    return finish(file, &call, rc, 0);
}

static int layer_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    struct io_call call = start(file, IO_FILE_SIZE, 0, 0);
    int rc = call.fault ? call.fault : methods_of(file)->xFileSize(of(file)->real, size);

    return finish(file, &call, rc, rc == 0 ? (uint64_t)*size : 0);
}

static int layer_lock(sqlite3_file *file, int level)
{
    struct io_call call = start(file, IO_LOCK, level, 0);
    int rc = call.fault ? call.fault : methods_of(file)->xLock(of(file)->real, level);

    if (rc == 0 && level > of(file)->level) of(file)->level = level;
    return finish(file, &call, rc, 0);
}

static int layer_unlock(sqlite3_file *file, int level)
{
    struct io_call call = start(file, IO_UNLOCK, level, 0);
    int rc = call.fault ? call.fault : methods_of(file)->xUnlock(of(file)->real, level);

    if (rc == 0) of(file)->level = level;
    return finish(file, &call, rc, 0);
}

static int layer_check_reserved_lock(sqlite3_file *file, int *out)
{
    struct io_call call = start(file, IO_CHECK_RESERVED_LOCK, 0, 0);
    int rc = call.fault ? call.fault : methods_of(file)->xCheckReservedLock(of(file)->real, out);

    return finish(file, &call, rc, rc == 0 ? (uint64_t)*out : 0);
}

static int layer_file_control(sqlite3_file *file, int op, void *arg)
{
    struct preload_read_pages *question = arg;
    struct io_call call;
    int rc;

    /* So that workers read through us. No call of SQLite's. */
    if (op == PRELOAD_FCNTL_READ_PAGES && question->file == file) {
        question->answered = 1;
        return SQLITE_OK;
    }
    call = start(file, IO_FILE_CONTROL, op, 0);
    rc = call.fault ? call.fault : methods_of(file)->xFileControl(of(file)->real, op, arg);
    return finish(file, &call, rc, 0);
}

static int layer_sector_size(sqlite3_file *file)
{
    struct io_call call = start(file, IO_SECTOR_SIZE, 0, 0);

    return finish(file, &call, methods_of(file)->xSectorSize(of(file)->real), 0);
}

static int layer_device_characteristics(sqlite3_file *file)
{
    struct io_call call = start(file, IO_DEVICE_CHARACTERISTICS, 0, 0);

    return finish(file, &call, methods_of(file)->xDeviceCharacteristics(of(file)->real), 0);
}

/* Version 2 */

static int layer_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    struct io_call call = start(file, IO_SHM_MAP, region, size * 2 + (extend != 0));
    int rc = call.fault;

    *out = NULL;
    if (rc == 0) rc = methods_of(file)->xShmMap(of(file)->real, region, size, extend, out);
    return finish(file, &call, rc, *out != NULL);
}

static int layer_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    struct io_call call = start(file, IO_SHM_LOCK, offset, count * 256 + flags);
    int rc = call.fault;

    if (rc == 0) rc = methods_of(file)->xShmLock(of(file)->real, offset, count, flags);
    return finish(file, &call, rc, 0);
}

static void layer_shm_barrier(sqlite3_file *file)
{
    struct io_call call = start(file, IO_SHM_BARRIER, 0, 0);

    methods_of(file)->xShmBarrier(of(file)->real);
    (void)finish(file, &call, 0, 0);
}

static int layer_shm_unmap(sqlite3_file *file, int delete_it)
{
    struct io_call call = start(file, IO_SHM_UNMAP, delete_it, 0);
    int rc = methods_of(file)->xShmUnmap(of(file)->real, delete_it);

    return finish(file, &call, call.fault ? call.fault : rc, 0);
}

/* Version 3 */

static int layer_fetch(sqlite3_file *file, sqlite3_int64 offset, int amount, void **out)
{
    struct io_call call = start(file, IO_FETCH, offset, amount);
    int rc = call.fault;

    *out = NULL;
    if (rc == 0) rc = methods_of(file)->xFetch(of(file)->real, offset, amount, out);
    if (rc == FAULT_DECLINE) rc = SQLITE_OK;
    return finish(file, &call, rc, *out ? digest_bytes(0, *out, (size_t)amount) : 0);
}

static int layer_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page)
{
    struct io_call call = start(file, IO_UNFETCH, offset, page != NULL);
    int rc = methods_of(file)->xUnfetch(of(file)->real, offset, page);

    return finish(file, &call, call.fault ? call.fault : rc, 0);
}

static const sqlite3_io_methods layer_methods = {
    .iVersion = 3,
    .xClose = layer_close,
    .xRead = layer_read,
    .xWrite = layer_write,
    .xTruncate = layer_truncate,
    .xSync = layer_sync,
    .xFileSize = layer_file_size,
    .xLock = layer_lock,
    .xUnlock = layer_unlock,
    .xCheckReservedLock = layer_check_reserved_lock,
    .xFileControl = layer_file_control,
    .xSectorSize = layer_sector_size,
    .xDeviceCharacteristics = layer_device_characteristics,
    .xShmMap = layer_shm_map,
    .xShmLock = layer_shm_lock,
    .xShmBarrier = layer_shm_barrier,
    .xShmUnmap = layer_shm_unmap,
    .xFetch = layer_fetch,
    .xUnfetch = layer_unfetch,
};

static void init_methods(struct layer_file *file)
{
    const sqlite3_io_methods *base = file->real->pMethods;
    sqlite3_io_methods *methods = &file->methods;

    *methods = layer_methods;
    methods->iVersion = base->iVersion;
    if (methods->iVersion > file->layer->version_max) methods->iVersion = file->layer->version_max;
    if (methods->iVersion < 2 || !base->xShmMap) {
        methods->xShmMap = NULL;
        methods->xShmLock = NULL;
        methods->xShmBarrier = NULL;
        methods->xShmUnmap = NULL;
    }
    if (methods->iVersion < 3 || !base->xFetch) {
        methods->xFetch = NULL;
        methods->xUnfetch = NULL;
    }
    file->file.pMethods = methods;
}

/* The VFS */

static enum io_kind kind_of(int flags)
{
    if (flags & SQLITE_OPEN_MAIN_DB) return KIND_DATABASE;
    if (flags & SQLITE_OPEN_WAL) return KIND_WAL;
    if (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) return KIND_JOURNAL;
    return KIND_TEMP;
}

static int layer_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                      int *out_flags)
{
    struct layer_file *f = of(file);
    struct io_call call;
    int opened = 0;
    int rc;

    memset(f, 0, sizeof *f);
    f->layer = layer_of(vfs);
    f->real = (sqlite3_file *)&f[1];
    f->real->pMethods = NULL;
    f->name = name;
    f->kind = kind_of(flags);
    call = start(file, IO_OPEN, flags, out_flags != NULL);
    rc = call.fault;
    if (rc == 0)
        rc = base_of(vfs)->xOpen(base_of(vfs), name, f->real, flags, out_flags ? &opened : NULL);
    if (rc == 0) init_methods(f);
    if (out_flags) *out_flags = opened;
    return finish(file, &call, rc, (uint64_t)opened);
}

static struct io_call start_path(sqlite3_vfs *vfs, enum io_method method, int64_t a)
{
    struct io_call call = { .method = method, .kind = KIND_PATH, .a = a };

    layer_of(vfs)->before(NULL, &call);
    return call;
}

static int finish_path(sqlite3_vfs *vfs, struct io_call *call, int rc, uint64_t out)
{
    call->rc = rc;
    call->out = out;
    layer_of(vfs)->after(NULL, call);
    return rc;
}

static int layer_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    struct io_call call = start_path(vfs, IO_DELETE, sync_directory);
    int sync = layer_of(vfs)->drops_syncs ? 0 : sync_directory;
    int rc = call.fault ? call.fault : base_of(vfs)->xDelete(base_of(vfs), name, sync);

    return finish_path(vfs, &call, rc, digest_bytes(0, name, strlen(name)));
}

static int layer_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    struct io_call call = start_path(vfs, IO_ACCESS, flags);
    int rc = call.fault ? call.fault : base_of(vfs)->xAccess(base_of(vfs), name, flags, out);
    uint64_t digest = digest_bytes(0, name, strlen(name));

    return finish_path(vfs, &call, rc, rc == 0 ? digest + (uint64_t)*out : digest);
}

static int layer_full_pathname(sqlite3_vfs *vfs, const char *name, int len, char *out)
{
    struct io_call call = start_path(vfs, IO_FULL_PATHNAME, len);
    int rc = call.fault ? call.fault : base_of(vfs)->xFullPathname(base_of(vfs), name, len, out);

    return finish_path(vfs, &call, rc, rc == 0 ? digest_bytes(0, out, strlen(out)) : 0);
}

static int layer_randomness(sqlite3_vfs *vfs, int len, char *out)
{
    return base_of(vfs)->xRandomness(base_of(vfs), len, out);
}

/* Storms of SQLITE_BUSY are waited out, not slept out. */
static int layer_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static int layer_current_time(sqlite3_vfs *vfs, double *out)
{
    return base_of(vfs)->xCurrentTime(base_of(vfs), out);
}

static int layer_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    return base_of(vfs)->xCurrentTimeInt64(base_of(vfs), out);
}

static int layer_get_last_error(sqlite3_vfs *vfs, int len, char *out)
{
    return base_of(vfs)->xGetLastError(base_of(vfs), len, out);
}

bool layer_register(struct layer *layer, const char *name, const char *base)
{
    layer->base = sqlite3_vfs_find(base);
    if (!layer->base) return false;
    layer->vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = (int)sizeof(struct layer_file) + layer->base->szOsFile,
        .mxPathname = layer->base->mxPathname,
        .zName = name,
        .xOpen = layer_open,
        .xDelete = layer_delete,
        .xAccess = layer_access,
        .xFullPathname = layer_full_pathname,
        .xRandomness = layer_randomness,
        .xSleep = layer_sleep,
        .xCurrentTime = layer_current_time,
        .xGetLastError = layer_get_last_error,
        .xCurrentTimeInt64 = layer_current_time_int64,
    };
    return sqlite3_vfs_register(&layer->vfs, 0) == SQLITE_OK;
}

#define IO_METHOD_NAME(method, name) name,

const char *io_method_name(enum io_method method)
{
    static const char *const names[] = { IO_METHOD_ROWS(IO_METHOD_NAME) };

    return names[method];
}

const char *io_kind_name(enum io_kind kind)
{
    static const char *const names[] = { "database", "log", "journal", "temporary", "path" };

    return names[kind];
}
