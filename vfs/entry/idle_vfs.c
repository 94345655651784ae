/* Methods that pass a call on. Read beside sqlite3.h, "OS Interface Object". */
#ifndef SQLITE_CORE
#include "vfs/entry/idle_vfs.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

/* Of more SQLites and default VFS than that in one process the rest has no VFS of our name. */
#define IDLES_MAX 16

#define FIRST_VFS "unix"

#define NAME_BYTES 128 /* of a longer name there is none */

/* An SQLite keeps its own, and one that was unloaded has left it. Changed under the instances'
 * lock. */
static struct idle {
    sqlite3_vfs vfs;
    sqlite3_vfs *_Atomic usual;
    char usual_name[NAME_BYTES]; /* ours: once it is taken out, it may be gone */
    sqlite3_vfs *(*vfs_find)(const char *);
} idles[IDLES_MAX];

static struct idle *with_vfs(const sqlite3_vfs *vfs)
{
    for (size_t i = 0; i < IDLES_MAX; i++)
        if (vfs == &idles[i].vfs) return &idles[i];
    return NULL;
}

/* A host may copy the struct, or have a method of it in a struct of its own whose pAppData leads to
 * it. */
static struct idle *idle_of(const sqlite3_vfs *vfs)
{
    struct idle *idle = with_vfs(vfs);

    if (!idle && vfs) idle = with_vfs(vfs->pAppData);
    return idle ? idle : &idles[0];
}

/* A host may take its VFS out and free it. Where it was the default, ours may have become that, so
 * the one that SQLite starts with is asked from then on. */
static sqlite3_vfs *usual_of(const sqlite3_vfs *vfs)
{
    struct idle *idle = idle_of(vfs);
    sqlite3_vfs *usual = atomic_load(&idle->usual);
    sqlite3_vfs *first;

    if (idle->vfs_find(idle->usual_name) == usual) return usual;
    first = idle->vfs_find(FIRST_VFS);
    if (!first || first->szOsFile > idle->vfs.szOsFile) return usual;
    atomic_store(&idle->usual, first);
    return first;
}

static int idle_vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                         int *out_flags)
{
    sqlite3_vfs *usual = usual_of(vfs);

    return usual->xOpen(usual, name, file, flags, out_flags);
}

static int idle_vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    sqlite3_vfs *usual = usual_of(vfs);

    return usual->xDelete(usual, name, sync_directory);
}

static int idle_vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    sqlite3_vfs *usual = usual_of(vfs);

    return usual->xAccess(usual, name, flags, out);
}

static int idle_vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int len, char *out)
{
    sqlite3_vfs *usual = usual_of(vfs);

    return usual->xFullPathname(usual, name, len, out);
}

static void *idle_vfs_dl_open(sqlite3_vfs *vfs, const char *name)
{
    sqlite3_vfs *usual = usual_of(vfs);

    return usual->xDlOpen(usual, name);
}

static void idle_vfs_dl_error(sqlite3_vfs *vfs, int len, char *out)
{
    sqlite3_vfs *usual = usual_of(vfs);

    usual->xDlError(usual, len, out);
}

static void (*idle_vfs_dl_sym(sqlite3_vfs *vfs, void *library, const char *symbol))(void)
{
    sqlite3_vfs *usual = usual_of(vfs);

    return usual->xDlSym(usual, library, symbol);
}

static void idle_vfs_dl_close(sqlite3_vfs *vfs, void *library)
{
    sqlite3_vfs *usual = usual_of(vfs);

    usual->xDlClose(usual, library);
}

static int idle_vfs_randomness(sqlite3_vfs *vfs, int len, char *out)
{
    sqlite3_vfs *usual = usual_of(vfs);

    return usual->xRandomness(usual, len, out);
}

static int idle_vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    sqlite3_vfs *usual = usual_of(vfs);

    return usual->xSleep(usual, microseconds);
}

static int idle_vfs_current_time(sqlite3_vfs *vfs, double *out)
{
    sqlite3_vfs *usual = usual_of(vfs);

    return usual->xCurrentTime(usual, out);
}

static int idle_vfs_get_last_error(sqlite3_vfs *vfs, int len, char *out)
{
    sqlite3_vfs *usual = usual_of(vfs);

    return usual->xGetLastError(usual, len, out);
}

static int idle_vfs_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    sqlite3_vfs *usual = usual_of(vfs);

    return usual->xCurrentTimeInt64(usual, out);
}

static int idle_vfs_set_system_call(sqlite3_vfs *vfs, const char *name, sqlite3_syscall_ptr call)
{
    sqlite3_vfs *usual = usual_of(vfs);

    return usual->xSetSystemCall(usual, name, call);
}

