/* One open main database file, as the shim sees it: what its connection reads and writes is
 * recorded here.
 *
 * The hot path is preload_connection_knows: a shift, two loads and a bit test for a page that was
 * seen before; no lock, no system call, no clock, no allocation. Used by the connection's thread
 * alone, but for the recorder's list, which the saver copies (hints/recorder.h).
 *
 * What counts: pages read or mapped, from the database or from its write-ahead log, and pages that
 * the session itself wrote. What does not: the pager's probes of the header, checkpoints, recovery,
 * playback of a journal, VACUUM, restore, backup and integrity checks. */
#ifndef VFS_CONNECTION_H
#define VFS_CONNECTION_H

#include <stdatomic.h>

#include "hints/format/header.h"
#include "hints/format/wal.h"
#include "hints/recorder.h"
#include "hints/sweep.h"
#include "vfs/process/process.h"
#include "vfs/session/wal_index.h"
#include "vfs/sqlite.h"

struct database;

/* A shift that makes every offset page 1, which takes the slow path: no page size is known yet. */
#define CONNECTION_SHIFT_UNKNOWN 62U

struct connection {
    struct database *database; /* NULL: nothing is recorded or replayed here */
    struct hint_recorder recorder;
    unsigned page_shift;
    uint32_t page_count;       /* as the header said last; 0: unknown */
    struct hint_header page_1; /* of the whole page 1 that was read or written last */
    uint64_t schema_hash;      /* of the last one with that cookie; 0: none was seen */
    uint32_t first_page_count; /* of the one that was read first; 0: none was */
    unsigned forks;            /* preload_process_forks() at open */
    unsigned host_epoch;       /* preload_config_host_epoch() when the mode was last looked at */
    unsigned news;             /* preload_process_news() when it was last looked at */
    int mode;                  /* enum config_mode in force */
    const char *name;          /* as xOpen got it, for its URI */
    bool is_last; /* between detach and release: this was the database's last connection */

    atomic_bool reading; /* a page is read that was not seen before: workers give way */

    /* What the end of a lock epoch has to see to. Side by side, so that one test of the word says
     * that it is nothing. */
    bool owns_readers : 1; /* the database's prefetch reads through handles that this connection's
                              thread opened */
    bool reserved : 1;     /* RESERVED was taken: a transaction of its own, no playback */
    bool overwrites : 1;   /* VACUUM copies over the database, until it commits */
    bool writes_log : 1;   /* WRITE is held: a read mark may change within the transaction */
    unsigned checks : 2;   /* lock epochs in which an integrity check may yet run */

    uint32_t rewritten;     /* pages of before, by the transaction that writes */
    uint32_t cookie_before; /* the schema's, when it began */

    bool has_log;        /* a write-ahead log is open: writes to the database are checkpoints */
    bool in_checkpoint;  /* or in recovery, which takes the same lock */
    bool epoch_is_new;   /* nothing was touched in this lock epoch yet */
    size_t epoch_from;   /* touches before this lock epoch, once it is not new */
    uint32_t frame_pgno; /* page of the frame whose header was written last */
    struct wal_index wal_index;
    struct hint_sweep sweep;

    /* Behind the database's lock. Touches that say nothing about the next session. */
    size_t void_from;
    size_t void_to;
    size_t first_valid; /* touches before it are of pages that have moved */
    size_t counted;     /* touches before it are in the database's progress */
    struct connection *next;
};

/* After a successful read (or fetch; `bytes` is NULL where they may not be looked at): learns the
 * page size and the header, tells probes from pages, records a first touch. */
void preload_connection_read(struct connection *connection, const void *bytes, int amount,
                             sqlite3_int64 offset);

/* Whether there is nothing to learn from a fetch at `offset`: the page was seen before, or nothing
 * more is recorded. While no page size is known every offset is in page 1, which was not seen. */
static inline bool preload_connection_knows_mapped(const struct connection *connection,
                                                   sqlite3_int64 offset)
{
    uint64_t index = (uint64_t)offset >> connection->page_shift;

    return hint_recorder_seen(&connection->recorder, (uint32_t)index + 1) ||
           connection->recorder.full;
}

/* The same of a read of `amount` bytes; of page 1 a probe by the pager says nothing, and any other
 * read something. The base may then answer in the caller's place, without a frame of ours. */
static inline bool preload_connection_knows(const struct connection *connection, int amount,
                                            sqlite3_int64 offset)
{
    if ((uint64_t)offset >> connection->page_shift == 0) return amount < HINT_HEADER_BYTES;
    return preload_connection_knows_mapped(connection, offset);
}

/* After a successful write to the database file. */
void preload_connection_wrote(struct connection *connection, const void *bytes, int amount,
                              sqlite3_int64 offset);

/* The same for a read from the database's write-ahead log, where connections share memory. A read
 * that is no frame's page names any page here: nothing is learnt from such a one anyway. */
static inline bool preload_connection_knows_log(const struct connection *connection, int amount,
                                                sqlite3_int64 offset)
{
    uint64_t frame = hint_wal_frame_of_page_at((uint64_t)offset, (uint64_t)amount);

    return hint_recorder_seen(&connection->recorder,
                              preload_wal_index_shared_page(&connection->wal_index, frame));
}

/* After a successful read from, or write to, the database's write-ahead log. */
void preload_connection_read_log(struct connection *connection, const void *bytes, int amount,
                                 sqlite3_int64 offset);
void preload_connection_wrote_log(struct connection *connection, const void *bytes, int amount,
                                  sqlite3_int64 offset);

/* VACUUM is about to rewrite the file: what was recorded names pages that will have moved. */
void preload_connection_overwrites(struct connection *connection);

/* A pragma is being prepared. */
void preload_connection_pragma(struct connection *connection, const char *name);

/* After xLock, before xUnlock, after xShmLock succeeded. */
void preload_connection_locked(struct connection *connection, int level);
void preload_connection_unlocking(struct connection *connection, int level);
void preload_connection_shm_locked(struct connection *connection, int offset, int flags);

/* Offsets of the shared-memory locks (walformat, "WAL-Index Locking"); from SHM_LOCK_READ on they
 * are readers'. */
#define SHM_LOCK_WRITE      0
#define SHM_LOCK_CHECKPOINT 1
#define SHM_LOCK_READ       3

/* Whether a lock changes nothing for us: a reader's, no news, and no handles whose close waits for
 * one. */
static inline bool preload_connection_ignores_lock(const struct connection *connection, int level)
{
    return level == SQLITE_LOCK_SHARED && !connection->owns_readers &&
           connection->news == preload_process_news();
}

/* Ends the lock epoch where that is all there is to do; else false, and the calls above do it. News
 * are for the next lock. */
static inline bool preload_connection_end_quietly(struct connection *connection)
{
    if (connection->owns_readers || connection->reserved || connection->overwrites ||
        connection->writes_log || connection->checks > 0)
        return false;
    connection->epoch_is_new = true;
    return true;
}

/* Whether a lock of the shared memory changes nothing for us; a reader's end may end the epoch. */
static inline bool preload_connection_ignores_shm_lock(struct connection *connection, int offset,
                                                       int flags)
{
    if (offset < SHM_LOCK_READ) return offset > SHM_LOCK_CHECKPOINT;
    if (flags != (SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED)) return true;
    return connection->news == preload_process_news() && preload_connection_end_quietly(connection);
}

/* Takes the time, follows the host's mode, says what workers have to say. */
void preload_connection_tick(struct connection *connection);

/* At the file's close, after the database let go of it. */
void preload_connection_free(struct connection *connection);

#endif
