#include "vfs/process/log.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/vfs/common.h"
#include "vfs/entry/say.h"
#include "vfs/process/config.h"

TestSuite(log, .init = scratch_begin, .fini = scratch_end);

Test(log, a_message_waits_for_a_thread_that_says_it)
{
    log_listen();
    preload_log_note("first %d", 1);
    preload_log_error("second %s", "2");
    cr_expect_str_eq(log_heard(), "");
    preload_say();
    cr_expect_str_eq(log_heard(), "sqlite-preload: first 1\nsqlite-preload: second 2\n");
    preload_say();
    cr_expect_eq(log_times("first"), 1);
}

Test(log, a_repeated_message_is_counted_and_said_once)
{
    log_listen();
    for (int i = 0; i < 5; i++) {
        preload_log_error("the same");
        preload_say();
    }
    preload_log_note("the same");
    preload_log_count_error();
    preload_say();
    cr_expect_eq(log_times("the same"), 1);
    cr_expect_eq(preload_log_errors(), 6);
}

Test(log, a_note_is_no_error)
{
    preload_log_note("all is well");
    cr_expect_eq(preload_log_errors(), 0);
}

Test(log, the_host_is_told_only_what_it_should_act_on)
{
    log_listen();
    preload_log_note("all is well");
    preload_log_error("no memory");
    preload_log_warn("no such option");
    preload_say();
    cr_expect_str_eq(log_of_host(), "sqlite-preload: no such option\n");
    cr_expect_str_eq(log_heard(), "sqlite-preload: all is well\nsqlite-preload: no memory\n"
                                  "sqlite-preload: no such option\n");
    cr_expect_eq(preload_log_errors(), 2);
}

Test(log, of_more_than_64_unsaid_messages_the_last_64_are_said_in_order)
{
    char want[65536] = "";

    log_listen();
    for (int i = 0; i < LOG_KEPT + 10; i++)
        preload_log_note("message %d.", i);
    for (int i = 10; i < LOG_KEPT + 10; i++)
        (void)snprintf(want + strlen(want), sizeof want - strlen(want),
                       "sqlite-preload: message %d.\n", i);
    preload_say();
    cr_expect_str_eq(log_heard(), want);
    /* One that left the ring is news again; one that is still there is not. */
    preload_log_note("message %d.", 9);
    preload_log_note("message %d.", LOG_KEPT + 9);
    preload_say();
    cr_expect_eq(log_times("message 9."), 1);
    cr_expect_eq(log_times("message 73."), 1);
}

static pthread_t said_by;

static void hear_thread(void *unused, int code, const char *message)
{
    (void)unused;
    cr_expect_eq(code, SQLITE_WARNING);
    cr_expect_str_eq(message, "sqlite-preload: from a worker");
    said_by = pthread_self();
}

static void *note_from_thread(void *unused)
{
    preload_log_warn("from a worker");
    return unused;
}

Test(log, what_a_worker_notes_is_said_on_the_callers_thread)
{
    pthread_t thread;

    cr_assert_eq(sqlite3_config(SQLITE_CONFIG_LOG, hear_thread, NULL), SQLITE_OK);
    cr_assert_eq(pthread_create(&thread, NULL, note_from_thread, NULL), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    preload_say();
    cr_expect(pthread_equal(said_by, pthread_self()));
}

static struct text content_of(const char *path)
{
    struct text text = { "" };
    size_t len;
    uint8_t *bytes = file_read(path, &len);

    if (bytes) text_add(&text, "%.*s", (int)len, (const char *)bytes);
    free(bytes);
    return text;
}

Test(log, a_file_takes_messages_too)
{
    struct path path = scratch("log");
    struct stat st;

    cr_assert_eq(preload_config_host("log", path.s), CONFIG_OK);
    preload_log_note("one");
    preload_say();
    preload_log_note("two");
    preload_say();
    expect_text(0, content_of(path.s), "sqlite-preload: one\nsqlite-preload: two\n");
    cr_assert_eq(stat(path.s, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
}

/* sqlite3_log() itself cuts at 210 bytes; the file shows ours. */
Test(log, a_long_message_is_cut)
{
    struct path path = scratch("log");
    char text[2 * LOG_TEXT_MAX];
    size_t len;

    cr_assert_eq(preload_config_host("log", path.s), CONFIG_OK);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    preload_log_note("%s", text);
    preload_log_note("%s and more", text);
    preload_say();
    free(file_read(path.s, &len));
    cr_expect_eq(len, strlen("sqlite-preload: ") + LOG_TEXT_MAX - 1 + strlen("\n"));
}

Test(log, the_environment_may_name_the_file)
{
    struct path path = scratch("log");

    cr_assert_eq(setenv("SQLITE_PRELOAD_LOG", path.s, 1), 0);
    preload_config_read_environment();
    preload_log_note("one");
    preload_say();
    expect_text(0, content_of(path.s), "sqlite-preload: one\n");
}

Test(log, a_symlink_is_not_followed)
{
    struct path target = scratch("target");
    struct path path = scratch("log");

    file_write(target.s, "mine", 4);
    cr_assert_eq(symlink("target", path.s), 0);
    cr_assert_eq(preload_config_host("log", path.s), CONFIG_OK);
    preload_log_note("one");
    preload_say();
    expect_text(0, content_of(target.s), "mine");
}

Test(log, a_fifo_without_a_reader_and_a_missing_folder_are_passed_over)
{
    struct path fifo = scratch("fifo");
    struct path nowhere = scratch("nowhere/log");

    log_listen();
    cr_assert_eq(mkfifo(fifo.s, 0600), 0);
    cr_assert_eq(preload_config_host("log", fifo.s), CONFIG_OK);
    preload_log_warn("one");
    preload_say();
    cr_assert_eq(preload_config_host("log", nowhere.s), CONFIG_OK);
    preload_log_warn("two");
    preload_say();
    cr_expect_str_eq(log_of_host(), "sqlite-preload: one\nsqlite-preload: two\n");
}

Test(log, stderr_is_a_sink)
{
    struct path path = scratch("stderr");

    cr_assert_not_null(freopen(path.s, "w", stderr));
    preload_log_note("unasked");
    preload_say();
    expect_text(0, content_of(path.s), "");
    cr_assert_eq(preload_config_host("log", "stderr"), CONFIG_OK);
    preload_log_note("one");
    preload_say();
    expect_text(1, content_of(path.s), "sqlite-preload: one\n");
}
