/* The slow path of recording. */
#include "vfs/connection.h"

#include "vfs/database.h"
#include "vfs/geometry.h"
#include "vfs/log.h"
#include "vfs/pool.h"

#define TOUCHES_A_TICK 64

/* The pager's probes are short and at the file's head: 100 bytes at 0 once, 16 at 24 with each
 * lock. No page is that small. */
#define PROBE_BYTES_MAX 512

static void take_time(struct connection *connection)
{
    hint_recorder_tick(&connection->recorder,
                       preload_pool_now_us() - preload_database_opened_us(connection->database));
}

static unsigned shift_of(uint32_t page_size)
{
    unsigned shift = 9;

    while (UINT32_C(1) << shift < page_size)
        shift++;
    return shift;
}

static void learn_header(struct connection *connection, const void *bytes)
{
    struct geometry geometry;
    unsigned shift;

    if (!preload_geometry_read(&geometry, bytes)) return;
    shift = shift_of(geometry.page_size);
    if (connection->page_shift != CONNECTION_SHIFT_UNKNOWN && shift != connection->page_shift)
        preload_connection_relocated(connection);
    connection->page_shift = shift;
    preload_database_saw_header(connection->database, &geometry);
}

/* Only the first byte of a whole page says what it is. Another page that begins with such a byte is
 * classed wrongly, which costs a place in the order and nothing else. */
static enum hint_class class_of(uint32_t pgno, const void *bytes, int amount, unsigned page_shift)
{
    if (pgno == 1) return HINT_CLASS_INTERIOR;
    if (amount < 1 << page_shift) return HINT_CLASS_UNKNOWN;
    switch (*(const uint8_t *)bytes) {
    case 0x02:
    case 0x05:
        return HINT_CLASS_INTERIOR;
    case 0x0a:
    case 0x0d:
        return HINT_CLASS_LEAF;
    default:
        return HINT_CLASS_UNKNOWN;
    }
}

void preload_connection_touch(struct connection *connection, const void *bytes, int amount,
                              sqlite3_int64 offset)
{
    uint64_t index;
    uint32_t pgno;

    if (!connection->database) return;
    if (offset == 0 && amount >= GEOMETRY_HEADER_BYTES) learn_header(connection, bytes);
    if (connection->page_shift == CONNECTION_SHIFT_UNKNOWN) return;
    if (offset < PROBE_BYTES_MAX && amount < PROBE_BYTES_MAX) return;
    index = (uint64_t)offset >> connection->page_shift;
    if (index >= HINT_PGNO_MAX) return;
    pgno = (uint32_t)index + 1;
    if (pgno == hint_lock_page(UINT32_C(1) << connection->page_shift)) return;
    if (!hint_recorder_touch(&connection->recorder, pgno,
                             class_of(pgno, bytes, amount, connection->page_shift)))
        return;
    if (hint_recorder_count(&connection->recorder) % TOUCHES_A_TICK == 0) take_time(connection);
}

void preload_connection_wrote(struct connection *connection, const void *bytes, int amount,
                              sqlite3_int64 offset)
{
    if (offset == 0 && amount >= GEOMETRY_HEADER_BYTES && connection->database)
        learn_header(connection, bytes);
}

void preload_connection_relocated(struct connection *connection)
{
    if (connection->database) preload_database_forget_session(connection);
}

void preload_connection_tick(struct connection *connection)
{
    if (connection->database && !connection->recorder.full) take_time(connection);
    preload_log_say();
}
