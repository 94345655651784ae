/* Three lines a method, like the shim that it watches. */
#include "tests/differential/witness.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "vfs/preload.h"

struct witness_file {
    sqlite3_file file;
    sqlite3_file *real;
    bool summed;
    bool asked; /* something else than its size */
};

static struct witness_sum total;
static bool speaks;

static struct witness_file *of(sqlite3_file *file)
{
    return (struct witness_file *)file;
}

static sqlite3_vfs *system_vfs(void)
{
    return sqlite3_vfs_find("unix");
}

/* FNV-1a. */
static uint64_t hash_of(uint64_t hash, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void sum(const char *call, int64_t a, int64_t b, int rc, const void *bytes, size_t len)
{
    int64_t numbers[] = { a, b, rc };
    uint64_t hash = hash_of(total.hash, call, strlen(call));

    hash = hash_of(hash, numbers, sizeof numbers);
    if (bytes) hash = hash_of(hash, bytes, len);
    total.hash = hash;
    total.calls++;
    if (speaks)
        (void)fprintf(stderr, "    %s %lld %lld = %d\n", call, (long long)a, (long long)b, rc);
}

static void note(sqlite3_file *file, const char *call, int64_t a, int64_t b, int rc)
{
    of(file)->asked = true;
    if (of(file)->summed) sum(call, a, b, rc, NULL, 0);
}

static int witness_close(sqlite3_file *file)
{
    int rc = of(file)->real->pMethods->xClose(of(file)->real);

    note(file, "close", 0, 0, rc);
    file->pMethods = NULL;
    return rc;
}

static int witness_read(sqlite3_file *file, void *bytes, int amount, sqlite3_int64 offset)
{
    int rc = of(file)->real->pMethods->xRead(of(file)->real, bytes, amount, offset);
    bool filled = rc == SQLITE_OK || rc == SQLITE_IOERR_SHORT_READ;

    of(file)->asked = true;
    if (of(file)->summed) sum("read", offset, amount, rc, filled ? bytes : NULL, (size_t)amount);
    return rc;
}

static int witness_write(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
    int rc = of(file)->real->pMethods->xWrite(of(file)->real, bytes, amount, offset);

    of(file)->asked = true;
    if (of(file)->summed) sum("write", offset, amount, rc, bytes, (size_t)amount);
    return rc;
}

static int witness_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int rc = of(file)->real->pMethods->xTruncate(of(file)->real, size);

    note(file, "truncate", size, 0, rc);
    return rc;
}

static int witness_sync(sqlite3_file *file, int flags)
{
    int rc = of(file)->real->pMethods->xSync(of(file)->real, flags);

    note(file, "sync", flags, 0, rc);
    return rc;
}

/* preload asks a file that it opened for its size, before anybody else asks it anything. */
static int witness_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    int rc = of(file)->real->pMethods->xFileSize(of(file)->real, size);

    if (of(file)->summed && of(file)->asked) sum("file_size", *size, 0, rc, NULL, 0);
    return rc;
}

static int witness_lock(sqlite3_file *file, int level)
{
    int rc = of(file)->real->pMethods->xLock(of(file)->real, level);

    note(file, "lock", level, 0, rc);
    return rc;
}

static int witness_unlock(sqlite3_file *file, int level)
{
    int rc = of(file)->real->pMethods->xUnlock(of(file)->real, level);

    note(file, "unlock", level, 0, rc);
    return rc;
}

static int witness_check_reserved_lock(sqlite3_file *file, int *out)
{
    int rc = of(file)->real->pMethods->xCheckReservedLock(of(file)->real, out);

    note(file, "check_reserved_lock", *out, 0, rc);
    return rc;
}

/* A host may ask any file for them; one that preload does not wrap passes them on. */
static bool is_preloads_own(int op)
{
    return op == PRELOAD_FCNTL_STATS || op == PRELOAD_FCNTL_FLUSH || op == PRELOAD_FCNTL_READ_PAGES;
}

static int witness_file_control(sqlite3_file *file, int op, void *arg)
{
    struct preload_read_pages *question = arg;
    int rc;

    if (op == PRELOAD_FCNTL_READ_PAGES && question->file == file) {
        question->answered = 1;
        return SQLITE_OK;
    }
    rc = of(file)->real->pMethods->xFileControl(of(file)->real, op, arg);
    if (!is_preloads_own(op)) note(file, "file_control", op, arg != NULL, rc);
    return rc;
}

static int witness_sector_size(sqlite3_file *file)
{
    int size = of(file)->real->pMethods->xSectorSize(of(file)->real);

    note(file, "sector_size", 0, 0, size);
    return size;
}

static int witness_device_characteristics(sqlite3_file *file)
{
    int flags = of(file)->real->pMethods->xDeviceCharacteristics(of(file)->real);

    note(file, "device_characteristics", 0, 0, flags);
    return flags;
}

