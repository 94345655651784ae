/* What all benchmarks have in common as programs: the exit statuses, the message about what
 * failed, the line of progress, and where tables are printed. One thread at a time. */
#ifndef BENCH_PROGRAM_H
#define BENCH_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Beside EXIT_SUCCESS. */
enum {
    EXIT_VERDICT = 1, /* it was run, and what it measured is not what is wanted */
    EXIT_USAGE = 2,   /* wrong arguments */
    EXIT_TROUBLE = 3  /* it could not be run */
};

/* Says on standard error, behind the program's name, what did not go well and why. -1, for the
 * caller to return. */
int program_trouble(const char *what, const char *why);

/* Where the tables go: standard output, or standard error where `--json -` gives standard output to
 * the rows. `json` is that option's value, or NULL. */
FILE *program_tables(const char *json);

/* `TITLE: WHAT DONE of ALL` on standard error. On a terminal it is one line that is written over;
 * it ends with the last one of all. Elsewhere it is a line of its own, and only where `line` is
 * set. */
struct program_progress {
    const char *title;
    const char *what;
    uint32_t done, all;
    bool line;
};
void program_progress(struct program_progress progress);

#endif