static sqlite3_syscall_ptr idle_vfs_get_system_call(sqlite3_vfs *vfs, const char *name)
{
    sqlite3_vfs *usual = usual_of(vfs);

    return usual->xGetSystemCall(usual, name);
}

static const char *idle_vfs_next_system_call(sqlite3_vfs *vfs, const char *name)
{
    sqlite3_vfs *usual = usual_of(vfs);

    return usual->xNextSystemCall(usual, name);
}

#define IDLE_METHOD(slot, ours)                                                                    \
    if (usual->slot) vfs->slot = ours

static int file_bytes(const sqlite3_vfs *usual, const sqlite3_vfs *first)
{
    return first && first->szOsFile > usual->szOsFile ? first->szOsFile : usual->szOsFile;
}

static void fill(sqlite3_vfs *vfs, const char *name, const sqlite3_vfs *usual)
{
    *vfs = (sqlite3_vfs){ 0 };
    vfs->iVersion = usual->iVersion < 3 ? usual->iVersion : 3;
    vfs->mxPathname = usual->mxPathname;
    vfs->zName = name;
    vfs->xOpen = idle_vfs_open;
    IDLE_METHOD(xDelete, idle_vfs_delete);
    IDLE_METHOD(xAccess, idle_vfs_access);
    IDLE_METHOD(xFullPathname, idle_vfs_full_pathname);
    IDLE_METHOD(xDlOpen, idle_vfs_dl_open);
    IDLE_METHOD(xDlError, idle_vfs_dl_error);
    IDLE_METHOD(xDlSym, idle_vfs_dl_sym);
    IDLE_METHOD(xDlClose, idle_vfs_dl_close);
    IDLE_METHOD(xRandomness, idle_vfs_randomness);
    IDLE_METHOD(xSleep, idle_vfs_sleep);
    IDLE_METHOD(xCurrentTime, idle_vfs_current_time);
    IDLE_METHOD(xGetLastError, idle_vfs_get_last_error);
    if (vfs->iVersion < 2) return;
    IDLE_METHOD(xCurrentTimeInt64, idle_vfs_current_time_int64);
    if (vfs->iVersion < 3) return;
    IDLE_METHOD(xSetSystemCall, idle_vfs_set_system_call);
    IDLE_METHOD(xGetSystemCall, idle_vfs_get_system_call);
    IDLE_METHOD(xNextSystemCall, idle_vfs_next_system_call);
}

static bool is_kind(const sqlite3_vfs *one, const sqlite3_vfs *other)
{
    const size_t methods = offsetof(sqlite3_vfs, xOpen);

    return one->iVersion == other->iVersion && one->szOsFile == other->szOsFile &&
           one->mxPathname == other->mxPathname &&
           memcmp((const char *)one + methods, (const char *)other + methods,
                  sizeof *one - methods) == 0;
}

static bool is_for(const struct idle *idle, const sqlite3_vfs *wanted,
                   const sqlite3_api_routines *api, const sqlite3_vfs *usual)
{
    return idle->vfs_find == api->vfs_find && atomic_load(&idle->usual) == usual &&
           strcmp(idle->usual_name, usual->zName) == 0 && is_kind(&idle->vfs, wanted);
}

/* One that was filled is not written again: a host may have taken it out, and connections may be
 * using it. */
static sqlite3_vfs *place(const sqlite3_vfs *wanted, const sqlite3_api_routines *api,
                          sqlite3_vfs *usual)
{
    struct idle *idle = idles;

    while (idle < idles + IDLES_MAX && idle->vfs_find) {
        if (is_for(idle, wanted, api, usual)) return &idle->vfs;
        idle++;
    }
    if (idle == idles + IDLES_MAX || strlen(usual->zName) >= NAME_BYTES) return NULL;
    memcpy(idle->usual_name, usual->zName, strlen(usual->zName) + 1);
    atomic_store(&idle->usual, usual);
    idle->vfs = *wanted;
    idle->vfs.pAppData = &idle->vfs;
    idle->vfs_find = api->vfs_find;
    return &idle->vfs;
}

sqlite3_vfs *preload_idle_vfs_for(const sqlite3_api_routines *api, const char *name,
                                  sqlite3_vfs *usual)
{
    sqlite3_vfs wanted;

    fill(&wanted, name, usual);
    wanted.szOsFile = file_bytes(usual, api->vfs_find(FIRST_VFS));
    return place(&wanted, api, usual);
}

bool preload_idle_vfs_is(const sqlite3_vfs *vfs)
{
    return with_vfs(vfs) != NULL;
}

#endif
