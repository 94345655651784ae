/* A store keeps one history a database between processes: a small verb table, so that others than
 * the sidecar can be put in its place. Verbs never call SQLite and are called from any thread, one
 * call at a time a store. */
#ifndef VFS_STORE_H
#define VFS_STORE_H

#include <stdatomic.h>

#include "hints/history.h"
#include "vfs/config.h"
#include "vfs/geometry.h"
#include "vfs/identity.h"

enum store_result {
    STORE_OK,
    STORE_NONE, /* load: nothing is stored */
    STORE_BAD,  /* load: what is stored is of no use; logged with the reason; the next save replaces
                   it */
    STORE_FENCED, /* save: a higher generation is stored; nothing was written, logged */
    STORE_GONE,   /* save: the database was deleted or replaced; nothing was written */
    STORE_BUSY, /* save: other saves held the lock all the time, or cancelled; worth another try */
    STORE_FAILED, /* save: could not be written; logged */
};

/* What a saved history was learnt on. */
struct store_evidence {
    uint32_t page_size;
    uint32_t page_count;
    uint32_t schema_cookie;
    uint64_t generation;
};

struct store;

struct store_verbs {
    enum store_result (*load)(struct store *store, struct hint_history *history,
                              struct store_evidence *evidence);
    /* Folds the session into what is stored at that moment, so that nobody's learning is lost, and
     * stores the result; `history` receives it. Gives up early when `*cancelled` becomes true. */
    enum store_result (*save)(struct store *store, struct hint_history *history,
                              const struct hint_session *session,
                              const struct store_evidence *evidence, const atomic_bool *cancelled);
    void (*free)(struct store *store);
};

struct store {
    const struct store_verbs *verbs;
};

/* The sidecar of `database_path`: beside it, or in the directory that config->store names. NULL: no
 * memory, an unknown kind of store (logged), or a sidecar beside the database was asked for and
 * `beside` says that the base is not the operating system's. */
struct store *preload_sidecar_new(const char *database_path, struct identity identity,
                                  const struct config *config, bool beside);

/* The path of a sidecar store's file. */
const char *preload_sidecar_path(const struct store *store);

#endif
