/* What a program sees under preload, and what it leaves, is what it sees and leaves without.
 *
 * usage: differential [--seeds N] [--first S] [--verbose SEED] [--directory FOLDER] [--table]
 *
 * Each seed is a script of 40 to 64 steps. It runs twice in a folder of the same name: over a base
 * VFS, then over preload over that base, with hints that earlier sessions of the same run left.
 * Compared are, step by step, the rows, the extended result codes and messages, the pager's
 * counters, the number of syncs and, over the foreign base, every call that reached it; and in the
 * end all files byte for byte. Exits with 0 when all seeds are equal; else names the first that is
 * not, and what in it differs. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/differential/arm.h"
#include "tests/differential/script.h"
#include "tests/differential/steady.h"
#include "tests/differential/transcript.h"
#include "tests/differential/witness.h"
#include "vfs/preload.h"

struct run {
    uint64_t seeds;
    uint64_t first;
    bool verbose;
    bool table; /* each feature is to have happened 200 times, in 10,000 seeds */
    const char *directory;
    char root[2048]; /* of this process; below it the folders `run` and `hints` */
    struct arm_counts base_counts;
    struct arm_counts preload_counts;
    uint64_t seeds_over[16]; /* by base */
};

#define COUNT_MIN 200

static void die(const char *what)
{
    (void)fprintf(stderr, "differential: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void empty_folder(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    char name[4096];

    if (!dir) die(path);
    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (remove(name) != 0) die(name);
    }
    closedir(dir);
}

static void make_folders(struct run *run)
{
    char *root = realpath(run->directory, NULL);
    char path[4096];

    if (!root ||
        snprintf(run->root, sizeof run->root, "%s/differential.XXXXXX", root) >=
            (int)sizeof run->root ||
        !mkdtemp(run->root))
        die(run->directory);
    free(root);
    (void)snprintf(path, sizeof path, "%s/hints", run->root);
    if (mkdir(path, 0700) != 0) die(path);
    (void)snprintf(path, sizeof path, "%s/run", run->root);
    if (mkdir(path, 0700) != 0 || chdir(path) != 0) die(path);
    sqlite3_temp_directory = sqlite3_mprintf("%s", path);
}

static void remove_folders(const struct run *run)
{
    static const char *const folders[] = { "run", "hints", "" };
    char path[4096];

    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", run->root, folders[i]);
        if (i < 2) empty_folder(path);
        if (rmdir(path) != 0) die(path);
    }
    sqlite3_free(sqlite3_temp_directory);
    sqlite3_temp_directory = NULL;
}

static void register_all(void)
{
    if (sqlite3_initialize() != SQLITE_OK) die("sqlite3_initialize");
    steady_install();
    if (witness_register() != SQLITE_OK) die("witness");
    for (size_t i = 0; i < script_base_count; i++) {
        const struct preload_config config = { .base = script_bases[i].name };

        if (preload_register(&config) != SQLITE_OK || !sqlite3_vfs_find(script_bases[i].preload))
            die(script_bases[i].preload);
    }
}

static void configure(const struct run *run, const struct base *base)
{
    char store[4096] = "sidecar";

    if (base->is_foreign) (void)snprintf(store, sizeof store, "sidecar:%s/hints", run->root);
    if (preload_configure("mode", "on") != SQLITE_OK ||
        preload_configure("store", store) != SQLITE_OK)
        die("preload_configure");
}

static void run_arm(struct run *run, const struct script *script, bool is_preload,
                    struct transcript *out)
{
    const char *vfs = is_preload ? script->base->preload : script->base->name;
    struct arm arm = {
        .vfs = script->by_default ? NULL : vfs,
        .is_preload = is_preload,
        .script = script,
        .counts = is_preload ? &run->preload_counts : &run->base_counts,
    };

    empty_folder(".");
    configure(run, script->base);
    steady_begin(script->seed);
    witness_begin();
    if (script->by_default) sqlite3_vfs_register(sqlite3_vfs_find(vfs), 1);
    if (run->verbose) (void)fprintf(stderr, "--- %s, database %s\n", vfs, script->database);
    arm_run(&arm, out);
    sqlite3_vfs_register(sqlite3_vfs_find("unix"), 1);
    if (!transcript_take_files(out, ".")) die("the files");
}

