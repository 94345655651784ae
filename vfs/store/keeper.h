/* Keeps what sessions of one database have taught: the book as this process knows it, and the store
 * that it comes from and goes to. Any thread, where no other rule is given. */
#ifndef VFS_KEEPER_H
#define VFS_KEEPER_H

#include <pthread.h>
#include <stdatomic.h>

#include "vfs/store/store.h"

struct keeper {
    struct store *store;   /* NULL: memory only */
    atomic_bool may_store; /* else it is read only */

    pthread_mutex_t lock;  /* what follows; never held over I/O, nor beside the session's */
    struct hint_book book; /* as loaded, or as the last save left it */
    uint64_t saves;
    uint64_t errors;
    bool is_unstored; /* the last save did not reach a store */
    bool is_deferred; /* because the store was only to be read */
};

struct keeper_counts {
    uint64_t saves;
    uint64_t errors;
    uint64_t pages;    /* of the history that all sessions share */
    uint64_t sessions; /* that it remembers */
};

/* Takes the store (NULL: none) over, on zeroed memory. */
void preload_keeper_init(struct keeper *keeper, struct store *store);
void preload_keeper_free(struct keeper *keeper);

/* Saves go to the store from now on; before, they stay in memory. */
void preload_keeper_allow_store(struct keeper *keeper);

/* The book to replay: what the store holds; what this process remembers, where that is more (it
 * could not be stored). False: there is none. Waits for the store. */
bool preload_keeper_load(struct keeper *keeper, struct hint_book *out);

/* What was loaded becomes what this process knows, unless a save has brought more meanwhile. `book`
 * is left with what is not needed. */
void preload_keeper_take(struct keeper *keeper, struct hint_book *book);

/* The stored book; what the process knows where nothing is stored. HINT_NOMEM. Waits for the store.
 */
int preload_keeper_stored(struct keeper *keeper, struct hint_book *out);

/* Folds a session into what is stored, or at least into what this process knows. Its page size is
 * known. One save at a time. STORE_NONE: there is no store, or it is only
 * read; the process remembers it. */
enum store_result preload_keeper_save(struct keeper *keeper, const struct hint_session *session,
                                      struct store_terms terms, const atomic_bool *cancelled);

/* Whether the last save stayed in memory, and may now go to the store. */
bool preload_keeper_is_due(struct keeper *keeper);

/* Whether it knows something that no store holds. */
bool preload_keeper_is_unstored(struct keeper *keeper);

/* What `from` knows goes over to a keeper that knows nothing yet; no other thread sees either. */
void preload_keeper_inherit(struct keeper *keeper, struct keeper *from);

struct keeper_counts preload_keeper_count(struct keeper *keeper);

#endif
