/* replay: how fast hinted pages can be fetched, and what it costs a session that does not need
 * them.
 *
 *     replay [--rounds N] [--repeats N] [--mib N] [--load quiet|disk|cpu] [--full] [--json FILE]
 *
 * A database file is written under $TMPDIR, or /var/tmp. A session opens it and reads page 1, then
 * 4,096 pages: scattered, in clusters, as a scan; or others than were hinted (useless). Beside it
 * each way of fetching does its work: none; what the kernel offers, which is given the hinted
 * pages; and the library, which finds hints that two sessions taught it, for in its arm the session
 * reads through the VFS `preload`. All ways run once in each round, in random order, each in a
 * process of its own on a file that was evicted, which mincore verifies; each round has pages of
 * its own. Then, for none and the library alone, while another process reads the disk, and while
 * others compute. The library runs a second time with mode=off: as far as that differs from none,
 * the machine is too noisy for this many rounds. With --repeats these three run so often in a
 * round, in random order, and the medians of a round are compared.
 *
 * Exit status: 0. 1: a verdict fails. 2: wrong usage. 3: it could not be run. */
#include "bench/kit/evict.h"
#include "bench/kit/load.h"
#include "bench/kit/options.h"
#include "bench/kit/program.h"
#include "bench/kit/random.h"
#include "bench/kit/row.h"
#include "bench/kit/signals.h"
#include "bench/kit/workdir.h"
#include "bench/replay/fetch_database.h"
#include "bench/replay/fetch_hints.h"
#include "bench/replay/fetch_trial.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOWER_ALLOWED 1.05 /* than no prefetch, at the upper bound */
#define FASTEST_WANTED 1.2  /* of the fastest raw method */
#define MIB            ((uint64_t)1 << 20)
#define MIB_MIN        ((uint64_t)FETCH_FILE_PAGES_MIN * FETCH_PAGE_BYTES / MIB)

/* Of fewer values even the greatest is no 95 % bound of their median. */
#define ROUNDS_FOR_BOUND 5

#define MEASURES(X)                                                                                \
    X(FIRST, "first page", "ms")                                                                   \
    X(TENTH, "first 10 %", "ms")                                                                   \
    X(WHOLE, "all pages", "ms")                                                                    \
    X(TENTH_RATIO, "first 10 %, to none", "times")                                                 \
    X(WHOLE_RATIO, "all pages, to none", "times")                                                  \
    X(FETCHED, "fetched", "pages")                                                                 \
    X(REQUESTS, "requests", "requests")

enum measure {
#define MEASURE(name, text, unit) name,
    MEASURES(MEASURE) MEASURE_COUNT
#undef MEASURE
};

static const struct {
    const char *text, *unit;
} measures[MEASURE_COUNT] = {
#define MEASURE(name, text, unit) [name] = { text, unit },
    MEASURES(MEASURE)
#undef MEASURE
};

/* One set under one load. */
struct section {
    char names[MEASURE_COUNT][64];
    struct row_series series[FETCH_METHOD_COUNT][MEASURE_COUNT];
};

#define REPEATS_MAX 15

/* Runs of a round: of each method, and those that are repeated. */
#define RUNS_MAX (FETCH_METHOD_COUNT + 3 * (REPEATS_MAX - 1))

/* What a method's runs in a round found. */
struct samples {
    struct fetch_found items[REPEATS_MAX];
    uint32_t len;
};

struct options {
    const char *json;
    uint32_t rounds;
    uint32_t repeats;
    uint32_t mib;
    bool loads[LOAD_KIND_COUNT];
};

struct bench {
    struct options options;
    char path[4096];
    uint64_t file_bytes;
    struct section sections[LOAD_KIND_COUNT][FETCH_KIND_COUNT];
    struct fetch_set set;
    struct fetch_hints hints; /* of the set */
    struct rows rows;
    struct random random; /* the order of the methods: the same every time */
    uint32_t runs, not_cold;
    bool denied[FETCH_METHOD_COUNT];
};

static int make_file(struct bench *bench)
{
    const char *where = workdir_parent();
    int fd;
    int rc;

    bench->file_bytes = bench->options.mib * MIB;
    if (snprintf(bench->path, sizeof(bench->path), "%s/replay-XXXXXX", where) >=
        (int)sizeof(bench->path))
        return program_trouble(where, "too long a path");
    fd = mkostemp(bench->path, O_CLOEXEC);
    if (fd < 0) {
        bench->path[0] = '\0';
        return program_trouble(where, strerrordesc_np(errno));
    }
    rc = fetch_database_write(fd, (uint32_t)(bench->file_bytes / FETCH_PAGE_BYTES));
    if (close(fd) != 0) rc = -1;
    return rc == 0 ? 0 : program_trouble(bench->path, strerrordesc_np(errno));
}

