/* A main file's place in its database: the connection that records, and what the host says to it.
 * Every call on the connection's own thread. */
#ifndef VFS_ATTACH_H
#define VFS_ATTACH_H

#include "vfs/database/database.h"
#include "vfs/session/connection.h"

struct attachment {
    struct connection connection; /* first: the hot path's */
    struct database *database;    /* NULL: nothing is recorded or replayed here */
    unsigned host_epoch;          /* preload_config_host_epoch() when the mode was last looked at */
    bool is_last;                 /* between detach and release: this was the last connection */
};

/* After a main database file was opened with the base: finds or makes its database, begins the
 * replay when this is the first open. The database stays NULL when there is nothing to do: no file
 * of that name, no memory. `main` is the base's open file, `name` as xOpen got it, `uri_name` the
 * same where it came with SQLITE_OPEN_URI, else NULL. With `may_store` its database's hints may be
 * stored from now on. */
void preload_attach(struct attachment *attachment, const struct base *base, sqlite3_file *main,
                    const char *name, const char *uri_name, const struct config *config,
                    bool may_store);

/* Before the base closes the file: stops what works for the database when this is its last
 * connection, closes the handles of this connection. */
void preload_detach(struct attachment *attachment);

/* After the base closed the file: saves and frees the database when that was its last connection.
 */
void preload_release(struct attachment *attachment);

/* While the connection holds a lock: closes its handles when the replay has ended. */
void preload_attachment_close_handles(struct attachment *attachment);

/* Begins the replay anew where it could not go on as it was. `main` and `uri_name` as for
 * preload_attach. */
void preload_attachment_start_over(struct attachment *attachment, sqlite3_file *main,
                                   const char *uri_name);

/* In a child that got the open file from its parent, by fork(): the database is the parent's, and a
 * thread that is not here may hold its locks or run its tasks. From now on it is as if nothing were
 * recorded or replayed here. */
void preload_attachment_disown(struct attachment *attachment);

/* Whether the host has set an option since the last call, so that the mode is to be followed. */
bool preload_attachment_is_outdated(struct attachment *attachment);

/* Follows a mode: off drops what was recorded and cancels the replay, on records again. */
void preload_attachment_follow(struct attachment *attachment, const struct config *config);

#endif
