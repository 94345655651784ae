/* overhead: what preload costs a program that has nothing to gain from it.
 *
 *     overhead [--full] [--json FILE]
 *
 * Every work (overhead_work.c) runs under the base VFS and under preload over it, each time in a
 * process of its own, with everything in memory:
 *
 *   instructions  of the connection's thread, between open and close, counted by valgrind's
 *                 callgrind. It collects in one function only (--toggle-collect), so the process's
 *                 start is not in it and no header of valgrind's is needed. The count is exact: it
 *                 does not depend on the machine's load. Page reads are system calls, whose inside
 *                 is not counted, which makes the ratio a strict one.
 *   allocations   by the library's own code, and by SQLite, on that thread.
 *   time          user and system, of the whole process, in interleaved pairs.
 *   open, close   by the clock, with no hints and with 10,000; of the thread alone, too, for on a
 *                 machine that is busy the clock shows who else was running.
 *
 * Instructions and allocations are the gate. Times are not: they are read beside it. --full takes
 * more pairs (101 for 31).
 *
 * Exit status: 0. 1: a gate is missed. 2: wrong usage. 3: it could not be run. Without valgrind
 * instructions are not counted, and a line says so. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/kit/options.h"
#include "bench/kit/program.h"
#include "bench/kit/row.h"
#include "bench/kit/workdir.h"
#include "bench/overhead/overhead_probe.h"

#define PAIRS       31u
#define PAIRS_FULL  101u
#define HINTS       10000u
#define OPEN_MAX_US 200.0

enum arm { BASE, OURS, ARM_COUNT };

static const char *const arm_names[ARM_COUNT] = { [BASE] = "base", [OURS] = "preload" };

struct bench {
    const char *json;
    unsigned pairs;
    struct workdir workdir;
    char points[WORKDIR_PATH_BYTES + 16];
    char learnt[WORKDIR_PATH_BYTES]; /* the directory with HINTS hints, kept as they are */
    char hints[WORKDIR_PATH_BYTES];  /* the one that a probe works on */
    struct rows instructions, allocations, times, opens;
    bool emulator_is_absent;
    bool missed;
};

static FILE *report; /* standard output, unless the JSON goes there */

static int probe(const struct bench *bench, enum probe_kind kind, const struct work *work,
                 enum arm arm, const char *store, struct probe_found *out)
{
    const struct probe probe = {
        .kind = kind,
        .work = work,
        .ours = arm == OURS,
        .directory = bench->workdir.path,
        .points = bench->points,
        .store = store,
        .rows = HINTS,
    };
    int rc = probe_run(&probe, out);

    if (rc != PROBE_OK && rc != PROBE_ABSENT) program_trouble(work ? work->name : "open", "failed");
    return rc;
}

/* Says how a number lies to its limit. */
static bool judge(const char *what, const char *name, double value, double most)
{
    bool ok = value <= most;

    fprintf(report, "%s: %s: %.4f, at most %.3f wanted: %s\n", what, name, value, most,
            ok ? "ok" : "MISSED");
    return ok;
}

/* ---- the gate ---- */

static int count_instructions(struct bench *bench, const struct work *work)
{
    int rc = 0;

    for (enum arm arm = BASE; arm < ARM_COUNT && rc == 0 && !bench->emulator_is_absent; arm++) {
        struct probe_found found;

        rc = probe(bench, PROBE_COUNT, work, arm, bench->hints, &found);
        if (rc == PROBE_ABSENT) {
            bench->emulator_is_absent = true;
            return 0;
        }
        if (rc == PROBE_OK)
            rc = rows_add_one(&bench->instructions, work->name, arm_names[arm], "instructions",
                              (double)found.instructions);
    }
    return rc;
}

