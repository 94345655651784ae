/* The replay of one database, from its first open in the process to its last close: loads the
 * hints, makes the plan, fetches what it names. Any thread, where no other rule is given. */
#ifndef VFS_REPLAY_H
#define VFS_REPLAY_H

#include "vfs/replay/course.h"

/* On zeroed memory. What it works with lives as long as it does. */
void preload_replay_init(struct course *course, const struct base *base,
                         const struct named_file *file, const struct config *config,
                         struct session *session, struct keeper *keeper);

/* Frees what it holds, having been stopped. */
void preload_replay_free(struct course *course);

/* Begins, on the opening connection's thread; `main` is the base's open file, `uri_name` as
 * xOpen got it with SQLITE_OPEN_URI, or NULL. True when handles were opened: their owner, the
 * connection, closes them by one of the next two. */
bool preload_replay_start(struct course *course, sqlite3_file *main, const char *uri_name);

/* Where workers turned out to get no descriptor table of their own, begins anew by reading, as the
 * function above. A load where that is not so. */
bool preload_replay_start_over(struct course *course, sqlite3_file *main, const char *uri_name);

/* Stops what reads and closes the handles; on the owner's thread, in xClose. */
void preload_replay_stop_reading(struct course *course);

/* Closes the handles if the replay has ended; whether it did. On the owner's thread, while it holds
 * a lock. */
bool preload_replay_close_handles(struct course *course);

/* No more is fetched, for this reason. */
void preload_replay_cancel(struct course *course, enum preload_reason reason);

/* Waits until no worker works for it. */
void preload_replay_stop(struct course *course);

/* Counts what the connections have touched, before one of them leaves the session. */
void preload_replay_catch_up(struct course *course);

/* What was fetched so far. Replaces what `out` held. HINT_NOMEM. */
int preload_replay_fetched(struct hint_runs *out, const struct course *course);

/* Sets what `out` says of a replay. */
void preload_replay_stats(const struct course *course, struct preload_stats *out);

/* What a fetch costs, what a miss, in pages of the usual size. */
struct hint_costs preload_replay_costs(const struct course *course);

#endif
