/* Registration and the entry points. */
#include "vfs/sqlite.h"

#include <pthread.h>
#include <string.h>

#include "vfs/database/database.h"
#include "vfs/entry/fork.h"
#include "vfs/entry/idle.h"
#include "vfs/entry/memory.h"
#include "vfs/entry/other_copy.h"
#include "vfs/entry/registration.h"
#include "vfs/entry/say.h"
#include "vfs/entry/served.h"
#include "vfs/entry/shim_list.h"
#include "vfs/entry/sql.h"
#include "vfs/process/board.h"
#include "vfs/process/config.h"
#include "vfs/process/log.h"
#include "vfs/process/pool.h"
#include "vfs/process/process.h"

/* Of a shared cache whose schema is locked no statement can be prepared: nobody's fault. */
static void add_sql(sqlite3 *db, bool is_early)
{
    static const char text[] = "the SQL functions could not be added to a connection";
    const int rc = preload_sql_init(db, is_early);

    if (rc == SQLITE_OK) return;
    if ((rc & 0xff) == SQLITE_LOCKED)
        preload_log_note("%s: its shared cache is locked", text);
    else
        preload_log_error("%s", text);
    /* Whatever is returned, an open takes its result from the connection's last error. Running
     * nothing clears that. */
    (void)sqlite3_exec(db, "", NULL, NULL, NULL);
}

/* Runs for every connection that opens, whatever its VFS. It always succeeds: a failure here would
 * fail somebody's open. */
static int add_to_connection(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
    (void)error;
    (void)api;
    add_sql(db, false);
    return SQLITE_OK;
}

static int apply_options(const char *const *options)
{
    int rc = SQLITE_OK;

    for (; options && *options; options++) {
        const char *equals = strchr(*options, '=');
        char name[64];

        if (!equals || (size_t)(equals - *options) >= sizeof name) {
            rc = SQLITE_ERROR;
            continue;
        }
        memcpy(name, *options, (size_t)(equals - *options));
        name[equals - *options] = '\0';
        if (preload_configure(name, equals + 1) != SQLITE_OK) rc = SQLITE_ERROR;
    }
    return rc;
}

/* sqlite3_shutdown() forgets the default and the auto-extensions but keeps the VFS: so both are set
 * on every call. A first call that fails leaves nothing: a loader unmaps us then. */
static int register_locked(const char *base_name, bool make_default)
{
    const bool again = preload_instances_any_registered();
    const int added = sqlite3_auto_extension((void (*)(void))add_to_connection);
    struct instance *instance;
    int rc;

    if (added != SQLITE_OK && !again) return added;
    instance = preload_instance_register(base_name, make_default, &rc);
    if (!instance) {
        if (!again) (void)sqlite3_cancel_auto_extension((void (*)(void))add_to_connection);
        return rc;
    }
    preload_memory_init();
    preload_fork_init();
    preload_process_listen();
    if (make_default) rc = preload_instance_make_default(instance);
    return rc == SQLITE_OK ? added : rc;
}

/* What stands above another copy cannot be told: it becomes the default in the place of what SQLite
 * starts with, and of nothing else. */
static int make_other_default(sqlite3_vfs *other)
{
    const sqlite3_vfs *now = sqlite3_vfs_find(NULL);

    return !now || preload_is_first_default(now) ? sqlite3_vfs_register(other, 1) : SQLITE_OK;
}

static int hand_over(sqlite3_vfs *other, const struct preload_config *config)
{
    int earlier_rc = preload_other_copy_take_over(other);
    int options_rc = apply_options(config->options);
    int rc = config->make_default ? make_other_default(other) : SQLITE_OK;

    if (rc == SQLITE_OK) rc = earlier_rc;
    return rc == SQLITE_OK ? options_rc : rc;
}

/* Initializes SQLite, if that is wanted. It may have been compiled to register us then, so nothing
 * under the lock may be what initializes it. Without memory it does not, and finds no VFS. */
