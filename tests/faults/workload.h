/* The fixed workload, and what came of it, as text: a line a statement with its extended result
 * code and a digest of its rows, then a line a file that is left with its size and digest. Two runs
 * are the same for SQLite when these texts are. One thread at a time. */
#ifndef TESTS_FAULTS_WORKLOAD_H
#define TESTS_FAULTS_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>

#define TRANSCRIPT_BYTES 32768

struct transcript {
    char text[TRANSCRIPT_BYTES];
    size_t len;
    unsigned errors; /* statements that did not end with SQLITE_OK */
    unsigned stuck;  /* replays that never ended */
    unsigned replays;
    bool is_cut;
};

enum workload_part {
    WORKLOAD_ALL,
    WORKLOAD_BRIEF, /* a part of it, for what is repeated a thousand times */
};

/* Makes the directory that a run works in, empties it, takes it away. `path` is absolute. Files
 * under it are the database "db" and "aux", and hints in the directory "hints". */
bool workload_prepare(char *path, size_t len, const char *name);
void workload_clean(const char *path);
void workload_remove(const char *path);

/* Runs it through the VFS. `is_preload`: the steps that talk to preload are made, too: wait for the
 * replay, flush. Equal random numbers each time. */
void workload_run(struct transcript *out, const char *path, const char *vfs,
                  enum workload_part part, bool is_preload);

/* Appends the files that are left, but for hints. */
void workload_files(struct transcript *out, const char *path);

/* False when they differ; `text` then shows the first two lines that do. */
bool transcript_equal(const struct transcript *a, const struct transcript *b, char *text,
                      size_t len);

struct workload_hints {
    size_t pages;      /* in the histories that are stored */
    unsigned sessions; /* that they remember */
    bool damaged;      /* a sidecar is not valid */
};

/* What preload stored. */
struct workload_hints workload_hints(const char *path);

#endif
