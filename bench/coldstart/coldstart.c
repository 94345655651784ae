/* coldstart: what a cold database costs, and what preload saves.
 *
 *     coldstart DATABASE [--pairs N] [--latency-us N] [--arms] [--full] [--json FILE]
 *
 * DATABASE is GO.sqlite or org.Hs.eg.sqlite of Bioconductor; a copy is used. A session of lookups
 * and joins runs four times, with different keys, for preload to learn. Then each arm (plain,
 * preload, whole file, warm) runs it again in a process of its own, in random order, in as many
 * rounds as --pairs says: with the keys of the last learnt session, and with fresh ones. Before a
 * cold run on the disk the file is evicted, and mincore says so; the slow device (--latency-us, 1
 * ms a request, 16 at once) starts with nothing resident.
 *
 * --arms runs the fresh keys in five more ways, which know their pages beforehand: the first 128
 * pages, the interior pages of the learnt sessions, the last of them, all of them, and the oracle,
 * which has traced the very session. It prints them in one table, and how near preload comes to the
 * oracle: at most 1.3 times its time is wanted, where the oracle gains anything. Fresh keys are
 * only half foreseeable, so on a slow device nobody's history can keep that bound, and the exit
 * status leaves it out. --full adds 0.1, 10 and 20 ms a request, and implies --arms.
 *
 * Exit status: 0. 1: a verdict fails or results differ between arms. 2: wrong usage. 3: it could
 * not be run. */
#include "bench/coldstart/arms_table.h"
#include "bench/coldstart/foresight.h"
#include "bench/coldstart/section.h"
#include "bench/coldstart/trial.h"
#include "bench/kit/evict.h"
#include "bench/kit/options.h"
#include "bench/kit/program.h"
#include "bench/kit/random.h"
#include "bench/kit/signals.h"
#include "bench/kit/workdir.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEARNT_SESSIONS 4u
#define FRESH_SEED      1000u
#define LATENCIES_MAX   4
#define SPEED_WANTED    5.0
#define PAGES_WANTED    3.0

enum keys { LEARNT, FRESH, KEYS_COUNT };

static const char *const keys_names[KEYS_COUNT] = {
    [LEARNT] = "learnt keys", [FRESH] = "fresh keys"
};

/* What the arms fetch that know their pages. */
static const char *const arm_policies[TRIAL_ARM_COUNT] = {
    [TRIAL_FIRST] = "first-128", [TRIAL_INTERIOR] = "interior", [TRIAL_LAST] = "last",
    [TRIAL_UNION] = "union",     [TRIAL_ORACLE] = "oracle",
};

struct device_run {
    uint64_t latency_us; /* 0: the disk */
    char title[32];
    char hints[WORKDIR_PATH_BYTES];     /* where preload keeps them */
    char learnt[WORKDIR_PATH_BYTES];    /* as they were when learning ended */
    char store[WORKDIR_PATH_BYTES + 8]; /* option value; empty: the default, beside the database */
    const char *suffix;
    struct section sections[KEYS_COUNT];
};

struct options {
    const char *database;
    const char *json;
    uint32_t pairs;
    uint64_t latency_us;
    bool arms;
    bool full;
};

struct bench {
    struct options options;
    struct workdir workdir;
    struct device_run devices[1 + LATENCIES_MAX];
    size_t device_count;
    struct foresight foresight;
    struct fetch_list list;              /* of the arm that is about to run */
    char trace[WORKDIR_PATH_BYTES + 16]; /* of every session, in one file */
    char pages[WORKDIR_PATH_BYTES + 16]; /* the list, for the child */
    struct random random;                /* the order of the arms: the same every time */
    uint32_t cold_count, not_cold_count;
    bool results_differ;
};

/* ---- the runs ---- */

/* Brings the copy into the state that the arm starts from. Under the slow device it is in memory:
 * that device stands in for the disk, and is cold in each new process. */
