/* One open main database file, as the shim sees it: what its connection reads and writes is
 * recorded here.
 *
 * The hot path is preload_connection_knows: a shift, two loads and a bit test for a page that was
 * seen before; no lock, no system call, no clock, no allocation. Used by the connection's thread
 * alone, but for the recording, which other threads read by way of the session.
 *
 * What counts: pages read or mapped, from the database or from its write-ahead log, and pages that
 * the session itself wrote. What does not: the pager's probes of the header, checkpoints, recovery,
 * playback of a journal, VACUUM, restore, backup and integrity checks; and the transaction that
 * fills an empty file, which may be VACUUM INTO's or a backup's. */
#ifndef VFS_CONNECTION_H
#define VFS_CONNECTION_H

#include "hints/format/header.h"
#include "hints/sweep.h"
#include "vfs/process/process.h"
#include "vfs/session/session.h"
#include "vfs/session/wal_index.h"
#include "vfs/sqlite.h"

/* A shift that makes every offset page 1, which takes the slow path: no page size is known yet. */
#define CONNECTION_SHIFT_UNKNOWN 62U

/* What the end of a lock epoch has to see to. One word, so that one test says that it is nothing.
 */
struct connection_duties {
    bool watched : 1;    /* the owner wants to see each lock and unlock */
    bool reserved : 1;   /* RESERVED was taken: a transaction of its own, no playback */
    bool fills : 1;      /* the file was empty when it was: this transaction makes the database */
    bool overwrites : 1; /* VACUUM copies over the database, until it commits */
    bool writes_log : 1; /* WRITE is held: a read mark may change within the transaction */
    unsigned checks : 2; /* lock epochs in which an integrity check may yet run */
};

/* Of the whole page 1 that was read or written last. */
struct connection_page_1 {
    struct hint_header geometry;
    uint64_t schema_hash;      /* of the last one with that cookie; 0: none was seen */
    uint32_t first_page_count; /* of the one that was read first; 0: none was */
    bool is_no_header;         /* the last one: encrypted, or not a database */
};

/* The transaction that writes. */
struct connection_writing {
    uint32_t rewritten;     /* pages of before that it wrote, each beyond those before */
    uint32_t last;          /* of them */
    uint32_t cookie_before; /* the schema's, when it began */
};

/* The write-ahead log. */
struct connection_log {
    bool is_open;        /* writes to the database are checkpoints */
    bool in_checkpoint;  /* or in recovery, which takes the same lock */
    uint64_t frame;      /* whose header was written last; 0: none */
    uint32_t frame_pgno; /* its page */
    struct wal_index index;
};

struct connection {
    struct recording recording;
    struct session *session; /* NULL: nothing is recorded here */
    unsigned page_shift;
    uint32_t page_count; /* as the header said last; 0: unknown */
    unsigned notices;    /* preload_process_notices() when it was last looked at; while the
                            connection is watched one less, which it never is again */
    struct connection_duties duties;
    bool epoch_is_new; /* nothing was touched in this lock epoch yet */
    size_t epoch_from; /* touches before this lock epoch, once it is not new */
    struct connection_page_1 page_1;
    struct connection_writing writing;
    struct connection_log log;
    struct hint_sweep sweep;
};

/* Before anything else, on zeroed memory: it records nothing. */
void preload_connection_init(struct connection *connection);

/* Joins the session, which lists its recording until preload_connection_leave. */
void preload_connection_join(struct connection *connection, struct session *session, int mode,
                             struct hint_window window);

/* Records in another mode from now on; what was recorded is dropped. */
void preload_connection_restart(struct connection *connection, int mode, struct hint_window window);

/* Leaves its session: HINT_NOMEM when what it recorded is lost for that. */
int preload_connection_leave(struct connection *connection);

/* Its session is another process's: forgets it without a word to it, and records no more. */
void preload_connection_disown(struct connection *connection);

/* Frees what it holds, having left. */
void preload_connection_free(struct connection *connection);

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

    return hint_recorder_seen(&connection->recording.recorder, (uint32_t)index + 1) ||
           connection->recording.recorder.full;
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

    return hint_recorder_seen(&connection->recording.recorder,
                              preload_wal_index_shared_page(&connection->log.index, frame));
}

/* After a successful read from, or write to, the database's write-ahead log. */
void preload_connection_read_log(struct connection *connection, const void *bytes, int amount,
                                 sqlite3_int64 offset);
void preload_connection_wrote_log(struct connection *connection, const void *bytes, int amount,
                                  sqlite3_int64 offset);

/* VACUUM is about to rewrite the file: what was recorded names pages that will have moved. */
void preload_connection_overwrites(struct connection *connection);

/* A transaction committed. In exclusive mode no lock says where the next one begins. */
void preload_connection_committed(struct connection *connection);

/* A pragma is being prepared. */
void preload_connection_pragma(struct connection *connection, const char *name);

/* A checkpoint begins or ends; the log was opened or closed. */
static inline void preload_connection_checkpoints(struct connection *connection, bool begins)
{
    connection->log.in_checkpoint = begins;
}

static inline void preload_connection_has_log(struct connection *connection, bool is_open)
{
    connection->log.is_open = is_open;
}

/* The owner wants to see each lock and unlock, or no longer. */
static inline void preload_connection_watch(struct connection *connection, bool watched)
{
    connection->duties.watched = watched;
    connection->notices = preload_process_notices() - watched;
}

/* After xLock, before xUnlock, after xShmLock succeeded. The last says whether a lock epoch ended.
 */
void preload_connection_locked(struct connection *connection, int level);
void preload_connection_unlocking(struct connection *connection);
bool preload_connection_shm_locked(struct connection *connection, int offset, int flags);

/* Offsets of the shared-memory locks (walformat, "WAL-Index Locking"); from SHM_LOCK_READ on they
 * are readers'. */
#define SHM_LOCK_WRITE      0
#define SHM_LOCK_CHECKPOINT 1
#define SHM_LOCK_READ       3

/* Whether a lock changes nothing for us: a reader's, no notice, and nobody watches. */
static inline bool preload_connection_ignores_lock(const struct connection *connection, int level)
{
    return level == SQLITE_LOCK_SHARED && connection->notices == preload_process_notices();
}

/* Ends the lock epoch where that is all there is to do; else false, and the calls above do it.
 * Notices are for the next lock. */
static inline bool preload_connection_end_quietly(struct connection *connection)
{
    const struct connection_duties duties = connection->duties;

    if (duties.watched || duties.reserved || duties.overwrites || duties.writes_log ||
        duties.checks > 0)
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
    return connection->notices == preload_process_notices() &&
           preload_connection_end_quietly(connection);
}

/* Notices are seen, and the time is taken. */
void preload_connection_tick(struct connection *connection);

#endif