static int count_allocations(struct bench *bench, const struct work *work)
{
    struct probe_found found[ARM_COUNT];
    int rc = 0;

    for (enum arm arm = BASE; arm < ARM_COUNT && rc == 0; arm++)
        rc = probe(bench, PROBE_ALLOCATE, work, arm, bench->hints, &found[arm]);
    if (rc != 0) return rc;
    rc = rows_add_one(&bench->allocations, work->name, "preload's own", "calls",
                      (double)found[OURS].own_allocations);
    for (enum arm arm = BASE; arm < ARM_COUNT && rc == 0; arm++)
        rc = rows_add_one(&bench->allocations, work->name,
                          arm == BASE ? "SQLite, base" : "SQLite, preload", "calls",
                          (double)found[arm].sqlite_allocations);
    if (work->is_repeated && (found[OURS].own_allocations > 0 ||
                              found[OURS].sqlite_allocations != found[BASE].sqlite_allocations)) {
        fprintf(report, "allocations: %s: repeated reads allocate: MISSED\n", work->name);
        bench->missed = true;
    }
    /* Else the work has not measured what it says. */
    if (found[BASE].pages < (uint64_t)work->lookups * work->loops_counted)
        return program_trouble(work->name, "lookups that read no page");
    return rc;
}

static int run_gate(struct bench *bench)
{
    int rc = 0;

    for (unsigned i = 0; i < work_count && rc == 0; i++) {
        fprintf(stderr, "counting: %s\n", works[i].name);
        rc = count_instructions(bench, &works[i]);
        if (rc == 0) rc = count_allocations(bench, &works[i]);
    }
    rows_compare_to(&bench->instructions, arm_names[BASE]);
    return rc;
}

/* ---- time ---- */

static int time_pair(const struct bench *bench, const struct work *work, unsigned pair,
                     struct row_series series[ARM_COUNT + 1])
{
    struct probe_found found[ARM_COUNT];
    int rc = 0;

    for (unsigned i = 0; i < ARM_COUNT && rc == 0; i++) {
        enum arm arm = (i + pair) % 2 == 0 ? BASE : OURS;

        rc = probe(bench, PROBE_TIME, work, arm, bench->hints, &found[arm]);
        if (rc == 0) rc = row_series_add(&series[arm], (double)found[arm].cpu_us);
    }
    if (rc == 0 && found[BASE].cpu_us > 0)
        rc = row_series_add(&series[ARM_COUNT],
                            (double)found[OURS].cpu_us / (double)found[BASE].cpu_us);
    return rc;
}

static int time_work(struct bench *bench, const struct work *work)
{
    struct row_series series[ARM_COUNT + 1] = { 0 };
    int rc = 0;

    for (unsigned pair = 0; pair < bench->pairs && rc == 0; pair++)
        rc = time_pair(bench, work, pair, series);
    for (enum arm arm = BASE; arm < ARM_COUNT && rc == 0; arm++)
        rc = rows_add(&bench->times, work->name, arm_names[arm], "us", &series[arm]);
    if (rc == 0)
        rc = rows_add(&bench->times, work->name, "preload / base", "ratio", &series[ARM_COUNT]);
    for (unsigned i = 0; i <= ARM_COUNT; i++)
        row_series_free(&series[i]);
    return rc;
}

static int run_times(struct bench *bench)
{
    int rc = 0;

    for (unsigned i = 0; i < work_count && rc == 0; i++) {
        fprintf(stderr, "timing: %s\n", works[i].name);
        rc = time_work(bench, &works[i]);
    }
    return rc;
}

/* ---- open and close ---- */

enum hints { NOT_OURS, NO_HINTS, MANY_HINTS, HINTS_COUNT };

static const char *const hints_names[HINTS_COUNT] = {
    [NOT_OURS] = "base", [NO_HINTS] = "0 hints", [MANY_HINTS] = "10,000 hints"
};

#define OPEN_ROWS(X)                                                                               \
    X("open", open_us)                                                                             \
    X("open and first prepare, thread's own", thread_us)                                           \
    X("first prepare", prepare_us)                                                                 \
    X("close", close_us)                                                                           \
    X("open again", again_open_us)                                                                 \
    X("first prepare again", again_prepare_us)                                                     \
    X("close again", again_close_us)

