/* A file goes out of memory and comes back, and a file that cannot be judged is not judged. */
#include "bench/kit/evict.h"
#include "tests/bench/kit/small_go.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define TMPFS UINT32_C(0x01021994)

static char directory[256];
static char path[300];

static void start(void)
{
    static const char page[4096] = { 1 };
    FILE *out;

    cr_assert_eq(small_go_directory(directory), 0);
    snprintf(path, sizeof(path), "%s/file", directory);
    out = fopen(path, "w");
    cr_assert_not_null(out);
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(fwrite(page, sizeof(page), 1, out), 1);
    }
    fclose(out);
}

static void stop(void)
{
    small_go_remove(directory);
}

TestSuite(evict, .init = start, .fini = stop);

Test(evict, a_file_goes_out_of_memory_and_comes_back)
{
    struct evict_residence got;
    struct statfs where;

    cr_assert_eq(evict_look(path, &got), EVICT_OK);
    cr_expect_eq(got.total, 100);
    cr_expect_eq(got.resident, 100, "it has just been written");
    cr_assert_eq(statfs(path, &where), 0);
    if ((uint32_t)where.f_type == TMPFS) {
        cr_expect_eq(evict_file(path, &got), EVICT_STAYED);
        return;
    }
    cr_expect_eq(evict_file(path, &got), EVICT_OK);
    cr_expect_eq(got.resident, 0);
    cr_expect_eq(evict_undo(path), EVICT_OK);
    cr_expect_eq(evict_look(path, &got), EVICT_OK);
    cr_expect_eq(got.resident, 100, "%" PRIu64, got.resident);
}

Test(evict, a_file_that_is_not_there_is_an_error)
{
    struct evict_residence got;

    cr_expect_eq(evict_look("/nowhere/at/all", &got), EVICT_IO);
    cr_expect_eq(evict_file("/nowhere/at/all", &got), EVICT_IO);
    cr_expect_eq(evict_undo("/nowhere/at/all"), EVICT_IO);
    cr_expect_neq(strcmp(evict_message(EVICT_IO), evict_message(EVICT_STAYED)), 0);
}

/* Root owns everything, so the child becomes somebody; a test that runs as somebody asks for a
 * file of root's. */
Test(evict, a_file_of_somebody_else_is_not_judged)
{
    struct evict_residence got;
    int status = 0;
    pid_t pid;

    if (geteuid() != 0) {
        cr_expect_eq(evict_look("/etc/passwd", &got), EVICT_FOREIGN);
        return;
    }
    pid = fork();
    if (pid == 0) {
        if (setuid(65534) != 0) _exit(100);
        _exit(evict_look("/etc/passwd", &got) == EVICT_FOREIGN ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    cr_expect_eq(status, 0);
}
