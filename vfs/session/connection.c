/* The slow path of recording. */
#include "vfs/session/connection.h"

#include <string.h>

#include "hints/format/bytes.h"
#include "hints/format/header.h"
#include "vfs/process/config.h"

#define TOUCHES_A_TICK 64

/* The pager's probes are short and at the file's head: 100 bytes at 0 once, 16 at 24 with each
 * lock. No page is that small. */
#define PROBE_BYTES_MAX 512

/* PRAGMA integrity_check is seen at its prepare; the schema may be read in an epoch of its own
 * before it runs. */
#define CHECK_EPOCHS    3U
#define CHECK_PAGES_MIN 64

/* Of a smaller database a statement may well rewrite every page. */
#define RESTORE_PAGES_MIN 64

static void take_time(struct connection *connection)
{
    hint_recorder_tick(&connection->recording.recorder, preload_session_us(connection->session));
}

/* The recording begins anew, and with it the lock epoch and the search for sweeps. */
static void begin_recording(struct connection *connection)
{
    connection->epoch_is_new = true;
    connection->sweep = (struct hint_sweep){ 0 };
}

static void forget_session(struct connection *connection)
{
    preload_session_forget(connection->session, &connection->recording);
    if (connection->recording.mode & CONFIG_MODE_RECORD) begin_recording(connection);
}

void preload_connection_init(struct connection *connection)
{
    connection->page_shift = CONNECTION_SHIFT_UNKNOWN;
    connection->recording.recorder.full = true;
}

void preload_connection_join(struct connection *connection, struct session *session, int mode,
                             struct hint_window window)
{
    connection->session = session;
    preload_session_join(session, &connection->recording, mode, window);
    begin_recording(connection);
}

void preload_connection_restart(struct connection *connection, int mode, struct hint_window window)
{
    preload_session_restart(connection->session, &connection->recording, mode, window);
    begin_recording(connection);
}

void preload_connection_disown(struct connection *connection)
{
    connection->session = NULL;
    connection->duties = (struct connection_duties){ 0 };
    connection->epoch_is_new = true;
    preload_connection_init(connection);
}

int preload_connection_leave(struct connection *connection)
{
    int rc = preload_session_leave(connection->session, &connection->recording);

    connection->session = NULL;
    return rc;
}

static unsigned shift_of(uint32_t page_size)
{
    unsigned shift = 9;

    while (UINT32_C(1) << shift < page_size)
        shift++;
    return shift;
}

/* 0 while it is unknown: the shift is past 32 bits then. */
static uint32_t page_size_of(const struct connection *connection)
{
    return (uint32_t)(UINT64_C(1) << connection->page_shift);
}

/* A whole page 1 whose counter and sizes are those that were seen last holds nothing new: the
 * counter changes with each transaction that writes the page. While the cookie stays, so does the
 * schema: only the first page and one with another cookie cost a hash. */
static void learn_schema(struct connection *connection, const struct hint_header *geometry,
                         const void *bytes, bool written)
{
    if (memcmp(geometry, &connection->page_1.geometry, sizeof *geometry) == 0) return;
    if (connection->page_1.schema_hash == 0 ||
        geometry->page_size != connection->page_1.geometry.page_size ||
        geometry->schema_cookie != connection->page_1.geometry.schema_cookie)
        connection->page_1.schema_hash = hint_schema_hash(bytes, geometry->page_size);
    connection->page_1.geometry = *geometry;
    if (!written && connection->page_1.first_page_count == 0)
        connection->page_1.first_page_count = geometry->page_count;
    preload_session_saw_schema(connection->session,
                               &(struct hint_evidence){
                                   .page_size = geometry->page_size,
                                   .page_count = geometry->page_count,
                                   .schema_cookie = geometry->schema_cookie,
                                   .schema_hash = connection->page_1.schema_hash,
                               },
                               written);
}

/* Page 1, or its first bytes, as they were just read or written. The pager reads the whole page
 * within a transaction, and only then; what it reads before that may be stale. */
static void learn_page_1(struct connection *connection, const void *bytes, int amount, bool written)
{
    struct hint_header geometry;
    unsigned shift;

    if (amount < HINT_HEADER_BYTES) return;
    connection->page_1.is_no_header = !hint_header_read(&geometry, bytes);
    if (connection->page_1.is_no_header) return;
    shift = shift_of(geometry.page_size);
    if (connection->page_shift != CONNECTION_SHIFT_UNKNOWN && shift != connection->page_shift)
        forget_session(connection);
    connection->page_shift = shift;
    connection->page_count = geometry.page_count;
    preload_session_saw_page_size(connection->session, geometry.page_size);
    if ((uint32_t)amount == geometry.page_size && !connection->duties.overwrites)
        learn_schema(connection, &geometry, bytes, written);
}

