/* The VFS's own methods. Read beside sqlite3.h, "OS Interface Object". */
#include "vfs/entry/shim_vfs.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vfs/entry/fork.h"
#include "vfs/entry/other_copy.h"
#include "vfs/entry/shim_io.h"
#include "vfs/entry/shim_list.h"
#include "vfs/entry/uri.h"
#include "vfs/process/log.h"
#include "vfs/process/process.h"

/* A method may be called with any VFS: see preload_instance_serving(). */
static sqlite3_vfs *base_of(const sqlite3_vfs *vfs)
{
    return preload_instance_serving(vfs)->base.vfs;
}

/* A file without a name, in memory, or gone at its close has nothing to come back to. */
static bool is_worth_wrapping(const char *name, int flags)
{
    return name && (flags & SQLITE_OPEN_MAIN_DB) &&
           !(flags & (SQLITE_OPEN_MEMORY | SQLITE_OPEN_DELETEONCLOSE));
}

/* The wrapped database that a write-ahead log belongs to, when its connection records. */
static struct shim_file *database_of_log(const char *name, int flags)
{
    struct shim_file *main;

    if (!name || !(flags & SQLITE_OPEN_WAL)) return NULL;
    main = preload_shim_find_main(name);
    return main && main->attachment.database ? main : NULL;
}

/* Opens with the base behind our part. A base that left methods behind although it failed wants its
 * close. */
static int open_behind(struct instance *instance, struct shim_file *shim, int flags, int *out_flags)
{
    sqlite3_vfs *base = instance->base.vfs;
    int rc = base->xOpen(base, shim->name, shim->real, flags, out_flags);

    if (rc == SQLITE_OK) return SQLITE_OK;
    if (shim->real->pMethods) (void)shim->real->pMethods->xClose(shim->real);
    free(shim);
    return rc;
}

static int open_straight(struct instance *instance, const char *name, sqlite3_file *file, int flags,
                         int *out_flags)
{
    return instance->base.vfs->xOpen(instance->base.vfs, name, file, flags, out_flags);
}

static struct shim_file *new_shim(const struct instance *instance, const char *name, int flags)
{
    struct shim_file *shim = preload_shim_file_new(instance->base.vfs, name, flags);

    if (!shim) preload_log_error("not recorded: out of memory: %s", name);
    return shim;
}

/* Who may not write a database writes nothing beside it, unless the host has said where. */
static bool may_store(const struct shim_file *shim, const struct config *config, int opened)
{
    if (preload_config_names_store(config)) return true;
    return !(opened & SQLITE_OPEN_READONLY) &&
           !(shim->uri_name && sqlite3_uri_boolean(shim->uri_name, "immutable", 0));
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    struct instance *instance = preload_instance_serving(vfs);
    /* Once we are taken out, copies of the VFS may still be used. */
    const bool wraps = atomic_load_explicit(&instance->registered, memory_order_relaxed);
    struct shim_file *main = wraps ? database_of_log(name, flags) : NULL;
    struct config config = { .mode = CONFIG_MODE_OFF };
    struct shim_file *shim = NULL;
    int rc;

    preload_fork_notice();
    file->pMethods = NULL; /* whatever comes of it, SQLite and hosts look there */
    preload_process_count(PROCESS_OPENS);
    if (wraps && is_worth_wrapping(name, flags))
        preload_uri_resolve(&config, flags & SQLITE_OPEN_URI ? name : NULL);
    if (main || config.mode != CONFIG_MODE_OFF) shim = new_shim(instance, name, flags);
    if (!shim) return open_straight(instance, name, file, flags, out_flags);
    rc = open_behind(instance, shim, flags, out_flags);
    if (rc != SQLITE_OK) return rc;
    if (!(main ? preload_shim_file_wal(file, shim, main) : preload_shim_file_main(file, shim))) {
        (void)shim->real->pMethods->xClose(shim->real);
        free(shim);
        return open_straight(instance, name, file, flags, out_flags);
    }
    if (main) return SQLITE_OK;
    preload_process_count(PROCESS_WRAPPED);
    preload_attach(&shim->attachment, &instance->base, shim->real, name, shim->uri_name, &config,
                   may_store(shim, &config, out_flags ? *out_flags : flags));
    return SQLITE_OK;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    sqlite3_vfs *base = base_of(vfs);

    return base->xDelete(base, name, sync_directory);
}

static NOINLINE int access_of_any(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    sqlite3_vfs *base = base_of(vfs);

    return base->xAccess(base, name, flags, out);
}

/* SQLite looks for a journal and a log at each lock, so the usual case needs no frame. */
static int shim_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    sqlite3_vfs *base;

    if (!preload_instance_is_newest(vfs)) return access_of_any(vfs, name, flags, out);
    base = ((struct instance *)vfs)->base.vfs;
    return base->xAccess(base, name, flags, out);
}

