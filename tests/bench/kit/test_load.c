/* Processes that are there, work, and are gone. */
#include "bench/kit/load.h"
#include "tests/bench/kit/small_go.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct load load;

static void stop(void)
{
    load_stop(&load);
}

TestSuite(load, .fini = stop, .timeout = 60);

static void expect_gone(pid_t pid)
{
    cr_expect_eq(kill(pid, 0), -1);
    cr_expect_eq(errno, ESRCH);
}

/* Blocks until it has ended; its status stays to be asked for. */
static void await_end(pid_t pid)
{
    siginfo_t info;

    cr_assert_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

/* Bytes that a process has asked for; -1: it is gone. */
static long bytes_read(pid_t pid)
{
    char line[64] = "";
    char path[64];
    FILE *in;

    snprintf(path, sizeof(path), "/proc/%d/io", (int)pid);
    in = fopen(path, "r");
    if (in == NULL) return -1;
    if (fgets(line, sizeof(line), in) == NULL) line[0] = '\0';
    fclose(in);
    return strncmp(line, "rchar: ", 7) == 0 ? strtol(line + 7, NULL, 10) : -1;
}

Test(load, a_quiet_machine_has_no_processes)
{
    cr_assert_eq(load_start(&load, LOAD_QUIET, "/nowhere"), LOAD_OK);
    cr_expect_eq(load.count, 0);
    cr_expect_eq(load_stop(&load), LOAD_OK);
}

Test(load, every_processor_computes_until_it_is_stopped)
{
    pid_t first;

    cr_assert_eq(load_start(&load, LOAD_CPU, "/nowhere"), LOAD_OK);
    cr_expect_eq(load.count, (int)sysconf(_SC_NPROCESSORS_ONLN));
    first = load.processes[0];
    cr_expect_eq(kill(first, 0), 0);
    cr_expect_eq(load_stop(&load), LOAD_OK);
    expect_gone(first);
    cr_expect_eq(load_stop(&load), LOAD_OK, "twice is harmless");
}

Test(load, one_process_reads_the_file)
{
    char directory[256];
    char path[300];
    long before = 0;

    cr_assert_eq(small_go_directory(directory), 0);
    snprintf(path, sizeof(path), "%s/go.db", directory);
    cr_assert_eq(small_go_make(path), 0);
    cr_assert_eq(load_start(&load, LOAD_DISK, path), LOAD_OK);
    cr_assert_eq(load.count, 1);
    for (long now = 0; now >= 0 && before < 1 << 20; now = bytes_read(load.processes[0])) {
        before = now;
        usleep(1000);
    }
    cr_expect_geq(before, 1 << 20, "%ld bytes, then it ended", before);
    cr_expect_eq(load_stop(&load), LOAD_OK);
    small_go_remove(directory);
}

Test(load, what_ended_of_its_own_is_said)
{
    cr_assert_eq(load_start(&load, LOAD_DISK, "/nowhere"), LOAD_OK);
    await_end(load.processes[0]);
    cr_expect_eq(load_stop(&load), LOAD_ENDED);
}
