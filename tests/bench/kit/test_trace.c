/* The format line by line, what is ignored, what is refused, and that what is printed is read back.
 */
#include "bench/kit/trace.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/heap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct trace trace_of(const char *text)
{
    struct trace trace = { 0 };
    struct trace_error error;
    int rc = trace_parse(&trace, text, strlen(text), &error);

    cr_assert_eq(rc, TRACE_OK, "line %zu: %s", error.line, error.why);
    return trace;
}

/* The caller frees it. */
static char *text_of(const struct trace *trace)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    cr_assert_eq(trace_print(trace, out), TRACE_OK);
    fclose(out);
    return text;
}

Test(trace, a_session_has_what_its_line_says_and_its_touches_in_order)
{
    struct trace trace = trace_of("# first touches\n"
                                  "page_size 4096\n"
                                  "session 20954 profile=alice cookie=46\n"
                                  "read 1@0:i 18740@64:l 7\n"
                                  "write 9@1024:o\n");
    const struct trace_session *session = &trace.sessions[0];
    static const struct trace_touch want[] = {
        { 1, HINT_CLASS_INTERIOR, HINT_READ, 0 },
        { 18740, HINT_CLASS_LEAF, HINT_READ, 64 },
        { 7, HINT_CLASS_UNKNOWN, HINT_READ, TRACE_US_UNKNOWN },
        { 9, HINT_CLASS_OVERFLOW, HINT_WRITTEN, 1024 },
    };

    cr_assert_eq(trace.len, 1);
    cr_expect_eq(session->page_size, 4096);
    cr_expect_eq(session->page_count, 20954);
    cr_expect_str_eq(session->profile, "alice");
    cr_expect(session->has_cookie);
    cr_expect_eq(session->cookie, 46);
    cr_expect_not(session->is_maintenance);
    cr_assert_eq(session->len, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        const struct trace_touch *got = &session->touches[i];

        cr_expect_eq(got->pgno, want[i].pgno, "%zu: %" PRIu32, i, got->pgno);
        cr_expect_eq(got->page_class, want[i].page_class, "%zu", i);
        cr_expect_eq(got->how, want[i].how, "%zu", i);
        cr_expect_eq(got->us, want[i].us, "%zu: %" PRIu64, i, got->us);
    }
    trace_free(&trace);
    trace_free(&trace);
}

Test(trace, what_is_missing_is_unknown)
{
    struct trace trace = trace_of("session 10\nread 3\n");

    cr_assert_eq(trace.len, 1);
    cr_expect_eq(trace.sessions[0].page_size, 0);
    cr_expect_null(trace.sessions[0].profile);
    cr_expect_not(trace.sessions[0].has_cookie);
    trace_free(&trace);
}

Test(trace, a_page_has_4096_bytes_where_the_text_does_not_say)
{
    struct trace trace = trace_of("session 10\nread 3\npage_size 512\nsession 10\nread 3\n");

    cr_assert_eq(trace.len, 2);
    cr_expect_eq(trace_page_size(&trace.sessions[0]), 4096);
    cr_expect_eq(trace_page_size(&trace.sessions[1]), 512);
    trace_free(&trace);
}

static const struct text_case {
    const char *text;
    const char *want; /* as it is printed */
} text_cases[] = {
    { "", "" },
    { "\n\r\n  # nothing\n", "" },
    { "session 10", "session 10\n" },
    { "session 10 profile= tested=1\r\nread\r\n", "session 10\n" },
    { "session 10 tested=0 cookie=0\n", "session 10 cookie=0 tested=0\n" },
    { "session 10 profile=a profile=b cookie=1 cookie=2\n", "session 10 profile=b cookie=2\n" },
    { "session 10 size=7 word profile cookies=x\n", "session 10\n" },
    { "session 10 profile=a=b\n", "session 10 profile=a=b\n" },
    { "version x\nsession 10\nlatency zz\nread 5\n", "session 10\nread 5\n" },
    { "session 10\n\tread  5:i\t 6:x 7: 8:leaf # 9\n", "session 10\nread 5:i 6 7 8\n" },
    { "session 10\nread 5 5:i 6\nwrite 6 7\n", "session 10\nread 5 6\nwrite 7\n" },
    { "session 10\nread 5\nsession 10\nread 5\n", "session 10\nread 5\nsession 10\nread 5\n" },
    { "session 10\nwrite 5 6\nread 7\nread 8\n", "session 10\nwrite 5 6\nread 7 8\n" },
    { "session 10\nread 4294967294@18446744073709551614:l\n",
      "session 10\nread 4294967294@18446744073709551614:l\n" },
    /* As the library writes it: the page size before each session. */
    { "page_size 512\nsession 10 cookie=1\nread 1@0:i\npage_size 512\nsession 11 cookie=1\n"
      "write 2@8\n",
      "page_size 512\nsession 10 cookie=1\nread 1@0:i\nsession 11 cookie=1\nwrite 2@8\n" },
    { "page_size 512\nsession 10\npage_size 65536\nsession 3\n",
      "page_size 512\nsession 10\npage_size 65536\nsession 3\n" },
    { "session 10\nread 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n",
      "session 10\nread 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\nread 17\n" },
};

