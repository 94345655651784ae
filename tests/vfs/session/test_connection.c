#include "vfs/session/connection.h"

#include "tests/vfs/common.h"
#include "vfs/process/config.h"

/* One connection of a session that nobody else looks at. */
static struct session session;
static struct connection connection;
static uint8_t page[65536];

static const struct hint_window window = { .pages_max = 1000, .us_max = 60000000 };

static void begin(void)
{
    preload_session_begin(&session, window.pages_max);
    preload_connection_init(&connection);
    preload_connection_join(&connection, &session, CONFIG_MODE_ON, window);
}

static void end(void)
{
    preload_connection_free(&connection);
    preload_session_free(&session);
}

TestSuite(connection, .init = begin, .fini = end);

/* Page 1 of a database with pages of this size. */
static const uint8_t *header_of(uint32_t page_size)
{
    memset(page, 0, sizeof page);
    memcpy(page, "SQLite format 3", 16);
    page[16] = (uint8_t)(page_size >> 8);
    page[17] = (uint8_t)(page_size >> 16);
    page[100] = 0x05;
    return page;
}

static void read_header(uint32_t page_size)
{
    preload_connection_read(&connection, header_of(page_size), 100, 0);
}

/* Reads bytes that begin with `first`. */
static void read_at(uint8_t first, int amount, sqlite3_int64 offset)
{
    page[0] = first;
    preload_connection_read(&connection, page, amount, offset);
}

/* What was recorded, and still counts. */
static struct text recorded(void)
{
    struct hint_session copy = { 0 };
    struct text text;

    cr_assert_eq(preload_session_copy(&copy, &session), HINT_OK);
    text = session_text(&copy);
    hint_session_free(&copy);
    return text;
}

Test(connection, nothing_is_recorded_before_the_page_size_is_known)
{
    read_at(0x0d, 4096, 4096);
    expect_text(0, recorded(), "");
    read_header(4096);
    expect_text(1, recorded(), "");
    read_at(0x0d, 4096, 4096);
    expect_text(2, recorded(), "2l");
    cr_expect_eq(atomic_load(&session.page_size), 4096);
}

Test(connection, what_is_no_database_is_never_recorded)
{
    memset(page, 0x5a, sizeof page);
    preload_connection_read(&connection, page, 100, 0);
    preload_connection_read(&connection, page, 4096, 0);
    preload_connection_read(&connection, page, 4096, 8192);
    expect_text(0, recorded(), "");
    cr_expect_eq(atomic_load(&session.page_size), 0);
}

static const struct touch_case {
    uint32_t page_size;
    uint8_t first;
    int amount;
    sqlite3_int64 offset;
    const char *want;
} touch_cases[] = {
    /* The pager's probes. */
    { 4096, 'S', 100, 0, "" },
    { 4096, 0, 16, 24, "" },
    { 512, 0, 16, 24, "" },
    /* Whole pages, classed by their first byte; page 1 is what it is. */
    { 4096, 'S', 4096, 0, "1i" },
    { 512, 'S', 512, 0, "1i" },
    { 65536, 'S', 65536, 0, "1i" },
    { 4096, 0x02, 4096, 4096, "2i" },
    { 4096, 0x05, 4096, 4096, "2i" },
    { 4096, 0x0a, 4096, 4096, "2l" },
    { 4096, 0x0d, 4096, 4096, "2l" },
    { 4096, 0x00, 4096, 4096, "2" },
    { 4096, 0xff, 4096, 4096, "2" },
    { 512, 0x0d, 512, 512, "2l" },
    { 65536, 0x0d, 65536, 65536, "2l" },
    { 1024, 0x0a, 1024, 1048576, "1025l" },
    /* Parts of overflow pages, whose first byte in the buffer says nothing. */
    { 4096, 0x0d, 4, 4096, "2" },
    { 4096, 0x0d, 100, 4196, "2" },
    { 4096, 0x05, 4092, 8196, "3" },
    { 512, 0x0d, 4, 512, "2" },
    { 4096, 0x0d, 4, 4095 * 4096LL, "4096" },
    /* The lock byte's page. */
    { 4096, 0x0d, 4096, 0x40000000, "" },
    { 512, 0x0d, 512, 0x40000000, "" },
    { 65536, 0x0d, 65536, 0x40000000, "" },
    { 65536, 0x0d, 4, 0x40000000 + 65532, "" },
    { 512, 0x0d, 512, 0x40000000 + 512, "2097154l" },
    { 512, 0x0d, 512, 0x40000000 - 512, "2097152l" },
    /* The last page there can be, and past it. */
    { 512, 0x0d, 512, 0xfffffffdLL * 512, "4294967294l" },
    { 512, 0x0d, 512, 0xfffffffeLL * 512, "" },
    { 512, 0x0d, 512, 0x100000001LL * 512, "" },
};

Test(connection, a_page_is_touched_and_a_probe_is_not)
{
    for (size_t i = 0; i < COUNT(touch_cases); i++) {
        const struct touch_case *row = &touch_cases[i];

        connection.page_shift = CONNECTION_SHIFT_UNKNOWN;
        preload_session_forget(&session, &connection.recording);
        read_header(row->page_size);
        read_at(row->first, row->amount, row->offset);
        expect_text(i, recorded(), row->want);
    }
}