enum {
#define OPEN_INDEX(name, field) OPEN_##field,
    OPEN_ROWS(OPEN_INDEX) OPEN_BEFORE_QUERY,
    OPEN_COUNT
};

static const char *const open_names[OPEN_COUNT] = {
#define OPEN_NAME(name, field) name,
    OPEN_ROWS(OPEN_NAME)[OPEN_BEFORE_QUERY] = "open + added prepare"
};

/* Every probe finds the hints as they were learnt, for its close adds to them. */
static int probe_open(const struct bench *bench, enum hints hints, struct probe_found *out)
{
    struct workdir store;
    int rc;

    if (workdir_add(&bench->workdir, "store", store.path) != 0)
        return program_trouble("store", strerrordesc_np(errno));
    if (hints == MANY_HINTS && workdir_copy_files(bench->learnt, store.path, "-preload") != 1)
        return program_trouble("hints", "were not learnt");
    rc = probe(bench, PROBE_OPEN, NULL, hints == NOT_OURS ? BASE : OURS, store.path, out);
    workdir_remove(&store);
    return rc;
}

static int open_round(const struct bench *bench, unsigned round,
                      struct row_series series[HINTS_COUNT][OPEN_COUNT])
{
    struct probe_found found[HINTS_COUNT] = { 0 };
    int rc = 0;

