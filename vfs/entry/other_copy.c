/* Found by its name, and spoken to by the one method of a VFS that is asked for names. */
#include "vfs/entry/other_copy.h"

#include <stdbool.h>

#include "vfs/entry/instances.h"
#include "vfs/process/config.h"

/* What a VFS that goes by our name answers; NULL: it is none of ours. */
static sqlite3_syscall_ptr answer_of(sqlite3_vfs *vfs)
{
    if (vfs->iVersion < 3 || !vfs->xGetSystemCall) return NULL;
    return vfs->xGetSystemCall(vfs, OTHER_COPY_CONFIGURE);
}

/* This copy's, which a host may have registered itself, or copied, or put something over. */
static bool is_ours(sqlite3_vfs *found)
{
    struct instance *any = preload_instances();
    sqlite3_syscall_ptr answer;

    if (!any) return false;
    if (preload_instance_of(found) || preload_instance_of(found->pAppData)) return true;
    answer = answer_of(&any->vfs);
    return answer && answer == answer_of(found);
}

sqlite3_vfs *preload_other_copy(void)
{
    /* Looked for in any case: it initializes SQLite, which registers us where it was compiled to,
     * and waits for a lock of ours then. */
    sqlite3_vfs *found = sqlite3_vfs_find("preload");

    return !found || preload_instances_any_registered() || is_ours(found) ? NULL : found;
}

/* Asked without a side effect. A build without test controls answers each with 0, and there the
 * memory in use tells, where it is counted. */
static bool is_initialized(void)
{
    if (sqlite3_test_control(SQLITE_TESTCTRL_BYTEORDER) != 0)
        return sqlite3_test_control(SQLITE_TESTCTRL_ISINIT) == SQLITE_OK;
    return sqlite3_memory_highwater(0) != 0;
}

/* A host may call sqlite3_config() until SQLite is initialized, and after a shutdown. */
sqlite3_vfs *preload_other_copy_in_use(void)
{
    if (preload_instances_any_registered() || !is_initialized()) return NULL;
    return preload_other_copy();
}

int preload_other_copy_configure(sqlite3_vfs *other, const char *name, const char *value)
{
    int (*configure)(const char *, const char *);
    sqlite3_syscall_ptr found = answer_of(other);

    if (!found) return SQLITE_ERROR;
    configure = (int (*)(const char *, const char *))found;
    return configure(name, value);
}

int preload_other_copy_take_over(sqlite3_vfs *other)
{
    char value[CONFIG_TEXT_MAX];
    int rc = SQLITE_OK;

    for (size_t i = 0; i < preload_config_option_count; i++) {
        const struct config_option *option = &preload_config_options[i];

        if (!preload_config_host_value(value, sizeof value, option)) continue;
        if (preload_other_copy_configure(other, option->name, value) != SQLITE_OK)
            rc = SQLITE_ERROR;
    }
    return rc;
}