/* Time is taken at the first touch of a lock epoch: most epochs have none. */
static void begin_epoch(struct connection *connection)
{
    connection->epoch_is_new = false;
    connection->epoch_from = hint_recorder_count(&connection->recording.recorder);
    take_time(connection);
}

/* A page of this connection's program, whatever file it came from. */
static void record(struct connection *connection, uint32_t pgno, const void *bytes, int amount,
                   enum hint_how how)
{
    uint32_t page_size = page_size_of(connection);
    size_t count;

    if (pgno == 0 || pgno > HINT_PGNO_MAX || pgno == hint_lock_page(page_size)) return;
    if (hint_recorder_seen(&connection->recording.recorder, pgno)) return;
    if (connection->epoch_is_new) begin_epoch(connection);
    if (!hint_recorder_touch(&connection->recording.recorder, pgno,
                             hint_class_of(bytes, (uint32_t)amount, pgno, page_size), how))
        return;
    count = hint_recorder_count(&connection->recording.recorder);
    if (connection->page_count &&
        hint_sweep_touch(&connection->sweep, &connection->recording.recorder, pgno, count - 1,
                         connection->page_count))
        preload_session_ignore(connection->session, &connection->recording, connection->sweep.from,
                               count);
    if (count % TOUCHES_A_TICK == 0) take_time(connection);
}

void preload_connection_read(struct connection *connection, const void *bytes, int amount,
                             sqlite3_int64 offset)
{
    uint64_t index;

    if (!connection->session) return;
    if (bytes && offset == 0) learn_page_1(connection, bytes, amount, false);
    if (connection->page_shift == CONNECTION_SHIFT_UNKNOWN || connection->recording.recorder.full)
        return;
    if (connection->log.in_checkpoint || connection->duties.fills ||
        (offset < PROBE_BYTES_MAX && amount < PROBE_BYTES_MAX))
        return;
    index = (uint64_t)offset >> connection->page_shift;
    if (index < HINT_PGNO_MAX) record(connection, (uint32_t)index + 1, bytes, amount, HINT_READ);
}

/* A transaction that rewrites nine tenths of the pages and changes the schema is a restore, or as
 * good as one. A restore writes them in their order; what writes a page again, for want of cache,
 * goes back. */
static void count_rewrite(struct connection *connection, uint32_t pgno)
{
    uint64_t pages = connection->page_1.first_page_count;

    if (pgno <= connection->writing.last || pgno > pages || pages < RESTORE_PAGES_MIN) return;
    connection->writing.last = pgno;
    connection->writing.rewritten++;
    if (connection->page_1.geometry.schema_cookie == connection->writing.cookie_before ||
        connection->writing.rewritten * UINT64_C(10) < pages * 9)
        return;
    connection->writing.cookie_before = connection->page_1.geometry.schema_cookie;
    preload_session_saw_move(connection->session);
}

static void begin_writing(struct connection *connection)
{
    connection->writing = (struct connection_writing){
        .cookie_before = connection->page_1.geometry.schema_cookie,
    };
}

/* Under a write-ahead log it is a checkpoint, and its page 1 was seen in the log; without RESERVED
 * it is the playback of a hot journal. */
void preload_connection_wrote(struct connection *connection, const void *bytes, int amount,
                              sqlite3_int64 offset)
{
    uint32_t pgno;

    if (!connection->session) return;
    if (offset == 0 && !connection->log.is_open) learn_page_1(connection, bytes, amount, true);
    if (connection->page_shift == CONNECTION_SHIFT_UNKNOWN) return;
    if (connection->log.is_open || !connection->duties.reserved || connection->duties.overwrites ||
        connection->duties.fills)
        return;
    pgno = (uint32_t)((uint64_t)offset >> connection->page_shift) + 1;
    count_rewrite(connection, pgno);
    if (!connection->recording.recorder.full) record(connection, pgno, bytes, amount, HINT_WRITTEN);
}

void preload_connection_read_log(struct connection *connection, const void *bytes, int amount,
                                 sqlite3_int64 offset)
{
    uint32_t page_size = page_size_of(connection);
    uint64_t frame;
    uint32_t pgno;

    if (connection->page_shift == CONNECTION_SHIFT_UNKNOWN || connection->recording.recorder.full)
        return;
    /* Recovery reads frames whole; where there is no shared memory, that is where the page numbers
     * are learnt. */
    if ((uint32_t)amount == page_size + HINT_WAL_FRAME_HEADER_BYTES) {
        frame = hint_wal_frame_at((uint64_t)offset, page_size);
        preload_wal_index_note(&connection->log.index, frame, bytes_get_be32(bytes));
        return;
    }
    if ((uint32_t)amount != page_size ||
        offset < HINT_WAL_HEADER_BYTES + HINT_WAL_FRAME_HEADER_BYTES)
        return;
    if (connection->log.in_checkpoint) return;
    frame = hint_wal_frame_at((uint64_t)offset - HINT_WAL_FRAME_HEADER_BYTES, page_size);
    if (!frame) return;
    pgno = preload_wal_index_page(&connection->log.index, frame);
    if (pgno == 1) learn_page_1(connection, bytes, amount, false);
    record(connection, pgno, bytes, amount, HINT_READ);
}

