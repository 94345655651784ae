/* Keeping what a session taught: when its record window settles, then at each interval while
 * something new is learnt, at the last close, and when asked. */
#ifndef VFS_SAVE_H
#define VFS_SAVE_H

#include "vfs/database/database.h"

/* Makes a new database's task, before any other thread sees it. */
void preload_save_init(struct database *database);

/* Sees to it that a worker looks at the session when it may have settled. */
void preload_save_schedule(struct database *database);

/* Saves when something new was learnt. Any thread. STORE_OK also when there was nothing;
 * STORE_NONE: there is no store, and the process remembers it. */
enum store_result preload_save(struct database *database);

/* Folds a session that came from elsewhere into what is stored, and fills in its page size. Its
 * pages are not this session's. Any thread. */
enum store_result preload_save_foreign(struct database *database, struct hint_session *session);

/* Appends the session to the file of the option `trace`, when one is set. At its end. Any thread.
 */
void preload_save_trace(struct database *database);

/* The session so far, live connections included. HINT_NOMEM. Any thread. */
int preload_save_session(struct hint_session *out, struct database *database);

/* What this database's sessions are saved under. Any thread. */
struct store_terms preload_save_terms(const struct database *database);

/* Merges what one connection recorded into a session; the database's lock is held. HINT_NOMEM. */
int preload_save_merge(struct hint_session *session, const struct connection *connection,
                       size_t pages_max);

#endif
