/* One run of the workload from an empty directory, and whether two runs were the same.
 *
 * A run under preload ends with preload taken out and registered again: no worker, no dormant
 * database and no descriptor is left of it. */
#ifndef TESTS_FAULTS_SCENE_H
#define TESTS_FAULTS_SCENE_H

#include "tests/faults/watch.h"
#include "tests/faults/workload.h"

struct scene {
    const char *name;    /* for messages */
    const char *plain;   /* the VFS to compare with */
    const char *preload; /* the same with preload in between */
    enum workload_part part;
    void (*begin)(void); /* right before and after the workload; may be NULL */
    void (*end)(void);
};

struct outcome {
    struct transcript transcript;
    struct watch watch;
    struct workload_hints hints;
    char wrong[512]; /* what no run may do; empty: nothing */
};

/* Names the directory, registers preload over unix and over each base of `bases`, NULL-terminated.
 * Ends the program where that fails. */
void scene_start(const char *program, const char *const *bases);

/* Where hints go: "sidecar", beside the database, or in the directory. */
void scene_hints_beside(bool beside);

void scene_run(struct outcome *out, const struct scene *scene, bool is_preload,
               const struct fault *fault);

/* Whether SQLite saw the same twice, and preload did nothing wrong in `got`. A difference is
 * printed after `what`, and counted. */
bool scene_same(const struct scene *scene, const char *what, const struct outcome *want,
                const struct outcome *got);

/* The same without a word. What a bug does it does again: a difference that a repetition does not
 * show is noise of a busy machine (about one run in five thousand), and programs repeat a run up to
 * SCENE_TRIES times before they call it a failure. */
#define SCENE_TRIES 3
bool scene_equal(const struct outcome *want, const struct outcome *got);

/* Counts and prints a failure. */
void scene_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs so far. */
unsigned scene_runs(void);

/* Removes the directory, prints the verdict; the program's exit status. */
int scene_finish(void);

#endif