static int prepare(struct bench *bench, const struct device_run *device, enum trial_arm arm)
{
    const char *database = bench->workdir.database;
    struct evict_residence stayed;
    int rc;

    if (arm == TRIAL_PRELOAD) {
        if (workdir_copy_files(device->learnt, device->hints, device->suffix) < 0) {
            return program_trouble(device->hints, strerrordesc_np(errno));
        }
        workdir_evict_files(device->hints, device->suffix);
    }
    if (device->latency_us > 0 || arm == TRIAL_WARM) {
        rc = evict_undo(database);
        return rc == EVICT_OK ? 0 : program_trouble(database, evict_message(rc));
    }
    rc = evict_file(database, &stayed);
    bench->cold_count++;
    if (rc == EVICT_OK) return 0;
    if (bench->not_cold_count++ == 0) {
        fprintf(stderr, "\ncoldstart: NOT COLD: %s (%" PRIu64 " of %" PRIu64 " pages)\n",
                evict_message(rc), stayed.resident, stayed.total);
    }
    return 0;
}

static int run_trial(const struct bench *bench, const struct device_run *device, enum trial_arm arm,
                     uint64_t seed, struct trial_found *found)
{
    const struct trial trial = {
        .arm = arm,
        .latency_us = device->latency_us,
        .seed = seed,
        .database = bench->workdir.database,
        .store = device->store[0] != '\0' ? device->store : NULL,
        .pages = arm_policies[arm] != NULL ? bench->pages : NULL,
    };
    const int rc = trial_run(&trial, found);

    if (signals_came()) return program_trouble("stopped", "by a signal");
    return rc == TRIAL_OK ? 0 : program_trouble(trial_arm_names[arm], "the run failed");
}

/* Runs the sessions that preload learns from, and keeps what it wrote. */
static int learn(struct bench *bench, struct device_run *device)
{
    struct trial_found found;
    int count;

    for (uint32_t i = 1; i <= LEARNT_SESSIONS; i++) {
        program_progress((struct program_progress){ device->title, "learning session", i,
                                                    LEARNT_SESSIONS, i == LEARNT_SESSIONS });
        if (run_trial(bench, device, TRIAL_PRELOAD, i, &found) != 0) return -1;
    }
    count = workdir_copy_files(device->hints, device->learnt, device->suffix);
    if (count < 0) {
        return program_trouble(device->hints, strerrordesc_np(errno));
    }
    return count > 0 ? 0 : program_trouble(device->hints, "preload saved no hints");
}

/* Writes the list of an arm that knows its pages. */
static int foresee(struct bench *bench, enum trial_arm arm, uint32_t round)
{
    if (arm_policies[arm] == NULL) return 0;
    if (foresight_list(&bench->foresight, arm_policies[arm], round, &bench->list) != FETCH_OK ||
        fetch_list_save(&bench->list, bench->pages) != FETCH_OK) {
        return program_trouble(bench->pages, "cannot be written");
    }
    return 0;
}

/* A list has no account of its own; what it fetched of the session counts as used. */
static int look_back(const struct bench *bench, enum trial_arm arm, uint32_t round,
                     struct trial_found *found)
{
    if (arm_policies[arm] == NULL) return 0;
    if (foresight_used(&bench->foresight, round, &bench->list, found->prefetched_pages,
                       &found->used_pages) != FETCH_OK) {
        return program_trouble("used pages", "no memory");
    }
    found->demand_pages =
        found->needed_pages > found->used_pages ? found->needed_pages - found->used_pages : 0;
    return 0;
}

