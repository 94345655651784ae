/* One open main database file, as the shim sees it: what its connection reads is recorded here.
 *
 * The hot path is preload_connection_read: a shift, two loads and a bit test for a page that was
 * seen before; no lock, no system call, no clock, no allocation. Used by the connection's thread
 * alone, but for the recorder's list, which the saver copies (hints/recorder.h). */
#ifndef VFS_CONNECTION_H
#define VFS_CONNECTION_H

#include "hints/recorder.h"
#include "vfs/sqlite.h"

struct database;

/* A shift that makes every offset page 1, which takes the slow path: no page size is known yet. */
#define CONNECTION_SHIFT_UNKNOWN 62U

struct connection {
    struct database *database; /* NULL: nothing is recorded or replayed here */
    struct hint_recorder recorder;
    unsigned page_shift;
    unsigned forks;    /* preload_process_forks() at open */
    bool owns_readers; /* the database's prefetch reads through handles that this connection's
                          thread opened */
    bool is_last;      /* between detach and release: this was the database's last connection */
    /* Behind the database's lock. */
    size_t first_valid; /* touches before it are of pages that have moved */
    struct connection *next;
};

/* What the slow path does: learn the page size and the header, tell probes from pages, record a
 * first touch. */
void preload_connection_touch(struct connection *connection, const void *bytes, int amount,
                              sqlite3_int64 offset);

/* After a successful read (or fetch) of `amount` bytes at `offset`. */
static inline void preload_connection_read(struct connection *connection, const void *bytes,
                                           int amount, sqlite3_int64 offset)
{
    uint64_t index = (uint64_t)offset >> connection->page_shift;

    if (index != 0 && (connection->recorder.full ||
                       hint_recorder_seen(&connection->recorder, (uint32_t)index + 1)))
        return;
    preload_connection_touch(connection, bytes, amount, offset);
}

/* After a successful write: page 1 may bring another page size. */
void preload_connection_wrote(struct connection *connection, const void *bytes, int amount,
                              sqlite3_int64 offset);

/* VACUUM is about to rewrite the file: what was recorded names pages that will have moved. */
void preload_connection_relocated(struct connection *connection);

/* At a lock or unlock, or whatever happens about as rarely: takes the time, says what workers have
 * to say. */
void preload_connection_tick(struct connection *connection);

#endif