/* ---- the runs ---- */

static bool is_repeated(enum fetch_method method)
{
    return method == FETCH_NONE || method >= FETCH_PRELOAD;
}

/* Those that run under a load, in random order, some of them several times. */
static uint32_t choose_methods(struct bench *bench, enum load_kind load, enum fetch_method *methods)
{
    uint32_t count = 0;

    for (int i = 0; i < FETCH_METHOD_COUNT; i++) {
        const enum fetch_method method = (enum fetch_method)i;

        if (bench->denied[i]) continue;
        for (uint32_t j = 0; is_repeated(method) && j < bench->options.repeats; j++)
            methods[count++] = method;
        if (!is_repeated(method) && load == LOAD_QUIET) methods[count++] = method;
    }
    random_shuffle(&bench->random, methods, count, sizeof(methods[0]));
    return count;
}

static int run_method(struct bench *bench, enum fetch_method method, struct fetch_found *out)
{
    const struct fetch_trial trial = {
        .method = method, .set = &bench->set, .path = bench->path, .file_bytes = bench->file_bytes
    };
    struct evict_residence stayed;
    int rc;

    /* Before every way, so that each finds the disk after the same write. */
    if (fetch_hints_put_back(&bench->hints, bench->path) != 0)
        return program_trouble("hints", strerrordesc_np(errno));
    bench->not_cold += evict_file(bench->path, &stayed) != EVICT_OK;
    bench->runs++;
    rc = fetch_trial_run(&trial, out);
    if (signals_came()) return program_trouble("stopped", "by a signal");
    if (rc == FETCH_DENIED) {
        bench->denied[method] = true;
        fprintf(stderr, "replay: the kernel denies %s\n", fetch_method_names[method]);
        return 0;
    }
    return rc == FETCH_OK ? 0 : program_trouble(fetch_method_names[method], fetch_message(rc));
}

static double median(double *values, uint32_t count)
{
    return row_series_median(&(struct row_series){ .values = values, .len = count });
}

/* The median of each time; of the counts those of the last run. */
static struct fetch_found middle(const struct samples *samples)
{
    double first[REPEATS_MAX];
    double tenth[REPEATS_MAX];
    double end[REPEATS_MAX];

    for (uint32_t i = 0; i < samples->len; i++) {
        first[i] = samples->items[i].first_ms;
        tenth[i] = samples->items[i].tenth_ms;
        end[i] = samples->items[i].end_ms;
    }
    return (struct fetch_found){ .first_ms = median(first, samples->len),
                                 .tenth_ms = median(tenth, samples->len),
                                 .end_ms = median(end, samples->len),
                                 .fetched = samples->items[samples->len - 1].fetched };
}

static int record(struct section *section, enum fetch_method method,
                  const struct fetch_found *found, const struct fetch_found *none)
{
    const double values[MEASURE_COUNT] = {
        [FIRST] = found->first_ms,
        [TENTH] = found->tenth_ms,
        [WHOLE] = found->end_ms,
        [TENTH_RATIO] = found->tenth_ms / none->tenth_ms,
        [WHOLE_RATIO] = found->end_ms / none->end_ms,
        [FETCHED] = (double)found->fetched.pages,
        [REQUESTS] = (double)found->fetched.requests,
    };
    int rc = ROW_OK;

    for (int i = 0; i < MEASURE_COUNT && rc == ROW_OK; i++)
        rc = row_series_add(&section->series[method][i], values[i]);
    return rc == ROW_OK ? 0 : program_trouble("no memory", "for a sample");
}

/* New pages, and hints for them. */
static int make_set(struct bench *bench, enum fetch_kind kind, uint32_t round)
{
    const uint32_t pages = (uint32_t)(bench->file_bytes / FETCH_PAGE_BYTES);
    const uint64_t seed = (uint64_t)round * FETCH_KIND_COUNT + kind;

    if (fetch_set_make(&bench->set, kind, pages, seed) != HINT_OK)
        return program_trouble("no memory", "for a set");
    if (fetch_hints_learn(&bench->hints, bench->path, bench->set.hinted, FETCH_PAGES) != 0)
        return program_trouble("hints", "they could not be learnt");
    return 0;
}

/* Every method, on the same pages. */
static int run_round(struct bench *bench, enum load_kind load, enum fetch_kind kind, uint32_t round)
{
    struct samples samples[FETCH_METHOD_COUNT] = { 0 };
    enum fetch_method methods[RUNS_MAX];
    const uint32_t count = choose_methods(bench, load, methods);
    struct fetch_found none;
    int rc = make_set(bench, kind, round);

    for (uint32_t i = 0; i < count && rc == 0; i++) {
        struct samples *own = &samples[methods[i]];

        rc = run_method(bench, methods[i], &own->items[own->len++]);
    }
    if (rc != 0) return rc;
    none = middle(&samples[FETCH_NONE]);
    for (int method = 0; method < FETCH_METHOD_COUNT && rc == 0; method++) {
        struct fetch_found found;

        if (bench->denied[method] || samples[method].len == 0) continue;
        found = middle(&samples[method]);
        rc = record(&bench->sections[load][kind], (enum fetch_method)method, &found, &none);
    }
    return rc;
}

