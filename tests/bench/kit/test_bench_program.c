/* What it says on standard error, letter by letter, into a file and on a terminal. */
#include "bench/kit/program.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char said[512];

/* What `say` writes to standard error while that is `file`, read from `from` up to its end: a
 * terminal hands it over in pieces. Closes both. */
static void hear(void (*say)(void), int file, int from)
{
    const int before = dup(STDERR_FILENO);
    size_t len = 0;
    ssize_t got;

    cr_assert(before >= 0 && dup2(file, STDERR_FILENO) >= 0);
    say();
    (void)fflush(stderr);
    cr_assert(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    close(file);
    while ((got = read(from, said + len, sizeof(said) - 1 - len)) > 0) {
        len += (size_t)got;
    }
    said[len] = '\0';
    close(from);
}

static void hear_in_pipe(void (*say)(void))
{
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    hear(say, ends[1], ends[0]);
}

static void hear_on_terminal(void (*say)(void))
{
    const int screen = posix_openpt(O_RDWR | O_NOCTTY);
    int terminal;

    cr_assert(screen >= 0 && grantpt(screen) == 0 && unlockpt(screen) == 0);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    terminal = open(ptsname(screen), O_RDWR | O_NOCTTY);
    cr_assert(terminal >= 0);
    hear(say, terminal, screen);
}

static void say_trouble(void)
{
    cr_expect_eq(program_trouble("a file", "it is gone"), -1);
}

Test(bench_program, trouble_is_said_behind_the_program_s_name)
{
    char name[] = "bench";

    program_invocation_short_name = name;
    hear_in_pipe(say_trouble);
    cr_expect_str_eq(said, "bench: a file: it is gone\n");
}

Test(bench_program, tables_make_room_for_rows_on_standard_output)
{
    cr_expect_eq(program_tables(NULL), stdout);
    cr_expect_eq(program_tables("rows.json"), stdout);
    cr_expect_eq(program_tables("-"), stderr);
}

static void say_two_rounds(void)
{
    for (uint32_t i = 1; i <= 2; i++) {
        program_progress((struct program_progress){ "disk", "round", i, 2, false });
        program_progress((struct program_progress){ "disk", "round", i, 2, true });
    }
}

Test(bench_program, progress_is_a_line_a_round)
{
    hear_in_pipe(say_two_rounds);
    cr_expect_str_eq(said, "disk: round 1 of 2\ndisk: round 2 of 2\n");
}

Test(bench_program, progress_on_a_terminal_is_one_line_that_is_written_over)
{
    hear_on_terminal(say_two_rounds);
    cr_expect_str_eq(said, "\r\033[Kdisk: round 1 of 2\r\033[Kdisk: round 1 of 2"
                           "\r\033[Kdisk: round 2 of 2\r\033[Kdisk: round 2 of 2\r\n");
}
