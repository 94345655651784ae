/* What a child says is heard, and what it fails to say is a failure. That a program runs itself
 * again is seen by the suites of the programs: a suite cannot. */
#include "bench/kit/child.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t first, second;
static uint64_t *const places[] = { &first, &second };

static void say_two(const void *ctx)
{
    _exit(child_say(ctx, 2));
}

static void say_text(const void *text)
{
    fputs(text, stdout);
    (void)fflush(stdout);
    _exit(0);
}

static void say_and_fail(const void *text)
{
    fputs(text, stdout);
    (void)fflush(stdout);
    _exit(3);
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
    const uint64_t numbers[] = { secure_getenv("SQLITE_PRELOAD_MODE") == NULL,
                                 other != NULL && strcmp(other, "kept") == 0 };

    (void)unused;
    _exit(child_say(numbers, 2));
}

Test(child, the_numbers_that_it_says_are_heard)
{
    static const uint64_t said[] = { 17, UINT64_MAX };
    int status = -2;

    cr_expect_eq(child_hear(places, 2, &status, say_two, said), CHILD_OK);
    cr_expect_eq(first, 17, "%" PRIu64, first);
    cr_expect_eq(second, UINT64_MAX, "%" PRIu64, second);
    cr_expect_eq(status, 0);
    cr_expect_eq(child_hear(places, 2, NULL, say_two, said), CHILD_OK);
    cr_expect_eq(child_hear(NULL, 0, NULL, say_text, "end\n"), CHILD_OK, "or none");
    cr_expect_eq(child_hear(places, 2, NULL, say_text, "5 6 end\nmore\n"), CHILD_OK);
    cr_expect_eq(first, 5, "the first line: %" PRIu64, first);
}

static const char *const not_whole[] = {
    "", "17 4", "17 4 ", "17 4 en\n", "17 4 end", "17 end\n", "17 4 5 end\n", "17 x end\n", "end\n",
};

Test(child, a_line_that_is_not_whole_is_a_failure)
{
    for (size_t i = 0; i < COUNT(not_whole); i++)
        cr_expect_eq(child_hear(places, 2, NULL, say_text, not_whole[i]), CHILD_FAILED, "row %zu",
                     i);
}

static const struct failure {
    void (*become)(const void *data);
    int status;
} failures[] = { { say_and_fail, 3 }, { come_back, 127 }, { die, -1 } };

Test(child, one_that_fails_is_a_failure)
{
    for (size_t i = 0; i < COUNT(failures); i++) {
        int status = -2;

        cr_expect_eq(child_hear(places, 2, &status, failures[i].become, "17 4 end\n"), CHILD_FAILED,
                     "row %zu", i);
        cr_expect_eq(status, failures[i].status, "row %zu: %d", i, status);
    }
}

Test(child, what_the_user_says_to_preload_is_kept_from_it)
{
    cr_assert_eq(setenv("SQLITE_PRELOAD_MODE", "off", 1), 0);
    cr_assert_eq(setenv("CHILD_OTHER", "kept", 1), 0);
    cr_expect_eq(child_hear(places, 2, NULL, say_environment, NULL), CHILD_OK);
    cr_expect_eq(first, 1, "the mode is gone");
    cr_expect_eq(second, 1, "the other is kept");
    cr_expect_not_null(secure_getenv("SQLITE_PRELOAD_MODE"), "the parent has it still");
}

Test(child, it_is_called_by_its_flag_and_so_many_arguments)
{
    char words[][8] = { "bench", "--child", "7", "a.db" };
    char *argv[] = { words[0], words[1], words[2], words[3], NULL };

    cr_expect(child_is_called(4, argv, 2));
    cr_expect_not(child_is_called(4, argv, 1));
    cr_expect_not(child_is_called(3, argv, 2));
    cr_expect_not(child_is_called(1, argv, 0), "there is no flag");
    words[1][2] = 'C';
    cr_expect_not(child_is_called(4, argv, 2));
}

Test(child, a_call_has_copies_of_its_arguments)
{
    struct child_call call = { .count = 0 };
    char text[] = "a.db";

    child_add_text(&call, text);
    child_add_number(&call, UINT64_MAX);
    child_add_text(&call, NULL);
    text[0] = 'b';
    cr_assert_eq(call.count, 3);
    cr_expect_str_eq(call.arguments[0], "a.db");
    cr_expect_str_eq(call.arguments[1], "18446744073709551615");
    cr_expect_str_eq(call.arguments[2], "");
    cr_expect_null(call.arguments[3]);
    for (size_t i = 0; i < call.count; i++)
        free(call.arguments[i]);
}
