/* harm: what hints cost that do not fit.
 *
 *     harm [--rounds N] [--rows N] [--full] [--json FILE]
 *
 * A database of 206 MB is made, and a session of lookups needs some 2,000 of its 50,000 pages
 * (bench/harm/harm_data.h). Beside it lie, in turn (bench/harm/harm_history.h):
 *
 *   useless history         learnt four times by a session that needs quite other pages
 *   poisoned history        every page of the database, as sure, in an order drawn by lot
 *   whole-database history  every page of the database, in order, as a backup would touch them
 *
 * With each, pairs are run: the session without prefetch and with preload, of the same keys, each
 * in a process of its own, in random order, the file evicted before it, and mincore says so; the
 * hints are put back before each. All that once on a quiet machine, once while another process
 * reads the disk, once while one computes on each processor. 5 rounds, 21 with --full; --rows makes
 * another size of database.
 *
 * Wanted of each history under each load: the first tenth of the session and the whole of it take
 * no more than 1.05 times as long (bench/harm/harm_section.h), no more than the budget of 32 MiB is
 * fetched, less than half of the file is in memory at the end.
 *
 * Exit status: 0. 1: a verdict fails or results differ between arms. 2: wrong usage. 3: it could
 * not be run. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/harm/harm_history.h"
#include "bench/harm/harm_section.h"
#include "bench/kit/evict.h"
#include "bench/kit/load.h"
#include "bench/kit/options.h"
#include "bench/kit/program.h"
#include "bench/kit/random.h"
#include "bench/kit/signals.h"
#include "bench/kit/workdir.h"

#define ROUNDS          5u
#define LEARNT_SESSIONS 4u
#define LEARNT_SEED     1u
#define SESSION_SEED    1000u
#define POISON_SEED     7u
#define ROWS_MIN        1000u
#define BUDGET_BYTES    (UINT64_C(32) << 20)
#define HINTS           "-preload"

struct options {
    const char *json;
    uint32_t rounds;
    uint32_t rows;
};

struct bench {
    struct options options;
    struct workdir workdir;
    char hints[HARM_HISTORY_COUNT][WORKDIR_PATH_BYTES]; /* directories where they are kept */
    uint64_t pages;
    struct harm_section sections[LOAD_KIND_COUNT][HARM_HISTORY_COUNT];
    struct load load;
    struct random random;
    uint32_t cold_count, not_cold_count;
    bool results_differ;
};

/* ---- the database and its hints ---- */

static int run_trial(const struct bench *bench, enum harm_arm arm, enum harm_half half,
                     uint64_t seed, struct harm_found *found)
{
    const struct harm_trial trial = {
        .arm = arm,
        .session = { .rows = bench->options.rows, .half = half, .seed = seed },
        .database = bench->workdir.database,
    };
    const int rc = harm_trial_run(&trial, found);

    if (signals_came()) return program_trouble("stopped", "by a signal");
    return rc == HARM_OK ? 0 : program_trouble(harm_arm_names[arm], "the run failed");
}

static int make_database(struct bench *bench)
{
    struct evict_residence found;
    int rc;

    fprintf(stderr, "making a database of %" PRIu32 " rows\n", bench->options.rows);
    if (workdir_begin(&bench->workdir, "harm.db") != 0)
        return program_trouble("a directory", strerrordesc_np(errno));
    rc = harm_data_make(bench->workdir.database, bench->options.rows);
    if (rc != SQLITE_OK) return program_trouble(bench->workdir.database, sqlite3_errstr(rc));
    rc = evict_file(bench->workdir.database, &found);
    if (rc != EVICT_OK && rc != EVICT_STAYED)
        return program_trouble(bench->workdir.database, evict_message(rc));
    bench->pages = found.total * (uint64_t)sysconf(_SC_PAGESIZE) / 4096;
    return 0;
}

/* Keeps what lies beside the database now. */
static int keep_hints(struct bench *bench, enum harm_history history, const char *name)
{
    char *kept = bench->hints[history];

    if (workdir_add(&bench->workdir, name, kept) == 0 &&
        workdir_copy_files(bench->workdir.directory, kept, HINTS) == 1)
        return 0;
    return program_trouble(harm_history_names[history], "no hints to keep");
}

