/* Where a sidecar lies. */
#include "vfs/store/open.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hints/memory.h"
#include "vfs/process/log.h"
#include "vfs/process/text.h"
#include "vfs/store/sidecar.h"

/* Where the file goes. NULL: no memory, an unknown store, or beside the database where that is not
 * allowed. */
static char *sidecar_path(const struct named_file *database, const char *store, bool beside)
{
    char name[64];

    if (strcmp(store, "sidecar") == 0) {
        if (beside) return preload_text_join(database->path, "-preload");
        preload_log_note("hints are kept in memory only: the base is not the operating system's, "
                         "and store names no directory: %s",
                         database->path);
        return NULL;
    }
    if (!preload_config_names_path(preload_config_find("store"), store)) {
        preload_log_warn("store=%s: no such store; hints are kept in memory only", store);
        return NULL;
    }
    (void)snprintf(name, sizeof name, "/%jx-%jx-preload", (uintmax_t)database->identity.device,
                   (uintmax_t)database->identity.inode);
    return preload_text_join(store + strlen(CONFIG_STORE_IN), name);
}

struct store *preload_store_open(const struct named_file *database, const struct config *config,
                                 bool beside)
{
    char *path = sidecar_path(database, config->store, beside);
    struct store *store = path ? preload_sidecar_new(database, path, config->lock_ms) : NULL;

    hint_free(path);
    return store;
}