static bool is_initialized(void)
{
    return sqlite3_vfs_find(NULL) != NULL;
}

static pthread_once_t environment_once = PTHREAD_ONCE_INIT;

int preload_register(const struct preload_config *config)
{
    static const struct preload_config none = { 0 };
    struct config process;
    sqlite3_vfs *other;
    const char *base;
    int options_rc;
    int rc;

    preload_fork_notice();
    if (!config) config = &none;
    /* Who cannot hear that another copy was told `off` does nothing. */
    if (!preload_board_is_there()) return SQLITE_NOMEM;
    other = preload_other_copy();
    if (other) return hand_over(other, config);
    (void)pthread_once(&environment_once, preload_config_read_environment);
    options_rc = apply_options(config->options);
    preload_config_process(&process);
    base = config->base ? config->base : process.base;
    if (!is_initialized()) return SQLITE_NOMEM;
    preload_instances_lock();
    rc = register_locked(base, config->make_default != 0);
    preload_instances_unlock();
    if (rc == SQLITE_ERROR)
        preload_log_warn("base=%s: there is no such VFS, or it leads to preload itself", base);
    preload_say();
    return rc == SQLITE_OK ? options_rc : rc;
}

int preload_unregister(void)
{
    int rc = SQLITE_BUSY;

    preload_fork_notice();
    /* Before anything was registered the host may still call sqlite3_config(). */
    if (preload_instances() && !is_initialized()) return SQLITE_NOMEM;
    preload_instances_lock();
    if (preload_shim_open_files() == 0 && preload_sql_connections() == 0 && preload_pool_stop()) {
        preload_instances_unregister();
        /* Before SQLite is initialized it has no mutex for this call. */
        if (preload_instances())
            (void)sqlite3_cancel_auto_extension((void (*)(void))add_to_connection);
        preload_database_forget_dormant();
        preload_process_leave();
        rc = SQLITE_OK;
    }
    preload_instances_unlock();
    return rc;
}

int preload_extra_init(const char *unused)
{
    (void)unused;
    return preload_register(&(struct preload_config){ .make_default = 1 });
}

/* Loaded code must stay: its VFS is in use, and for an error SQLite unloads it. So once anything is
 * registered this succeeds; what went wrong was logged. Hosts before 3.14 take the answer that
 * makes it stay for an error. */
static int load(sqlite3 *db, bool make_default)
{
    int rc = preload_register(&(struct preload_config){ .make_default = make_default });

    if (rc != SQLITE_OK && !preload_instances_any_registered()) return rc;
    if (db && !preload_other_copy()) add_sql(db, true);
#ifndef SQLITE_CORE
    if (sqlite3_libversion_number() >= 3014000) return SQLITE_OK_LOAD_PERMANENTLY;
#endif
    return SQLITE_OK;
}

#ifdef SQLITE_CORE
#define ENTRY_POINT

/* There is one SQLite, which is linked. */
static int load_by(sqlite3 *db, bool make_default, const sqlite3_api_routines *api)
{
    (void)api;
    return load(db, make_default);
}
#else
#define ENTRY_POINT __attribute__((visibility("default")))

/* By the API of the one that loads. */
static int load_by(sqlite3 *db, bool make_default, const sqlite3_api_routines *api)
{
    if (preload_served_take(api)) return load(db, make_default);
    preload_idle_load(db, api);
    return api->libversion_number() >= 3014000 ? SQLITE_OK_LOAD_PERMANENTLY : SQLITE_OK;
}
#endif

ENTRY_POINT int sqlite3_preload_init(sqlite3 *db, char **error,
                                     const struct sqlite3_api_routines *api)
{
    (void)error;
    return load_by(db, false, api);
}

ENTRY_POINT int sqlite3_preloaddefault_init(sqlite3 *db, char **error,
                                            const struct sqlite3_api_routines *api)
{
    (void)error;
    return load_by(db, true, api);
}