static int make_hints(struct bench *bench)
{
    char sidecar[WORKDIR_PATH_BYTES + sizeof(HINTS)];
    struct harm_found found;
    int rc;

    fputs("making hints\n", stderr);
    snprintf(sidecar, sizeof(sidecar), "%s" HINTS, bench->workdir.database);
    for (uint32_t i = 0; i < LEARNT_SESSIONS; i++) {
        if (run_trial(bench, HARM_PRELOAD, HARM_FIRST_HALF, LEARNT_SEED, &found) != 0) return -1;
    }
    if (keep_hints(bench, HARM_USELESS, "useless") != 0) return -1;
    rc = harm_history_poison(sidecar, POISON_SEED);
    if (rc != HARM_HISTORY_OK)
        return program_trouble(harm_history_names[HARM_POISONED], harm_history_message(rc));
    if (keep_hints(bench, HARM_POISONED, "poisoned") != 0) return -1;
    unlink(sidecar);
    rc = harm_history_import_all(bench->workdir.database, (uint32_t)bench->pages);
    if (rc != HARM_HISTORY_OK)
        return program_trouble(harm_history_names[HARM_WHOLE], harm_history_message(rc));
    return keep_hints(bench, HARM_WHOLE, "whole");
}

/* ---- the runs ---- */

static int make_cold(struct bench *bench, enum harm_history history)
{
    const char *directory = bench->workdir.directory;
    struct evict_residence stayed;
    int rc;

    if (workdir_copy_files(bench->hints[history], directory, HINTS) != 1)
        return program_trouble(bench->hints[history], strerrordesc_np(errno));
    workdir_evict_files(directory, HINTS);
    rc = evict_file(bench->workdir.database, &stayed);
    bench->cold_count++;
    if (rc != EVICT_OK && bench->not_cold_count++ == 0)
        fprintf(stderr, "\nharm: NOT COLD: %s (%" PRIu64 " of %" PRIu64 " pages)\n",
                evict_message(rc), stayed.resident, stayed.total);
    return 0;
}

/* The hints that are meant were there: else their harmlessness says nothing. */
static int check_hints(const struct bench *bench, enum harm_history history,
                       const struct harm_found *found)
{
    const uint64_t wanted = history == HARM_USELESS ? 1 : bench->pages;

    if (found->history_pages >= wanted) return 0;
    return program_trouble(harm_history_names[history], "preload did not load these hints");
}

static int run_one(struct bench *bench, enum harm_history history, enum harm_arm arm, uint64_t seed,
                   struct harm_run *out)
{
    struct evict_residence found;
    int rc;

    if (make_cold(bench, history) != 0) return -1;
    if (run_trial(bench, arm, HARM_SECOND_HALF, seed, &out->found) != 0) return -1;
    rc = evict_look(bench->workdir.database, &found);
    if (rc != EVICT_OK) return program_trouble(bench->workdir.database, evict_message(rc));
    out->resident_percent = 100 * (double)found.resident / (double)found.total;
    return arm == HARM_PRELOAD ? check_hints(bench, history, &out->found) : 0;
}

static int run_pair(struct bench *bench, struct harm_section *section, enum harm_history history,
                    uint64_t seed)
{
    const int first = random_chance(&bench->random, 50) ? HARM_PRELOAD : HARM_NONE;
    struct harm_run runs[HARM_ARM_COUNT];

    for (int i = 0; i < HARM_ARM_COUNT; i++) {
        const int arm = (first + i) % HARM_ARM_COUNT;

        if (run_one(bench, history, (enum harm_arm)arm, seed, &runs[arm]) != 0) return -1;
    }
    if (runs[HARM_NONE].found.checksum != runs[HARM_PRELOAD].found.checksum ||
        runs[HARM_NONE].found.rows != runs[HARM_PRELOAD].found.rows) {
        bench->results_differ = true;
        fprintf(stderr, "\nharm: %s: results differ (seed %" PRIu64 ")\n", section->title, seed);
    }
    return harm_section_record(section, runs) == ROW_OK
               ? 0
               : program_trouble(section->title, "no memory");
}

/* Every history once, in random order. */
static int run_round(struct bench *bench, enum load_kind kind, uint64_t seed)
{
    enum harm_history order[HARM_HISTORY_COUNT] = { HARM_USELESS, HARM_POISONED, HARM_WHOLE };
    int rc = 0;

    random_shuffle(&bench->random, order, HARM_HISTORY_COUNT, sizeof(order[0]));
    for (int i = 0; i < HARM_HISTORY_COUNT && rc == 0; i++) {
        rc = run_pair(bench, &bench->sections[kind][order[i]], order[i], seed);
    }
    return rc;
}

static int run_load(struct bench *bench, enum load_kind kind)
{
    int rc = load_start(&bench->load, kind, bench->workdir.database);

    if (rc != LOAD_OK) return program_trouble(load_names[kind], "no process for it");
    for (uint32_t round = 1; round <= bench->options.rounds && rc == 0; round++) {
        rc = run_round(bench, kind, SESSION_SEED + round);
        program_progress((struct program_progress){ load_names[kind], "round", round,
                                                    bench->options.rounds,
                                                    round == bench->options.rounds });
    }
    if (load_stop(&bench->load) != LOAD_OK && rc == 0)
        rc = program_trouble(load_names[kind], "it ended before the runs did");
    return rc;
}

