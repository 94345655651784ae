/* Keeping what a session taught: when its record window settles, then at each interval while
 * something new is learnt, at the last close, and when asked. Any thread. */
#ifndef VFS_SAVE_H
#define VFS_SAVE_H

#include "vfs/replay/replay.h"

struct saving {
    struct pool_task task; /* first */
    struct course *replay; /* and with it the session, the keeper, the configuration, the file */
    pthread_mutex_t lock;  /* one save at a time; held over I/O, and taken before any other lock */
    atomic_bool cancelled; /* a save in the background gives up its wait for the store */
};

/* On zeroed memory. */
void preload_saving_init(struct saving *saving, struct course *replay);
void preload_saving_free(struct saving *saving);

/* Sees to it that a worker looks at the session when it may have settled. */
void preload_saving_schedule(struct saving *saving);

/* Waits until no worker saves; nothing is scheduled then. */
void preload_saving_cancel(struct saving *saving);

/* Saves when something new was learnt, and, unless the host asks for it, the database is not small.
 * STORE_OK also when there was nothing; STORE_NONE: there is no store, and the process remembers
 * it. */
enum store_result preload_saving_save(struct saving *saving, bool asked);

/* Folds a session that came from elsewhere into what is stored, and fills in its page size. Its
 * pages are not this session's. */
enum store_result preload_saving_save_foreign(struct saving *saving, struct hint_session *session);

/* The stored book with the session so far folded in. HINT_NOMEM. */
int preload_saving_preview(struct saving *saving, struct hint_book *book,
                           struct hint_session *session);

/* Appends the session to the file of the option `trace`, when one is set. At its end. */
void preload_saving_trace(struct saving *saving);

/* The session so far, with what was fetched for it. HINT_NOMEM. */
int preload_saving_session(struct hint_session *out, struct saving *saving);

#endif
