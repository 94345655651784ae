/* The frame of every program in this folder. */
#include "tests/faults/scene.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vfs/preload.h"

#define BASES_MAX    4
#define FAILURES_MAX 20

static struct {
    const char *program;
    char path[384];
    const char *bases[BASES_MAX];
    size_t base_count;
    unsigned runs;
    unsigned failures;
} here;

void scene_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "%s: ", here.program);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    if (++here.failures >= FAILURES_MAX) {
        fprintf(stderr, "%s: too many failures\n", here.program);
        exit(1); /* NOLINT(concurrency-mt-unsafe): the workers are idle */
    }
}

static void register_all(void)
{
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < here.base_count; i++)
        rc = preload_register(&(struct preload_config){ .base = here.bases[i] });
    if (rc == SQLITE_OK) return;
    fprintf(stderr, "%s: preload cannot be registered: %d\n", here.program, rc);
    exit(1); /* NOLINT(concurrency-mt-unsafe): nothing runs yet */
}

void scene_hints_beside(bool beside)
{
    char store[512];

    (void)snprintf(store, sizeof store, "sidecar:%s/hints", here.path);
    /* A session waits for the end of its replay, and no replay for the session. */
    if (preload_configure("pace", "0") != SQLITE_OK ||
        preload_configure("sync", "2000") != SQLITE_OK)
        scene_fail("the pace cannot be set");
    if (preload_configure("store", beside ? "sidecar" : store) != SQLITE_OK)
        scene_fail("the store cannot be set");
    /* Hints on trial that a fault keeps from being judged are given up soon. */
    if (preload_configure("window_ms", "2000") != SQLITE_OK) scene_fail("the window cannot be set");
}

void scene_start(const char *program, const char *const *bases)
{
    here.program = program;
    if (!workload_prepare(here.path, sizeof here.path, program)) {
        perror(program);
        exit(1); /* NOLINT(concurrency-mt-unsafe): nothing runs yet */
    }
    here.bases[here.base_count++] = "unix";
    for (; *bases && here.base_count < BASES_MAX; bases++)
        here.bases[here.base_count++] = *bases;
    register_all();
    scene_hints_beside(false);
}

/* Whether any descriptor in this table leads into the directory of the run. */
static bool table_leaks(const char *table, char *which, size_t len)
{
    DIR *dir = opendir(table);
    struct dirent *entry;
    bool leaks = false;

    while (dir && !leaks && (entry = readdir(dir))) {
        char link[1024];
        char target[512];
        ssize_t got;

        if (snprintf(link, sizeof link, "%s/%s", table, entry->d_name) >= (int)sizeof link)
            continue;
        got = readlink(link, target, sizeof target - 1);
        if (got <= 0) continue;
        target[got] = '\0';
        leaks = strncmp(target, here.path, strlen(here.path)) == 0;
        if (leaks) (void)snprintf(which, len, "a descriptor of %.200s is left", target);
    }
    if (dir) closedir(dir);
    return leaks;
}

/* Workers have tables of their own. */
static bool descriptors_leak(char *which, size_t len)
{
    DIR *dir = opendir("/proc/self/task");
    struct dirent *entry;
    bool leaks = false;

    while (dir && !leaks && (entry = readdir(dir))) {
        char table[320];

        if (entry->d_name[0] == '.') continue;
        (void)snprintf(table, sizeof table, "/proc/self/task/%s/fd", entry->d_name);
        leaks = table_leaks(table, which, len);
    }
    if (dir) closedir(dir);
    return leaks;
}

static void look_behind(struct outcome *out)
{
    out->hints = workload_hints(here.path);
    if (out->transcript.stuck)
        (void)snprintf(out->wrong, sizeof out->wrong, "a replay never ended");
    else if (out->hints.damaged)
        (void)snprintf(out->wrong, sizeof out->wrong, "a sidecar is damaged");
    else if (out->watch.wrong[0])
        memcpy(out->wrong, out->watch.wrong, sizeof out->wrong);
    else
        (void)descriptors_leak(out->wrong, sizeof out->wrong);
    if (preload_unregister() != SQLITE_OK)
        (void)snprintf(out->wrong, sizeof out->wrong, "a file is still open for preload");
    register_all();
}

void scene_run(struct outcome *out, const struct scene *scene, bool is_preload,
               const struct fault *fault)
{
    out->hints = (struct workload_hints){ 0 };
    out->wrong[0] = '\0';
    workload_clean(here.path);
    watch_begin(&out->watch, fault);
    if (scene->begin) scene->begin();
    workload_run(&out->transcript, here.path, is_preload ? scene->preload : scene->plain,
                 scene->part, is_preload);
    if (scene->end) scene->end();
    watch_end();
    workload_files(&out->transcript, here.path);
    if (is_preload) look_behind(out);
    here.runs++;
}

bool scene_equal(const struct outcome *want, const struct outcome *got)
{
    char text[512];

    return !got->wrong[0] &&
           transcript_equal(&want->transcript, &got->transcript, text, sizeof text) &&
           watch_equal(&want->watch, &got->watch, text, sizeof text);
}

bool scene_same(const struct scene *scene, const char *what, const struct outcome *want,
                const struct outcome *got)
{
    char text[512];

    if (got->wrong[0]) {
        scene_fail("%s, %s: %s", scene->name, what, got->wrong);
        return false;
    }
    if (!transcript_equal(&want->transcript, &got->transcript, text, sizeof text) ||
        !watch_equal(&want->watch, &got->watch, text, sizeof text)) {
        scene_fail("%s, %s: %s", scene->name, what, text);
        return false;
    }
    return true;
}

unsigned scene_runs(void)
{
    return here.runs;
}

int scene_finish(void)
{
    workload_remove(here.path);
    printf("%s: %u runs, %u failures\n", here.program, here.runs, here.failures);
    return here.failures ? 1 : 0;
}