static int run_load(struct bench *bench, enum load_kind load)
{
    struct load running = { 0 };
    int rc = 0;

    if (load_start(&running, load, bench->path) != LOAD_OK)
        return program_trouble(load_names[load], "no process");
    for (uint32_t round = 1; round <= bench->options.rounds && rc == 0; round++) {
        for (int kind = 0; kind < FETCH_KIND_COUNT && rc == 0; kind++)
            rc = run_round(bench, load, (enum fetch_kind)kind, round);
        program_progress((struct program_progress){ load_names[load], "round", round,
                                                    bench->options.rounds, false });
    }
    if (isatty(STDERR_FILENO)) fputc('\n', stderr);
    if (load_stop(&running) != LOAD_OK && rc == 0)
        rc = program_trouble(load_names[load], "a process of it ended early");
    return rc;
}

/* ---- the report ---- */

static int add_rows(struct bench *bench, enum load_kind load, enum fetch_kind kind)
{
    struct section *section = &bench->sections[load][kind];
    int rc = ROW_OK;

    for (int i = 0; i < MEASURE_COUNT; i++) {
        snprintf(section->names[i], sizeof(section->names[i]), "%s, %s: %s", load_names[load],
                 fetch_kind_names[kind], measures[i].text);
        for (int method = 0; method < FETCH_METHOD_COUNT && rc == ROW_OK; method++) {
            const bool says_nothing = method == FETCH_NONE && i > WHOLE;

            if (section->series[method][i].len == 0 || says_nothing) continue;
            rc = rows_add(&bench->rows, section->names[i], fetch_method_names[method],
                          measures[i].unit, &section->series[method][i]);
        }
    }
    return rc;
}

static const struct row *find(const struct bench *bench, enum load_kind load, enum fetch_kind kind,
                              enum measure measure, enum fetch_method method)
{
    return rows_find(&bench->rows, bench->sections[load][kind].names[measure],
                     fetch_method_names[method]);
}

/* Nothing gets slower than without us. */
static bool judge_harm(const struct bench *bench, enum load_kind load, enum fetch_kind kind,
                       FILE *out)
{
    bool good = true;

    for (int measure = TENTH_RATIO; measure <= WHOLE_RATIO; measure++) {
        const struct row *row = find(bench, load, kind, (enum measure)measure, FETCH_PRELOAD);
        const struct row *off = find(bench, load, kind, (enum measure)measure, FETCH_OFF);
        const bool ok = row != NULL && row->hi <= SLOWER_ALLOWED;

        if (row == NULL || off == NULL) return false;
        fprintf(out, "%s: %.3f, at most %.3f (%.2f allowed)%s; off %.3f, at most %.3f\n", row->name,
                row->median, row->hi, SLOWER_ALLOWED, ok ? "" : ": NO", off->median, off->hi);
        good = good && ok;
    }
    return good;
}

/* Nearly as fast as the fastest raw method of this run. */
static bool judge_speed(const struct bench *bench, enum fetch_kind kind, FILE *out)
{
    const struct row *best = NULL;
    const struct row *own = find(bench, LOAD_QUIET, kind, WHOLE, FETCH_PRELOAD);
    bool ok;

    for (int method = FETCH_FADVISE; method < FETCH_PRELOAD; method++) {
        const struct row *row = find(bench, LOAD_QUIET, kind, WHOLE, (enum fetch_method)method);

        if (row != NULL && (best == NULL || row->median < best->median)) best = row;
    }
    if (best == NULL || own == NULL) return false;
    ok = own->median <= best->median * FASTEST_WANTED;
    fprintf(out, "%s: %.2f times the fastest raw method, %s (%.1f allowed)%s\n", own->name,
            own->median / best->median, best->arm, FASTEST_WANTED, ok ? "" : ": NO");
    return ok;
}