static bool run_seed(struct run *run, uint64_t seed)
{
    struct transcript base = { 0 };
    struct transcript preload = { 0 };
    struct script script;
    char hints[4096];
    bool equal;

    script_make(&script, seed);
    run->seeds_over[script.base - script_bases]++;
    (void)snprintf(hints, sizeof hints, "%s/hints", run->root);
    empty_folder(hints);
    run_arm(run, &script, false, &base);
    if (run->verbose) transcript_print(&base, &script, stderr);
    run_arm(run, &script, true, &preload);
    equal = transcript_compare(&base, &preload, &script, stdout);
    if (!equal)
        printf("seed %" PRIu64 " differs over %s; again: --verbose %" PRIu64 "\n", seed,
               script.base->name, seed);
    transcript_free(&base);
    transcript_free(&preload);
    return equal;
}

/* Counts are the preload arm's; the base arm's are the same, or a line had differed. */
static bool print_table(const struct run *run)
{
    bool enough = true;

    for (size_t i = 0; i < FEATURE_COUNT; i++) {
        printf("%-24s %8" PRIu64 "\n", feature_name((enum feature)i),
               run->preload_counts.features[i]);
        if (run->preload_counts.features[i] < COUNT_MIN) enough = false;
    }
    for (size_t i = 0; i < 256; i++) {
        if (run->preload_counts.results[i])
            printf("result %-17s %8" PRIu64 "\n", sqlite3_errstr((int)i),
                   run->preload_counts.results[i]);
    }
    for (size_t i = 0; i < script_base_count; i++)
        printf("seeds over %-13s %8" PRIu64 "\n", script_bases[i].name, run->seeds_over[i]);
    return enough;
}

static bool parse(struct run *run, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (strcmp(argv[i], "--table") == 0) {
            run->table = true;
            continue;
        }
        if (!value) return false;
        i++;
        if (strcmp(argv[i - 1], "--seeds") == 0) {
            run->seeds = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i - 1], "--first") == 0) {
            run->first = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i - 1], "--verbose") == 0) {
            run->verbose = true;
            run->seeds = 1;
            run->first = strtoull(value, NULL, 10);
            witness_speak();
        } else if (strcmp(argv[i - 1], "--directory") == 0) {
            run->directory = value;
        } else {
            return false;
        }
    }
    return true;
}

static bool run_seeds(struct run *run)
{
    bool equal = true;

    for (uint64_t seed = run->first; equal && seed < run->first + run->seeds; seed++)
        equal = run_seed(run, seed);
    return equal;
}

int main(int argc, char **argv)
{
    static struct run run = { .seeds = 300, .directory = "." };
    struct preload_process_stats stats;
    bool good;

    if (!parse(&run, argc, argv)) {
        (void)fprintf(stderr, "usage: differential [--seeds N] [--first S] [--verbose SEED] "
                              "[--directory FOLDER] [--table]\n");
        return 2;
    }
    register_all();
    make_folders(&run);
    good = run_seeds(&run);
    preload_process_stats(&stats);
    remove_folders(&run);
    if (good && !print_table(&run) && run.table) {
        printf("a feature happened fewer than %d times\n", COUNT_MIN);
        good = false;
    }
    printf("%lld databases under preload, %lld replays, %lld saves, %lld errors of preload's\n",
           stats.wrapped, stats.prefetches, stats.saves, stats.errors);
    if (good && (stats.prefetches == 0 || stats.saves == 0)) {
        printf("nothing was replayed or saved\n");
        good = false;
    }
    if (good && stats.errors > 0) {
        printf("nothing was made to fail, and something did: SQLITE_PRELOAD_LOG=stderr names it\n");
        good = false;
    }
    if (preload_unregister() != SQLITE_OK) die("preload_unregister");
    if (good)
        printf("%" PRIu64 " seeds, %" PRIu64 " statements, equal\n", run.seeds,
               run.preload_counts.statements);
    return good ? 0 : 1;
}