Test(connection, a_page_is_recorded_once_and_in_order)
{
    read_header(4096);
    read_at(0x0d, 4096, 8 * 4096);
    read_at(0x0d, 4096, 3 * 4096);
    read_at(0x0d, 4096, 8 * 4096);
    read_at(0x05, 4096, 3 * 4096);
    read_at(0x0d, 4, 5 * 4096 + 12);
    read_at(0x0d, 4096, 5 * 4096);
    expect_text(0, recorded(), "9l 4l 6");
}

Test(connection, the_window_ends_the_recording)
{
    preload_connection_restart(&connection, CONFIG_MODE_ON,
                               (struct hint_window){ .pages_max = 2, .us_max = 60000000 });
    read_header(4096);
    for (int i = 1; i < 10; i++)
        read_at(0x0d, 4096, i * 4096);
    expect_text(0, recorded(), "2l 3l");
    cr_expect(connection.recording.recorder.full);
}

Test(connection, time_is_taken_at_locks_and_at_every_64th_touch)
{
    struct hint_touch touches[130];

    read_header(4096);
    connection.epoch_is_new = false;
    session.began_us -= 1000000;
    for (int i = 1; i <= 64; i++)
        read_at(0x0d, 4096, i * 4096);
    read_at(0x0d, 4096, 65 * 4096);
    session.began_us -= 1000000;
    preload_connection_tick(&connection);
    read_at(0x0d, 4096, 66 * 4096);
    hint_recorder_copy(&connection.recording.recorder, touches, 0, 66);
    cr_expect_lt(hint_touch_us(touches[0]), 999996);
    cr_expect_eq(hint_touch_us(touches[63]), hint_touch_us(touches[0]));
    cr_expect(hint_touch_us(touches[64]) >= 999996);
    cr_expect(hint_touch_us(touches[65]) >= 1999996);
}

Test(connection, the_windows_time_ends_the_recording)
{
    read_header(4096);
    read_at(0x0d, 4096, 4096);
    session.began_us -= 60000000;
    preload_connection_tick(&connection);
    read_at(0x0d, 4096, 8192);
    expect_text(0, recorded(), "2l");
}

Test(connection, another_page_size_forgets_what_was_recorded)
{
    read_header(4096);
    read_at(0x0d, 4096, 4096);
    read_header(4096);
    expect_text(0, recorded(), "2l");
    read_header(8192);
    expect_text(1, recorded(), "");
    read_at(0x0d, 8192, 8192);
    expect_text(2, recorded(), "2l");
    cr_expect_eq(atomic_load(&session.page_size), 8192);
}

Test(connection, a_write_of_page_1_may_bring_the_page_size)
{
    preload_connection_wrote(&connection, header_of(1024), 1024, 0);
    read_at(0x0d, 1024, 1024);
    expect_text(0, recorded(), "2l");
    preload_connection_wrote(&connection, header_of(2048), 2048, 2048);
    expect_text(1, recorded(), "2l");
    preload_connection_wrote(&connection, header_of(2048), 50, 0);
    expect_text(2, recorded(), "2l");
    preload_connection_wrote(&connection, header_of(2048), 2048, 0);
    expect_text(3, recorded(), "");
}

Test(connection, a_page_that_moves_is_forgotten_by_all)
{
    struct connection other = { .page_shift = 12 };

    preload_connection_join(&other, &session, CONFIG_MODE_ON, window);
    read_header(4096);
    read_at(0x0d, 4096, 4096);
    sleep_ms(1); /* of two touches at one time either comes first */
    preload_connection_read(&other, page, 4096, 8192);
    expect_text(0, recorded(), "2l 3l");
    preload_connection_overwrites(&connection);
    expect_text(1, recorded(), "");
    read_at(0x0d, 4096, 4096);
    preload_connection_read(&other, page, 4096, 8192);
    preload_connection_read(&other, page, 4096, 12288);
    expect_text(2, recorded(), "4l 2l");
    preload_connection_free(&other);
}

Test(connection, without_a_session_nothing_happens)
{
    struct connection none = { 0 };

    preload_connection_init(&none);
    preload_connection_read(&none, header_of(4096), 4096, 0);
    preload_connection_read(&none, page, 4096, 4096);
    preload_connection_wrote(&none, page, 4096, 0);
    preload_connection_overwrites(&none);
    preload_connection_tick(&none);
    cr_expect_eq(hint_recorder_count(&none.recording.recorder), 0);
}

Test(connection, without_memory_recording_ends)
{
    read_header(4096);
    heap_fail_at(0);
    read_at(0x0d, 4096, 4096);
    cr_expect(heap_restore());
    read_at(0x0d, 4096, 8192);
    cr_expect(connection.recording.recorder.full);
    expect_text(0, recorded(), "");
}

Test(connection, a_repeated_read_allocates_nothing)
{
    size_t calls;

    read_header(4096);
    for (int i = 0; i < 500; i++)
        read_at(0x0d, 4096, i * 4096);
    calls = heap_calls();
    for (int i = 0; i < 500; i++)
        read_at(0x0d, 4096, i * 4096);
    cr_expect_eq(heap_calls(), calls);
}