/* All arms once, in random order, with the same keys: their results are the same. */
static int run_arms(struct bench *bench, struct device_run *device, enum keys keys, uint32_t round)
{
    const uint64_t seed = keys == FRESH ? FRESH_SEED + 1 + round : LEARNT_SESSIONS;
    struct section *section = &device->sections[keys];
    struct trial_found found[TRIAL_ARM_COUNT] = { 0 };
    enum trial_arm arms[TRIAL_ARM_COUNT] = { TRIAL_PLAIN };

    for (int i = 0; i < section->arm_count; i++) {
        arms[i] = (enum trial_arm)i;
    }
    random_shuffle(&bench->random, arms, (size_t)section->arm_count, sizeof(arms[0]));
    for (int i = 0; i < section->arm_count; i++) {
        struct trial_found *this = &found[arms[i]];

        if (foresee(bench, arms[i], round) != 0) return -1;
        if (prepare(bench, device, arms[i]) != 0) return -1;
        if (run_trial(bench, device, arms[i], seed, this) != 0) return -1;
        if (look_back(bench, arms[i], round, this) != 0) return -1;
        if (this->checksum != found[arms[0]].checksum || this->rows != found[arms[0]].rows) {
            bench->results_differ = true;
            fprintf(stderr, "\ncoldstart: %s: results of %s and %s differ (seed %" PRIu64 ")\n",
                    section->title, trial_arm_names[arms[0]], trial_arm_names[arms[i]], seed);
        }
    }
    return section_record(section, found) == ROW_OK ? 0
                                                    : program_trouble(section->title, "no memory");
}

static int run_device(struct bench *bench, struct device_run *device)
{
    const uint32_t pairs = bench->options.pairs;

    if (learn(bench, device) != 0) return -1;
    for (uint32_t i = 0; i < pairs; i++) {
        struct program_progress progress = { device->title, "round", i + 1, pairs, false };

        program_progress(progress);
        if (run_arms(bench, device, LEARNT, i) != 0) return -1;
        if (run_arms(bench, device, FRESH, i) != 0) return -1;
        progress.line = true;
        program_progress(progress);
    }
    return 0;
}

/* Runs every session once and only records: those to learn from, then those of the rounds. */
static int trace_sessions(struct bench *bench)
{
    const uint32_t pairs = bench->options.pairs;
    char hints[WORKDIR_PATH_BYTES];
    char store[WORKDIR_PATH_BYTES + 8];
    struct trial trial = {
        .arm = TRIAL_PRELOAD,
        .database = bench->workdir.database,
        .store = store,
        .trace = bench->trace,
    };
    struct trial_found found;

    if (workdir_add(&bench->workdir, "hints-trace", hints) != 0) {
        return program_trouble(bench->workdir.path, strerrordesc_np(errno));
    }
    snprintf(store, sizeof(store), "sidecar:%s", hints);
    fprintf(stderr, "tracing %" PRIu32 " sessions\n", LEARNT_SESSIONS + pairs);
    for (uint32_t i = 0; i < LEARNT_SESSIONS + pairs; i++) {
        trial.seed = i < LEARNT_SESSIONS ? i + 1 : FRESH_SEED + 1 + i - LEARNT_SESSIONS;
        if (trial_run(&trial, &found) != TRIAL_OK)
            return program_trouble("tracing", "the run failed");
        if (signals_came()) return program_trouble("stopped", "by a signal");
    }
    if (foresight_load(&bench->foresight, bench->trace, LEARNT_SESSIONS) != TRACE_OK ||
        foresight_tested(&bench->foresight) != pairs) {
        return program_trouble(bench->trace, "not a trace of every session");
    }
    return 0;
}

/* ---- the report ---- */

/* The two lines that are promised, of the device that --latency-us names. */
static bool print_verdict(struct device_run *device, FILE *out)
{
    struct section *learnt = &device->sections[LEARNT];
    struct section *fresh = &device->sections[FRESH];
    const double faster = section_median(learnt, TRIAL_PRELOAD, SECTION_END_FASTER);
    const double pages = section_median(learnt, TRIAL_PRELOAD, SECTION_PREFETCHED);
    const double needed = section_median(learnt, TRIAL_PLAIN, SECTION_NEEDED);
    const double share = needed > 0 ? pages / needed : 0;
    const bool ok = faster >= SPEED_WANTED && pages > 0 && share <= PAGES_WANTED;

    fprintf(out,
            "learnt keys at %s: preload is %.1f times faster than plain (at least %.0f wanted)\n",
            device->title, faster, SPEED_WANTED);
    fprintf(out,
            "prefetches %.0f pages = %.2f times what the session needs (at most %.0f wanted)\n",
            pages, share, PAGES_WANTED);
    fprintf(out, "fresh keys at %s: preload is %.1f times faster than plain\n", device->title,
            section_median(fresh, TRIAL_PRELOAD, SECTION_END_FASTER));
    return ok;
}

