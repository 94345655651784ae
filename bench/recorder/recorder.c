/* recorder: what a touch of a page costs a program, and what a recorder holds in memory.
 *
 *     recorder [--full] [--json FILE]
 *
 * A million pages of a database of 1 TiB are touched for the first time and once more, in random
 * and in sequential order (bench/recorder/recorder_loop.h):
 *
 *   instructions  of a touch, without the loop around it, counted by valgrind's callgrind. The
 *                 count is exact: it does not depend on the machine's load. A first touch's has the
 *                 allocator's in it.
 *   system calls  counted with them. First touches have those by which the allocator gets memory.
 *   functions     in which these instructions were: a repeated touch calls none, and nothing asks
 *                 for the time.
 *   allocations   of a million touches.
 *   time          by the clock, the median of 31 rounds, which take turns. --full takes 101.
 *   memory        that the recorder holds for each page.
 *
 * The gate is a repeated touch's: its instructions, and none of the next three. Everything else is
 * read beside it, but for the time, which no touch may ask for.
 *
 * Exit status: 0. 1: the gate is missed. 2: wrong usage. 3: it could not be run. Without valgrind
 * instructions, system calls and functions are not counted, and a line says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/kit/allocations.h"
#include "bench/kit/clock.h"
#include "bench/kit/options.h"
#include "bench/kit/program.h"
#include "bench/kit/row.h"
#include "bench/recorder/recorder_count.h"

#define ROUNDS      31u
#define ROUNDS_FULL 101u

/* As gcc 12 has it at -O2 and -O3: the test of the flag, the bounds of the directory, two loads and
 * a bit. */
#define INSTRUCTIONS_MAX 14.0

static const char *const kind_names[LOOP_KIND_COUNT] = {
    [LOOP_EMPTY] = "an empty call",
    [LOOP_FIRST] = "a first touch",
    [LOOP_AGAIN] = "a repeated touch",
};

static const char *const order_names[LOOP_ORDER_COUNT] = {
    [LOOP_RANDOM] = "random",
    [LOOP_SEQUENTIAL] = "sequential",
};

struct bench {
    const char *json;
    unsigned rounds;
    struct rows instructions, system_calls, allocations, times, memory;
    bool emulator_is_absent;
    bool missed;
};

static FILE *report; /* standard output, unless the JSON goes there */

static int add_one(struct rows *rows, enum loop_kind kind, enum loop_order order, const char *unit,
                   double value)
{
    return rows_add_one(rows, kind_names[kind], order_names[order], unit, value);
}

static void judge(struct bench *bench, enum loop_order order, const char *what, double value,
                  double most)
{
    const bool ok = value <= most;

    fprintf(report, "%s, %s: %.2f %s, at most %.0f wanted: %s\n", kind_names[LOOP_AGAIN],
            order_names[order], value, what, most, ok ? "ok" : "MISSED");
    if (!ok) bench->missed = true;
}

/* ---- allocations ---- */

/* Allocations and memory, of loops in this process. */
static int measure_memory(struct bench *bench, enum loop_order order)
{
    struct loop loop;
    int rc = loop_init(&loop, LOOP_FIRST, order) ? 0 : program_trouble("memory", "ran out");

    for (enum loop_kind kind = LOOP_FIRST; kind < LOOP_KIND_COUNT && rc == 0; kind++) {
        const uint64_t before = allocations_count();
        uint64_t made;

        loop.kind = kind;
        if (loop_measured(&loop) != loop_wants(kind))
            rc = program_trouble(kind_names[kind], "failed");
        made = allocations_count() - before;
        if (rc == 0) rc = add_one(&bench->allocations, kind, order, "allocations", (double)made);
        if (kind == LOOP_AGAIN) judge(bench, order, "allocations", (double)made, 0);
    }
    if (rc == 0)
        rc = add_one(&bench->memory, LOOP_FIRST, order, "bytes",
                     (double)hint_recorder_bytes(&loop.recorder) / LOOP_TOUCHES);
    loop_free(&loop);
    return rc;
}

/* ---- instructions ---- */

/* Every name that libc has for it contains one of these two, but for the oldest. */
static bool asks_for_time(const struct counted *counted)
{
    for (size_t i = 0; i < counted->function_count; i++) {
        const char *name = counted->functions[i];

        if (strstr(name, "clock") || strstr(name, "gettime") || strcmp(name, "time") == 0)
            return true;
    }
    return false;
}

static void print_functions(enum loop_kind kind, enum loop_order order,
                            const struct counted *counted)
{
    fprintf(report, "%s, %s: in", kind_names[kind], order_names[order]);
    for (size_t i = 0; i < counted->function_count; i++)
        if (strcmp(counted->functions[i], LOOP_FUNCTION) != 0)
            fprintf(report, " %s", counted->functions[i]);
    fputc('\n', report);
}

static double instructions_of_touch(const struct counted *counted, const struct counted *empty)
{
    return ((double)counted->instructions - (double)empty->instructions) / LOOP_TOUCHES;
}

/* Adds the rows of a kind and says in which functions it was. */
static int add_counted(struct bench *bench, enum loop_kind kind, enum loop_order order,
                       const struct counted *counted, double instructions)
{
    int rc = add_one(&bench->instructions, kind, order, "instructions", instructions);

    if (rc == ROW_OK)
        rc = add_one(&bench->system_calls, kind, order, "system calls",
                     (double)counted->system_calls);
    print_functions(kind, order, counted);
    if (asks_for_time(counted)) {
        fprintf(report, "%s, %s: asks for the time: MISSED\n", kind_names[kind],
                order_names[order]);
        bench->missed = true;
    }
    return rc;
}

