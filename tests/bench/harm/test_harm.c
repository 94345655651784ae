/* The program, from its arguments to its exit status, over a small database. */
#include "tests/bench/kit/small_go.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static char directory[256];
static char output[65536];

static void start(void)
{
    cr_assert_eq(small_go_directory(directory), 0);
    setenv("TMPDIR", directory, 1);
}

static void stop(void)
{
    small_go_remove(directory);
}

TestSuite(harm, .init = start, .fini = stop, .timeout = 200);

static int run(const char *arguments)
{
    char command[1024];
    FILE *out;
    int status;

    snprintf(command, sizeof(command), "%s %s", HARM, arguments);
    out = popen(command, "r");
    cr_assert_not_null(out);
    output[fread(output, 1, sizeof(output) - 1, out)] = '\0';
    status = pclose(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int count_words(const char *word)
{
    int count = 0;

    for (const char *at = output; (at = strstr(at, word)) != NULL; at++)
        count++;
    return count;
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

static const char *const wrong_arguments[] = {
    "a.db", "--rounds 0", "--rounds x", "--rows 999", "--colour", "--json",
};

Test(harm, wrong_arguments_get_the_usage)
{
    for (size_t i = 0; i < sizeof(wrong_arguments) / sizeof(wrong_arguments[0]); i++) {
        char arguments[64];

        snprintf(arguments, sizeof(arguments), "%s 2>&1", wrong_arguments[i]);
        cr_expect_eq(run(arguments), 2, "%s", wrong_arguments[i]);
        cr_expect(count_words("usage: harm") > 0, "%s", output);
    }
}

/* How long the sessions take is not looked at: the status is 0 or 1. */
Test(harm, every_load_and_history_is_judged)
{
    const int status = run("--rows 20000 --rounds 1 2>/dev/null");

    cr_expect(status == 0 || status == 1, "%d", status);
    cr_expect_eq(count_words("of 32.0 allowed: ok"), 9, "%s", output);
    cr_expect_eq(count_words("pairs, for so few the lower end"), 18, "%s", output);
    cr_expect_eq(count_words("results of both arms are equal"), 1, "%s", output);
    cr_expect_eq(count_words("cold runs: 18"), 1, "%s", output);
    cr_expect_eq(files_left(), 0);
}

Test(harm, rows_are_json_on_standard_output)
{
    const int status = run("--rows 5000 --rounds 1 --json - 2>/dev/null");

    cr_expect(status == 0 || status == 1, "%d", status);
    cr_expect_eq(output[0], '[');
    cr_expect_eq(count_words("{\"name\": \"disk load, poisoned history: fetched ahead\", "
                             "\"arm\": \"preload\", \"unit\": \"MiB\", \"n\": 1"),
                 1, "%s", output);
}