static void print_bounds(struct bench *bench, FILE *out)
{
    for (size_t i = 0; i < bench->device_count && bench->options.arms; i++) {
        arms_verdict_print(&bench->devices[i].sections[FRESH], out);
    }
}

static void print_sections(const struct bench *bench, FILE *out)
{
    for (size_t i = 0; i < bench->device_count; i++) {
        for (int keys = 0; keys < KEYS_COUNT; keys++) {
            const struct section *section = &bench->devices[i].sections[keys];

            fputc('\n', out);
            if (section->arm_count == (int)TRIAL_ARM_COUNT) {
                arms_table_print(section, out);
            } else {
                rows_print(&section->rows, out);
            }
        }
    }
    fprintf(out, "\nresults of all arms are %s\n", bench->results_differ ? "DIFFERENT" : "equal");
    fprintf(out,
            "cold runs on the disk: %" PRIu32 ", of which %" PRIu32 " were not cold by mincore\n",
            bench->cold_count, bench->not_cold_count);
}

/* Computes the rows of every section and gathers them for the JSON file. */
static int finish(struct bench *bench, struct rows *all)
{
    int rc = ROW_OK;

    for (size_t i = 0; i < bench->device_count; i++) {
        for (int keys = 0; keys < KEYS_COUNT && rc == ROW_OK; keys++) {
            struct section *section = &bench->devices[i].sections[keys];

            rc = section_finish(section);
            if (rc == ROW_OK) rc = rows_join(all, &section->rows);
        }
    }
    return rc;
}