/* ---- the report ---- */

/* Computes the rows of every section and gathers them for the JSON file. */
static int finish(struct bench *bench, struct rows *all)
{
    int rc = ROW_OK;

    for (int kind = 0; kind < LOAD_KIND_COUNT; kind++) {
        for (int i = 0; i < HARM_HISTORY_COUNT && rc == ROW_OK; i++) {
            struct harm_section *section = &bench->sections[kind][i];

            rc = harm_section_finish(section);
            if (rc == ROW_OK) rc = rows_join(all, &section->rows);
        }
    }
    return rc;
}

static bool print_report(const struct bench *bench, const struct rows *all, FILE *out)
{
    bool ok = !bench->results_differ;

    rows_print(all, out);
    fprintf(out, "\na database of %" PRIu64 " pages\n", bench->pages);
    for (int kind = 0; kind < LOAD_KIND_COUNT; kind++) {
        for (int i = 0; i < HARM_HISTORY_COUNT; i++) {
            ok = harm_section_judge(&bench->sections[kind][i], BUDGET_BYTES, out) && ok;
        }
    }
    fprintf(out, "results of both arms are %s\n", bench->results_differ ? "DIFFERENT" : "equal");
    fprintf(out, "cold runs: %" PRIu32 ", of which %" PRIu32 " were not cold by mincore\n",
            bench->cold_count, bench->not_cold_count);
    return ok;
}

static int report(struct bench *bench)
{
    const char *json = bench->options.json;
    FILE *out = program_tables(json);
    struct rows all = { 0 };
    int rc = finish(bench, &all);
    bool ok = false;

    if (rc == ROW_OK) {
        ok = print_report(bench, &all, out);
        if (json != NULL) rc = rows_save_json(&all, json);
    }
    rows_free(&all);
    if (rc != ROW_OK) {
        program_trouble("report", rc == ROW_IO ? "cannot be written" : "no memory");
        return EXIT_TROUBLE;
    }
    return ok ? EXIT_SUCCESS : EXIT_VERDICT;
}

/* ---- the set-up ---- */

static void name_sections(struct bench *bench)
{
    for (int kind = 0; kind < LOAD_KIND_COUNT; kind++) {
        for (int i = 0; i < HARM_HISTORY_COUNT; i++) {
            harm_section_name(&bench->sections[kind][i], load_names[kind], harm_history_names[i]);
        }
    }
}

static void free_bench(struct bench *bench)
{
    for (int kind = 0; kind < LOAD_KIND_COUNT; kind++) {
        for (int i = 0; i < HARM_HISTORY_COUNT; i++) {
            harm_section_free(&bench->sections[kind][i]);
        }
    }
    if (bench->workdir.path[0] != '\0') workdir_remove(&bench->workdir);
    free(bench);
}

static int usage(void)
{
    fprintf(stderr,
            "usage: harm [--rounds N] [--rows N] [--full] [--json FILE]\n"
            "  --rounds  pairs of runs for each history under each load (%u)\n"
            "  --rows    of the database (%u)\n"
            "  --full    %u rounds\n"
            "  --json    the rows as a JSON list; - is standard output, and the table standard "
            "error\n",
            ROUNDS, HARM_ROWS, HARM_PAIRS);
    return EXIT_USAGE;
}

static void choose_full(void *ctx)
{
    struct options *options = ctx;

    options->rounds = HARM_PAIRS;
}

static bool parse_options(struct options *options, int argc, char **argv)
{
    const struct option_row rows[] = {
        { .name = "rounds", .count = &options->rounds, .least = 1, .most = 10000 },
        { .name = "rows", .count = &options->rows, .least = ROWS_MIN, .most = 10000000 },
        { .name = "json", .text = &options->json },
        { .name = "full", .act = choose_full, .ctx = options },
    };

    *options = (struct options){ .rounds = ROUNDS, .rows = HARM_ROWS };
    return options_parse(rows, sizeof(rows) / sizeof(rows[0]), argc, argv) == argc;
}

int main(int argc, char **argv)
{
    struct bench *bench;
    int status = EXIT_TROUBLE;
    int rc;

    if (harm_trial_is_child(argc, argv)) return harm_trial_child(argv);
    bench = calloc(1, sizeof(*bench));
    if (bench == NULL) return EXIT_TROUBLE;
    if (!parse_options(&bench->options, argc, argv)) {
        free(bench);
        return usage();
    }
    signals_watch();
    name_sections(bench);

    rc = make_database(bench);
    if (rc == 0) rc = make_hints(bench);
    for (int kind = 0; kind < LOAD_KIND_COUNT && rc == 0; kind++) {
        rc = run_load(bench, (enum load_kind)kind);
    }
    if (rc == 0) status = report(bench);
    free_bench(bench);
    return status;
}