static int witness_shm_map(sqlite3_file *file, int region, int size, int extend,
                           void volatile **out)
{
    int rc = of(file)->real->pMethods->xShmMap(of(file)->real, region, size, extend, out);

    note(file, extend ? "shm_extend" : "shm_map", region, size + (*out != NULL), rc);
    return rc;
}

static int witness_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    int rc = of(file)->real->pMethods->xShmLock(of(file)->real, offset, count, flags);

    note(file, "shm_lock", offset * 16 + count, flags, rc);
    return rc;
}

static void witness_shm_barrier(sqlite3_file *file)
{
    of(file)->real->pMethods->xShmBarrier(of(file)->real);
    note(file, "shm_barrier", 0, 0, 0);
}

static int witness_shm_unmap(sqlite3_file *file, int delete_it)
{
    int rc = of(file)->real->pMethods->xShmUnmap(of(file)->real, delete_it);

    note(file, "shm_unmap", delete_it, 0, rc);
    return rc;
}

/* The mapped bytes may lie past the end of a file that was truncated: nobody looks at them here. */
static int witness_fetch(sqlite3_file *file, sqlite3_int64 offset, int amount, void **out)
{
    int rc = of(file)->real->pMethods->xFetch(of(file)->real, offset, amount, out);

    note(file, *out ? "fetch" : "fetch nothing", offset, amount, rc);
    return rc;
}

static int witness_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page)
{
    int rc = of(file)->real->pMethods->xUnfetch(of(file)->real, offset, page);

    note(file, "unfetch", offset, page != NULL, rc);
    return rc;
}

#define METHODS_1                                                                                  \
    witness_close, witness_read, witness_write, witness_truncate, witness_sync, witness_file_size, \
        witness_lock, witness_unlock, witness_check_reserved_lock, witness_file_control,           \
        witness_sector_size, witness_device_characteristics
#define METHODS_2 witness_shm_map, witness_shm_lock, witness_shm_barrier, witness_shm_unmap

static const sqlite3_io_methods methods_3 = {
    3, METHODS_1, METHODS_2, witness_fetch, witness_unfetch,
};
static const sqlite3_io_methods methods_2 = { 2, METHODS_1, METHODS_2, NULL, NULL };
static const sqlite3_io_methods methods_2n = {
    2, METHODS_1, NULL, NULL, NULL, NULL, NULL, NULL,
};
static const sqlite3_io_methods methods_1 = {
    1, METHODS_1, NULL, NULL, NULL, NULL, NULL, NULL,
};

static int witness_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                        int *out_flags)
{
    struct witness_file *self = of(file);
    int rc;

    memset(self, 0, sizeof *self);
    self->real = (sqlite3_file *)&self[1];
    self->summed = out_flags != NULL;
    rc = system_vfs()->xOpen(system_vfs(), name, self->real, flags, out_flags);
    if (self->summed) sum("open", flags, *out_flags, rc, name ? name : "", name ? strlen(name) : 0);
    if (self->real->pMethods) file->pMethods = vfs->pAppData;
    return rc;
}

static int witness_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    int rc = system_vfs()->xDelete(system_vfs(), name, sync_directory);

    (void)vfs;
    sum("delete", sync_directory, 0, rc, name, strlen(name));
    return rc;
}

static int witness_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    int rc = system_vfs()->xAccess(system_vfs(), name, flags, out);

    (void)vfs;
    sum("access", flags, *out, rc, name, strlen(name));
    return rc;
}

static int witness_full_pathname(sqlite3_vfs *vfs, const char *name, int len, char *out)
{
    int rc = system_vfs()->xFullPathname(system_vfs(), name, len, out);

    (void)vfs;
    sum("full_pathname", len, 0, rc, name, strlen(name));
    return rc;
}

static int register_one(sqlite3_vfs *vfs, const char *name, const sqlite3_io_methods *methods)
{
    *vfs = *system_vfs();
    vfs->pNext = NULL;
    vfs->szOsFile += (int)sizeof(struct witness_file);
    vfs->zName = name;
    vfs->pAppData = (void *)(uintptr_t)methods;
    vfs->xOpen = witness_open;
    vfs->xDelete = witness_delete;
    vfs->xAccess = witness_access;
    vfs->xFullPathname = witness_full_pathname;
    /* The system-call table is the system VFS's own. */
    vfs->iVersion = 2;
    return sqlite3_vfs_register(vfs, 0);
}

int witness_register(void)
{
    static sqlite3_vfs vfs[4]; /* SQLite keeps them */
    int rc = register_one(&vfs[0], "witness", &methods_3);

    if (rc == SQLITE_OK) rc = register_one(&vfs[1], "witness2", &methods_2);
    if (rc == SQLITE_OK) rc = register_one(&vfs[2], "witness2n", &methods_2n);
    if (rc == SQLITE_OK) rc = register_one(&vfs[3], "witness1", &methods_1);
    return rc;
}

void witness_begin(void)
{
    total = (struct witness_sum){ .hash = UINT64_C(0xcbf29ce484222325) };
}

struct witness_sum witness_sum(void)
{
    return total;
}

void witness_speak(void)
{
    speaks = true;
}