static int report(struct bench *bench)
{
    const char *json = bench->options.json;
    FILE *out = program_tables(json);
    struct rows all = { 0 };
    int rc = finish(bench, &all);
    bool ok = false;

    if (rc == ROW_OK) {
        print_sections(bench, out);
        print_bounds(bench, out);
        ok = print_verdict(&bench->devices[1], out) && !bench->results_differ;
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

/* The disk keeps its hints beside the database, as a user's would be; a slow device in a directory
 * of its own. */
static int add_device(struct bench *bench, uint64_t latency_us)
{
    struct device_run *device = &bench->devices[bench->device_count];
    char hints[WORKDIR_PATH_BYTES];
    char title[32] = "disk";
    char name[64];

    for (size_t i = 0; i < bench->device_count; i++) {
        if (bench->devices[i].latency_us == latency_us) return 0;
    }
    bench->device_count++;
    device->latency_us = latency_us;
    if (latency_us == 0) {
        device->suffix = "-preload";
        snprintf(device->hints, sizeof(device->hints), "%s", bench->workdir.directory);
    } else {
        device->suffix = "";
        snprintf(title, sizeof(title), "%g ms", (double)latency_us / 1000);
        snprintf(name, sizeof(name), "hints-%" PRIu64, latency_us);
        if (workdir_add(&bench->workdir, name, hints) != 0) return -1;
        snprintf(device->hints, sizeof(device->hints), "%s", hints);
        snprintf(device->store, sizeof(device->store), "sidecar:%s", hints);
    }
    snprintf(device->title, sizeof(device->title), "%s", title);
    for (int keys = 0; keys < KEYS_COUNT; keys++) {
        const bool every_arm = keys == FRESH && bench->options.arms;

        section_name(&device->sections[keys], title, keys_names[keys],
                     every_arm ? TRIAL_ARM_COUNT : TRIAL_SHORT_COUNT);
    }
    snprintf(name, sizeof(name), "learnt-%" PRIu64, latency_us);
    return workdir_add(&bench->workdir, name, device->learnt);
}

static int set_up(struct bench *bench)
{
    static const uint64_t further[] = { 100, 1000, 10000, 20000 };
    int rc;

    fprintf(stderr, "copying %s\n", bench->options.database);
    rc = workdir_make(&bench->workdir, bench->options.database);
    if (rc == 0) rc = add_device(bench, 0);
    if (rc == 0) rc = add_device(bench, bench->options.latency_us);
    for (size_t i = 0; i < LATENCIES_MAX && rc == 0 && bench->options.full; i++) {
        if (bench->device_count < 1 + LATENCIES_MAX) rc = add_device(bench, further[i]);
    }
    if (rc != 0) return program_trouble(bench->options.database, strerrordesc_np(errno));
    snprintf(bench->trace, sizeof(bench->trace), "%s/trace", bench->workdir.path);
    snprintf(bench->pages, sizeof(bench->pages), "%s/pages", bench->workdir.path);
    return bench->options.arms ? trace_sessions(bench) : 0;
}

static void free_bench(struct bench *bench)
{
    for (size_t i = 0; i < bench->device_count; i++) {
        for (int keys = 0; keys < KEYS_COUNT; keys++) {
            section_free(&bench->devices[i].sections[keys]);
        }
    }
    fetch_list_free(&bench->list);
    foresight_free(&bench->foresight);
    if (bench->workdir.path[0] != '\0') workdir_remove(&bench->workdir);
    free(bench);
}

static int usage(void)
{
    fputs("usage: coldstart DATABASE [--pairs N] [--latency-us N] [--arms] [--full] [--json FILE]\n"
          "  DATABASE      GO.sqlite, as r-bioc-go.db has it, or org.Hs.eg.sqlite of"
          " r-bioc-org.hs.eg.db;\n"
          "                a copy is measured\n"
          "  --pairs       rounds, each with every arm once (10)\n"
          "  --latency-us  of a request to the slow device (1000)\n"
          "  --arms        fresh keys in every way that there is, up to the oracle, in one table\n"
          "  --full        also 100, 10000 and 20000 us; implies --arms\n"
          "  --json        the rows as a JSON list; - is standard output, and the table standard "
          "error\n",
          stderr);
    return EXIT_USAGE;
}

static void choose_full(void *ctx)
{
    struct options *options = ctx;

    options->arms = true;
    options->full = true;
}

static bool parse_options(struct options *options, int argc, char **argv)
{
    const struct option_row rows[] = {
        { .name = "pairs", .count = &options->pairs, .least = 1, .most = 10000 },
        { .name = "latency-us", .number = &options->latency_us, .least = 1, .most = 1000000 },
        { .name = "json", .text = &options->json },
        { .name = "arms", .flag = &options->arms },
        { .name = "full", .act = choose_full, .ctx = options },
    };
    int first;

    *options = (struct options){ .pairs = 10, .latency_us = 1000 };
    first = options_parse(rows, sizeof(rows) / sizeof(rows[0]), argc, argv);
    if (first != argc - 1) return false;
    options->database = argv[first];
    return true;
}

int main(int argc, char **argv)
{
    struct bench *bench;
    int status = EXIT_TROUBLE;
    int rc;

    if (trial_is_child(argc, argv)) return trial_child(argv);
    bench = calloc(1, sizeof(*bench));
    if (bench == NULL) return EXIT_TROUBLE;
    if (!parse_options(&bench->options, argc, argv)) {
        free(bench);
        return usage();
    }
    signals_watch();

    rc = set_up(bench);
    for (size_t i = 0; i < bench->device_count && rc == 0; i++) {
        rc = run_device(bench, &bench->devices[i]);
    }
    if (rc == 0) status = report(bench);
    free_bench(bench);
    return status;
}