/* The page of a frame whose bytes are written: the header came just before, unless a transaction
 * that is larger than the cache writes over a frame of its own. */
static uint32_t written_page(const struct connection *connection, sqlite3_int64 offset,
                             uint32_t page_size)
{
    const uint64_t frame =
        hint_wal_frame_at((uint64_t)offset - HINT_WAL_FRAME_HEADER_BYTES, page_size);

    if (frame == 0) return 0;
    if (frame == connection->log.frame) return connection->log.frame_pgno;
    return preload_wal_index_page(&connection->log.index, frame);
}

/* A frame is written as its header, then the page. */
void preload_connection_wrote_log(struct connection *connection, const void *bytes, int amount,
                                  sqlite3_int64 offset)
{
    uint32_t page_size = page_size_of(connection);
    struct connection_log *log = &connection->log;

    if (connection->page_shift == CONNECTION_SHIFT_UNKNOWN) return;
    if (amount == HINT_WAL_FRAME_HEADER_BYTES) {
        log->frame = hint_wal_frame_at((uint64_t)offset, page_size);
        log->frame_pgno = log->frame ? bytes_get_be32(bytes) : 0;
        if (!connection->recording.recorder.full)
            preload_wal_index_note(&log->index, log->frame, log->frame_pgno);
    } else if ((uint32_t)amount == page_size && !connection->duties.overwrites &&
               offset >= HINT_WAL_HEADER_BYTES + HINT_WAL_FRAME_HEADER_BYTES) {
        const uint32_t pgno = written_page(connection, offset, page_size);

        if (pgno == 1) learn_page_1(connection, bytes, amount, true);
        count_rewrite(connection, pgno);
        if (!connection->recording.recorder.full)
            record(connection, pgno, bytes, amount, HINT_WRITTEN);
    }
}

void preload_connection_overwrites(struct connection *connection)
{
    connection->duties.overwrites = true;
    if (connection->session) forget_session(connection);
}

void preload_connection_committed(struct connection *connection)
{
    connection->duties.overwrites = false;
    connection->duties.fills = false;
    begin_writing(connection);
}

void preload_connection_pragma(struct connection *connection, const char *name)
{
    if (sqlite3_stricmp(name, "integrity_check") == 0 || sqlite3_stricmp(name, "quick_check") == 0)
        connection->duties.checks = CHECK_EPOCHS;
}

/* What a check touched in this lock epoch was most of the database; else it was another statement's
 * epoch. */
static void end_epoch(struct connection *connection)
{
    size_t count = hint_recorder_count(&connection->recording.recorder);
    size_t pages = connection->epoch_is_new ? 0 : count - connection->epoch_from;

    connection->duties.reserved = false;
    connection->duties.fills = false;
    connection->duties.overwrites = false;
    if (connection->duties.checks > 0) {
        connection->duties.checks--;
        if (pages >= CHECK_PAGES_MIN && pages >= connection->page_count / 2)
            preload_session_ignore(connection->session, &connection->recording,
                                   connection->epoch_from, count);
    }
    connection->epoch_is_new = true;
}

void preload_connection_locked(struct connection *connection, int level)
{
    if (level != SQLITE_LOCK_RESERVED) return;
    connection->duties.reserved = true;
    connection->duties.fills = connection->page_shift == CONNECTION_SHIFT_UNKNOWN;
    begin_writing(connection);
}

void preload_connection_unlocking(struct connection *connection)
{
    end_epoch(connection);
}

bool preload_connection_shm_locked(struct connection *connection, int offset, int flags)
{
    if (offset == SHM_LOCK_CHECKPOINT)
        connection->log.in_checkpoint = (flags & SQLITE_SHM_LOCK) != 0;
    if (offset == SHM_LOCK_WRITE) {
        connection->duties.writes_log = (flags & SQLITE_SHM_LOCK) != 0;
        if (connection->duties.writes_log) begin_writing(connection);
    }
    if (offset < SHM_LOCK_READ || !(flags & SQLITE_SHM_SHARED) || !(flags & SQLITE_SHM_UNLOCK))
        return false;
    if (connection->duties.writes_log) return false;
    end_epoch(connection);
    return true;
}

void preload_connection_tick(struct connection *connection)
{
    connection->notices = preload_process_notices() - connection->duties.watched;
    if (connection->session && !connection->recording.recorder.full) take_time(connection);
}

void preload_connection_free(struct connection *connection)
{
    preload_wal_index_free(&connection->log.index);
    hint_recorder_free(&connection->recording.recorder);
}
