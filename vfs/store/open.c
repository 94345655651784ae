/* Where a sidecar lies. */
#include "vfs/store/open.h"

#include <string.h>

#include "hints/memory.h"
#include "vfs/file/text.h"
#include "vfs/process/log.h"
#include "vfs/store/sidecar.h"

/* NULL: no memory, or nothing may lie beside the database. */
static struct store *open_beside(const struct named_file *database, const struct config *config,
                                 bool beside)
{
    struct store *store = NULL;
    char *path;

    if (!beside) {
        preload_log_note("hints are kept in memory only: the base is not the operating system's, "
                         "and store names no directory: %s",
                         database->path);
        return NULL;
    }
    path = preload_text_join(database->path, "-preload");
    if (path) store = preload_sidecar_new(database, path, config->lock_ms);
    hint_free(path);
    return store;
}

struct store *preload_store_open(const struct named_file *database, const struct config *config,
                                 bool beside)
{
    const char *store = config->store;

    if (strcmp(store, "sidecar") == 0) return open_beside(database, config, beside);
    if (preload_config_names_path(preload_config_find("store"), store))
        return preload_sidecar_new_in(database, store + strlen(CONFIG_STORE_IN), config->lock_ms);
    preload_log_warn("store=%s: no such store; hints are kept in memory only", store);
    return NULL;
}