static int count_order(struct bench *bench, enum loop_order order)
{
    static struct counted counted[LOOP_KIND_COUNT];
    const struct counted *again = &counted[LOOP_AGAIN];
    double instructions = 0;

    for (enum loop_kind kind = LOOP_EMPTY; kind < LOOP_KIND_COUNT; kind++) {
        int rc = count_run(&counted[kind], kind, order);

        if (rc == COUNT_ABSENT) bench->emulator_is_absent = true;
        if (rc == COUNT_ABSENT) return 0;
        if (rc != COUNT_OK) return program_trouble(kind_names[kind], "could not be counted");
    }
    for (enum loop_kind kind = LOOP_FIRST; kind < LOOP_KIND_COUNT; kind++) {
        instructions = instructions_of_touch(&counted[kind], &counted[LOOP_EMPTY]);
        if (add_counted(bench, kind, order, &counted[kind], instructions) != ROW_OK)
            return program_trouble("memory", "ran out");
    }
    judge(bench, order, "instructions", instructions, INSTRUCTIONS_MAX);
    judge(bench, order, "system calls", (double)again->system_calls, 0);
    /* But for the loop and the touch that it calls. */
    judge(bench, order, "functions called", (double)again->function_count - 2, 0);
    return 0;
}

/* ---- time ---- */

/* One round of every kind over one recorder: empty calls, first touches, the same again. */
static int time_round(enum loop_order order, struct row_series series[LOOP_KIND_COUNT])
{
    struct loop loop;
    int rc = loop_init(&loop, LOOP_EMPTY, order) ? 0 : program_trouble("memory", "ran out");

    for (enum loop_kind kind = LOOP_EMPTY; kind < LOOP_KIND_COUNT && rc == 0; kind++) {
        uint64_t began_ns;

        loop.kind = kind;
        began_ns = clock_now_ns();
        if (loop_measured(&loop) != loop_wants(kind))
            rc = program_trouble(kind_names[kind], "failed");
        if (rc == 0)
            rc = row_series_add(&series[kind], (double)(clock_now_ns() - began_ns) / LOOP_TOUCHES);
    }
    loop_free(&loop);
    return rc;
}

static int measure_times(struct bench *bench)
{
    struct row_series series[LOOP_ORDER_COUNT][LOOP_KIND_COUNT] = { 0 };
    int rc = 0;

    for (unsigned round = 0; round < bench->rounds && rc == 0; round++)
        for (enum loop_order order = LOOP_RANDOM; order < LOOP_ORDER_COUNT && rc == 0; order++)
            rc = time_round(order, series[order]);
    for (enum loop_order order = LOOP_RANDOM; order < LOOP_ORDER_COUNT; order++) {
        for (enum loop_kind kind = LOOP_EMPTY; kind < LOOP_KIND_COUNT; kind++) {
            if (rc == 0)
                rc = rows_add(&bench->times, kind_names[kind], order_names[order], "ns",
                              &series[order][kind]);
            row_series_free(&series[order][kind]);
        }
    }
    return rc;
}

/* ---- the report ---- */

/* The tables, and the rows of all where they are wanted. */
static int give_report(const struct bench *bench)
{
    const struct row_table tables[] = {
        { "instructions", &bench->instructions },
        { "system calls of 1,000,000 touches", &bench->system_calls },
        { "allocations of 1,000,000 touches", &bench->allocations },
        { "time, read beside the gate", &bench->times },
        { "memory for each page", &bench->memory },
    };
    const size_t count = sizeof(tables) / sizeof(tables[0]);

    if (bench->emulator_is_absent)
        fprintf(report, "instructions: skipped: valgrind is not installed\n");
    row_tables_print(tables, count, report);
    if (!bench->json || row_tables_save_json(tables, count, bench->json) == ROW_OK) return 0;
    return program_trouble(bench->json, "cannot be written");
}

static int usage(void)
{
    fputs(
        "usage: recorder [--full] [--json FILE]\n"
        "  --full  101 rounds by the clock, for 31\n"
        "  --json  the rows as a JSON list; - is standard output, and the tables standard error\n",
        stderr);
    return EXIT_USAGE;
}

static bool parse_options(struct bench *bench, int argc, char **argv)
{
    bool full = false;

    if (!options_parse_usual(&full, &bench->json, argc, argv)) return false;
    bench->rounds = full ? ROUNDS_FULL : ROUNDS;
    report = program_tables(bench->json);
    return true;
}

int main(int argc, char **argv)
{
    struct bench bench = { 0 };
    int rc = 0;

    if (count_is_child(argc, argv)) return count_child(argv);
    if (!parse_options(&bench, argc, argv)) return usage();
    for (enum loop_order order = LOOP_RANDOM; order < LOOP_ORDER_COUNT && rc == 0; order++) {
        rc = measure_memory(&bench, order);
        if (rc == 0 && !bench.emulator_is_absent) rc = count_order(&bench, order);
    }
    if (rc == 0) rc = measure_times(&bench);
    if (rc == 0) rc = give_report(&bench);
    rows_free(&bench.instructions);
    rows_free(&bench.system_calls);
    rows_free(&bench.allocations);
    rows_free(&bench.times);
    rows_free(&bench.memory);
    if (rc != 0) return EXIT_TROUBLE;
    return bench.missed ? EXIT_VERDICT : EXIT_SUCCESS;
}