Test(trace, what_is_read_is_printed_in_its_plainest_form_and_read_back)
{
    for (size_t i = 0; i < COUNT(text_cases); i++) {
        struct trace trace = trace_of(text_cases[i].text);
        char *once = text_of(&trace);
        char *twice;

        cr_expect_str_eq(once, text_cases[i].want, "row %zu: %s", i, once);
        trace_free(&trace);
        trace = trace_of(once);
        twice = text_of(&trace);
        cr_expect_str_eq(twice, once, "row %zu", i);
        trace_free(&trace);
        free(once);
        free(twice);
    }
}

static const struct fault_case {
    const char *text;
    size_t line;
    const char *why; /* begins with */
} fault_cases[] = {
    { "page_size\n", 1, "page_size wants" },
    { "page_size 4097\n", 1, "page_size wants" },
    { "page_size 256\n", 1, "page_size wants" },
    { "page_size 131072\n", 1, "page_size wants" },
    { "session\n", 1, "session wants" },
    { "# x\n\nsession ten\n", 3, "session wants" },
    { "session -1\n", 1, "session wants" },
    { "session 4294967295\n", 1, "session wants" },
    { "session 10 cookie=\n", 1, "cookie wants" },
    { "session 10 cookie=4294967296\n", 1, "cookie wants" },
    { "session 10 tested=no\n", 1, "tested wants" },
    { "read 1\n", 1, "a touch wants a session" },
    { "session 10\nread 1 x\n", 2, "a touch wants a page" },
    { "session 10\nread 1\nwrite 0\n", 3, "a touch wants a page" },
    { "session 10\nread 4294967295\n", 2, "a touch wants a page" },
    { "session 10\nread 99999999999999999999\n", 2, "a touch wants a page" },
    { "session 10\nread :i\n", 2, "a touch wants a page" },
    { "session 10\nread 5,6\n", 2, "a touch wants a page" },
    { "session 10\nread 5@\n", 2, "a touch wants microseconds" },
    { "session 10\nread 5@1.5:i\n", 2, "a touch wants microseconds" },
    { "session 10\nread 5@18446744073709551615\n", 2, "a touch wants microseconds" },
};

Test(trace, a_number_that_is_none_is_refused_with_its_line)
{
    for (size_t i = 0; i < COUNT(fault_cases); i++) {
        const struct fault_case *row = &fault_cases[i];
        struct trace trace = trace_of("session 1\nread 1\n");
        struct trace_error error;
        int rc = trace_parse(&trace, row->text, strlen(row->text), &error);

        cr_expect_eq(rc, TRACE_INVALID, "row %zu: %d", i, rc);
        cr_expect_eq(error.line, row->line, "row %zu: line %zu", i, error.line);
        cr_expect(error.why && strncmp(error.why, row->why, strlen(row->why)) == 0, "row %zu: %s",
                  i, error.why);
        cr_expect_eq(trace.len, 0, "row %zu", i);
        trace_free(&trace);
    }
}

Test(trace, bytes_that_are_no_text_are_words_that_nobody_knows)
{
    static const char text[] = "session 10 profile=\0x profile=a\0b \xff=\xfe\n\0read 1\nread 5:\0";
    struct trace trace = { 0 };
    struct trace_error error;
    char *got;

    cr_assert_eq(trace_parse(&trace, text, sizeof text - 1, &error), TRACE_OK, "%s", error.why);
    got = text_of(&trace);
    cr_expect_str_eq(got, "session 10 profile=a\nread 5\n");
    free(got);
    trace_free(&trace);
}

Test(trace, a_file_is_read_whole_and_one_that_is_not_there_is_an_error)
{
    char path[] = "/tmp/trace-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    struct trace trace = { 0 };
    struct trace_error error;

    cr_assert_not_null(file);
    fputs("session 50000\n", file);
    for (int i = 1; i <= 50000; i++)
        fprintf(file, "read %d\n", i);
    fclose(file);
    cr_assert_eq(trace_load(&trace, path, &error), TRACE_OK);
    cr_expect_eq(trace.sessions[0].len, 50000);
    remove(path);
    cr_expect_eq(trace_load(&trace, path, &error), TRACE_IO);
    cr_expect_str_eq(error.why, "cannot be read");
    cr_expect_eq(trace.len, 0);
    cr_expect_eq(trace_load(&trace, "/", &error), TRACE_IO);
}

Test(trace, a_file_that_cannot_be_written_is_an_error)
{
    struct trace trace = trace_of("session 10\nread 5\n");
    FILE *full = fopen("/dev/full", "w");

    cr_assert_not_null(full);
    setbuf(full, NULL);
    cr_expect_eq(trace_print(&trace, full), TRACE_IO);
    fclose(full);
    trace_free(&trace);
}

Test(trace, memory_that_runs_out_leaves_an_empty_trace)
{
    static const char text[] = "session 1 profile=a\nread 1 2\nsession 1 profile=b profile=c\n"
                               "read 100000\n";

    for (size_t n = 0;; n++) {
        struct trace trace = { 0 };
        struct trace_error error;
        int rc;

        heap_fail_at(n);
        rc = trace_parse(&trace, text, sizeof text - 1, &error);
        if (!heap_restore()) {
            cr_expect_eq(rc, TRACE_OK);
            cr_expect_eq(trace.len, 2);
            trace_free(&trace);
            break;
        }
        cr_expect_eq(rc, TRACE_NOMEM, "allocation %zu: %d", n, rc);
        cr_expect_str_eq(error.why, "no memory");
        cr_expect_eq(trace.len, 0, "allocation %zu", n);
    }
}
