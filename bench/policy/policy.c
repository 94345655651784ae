/* policy: which pages to fetch before a program asks for them. Replays traces of its sessions under
 * every policy, ours among them, on a device that takes its time.
 *
 *     policy TRACE... [OPTION...]
 *     policy --generate KIND [--seed N]
 *
 * A trace is a file (bench/kit/trace.h has the format), or `generated:KIND`; without one all kinds
 * are run. Session k = 4, 5 ... is tested after the sessions 1..k-1 were learnt. The table has
 * means and worst cases; recall, precision and the rest are defined in bench/policy/policy_row.h,
 * the device in bench/policy/replay_model.h.
 *
 * Exit status: 0. 2: wrong usage. 3: a trace cannot be read, or memory or a file failed. */
#include "bench/kit/options.h"
#include "bench/kit/program.h"
#include "bench/policy/contest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/policy/generate.h"
#include "bench/policy/policy_ours.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define GENERATED "generated:"

struct options {
    uint64_t miss_us;
    uint64_t bandwidth_mbs;
    uint64_t parallel;
    uint64_t first;
    uint64_t seed;
    uint64_t budget_bytes;
    bool list;
    bool no_profiles;
    bool ablate;
    bool full;
    const char *json;
    const char *generate;
};

/* The devices of --full. */
static const struct full_device {
    const char *name;
    struct replay_device device;
} full_devices[] = {
    { "0.1ms", { 100, 1000, 16, false } },
    { "1ms", { 1000, 1000, 16, false } },
    { "20ms-list", { 20000, 100, 16, true } },
};

/* A trace to run. */
struct entry {
    const char *name;
    char *names[COUNT(full_devices)]; /* with the device's, for --full */
    struct trace trace;
};

struct bench {
    struct options options;
    struct entry *entries;
    size_t entry_count;
    struct policy_rows rows;
};

static int trouble(const char *what, const char *why)
{
    (void)program_trouble(what, why);
    return EXIT_TROUBLE;
}

static int no_memory(void)
{
    (void)fputs("policy: no memory\n", stderr);
    return EXIT_TROUBLE;
}

/* ---- the arguments ---- */

static int usage(void)
{
    (void)fputs(
        "usage: policy [TRACE...] [OPTION...]\n"
        "       policy --generate KIND [--seed N]\n"
        "  TRACE            a file, or generated:KIND; none: all kinds\n"
        "  --miss-us        of a request (1000)\n"
        "  --bandwidth-mbs  of the link that all requests share (1000)\n"
        "  --parallel       requests at once (16)\n"
        "  --list           a request may name any pages\n"
        "  --first          session that is tested first (4)\n"
        "  --budget         of ours: auto, none or bytes (auto)\n"
        "  --no-profiles    profile keys are ignored\n"
        "  --ablate         also ours with single ideas switched off\n"
        "  --full           at 0.1 ms, at 1 ms, and at 20 ms, 100 MB/s with lists\n"
        "  --json           the rows as a JSON list; - is standard output, and the table standard "
        "error\n"
        "  --generate       print a made-up trace\n"
        "  --seed           of what is made up (1)\n"
        "kinds:\n",
        stderr);
    for (size_t i = 0; generate_kind_at(i); i++)
        (void)fprintf(stderr, "  %-16s %s\n", generate_name(generate_kind_at(i)),
                      generate_story(generate_kind_at(i)));
    return EXIT_USAGE;
}

/* `ctx` is where it goes. */
static bool take_budget(void *ctx, const char *value)
{
    uint64_t *out = ctx;

    if (strcmp(value, "auto") == 0) {
        *out = POLICY_BUDGET_AUTO;
        return true;
    }
    if (strcmp(value, "none") == 0) {
        *out = POLICY_BUDGET_NONE;
        return true;
    }
    return options_number(out, value, 0, UINT64_C(1) << 40);
}

/* The index of the first trace, or -1. */
static int parse_options(struct options *options, int argc, char **argv)
{
    const struct option_row rows[] = {
        { .name = "miss-us", .number = &options->miss_us, .most = REPLAY_LATENCY_US_MAX },
        { .name = "bandwidth-mbs", .number = &options->bandwidth_mbs, .least = 1, .most = 1000000 },
        { .name = "parallel",
          .number = &options->parallel,
          .least = 1,
          .most = REPLAY_PARALLEL_MAX },
        { .name = "first", .number = &options->first, .least = 1, .most = 1000000 },
        { .name = "seed", .number = &options->seed, .most = UINT64_MAX },
        { .name = "budget", .take = take_budget, .ctx = &options->budget_bytes },
        { .name = "list", .flag = &options->list },
        { .name = "no-profiles", .flag = &options->no_profiles },
        { .name = "ablate", .flag = &options->ablate },
        { .name = "full", .flag = &options->full },
        { .name = "json", .text = &options->json },
        { .name = "generate", .text = &options->generate },
    };

    return options_parse(rows, COUNT(rows), argc, argv);
}

/* ---- the traces ---- */

/* A file's name without its folder and its extension. */
static const char *base_name(char *path)
{
    char *slash = strrchr(path, '/');
    char *name = slash ? slash + 1 : path;
    char *dot = strrchr(name, '.');

    if (dot && dot > name) *dot = '\0';
    return name;
}

static int generate_entry(struct entry *entry, const char *kind_name, uint64_t seed)
{
    const struct generate_kind *kind = generate_find(kind_name);

    if (!kind) return trouble(kind_name, "no such kind");
    entry->name = generate_name(kind);
    return generate_trace(&entry->trace, kind, seed) == TRACE_OK ? EXIT_SUCCESS : no_memory();
}

