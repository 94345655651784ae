/* The program behind the demonstration, from its arguments to its exit status, over a small
 * database; the speed that it wants is shown with the real one. */
#include "tests/bench/coldstart/small_hs.h"
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

/* Runs it with these arguments, `%s` being the directory, and returns its exit status. */
static int run(const char *arguments)
{
    char command[2048];
    int len = snprintf(command, sizeof(command), "%s ", COLDSTART);
    FILE *out;
    int status;

    for (const char *at = arguments; *at != '\0' && len < (int)sizeof(command) - 300; at++) {
        if (*at == '@') {
            len += snprintf(command + len, sizeof(command) - (size_t)len, "%s", directory);
        } else {
            command[len++] = *at;
        }
    }
    snprintf(command + len, sizeof(command) - (size_t)len, " 2>&1");
    out = popen(command, "r");
    cr_assert_not_null(out);
    output[fread(output, 1, sizeof(output) - 1, out)] = '\0';
    status = pclose(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool says(const char *text)
{
    return strstr(output, text) != NULL;
}

static int files_left(void)
{
    DIR *dir = opendir(directory);
    int count = 0;

    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count - 2;
}

TestSuite(coldstart, .init = start, .fini = stop);

static const char *const wrong_arguments[] = {
    "",          "@/go.db --pairs 0", "@/go.db --pairs x", "@/go.db --latency-us -1",
    "a.db b.db", "@/go.db --colour",  "@/go.db --json",
};

Test(coldstart, wrong_arguments_get_the_usage)
{
    for (size_t i = 0; i < sizeof(wrong_arguments) / sizeof(wrong_arguments[0]); i++) {
        cr_expect_eq(run(wrong_arguments[i]), 2, "%s", wrong_arguments[i]);
        cr_expect(says("usage: coldstart DATABASE"), "%s", output);
    }
}

Test(coldstart, a_database_that_cannot_be_measured_is_trouble)
{
    char path[300];
    FILE *out;

    cr_expect_eq(run("@/none.db"), 3);
    cr_expect(says("none.db: No such file or directory"), "%s", output);
    snprintf(path, sizeof(path), "%s/empty.db", directory);
    out = fopen(path, "w");
    cr_assert_not_null(out);
    fclose(out);
    cr_expect_eq(run("@/empty.db"), 3);
    cr_expect(says("session"), "%s", output);
    cr_expect_eq(files_left(), 1, "the copy was removed");
}

Test(coldstart, every_arm_gets_the_same_results_and_a_row)
{
    static const char *const expected[] = {
        "disk, learnt keys: first row ",
        "disk, fresh keys: end of session ",
        "0.5 ms, learnt keys: end of session, plain / arm ",
        "0.5 ms, fresh keys: requests ",
        "plain cold",
        "preload cold",
        "whole file",
        "warm",
        "results of all arms are equal\n",
        "cold runs on the disk: 6, of which",
        "learnt keys at 0.5 ms: preload is ",
        "\"name\": \"0.5 ms, learnt keys: prefetched\", \"arm\": \"whole file\"",
    };
    char path[300];
    int status;

    snprintf(path, sizeof(path), "%s/go.db", directory);
    cr_assert_eq(small_go_make(path), 0);
    status = run("@/go.db --pairs 1 --latency-us 500 --json -");
    cr_expect(status == 0 || status == 1, "%d: %s", status, output);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        cr_expect(says(expected[i]), "%s is not in\n%s", expected[i], output);
    }
    cr_expect_eq(files_left(), 1, "the copy was removed");
}

/* Each arm that knows its pages, on both devices, over either database. */
static const char *const arms_expected[] = {
    "tracing 5 sessions\n",
    "\ndisk, fresh keys\narm ",
    "\n0.5 ms, fresh keys\narm ",
    "\nfirst 128 pages ",
    "\ninterior only ",
    "\nlast session ",
    "\nunion ",
    "\noracle ",
    "results of all arms are equal\n",
    "cold runs on the disk: 11, of which",
    "disk, fresh keys: ours / oracle at the median: ",
    "0.5 ms, fresh keys: ours / oracle at the median: ",
    "learnt keys at 0.5 ms: preload is ",
    "\"name\": \"0.5 ms, fresh keys: recall\", \"arm\": \"oracle\", \"unit\": \"share\"",
    "\"name\": \"disk, fresh keys: end of session, arm / oracle\", \"arm\": \"union\"",
};

static void expect_arms(const char *name, int (*make)(const char *path))
{
    char arguments[300];
    char path[300];
    int status;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    cr_assert_eq(make(path), 0);
    snprintf(arguments, sizeof(arguments), "@/%s --pairs 1 --latency-us 500 --arms --json -", name);
    status = run(arguments);
    cr_expect(status == 0 || status == 1, "%d: %s", status, output);
    for (size_t i = 0; i < sizeof(arms_expected) / sizeof(arms_expected[0]); i++) {
        cr_expect(says(arms_expected[i]), "%s is not in\n%s", arms_expected[i], output);
    }
    cr_expect_eq(files_left(), 1, "the copy was removed");
}

Test(coldstart, every_arm_up_to_the_oracle_over_the_gene_ontology)
{
    expect_arms("go.db", small_go_make);
}

Test(coldstart, every_arm_up_to_the_oracle_over_the_human_genes)
{
    expect_arms("hs.db", small_hs_make);
}