    for (unsigned i = 0; i < HINTS_COUNT && rc == 0; i++) {
        enum hints hints = (enum hints)((i + round) % HINTS_COUNT);

        rc = probe_open(bench, hints, &found[hints]);
    }
    for (enum hints hints = NOT_OURS; hints < HINTS_COUNT && rc == 0; hints++) {
#define ADD_FIELD(name, field)                                                                     \
    rc |= row_series_add(&series[hints][OPEN_##field], (double)found[hints].field);
        OPEN_ROWS(ADD_FIELD)
        rc |= row_series_add(&series[hints][OPEN_BEFORE_QUERY],
                             (double)found[hints].open_us + (double)found[hints].prepare_us -
                                 (double)found[NOT_OURS].prepare_us);
    }
    return rc;
}

static int run_opens(struct bench *bench)
{
    struct row_series series[HINTS_COUNT][OPEN_COUNT] = { 0 };
    int rc = 0;

    fprintf(stderr, "timing: open and close\n");
    for (unsigned round = 0; round < bench->pairs && rc == 0; round++)
        rc = open_round(bench, round, series);
    for (unsigned i = 0; i < OPEN_COUNT; i++) {
        for (enum hints hints = NOT_OURS; hints < HINTS_COUNT; hints++) {
            if (rc == 0)
                rc = rows_add(&bench->opens, open_names[i], hints_names[hints], "us",
                              &series[hints][i]);
            row_series_free(&series[hints][i]);
        }
    }
    rows_compare_to(&bench->opens, hints_names[NOT_OURS]);
    return rc;
}

/* ---- the report ---- */

static void judge_gate(struct bench *bench)
{
    fputc('\n', report);
    if (bench->emulator_is_absent)
        fprintf(report, "instructions: skipped: valgrind is not installed\n");
    for (unsigned i = 0; i < work_count && !bench->emulator_is_absent; i++) {
        const struct row *row = rows_find(&bench->instructions, works[i].name, arm_names[OURS]);

        if (row && works[i].instructions_max > 0 &&
            !judge("instructions", works[i].name, row->ratio, works[i].instructions_max))
            bench->missed = true;
    }
}

/* Read beside the gate, and no part of it. */
static void judge_times(const struct bench *bench)
{
    for (unsigned i = 0; i < work_count; i++) {
        const struct row *row = rows_find(&bench->times, works[i].name, "preload / base");

        if (row && works[i].cpu_max > 0)
            (void)judge("time, lower bound", works[i].name, row->lo, works[i].cpu_max);
    }
    for (enum hints hints = NO_HINTS; hints < HINTS_COUNT; hints++) {
        const char *name = hints_names[hints];
        const struct row *clock = rows_find(&bench->opens, open_names[OPEN_BEFORE_QUERY], name);
        const struct row *thread = rows_find(&bench->opens, open_names[OPEN_thread_us], name);
        const struct row *base =
            rows_find(&bench->opens, open_names[OPEN_prepare_us], hints_names[NOT_OURS]);

        if (!clock || !thread || !base) continue;
        (void)judge("microseconds before the first query, lower bound", name, clock->lo,
                    OPEN_MAX_US);
        (void)judge("the same, of the connection's thread alone", name,
                    thread->median - base->median, OPEN_MAX_US);
    }
}

/* The tables, the verdicts, and the rows of all tables where they are wanted. */
static int give_report(struct bench *bench)
{
    const struct row_table tables[] = {
        { "instructions of the connection's thread", &bench->instructions },
        { "allocations between open and close", &bench->allocations },
        { "user and system time", &bench->times },
        { "open and close, everything in memory", &bench->opens },
    };
    const size_t count = sizeof(tables) / sizeof(tables[0]);

    row_tables_print(tables, count, report);
    judge_gate(bench);
    judge_times(bench);
    if (!bench->json || row_tables_save_json(tables, count, bench->json) == ROW_OK) return 0;
    return program_trouble(bench->json, "cannot be written");
}

/* ---- the set-up ---- */

static int set_up(struct bench *bench)
{
    struct probe_found none;
    int rc;

    (void)snprintf(bench->workdir.path, sizeof bench->workdir.path, "%s/overhead-XXXXXX",
                   workdir_parent());
    if (!mkdtemp(bench->workdir.path)) {
        program_trouble(bench->workdir.path, strerrordesc_np(errno));
        bench->workdir.path[0] = '\0';
        return -1;
    }
    (void)snprintf(bench->points, sizeof bench->points, "%s/points.db", bench->workdir.path);
    if (workdir_add(&bench->workdir, "learnt", bench->learnt) != 0 ||
        workdir_add(&bench->workdir, "hints", bench->hints) != 0)
        return program_trouble(bench->workdir.path, strerrordesc_np(errno));
    fprintf(stderr, "making a database\n");
    rc = work_make_points(bench->points);
    if (rc != SQLITE_OK) return program_trouble(bench->points, sqlite3_errstr(rc));
    return probe(bench, PROBE_LEARN, NULL, OURS, bench->learnt, &none);
}

static int usage(void)
{
    fputs(
        "usage: overhead [--full] [--json FILE]\n"
        "  --full  101 pairs of processes a time, for 31\n"
        "  --json  the rows as a JSON list; - is standard output, and the tables standard error\n",
        stderr);
    return EXIT_USAGE;
}

static bool parse_options(struct bench *bench, int argc, char **argv)
{
    bool full = false;

    if (!options_parse_usual(&full, &bench->json, argc, argv)) return false;
    bench->pairs = full ? PAIRS_FULL : PAIRS;
    report = program_tables(bench->json);
    return true;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    int rc;

    if (probe_is_child(argc, argv)) return probe_child(argv);
    if (!parse_options(&bench, argc, argv)) return usage();
    rc = set_up(&bench);
    if (rc == 0) rc = run_gate(&bench);
    if (rc == 0) rc = run_times(&bench);
    if (rc == 0) rc = run_opens(&bench);
    if (rc == 0) rc = give_report(&bench);
    if (bench.workdir.path[0]) workdir_remove(&bench.workdir);
    rows_free(&bench.instructions);
    rows_free(&bench.allocations);
    rows_free(&bench.times);
    rows_free(&bench.opens);
    if (rc != 0) return EXIT_TROUBLE;
    return bench.missed ? EXIT_VERDICT : EXIT_SUCCESS;
}