static bool judge(const struct bench *bench, FILE *out)
{
    bool good = true;

    fputc('\n', out);
    for (int kind = 0; kind < FETCH_KIND_COUNT; kind++) {
        for (int load = 0; load < LOAD_KIND_COUNT; load++) {
            if (!bench->options.loads[load]) continue;
            if (!judge_harm(bench, (enum load_kind)load, (enum fetch_kind)kind, out)) good = false;
        }
        if (bench->options.loads[LOAD_QUIET] && !judge_speed(bench, (enum fetch_kind)kind, out))
            good = false;
    }
    if (bench->options.rounds < ROUNDS_FOR_BOUND)
        fprintf(out, "fewer than %d rounds: \"at most\" is no 95 %% bound\n", ROUNDS_FOR_BOUND);
    fprintf(out, "runs: %" PRIu32 ", of which %" PRIu32 " were not cold by mincore\n", bench->runs,
            bench->not_cold);
    return good;
}

static int report(struct bench *bench)
{
    const char *json = bench->options.json;
    FILE *out = program_tables(json);
    bool good = false;
    int rc = ROW_OK;

    for (int load = 0; load < LOAD_KIND_COUNT; load++) {
        for (int kind = 0; kind < FETCH_KIND_COUNT && rc == ROW_OK; kind++) {
            if (bench->options.loads[load])
                rc = add_rows(bench, (enum load_kind)load, (enum fetch_kind)kind);
        }
    }
    if (rc == ROW_OK) {
        rows_compare_to(&bench->rows, fetch_method_names[FETCH_NONE]);
        rows_print(&bench->rows, out);
        good = judge(bench, out);
        if (json != NULL) rc = rows_save_json(&bench->rows, json);
    }
    if (rc != ROW_OK) {
        program_trouble("report", rc == ROW_IO ? "cannot be written" : "no memory");
        return EXIT_TROUBLE;
    }
    return good ? EXIT_SUCCESS : EXIT_VERDICT;
}

static void free_bench(struct bench *bench)
{
    for (int load = 0; load < LOAD_KIND_COUNT; load++)
        for (int kind = 0; kind < FETCH_KIND_COUNT; kind++)
            for (int method = 0; method < FETCH_METHOD_COUNT; method++)
                for (int i = 0; i < MEASURE_COUNT; i++)
                    row_series_free(&bench->sections[load][kind].series[method][i]);
    fetch_set_free(&bench->set);
    fetch_hints_free(&bench->hints);
    rows_free(&bench->rows);
    if (bench->path[0] != '\0') {
        unlink(bench->path);
        fetch_hints_remove(bench->path);
    }
    free(bench);
}

/* ---- the arguments ---- */

static int usage(void)
{
    fputs("usage: replay [--rounds N] [--repeats N] [--mib N] [--load quiet|disk|cpu] [--full] "
          "[--json FILE]\n"
          "  --rounds  how often each method runs on each set (5)\n"
          "  --repeats how often none, preload and preload off run in a round (1)\n"
          "  --mib     size of the file (512)\n"
          "  --load    that load alone, rather than all\n"
          "  --full    21 rounds of 5 repeats, 1,024 MiB\n"
          "  --json    the rows as a JSON list; - is standard output, and the table standard "
          "error\n",
          stderr);
    return EXIT_USAGE;
}

static bool take_load(void *ctx, const char *value)
{
    static const char *const names[LOAD_KIND_COUNT] = { "quiet", "disk", "cpu" };
    struct options *options = ctx;
    bool found = false;

    for (int i = 0; i < LOAD_KIND_COUNT; i++) {
        options->loads[i] = strcmp(value, names[i]) == 0;
        found = found || options->loads[i];
    }
    return found;
}

static void choose_full(void *ctx)
{
    struct options *options = ctx;

    options->rounds = 21;
    options->repeats = 5;
    options->mib = 1024;
}

static bool parse_options(struct options *options, int argc, char **argv)
{
    const struct option_row rows[] = {
        { .name = "rounds", .count = &options->rounds, .least = 1, .most = 10000 },
        { .name = "repeats", .count = &options->repeats, .least = 1, .most = REPEATS_MAX },
        { .name = "mib", .count = &options->mib, .least = MIB_MIN, .most = 1 << 20 },
        { .name = "load", .take = take_load, .ctx = options },
        { .name = "json", .text = &options->json },
        { .name = "full", .act = choose_full, .ctx = options },
    };

    *options =
        (struct options){ .rounds = 5, .repeats = 1, .mib = 512, .loads = { true, true, true } };
    return options_parse(rows, sizeof(rows) / sizeof(rows[0]), argc, argv) == argc;
}

int main(int argc, char **argv)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    int status = EXIT_TROUBLE;
    int rc;

    if (bench == NULL) return EXIT_TROUBLE;
    if (!parse_options(&bench->options, argc, argv)) {
        free(bench);
        return usage();
    }
    signals_watch();

    rc = make_file(bench);
    for (int load = 0; load < LOAD_KIND_COUNT && rc == 0; load++) {
        if (bench->options.loads[load]) rc = run_load(bench, (enum load_kind)load);
    }
    if (rc == 0) status = report(bench);
    free_bench(bench);
    return status;
}