static int load_entry(struct entry *entry, char *path)
{
    struct trace_error error;
    char where[32] = "";

    if (trace_load(&entry->trace, path, &error) == TRACE_OK) {
        entry->name = base_name(path);
        return EXIT_SUCCESS;
    }
    if (error.line > 0) (void)snprintf(where, sizeof where, ":%zu", error.line);
    (void)fprintf(stderr, "policy: %s%s: %s\n", path, where, error.why);
    return EXIT_TROUBLE;
}

static void forget_profiles(struct trace *trace)
{
    for (size_t i = 0; i < trace->len; i++) {
        free(trace->sessions[i].profile);
        trace->sessions[i].profile = NULL;
    }
}

static int name_entry(struct entry *entry)
{
    for (size_t i = 0; i < COUNT(full_devices); i++)
        if (asprintf(&entry->names[i], "%s@%s", entry->name, full_devices[i].name) < 0) {
            entry->names[i] = NULL;
            return no_memory();
        }
    return EXIT_SUCCESS;
}

/* Makes the entries that the arguments name, or one of each kind. */
static int load(struct bench *bench, char **traces, size_t count)
{
    uint64_t seed = bench->options.seed;
    size_t kinds = 0;
    int rc = EXIT_SUCCESS;

    while (generate_kind_at(kinds))
        kinds++;
    bench->entries = calloc(count + kinds, sizeof(*bench->entries));
    if (!bench->entries) return no_memory();
    bench->entry_count = count > 0 ? count : kinds;
    for (size_t i = 0; i < bench->entry_count && rc == EXIT_SUCCESS; i++) {
        struct entry *entry = &bench->entries[i];

        if (count == 0)
            rc = generate_entry(entry, generate_name(generate_kind_at(i)), seed);
        else if (strncmp(traces[i], GENERATED, strlen(GENERATED)) == 0)
            rc = generate_entry(entry, traces[i] + strlen(GENERATED), seed);
        else
            rc = load_entry(entry, traces[i]);
        if (rc == EXIT_SUCCESS && bench->options.full) rc = name_entry(entry);
        if (bench->options.no_profiles) forget_profiles(&entry->trace);
    }
    return rc;
}

/* ---- the run ---- */

static int run_entry(struct bench *bench, const struct entry *entry)
{
    const struct options *options = &bench->options;
    struct contest contest = { .name = entry->name,
                               .trace = &entry->trace,
                               .device = { options->miss_us, options->bandwidth_mbs,
                                           (uint32_t)options->parallel, options->list },
                               .first = options->first,
                               .budget_bytes = options->budget_bytes,
                               .ablate = options->ablate };
    size_t first = bench->rows.len;
    int rc = CONTEST_OK;

    if (!options->full) rc = contest_run(&bench->rows, &contest);
    for (size_t i = 0; i < COUNT(full_devices) && rc == CONTEST_OK && options->full; i++) {
        contest.name = entry->names[i];
        contest.device = full_devices[i].device;
        rc = contest_run(&bench->rows, &contest);
    }
    if (rc != CONTEST_OK) return no_memory();
    if (bench->rows.len == first)
        (void)fprintf(stderr, "policy: %s: no session to test\n", entry->name);
    return EXIT_SUCCESS;
}

static int report(const struct bench *bench)
{
    const struct options *options = &bench->options;
    FILE *out = program_tables(options->json);

    if (!options->full)
        fprintf(out, "%" PRIu64 " us a request, %" PRIu64 " MB/s, %" PRIu64 " at once, %s\n\n",
                options->miss_us, options->bandwidth_mbs, options->parallel,
                options->list ? "lists of pages" : "one range a request");
    policy_rows_print(&bench->rows, out);
    if (fflush(out) != 0) return trouble("table", "cannot be written");
    if (options->json && policy_rows_save_json(&bench->rows, options->json) != POLICY_ROW_OK)
        return trouble(options->json, "cannot be written");
    return EXIT_SUCCESS;
}

static void free_bench(struct bench *bench)
{
    for (size_t i = 0; i < bench->entry_count; i++) {
        for (size_t k = 0; k < COUNT(full_devices); k++)
            free(bench->entries[i].names[k]);
        trace_free(&bench->entries[i].trace);
    }
    free(bench->entries);
    policy_rows_free(&bench->rows);
}

static int generate(const struct options *options)
{
    const struct generate_kind *kind = generate_find(options->generate);
    int rc;

    if (!kind) return usage();
    rc = generate_print(stdout, kind, options->seed);
    if (rc == TRACE_NOMEM) return no_memory();
    if (rc != TRACE_OK || fflush(stdout) != 0) return trouble("trace", "cannot be written");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct bench bench = { .options = { .miss_us = 1000,
                                        .bandwidth_mbs = 1000,
                                        .parallel = 16,
                                        .first = 4,
                                        .seed = 1,
                                        .budget_bytes = POLICY_BUDGET_AUTO } };
    const int first = parse_options(&bench.options, argc, argv);
    size_t count;
    int rc;

    if (first < 0) return usage();
    count = (size_t)(argc - first);
    if (bench.options.generate) return count == 0 ? generate(&bench.options) : usage();
    rc = load(&bench, argv + first, count);
    for (size_t i = 0; i < bench.entry_count && rc == EXIT_SUCCESS; i++)
        rc = run_entry(&bench, &bench.entries[i]);
    if (rc == EXIT_SUCCESS) rc = report(&bench);
    free_bench(&bench);
    return rc;
}