static int shim_full_pathname(sqlite3_vfs *vfs, const char *name, int len, char *out)
{
    sqlite3_vfs *base = base_of(vfs);

    return base->xFullPathname(base, name, len, out);
}

static void *shim_dl_open(sqlite3_vfs *vfs, const char *name)
{
    sqlite3_vfs *base = base_of(vfs);

    return base->xDlOpen(base, name);
}

static void shim_dl_error(sqlite3_vfs *vfs, int len, char *out)
{
    sqlite3_vfs *base = base_of(vfs);

    base->xDlError(base, len, out);
}

static void (*shim_dl_sym(sqlite3_vfs *vfs, void *library, const char *symbol))(void)
{
    sqlite3_vfs *base = base_of(vfs);

    return base->xDlSym(base, library, symbol);
}

static void shim_dl_close(sqlite3_vfs *vfs, void *library)
{
    sqlite3_vfs *base = base_of(vfs);

    base->xDlClose(base, library);
}

static int shim_randomness(sqlite3_vfs *vfs, int len, char *out)
{
    sqlite3_vfs *base = base_of(vfs);

    return base->xRandomness(base, len, out);
}

static int shim_sleep(sqlite3_vfs *vfs, int microseconds)
{
    sqlite3_vfs *base = base_of(vfs);

    return base->xSleep(base, microseconds);
}

/* The thread that tries where a foreign VFS leads, 0 where none does, and whether it came here. Its
 * call ends here: the base may be what is tried. A child of fork() has no thread with that number.
 */
static atomic_long trying_thread;
static bool trial_came;

static bool is_trial(void)
{
    const long trying = atomic_load_explicit(&trying_thread, memory_order_relaxed);

    if (trying == 0 || trying != syscall(SYS_gettid)) return false;
    trial_came = true;
    return true;
}

static int shim_current_time(sqlite3_vfs *vfs, double *out)
{
    sqlite3_vfs *base = base_of(vfs);

    *out = 0;
    if (is_trial()) return SQLITE_OK;
    return base->xCurrentTime(base, out);
}

static int shim_get_last_error(sqlite3_vfs *vfs, int len, char *out)
{
    sqlite3_vfs *base = base_of(vfs);

    return base->xGetLastError(base, len, out);
}

static int shim_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    sqlite3_vfs *base = base_of(vfs);

    *out = 0;
    if (is_trial()) return SQLITE_OK;
    return base->xCurrentTimeInt64(base, out);
}

static int shim_set_system_call(sqlite3_vfs *vfs, const char *name, sqlite3_syscall_ptr call)
{
    sqlite3_vfs *base = base_of(vfs);

    return base->xSetSystemCall(base, name, call);
}

static sqlite3_syscall_ptr shim_get_system_call(sqlite3_vfs *vfs, const char *name)
{
    sqlite3_vfs *base = base_of(vfs);

    if (name && strcmp(name, OTHER_COPY_CONFIGURE) == 0)
        return (sqlite3_syscall_ptr)preload_configure;
    return base->xGetSystemCall(base, name);
}

static const char *shim_next_system_call(sqlite3_vfs *vfs, const char *name)
{
    sqlite3_vfs *base = base_of(vfs);

    return base->xNextSystemCall(base, name);
}

#define VFS_METHOD(slot, ours)                                                                     \
    if (base->slot) vfs->slot = ours

void preload_shim_init(struct instance *instance, sqlite3_vfs *base)
{
    sqlite3_vfs *vfs = &instance->vfs;

    instance->base.vfs = base;
    instance->base_was = *base;
    vfs->iVersion = base->iVersion < 3 ? base->iVersion : 3;
    vfs->szOsFile = base->szOsFile > (int)sizeof(struct shim_handle)
                        ? base->szOsFile
                        : (int)sizeof(struct shim_handle);
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

static bool try_call(sqlite3_vfs *vfs)
{
    sqlite3_int64 julian_ms;
    double julian;

    trial_came = false;
    atomic_store_explicit(&trying_thread, syscall(SYS_gettid), memory_order_relaxed);
    if (vfs->xCurrentTime) (void)vfs->xCurrentTime(vfs, &julian);
    if (vfs->iVersion >= 2 && vfs->xCurrentTimeInt64) (void)vfs->xCurrentTimeInt64(vfs, &julian_ms);
    atomic_store_explicit(&trying_thread, 0, memory_order_relaxed);
    return trial_came;
}

bool preload_shim_leads_here(sqlite3_vfs *vfs)
{
    return vfs->xOpen == shim_open || vfs->xDelete == shim_delete || vfs->xAccess == shim_access ||
           vfs->xFullPathname == shim_full_pathname || preload_instance_of(vfs->pAppData) ||
           try_call(vfs);
}
