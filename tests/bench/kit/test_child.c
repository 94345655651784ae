#include "bench/kit/child.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char line[CHILD_LINE_BYTES];

static void say(const void *text)
{
    puts(text);
    puts("a second line");
    (void)fflush(stdout);
    _exit(0);
}

static void say_and_fail(const void *text)
{
    puts(text);
    (void)fflush(stdout);
    _exit(3);
}

static void say_nothing(const void *unused)
{
    (void)unused;
    _exit(0);
}

static void come_back(const void *unused)
{
    (void)unused;
}

static void die(const void *unused)
{
    (void)unused;
    (void)raise(SIGKILL);
}

static void say_environment(const void *unused)
{
    const char *other = secure_getenv("CHILD_OTHER");

    (void)unused;
    printf("%d %s\n", secure_getenv("SQLITE_PRELOAD_MODE") == NULL, other ? other : "-");
    (void)fflush(stdout);
    _exit(0);
}

Test(child, what_it_says_first_is_heard)
{
    int status = -2;

    cr_expect_eq(child_hear(say, "17 4 end", line, &status), CHILD_OK);
    cr_expect_str_eq(line, "17 4 end\n");
    cr_expect_eq(status, 0);
    cr_expect_eq(child_hear(say, "again", line, NULL), CHILD_OK);
    cr_expect_str_eq(line, "again\n");
}

static const struct failure {
    void (*become)(const void *data);
    int status;
} failures[] = { { say_and_fail, 3 }, { say_nothing, 0 }, { come_back, 127 }, { die, -1 } };

Test(child, one_that_fails_or_says_nothing_is_a_failure)
{
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        int status = -2;

        cr_expect_eq(child_hear(failures[i].become, "text", line, &status), CHILD_FAILED, "row %zu",
                     i);
        cr_expect_eq(status, failures[i].status, "row %zu: %d", i, status);
    }
}

Test(child, what_the_user_says_to_preload_is_kept_from_it)
{
    cr_assert_eq(setenv("SQLITE_PRELOAD_MODE", "off", 1), 0);
    cr_assert_eq(setenv("CHILD_OTHER", "kept", 1), 0);
    cr_expect_eq(child_hear(say_environment, NULL, line, NULL), CHILD_OK);
    cr_expect_str_eq(line, "1 kept\n");
    cr_expect_not_null(secure_getenv("SQLITE_PRELOAD_MODE"), "the parent has it still");
}
