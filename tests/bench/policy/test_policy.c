/* The program from its arguments to its exit status. */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char directory[] = "/tmp/policy-XXXXXX";
static char output[1 << 20];

static void start(void)
{
    cr_assert_not_null(mkdtemp(directory));
}

static void stop(void)
{
    char command[64];

    (void)snprintf(command, sizeof command, "rm -r %s", directory);
    cr_expect_eq(system(command), 0);
}

TestSuite(policy, .init = start, .fini = stop);

static void write_file(const char *name, const char *text)
{
    char path[64];
    FILE *out;

    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    out = fopen(path, "w");
    cr_assert_not_null(out);
    fputs(text, out);
    fclose(out);
}

/* Runs it in the directory and returns its exit status. */
static int run(const char *arguments)
{
    char command[1024];
    FILE *out;
    int status;

    (void)snprintf(command, sizeof command, "cd %s && %s %s", directory, POLICY, arguments);
    out = popen(command, "r");
    cr_assert_not_null(out);
    output[fread(output, 1, sizeof output - 1, out)] = '\0';
    status = pclose(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool says(const char *text)
{
    return strstr(output, text) != NULL;
}

static size_t lines_with(const char *text)
{
    size_t count = 0;

    for (const char *at = strstr(output, text); at; at = strstr(at + 1, text))
        count++;
    return count;
}

static const char five_sessions[] = "page_size 4096\n"
                                    "session 1000 profile=a cookie=1\nread 200 400\n"
                                    "session 1000 profile=a cookie=1\nread 200 600\n"
                                    "session 1000 profile=a cookie=1\nread 200 400\n"
                                    "session 1000 profile=a cookie=1\nread 200 400 800\n"
                                    "session 1000 profile=a cookie=1\nread 200\n";

static const char *const wrong_arguments[] = {
    "--miss-us x",
    "--miss-us -1",
    "--miss-us 60000001",
    "--bandwidth-mbs 0",
    "--parallel 0",
    "--parallel 257",
    "--first 0",
    "--budget much",
    "--budget",
    "--colour",
    "--seed",
    "--seed 1x",
    "--generate weather",
    "--generate steady a.trace",
};

Test(policy, wrong_arguments_get_the_usage)
{
    char arguments[128];

    for (size_t i = 0; i < COUNT(wrong_arguments); i++) {
        (void)snprintf(arguments, sizeof arguments, "%s 2>&1", wrong_arguments[i]);
        cr_expect_eq(run(arguments), 2, "%s", wrong_arguments[i]);
        cr_expect(says("usage: policy [TRACE...] [OPTION...]\n"), "%s", output);
        cr_expect(says("kinds:\n  steady "), "%s", output);
    }
}

Test(policy, a_trace_that_cannot_be_read_is_trouble_with_its_line)
{
    write_file("bad.trace", "session 10\nread 1 x\n");
    cr_expect_eq(run("bad.trace 2>&1"), 3);
    cr_expect_str_eq(output, "policy: bad.trace:2: a touch wants a page number\n", "%s", output);
    cr_expect_eq(run("none.trace 2>&1"), 3);
    cr_expect_str_eq(output, "policy: none.trace: cannot be read\n", "%s", output);
    cr_expect_eq(run("generated:weather 2>&1"), 3);
    cr_expect_str_eq(output, "policy: weather: no such kind\n", "%s", output);
}

Test(policy, a_file_that_cannot_be_written_is_trouble)
{
    write_file("five.trace", five_sessions);
    cr_expect_eq(run("five.trace --json /nowhere/at/all.json 2>&1 >/dev/null"), 3);
    cr_expect_str_eq(output, "policy: /nowhere/at/all.json: cannot be written\n", "%s", output);
    cr_expect_eq(run("five.trace 2>&1 >/dev/full"), 3);
    cr_expect_eq(run("--generate steady 2>&1 >/dev/full"), 3);
}

/* At 1 ms a miss takes 1.004 ms: session 4 has three, session 5 has one. */
Test(policy, a_trace_is_run_under_every_policy)
{
    write_file("five.trace", five_sessions);
    cr_assert_eq(run("five.trace"), 0);
    cr_expect(says("1000 us a request, 1000 MB/s, 16 at once, one range a request\n\n"
                   "five, 2 sessions tested\n"),
              "%s", output);
    cr_expect(says("\nnone                     0.000  0.000          -         2     0.01       "
                   "0.00       2.01       3.01    1.000         0.000\n"),
              "%s", output);
    cr_expect(says("\nours  "), "%s", output);
    cr_expect(says("\noracle  "), "%s", output);
    cr_assert_eq(run("five.trace --miss-us 20000 --bandwidth-mbs 100 --parallel 4 --list"), 0);
    cr_expect(says("20000 us a request, 100 MB/s, 4 at once, lists of pages\n"), "%s", output);
    cr_expect(says("         2     0.01       0.00      40.08      60.12 "), "%s", output);
}

Test(policy, json_alone_goes_to_standard_output)
{
    write_file("a \"b\".c.trace", five_sessions);
    cr_assert_eq(run("'a \"b\".c.trace' --json - 2>/dev/null"), 0);
    cr_expect_eq(*output, '[');
    cr_expect(says("{\"trace\": \"a \\\"b\\\".c\", \"policy\": \"none\", "), "%s", output);
    cr_expect(
        says("\"none\", \"sessions\": 2, \"recall\": 0, \"precision\": null, \"requests\": 2, "
             "\"bytes\": 8192, \"wasted_bytes\": 0, \"ms\": 2.008192, \"oracle_share\": 0}"),
        "%s", output);
    cr_expect(says("\"policy\": \"ours\", \"sessions\": 2, "), "%s", output);
    cr_expect_eq(lines_with("{\"trace\""), 11, "%s", output);
    cr_assert_eq(run("'a \"b\".c.trace' --json - 2>&1 >/dev/null"), 0);
    cr_expect(says("a \"b\".c, 2 sessions tested\n"), "%s", output);
}

Test(policy, several_traces_have_a_block_each)
{
    write_file("five.trace", five_sessions);
    cr_assert_eq(run("five.trace generated:steady --json rows.json"), 0);
    cr_expect(says("five, 2 sessions tested\n"), "%s", output);
    cr_expect(says("steady, 13 sessions tested\n"), "%s", output);
    cr_assert_eq(run("five.trace --first 3"), 0);
    cr_expect(says("five, 3 sessions tested\n"), "%s", output);
}

Test(policy, a_trace_without_a_session_to_test_says_so)
{
    write_file("two.trace", "session 1\nread 1\nsession 1\nread 1\n");
    cr_expect_eq(run("two.trace --json - 2>/dev/null"), 0);
    cr_expect_str_eq(output, "[\n]\n");
    cr_expect_eq(run("two.trace 2>&1 >/dev/null"), 0);
    cr_expect_str_eq(output, "policy: two: no session to test\n", "%s", output);
}

Test(policy, without_a_trace_every_kind_is_run)
{
    cr_assert_eq(run("--json - 2>/dev/null"), 0);
    cr_expect_eq(lines_with("\"policy\": \"ours\""), 10, "%s", output);
    cr_expect(says("{\"trace\": \"autovacuum\", "), "%s", output);
}

Test(policy, full_runs_at_three_devices)
{
    write_file("five.trace", five_sessions);
    cr_assert_eq(run("five.trace --full --ablate --no-profiles --budget none --json - 2>/dev/null"),
                 0);
    cr_expect(says("{\"trace\": \"five@0.1ms\", \"policy\": \"none\", "), "%s", output);
    cr_expect(says("{\"trace\": \"five@1ms\", \"policy\": \"none\", "), "%s", output);
    cr_expect(says("{\"trace\": \"five@20ms-list\", \"policy\": \"none\", "), "%s", output);
}

Test(policy, a_made_up_trace_is_printed_and_runs_as_the_kind_does)
{
    static char rows[sizeof output];

    cr_assert_eq(run("generated:short --seed 5 --json - 2>/dev/null"), 0);
    (void)snprintf(rows, sizeof rows, "%s", output);
    cr_assert_eq(run("--generate short --seed 5 > short.trace"), 0);
    cr_assert_eq(run("short.trace --json - 2>/dev/null"), 0);
    cr_expect_str_eq(output, rows);
    cr_assert_eq(run("--generate short --seed 5"), 0);
    cr_expect_eq(strncmp(output, "# generated: short (", 20), 0, "%.100s", output);
}
