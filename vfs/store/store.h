/* A store keeps one book a database between processes: a small verb table, so that others than
 * the sidecar can be put in its place. Verbs never call SQLite and are called from any thread, one
 * save at a time a store, and loads beside it. */
#ifndef VFS_STORE_H
#define VFS_STORE_H

#include <stdatomic.h>

#include "hints/book.h"
#include "vfs/file/identity.h"

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

/* What a session is saved under. */
struct store_terms {
    const char *profile; /* NULL or empty: none */
    uint64_t generation;
    struct hint_book_cap cap;
};

struct store;

struct store_verbs {
    /* `generation` is the one that the book was stored under. */
    enum store_result (*load)(struct store *store, struct hint_book *book, uint64_t *generation);
    /* Folds the session, whose page size is known, into what is stored at that moment, so that
     * nobody's learning is lost, and stores the result; `book` receives it. Gives up early when
     * `*cancelled` becomes true. */
    enum store_result (*save)(struct store *store, struct hint_book *book,
                              const struct hint_session *session, struct store_terms terms,
                              const atomic_bool *cancelled);
    void (*free)(struct store *store);
};

struct store {
    const struct store_verbs *verbs;
};

#endif
