/* Behind a program of the emulator's name, which writes down how it was called. */
#include "bench/kit/emulator.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/emulator-XXXXXX";
static char script[64];
static char called[64];

/* It says its arguments, a line each, and what a child says. */
static void start(void)
{
    FILE *out;

    cr_assert_not_null(mkdtemp(directory));
    snprintf(script, sizeof(script), "%s/valgrind", directory);
    snprintf(called, sizeof(called), "%s/called", directory);
    out = fopen(script, "w");
    cr_assert_not_null(out);
    fprintf(out, "#!/bin/sh\nprintf '%%s\\n' \"$@\" >%s\necho end\n", called);
    fclose(out);
    cr_assert_eq(chmod(script, 0700), 0);
}

static void stop(void)
{
    (void)unlink(script);
    (void)unlink(called);
    (void)rmdir(directory);
}

TestSuite(emulator, .init = start, .fini = stop);

static void become(const void *unused)
{
    static const char *const options[] = { "--collect-systime=yes", NULL };
    struct child_call call = { .count = 0 };

    (void)unused;
    child_add_number(&call, 7);
    child_add_text(&call, "a b");
    emulator_become(&call, "measured", "/tmp/counts", options);
}

Test(emulator, it_runs_this_program_and_collects_in_one_function)
{
    char self[256] = "";
    char want[1024];
    char got[1024];
    FILE *in;

    cr_assert_eq(setenv("PATH", directory, 1), 0);
    cr_assert_eq(child_hear(NULL, 0, NULL, become, NULL), CHILD_OK);
    cr_assert(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    snprintf(want, sizeof(want),
             "-q\n--tool=callgrind\n--collect-atstart=no\n--toggle-collect=measured\n"
             "--callgrind-out-file=/tmp/counts\n--collect-systime=yes\n%s\n--child\n7\na b\n",
             self);
    in = fopen(called, "r");
    cr_assert_not_null(in);
    got[fread(got, 1, sizeof(got) - 1, in)] = '\0';
    fclose(in);
    cr_expect_str_eq(got, want, "%s", got);
}

Test(emulator, where_there_is_none_the_child_says_so)
{
    int status = -2;

    cr_assert_eq(setenv("PATH", "/nowhere", 1), 0);
    cr_expect_eq(child_hear(NULL, 0, &status, become, NULL), CHILD_FAILED);
    cr_expect_eq(status, EMULATOR_ABSENT, "%d", status);
}
