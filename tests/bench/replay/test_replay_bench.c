/* The program, from its arguments to its exit status, on a small file; what it measures gates
 * nothing. */
#include "tests/bench/kit/small_go.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static char directory[256];
static char output[262144];

static void start(void)
{
    cr_assert_eq(small_go_directory(directory), 0);
    setenv("TMPDIR", directory, 1);
}

static void stop(void)
{
    small_go_remove(directory);
}

static int run(const char *arguments)
{
    char command[1024];
    FILE *out;
    int status;

    snprintf(command, sizeof(command), "%s %s 2>&1", REPLAY, arguments);
    out = popen(command, "r");
    cr_assert_not_null(out);
    output[fread(output, 1, sizeof(output) - 1, out)] = '\0';
    status = pclose(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int files_left(void)
{
    DIR *dir = opendir(directory);
    int count = 0;

    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2;
}

TestSuite(replay_bench, .init = start, .fini = stop);

static const char *const wrong_arguments[] = {
    "file",    "--rounds 0", "--rounds x",  "--repeats 0", "--repeats 16",
    "--mib 1", "--load",     "--load loud", "--colour",
};

Test(replay_bench, wrong_arguments_get_the_usage)
{
    for (size_t i = 0; i < sizeof(wrong_arguments) / sizeof(wrong_arguments[0]); i++) {
        cr_expect_eq(run(wrong_arguments[i]), 2, "%s", wrong_arguments[i]);
        cr_expect(strstr(output, "usage: replay"), "%s", output);
    }
}

static const char *const expected[] = {
    "quiet, scattered: first page ",
    "quiet, clustered: all pages ",
    "quiet, scan: first 10 % ",
    "quiet, useless: all pages, to none ",
    "fadvise",
    "readahead",
    "madvise",
    "process_madvise",
    "io_uring advice",
    "io_uring reads",
    "16 threads",
    "preload",
    "quiet, scan: fetched ",
    "quiet, clustered: requests ",
    "times the fastest raw method, ",
    "were not cold by mincore",
};

/* Whether the verdicts hold is no question for a test. Methods that the kernel denies in a
 * container are named, too. */
Test(replay_bench, every_set_and_every_method_has_its_rows)
{
    const int status = run("--rounds 1 --mib 256 --load quiet");

    cr_expect(status == 0 || status == 1, "%d: %s", status, output);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        cr_expect(strstr(output, expected[i]), "%s is not in\n%s", expected[i], output);
    cr_expect_eq(files_left(), 0, "the file and its hints were removed");
}

static bool are_in_order(const char *text, const char *const *parts, size_t count)
{
    for (size_t i = 0; i < count && text != NULL; i++)
        text = strstr(text, parts[i]);
    return text != NULL;
}

static const char *const json_parts[] = { "[\n", "\"name\": \"CPU load, scattered: first page\"",
                                          "\"arm\": \"none\"", "\"arm\": \"preload\"", "]\n" };

Test(replay_bench, a_load_has_three_arms_with_their_repeats_and_json_has_the_rows)
{
    const int status = run("--rounds 1 --repeats 2 --mib 256 --load cpu --json -");

    cr_expect(status == 0 || status == 1, "%d: %s", status, output);
    cr_expect(are_in_order(output, json_parts, sizeof(json_parts) / sizeof(json_parts[0])), "%s",
              output);
    cr_expect_null(strstr(output, "fadvise"), "%s", output);
    cr_expect_null(strstr(output, "quiet"), "%s", output);
    cr_expect(strstr(output, "runs: 24,"), "%s", output); /* of four sets */
}
