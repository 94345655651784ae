/* The results of one history under one load: a series for each measure, the rows of the report,
 * and the verdict.
 *
 * One thread at a time; memory belongs to the section. Its rows borrow its names. */
#ifndef BENCH_HARM_SECTION_H
#define BENCH_HARM_SECTION_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/harm/harm_trial.h"
#include "bench/kit/row.h"

/* A session may take so much longer than without prefetch, by the upper end of the 95 % interval of
 * the median ratio over so many pairs. Of fewer pairs that interval says little: then only what
 * is surely longer, by the lower end, is a failure. */
#define HARM_RATIO_MAX 1.05
#define HARM_PAIRS     21u

/* What was measured, of each arm; what a session needs, of none alone, as it is the same. The last
 * three come from pairs: preload over none. */
#define HARM_MEASURES(X)                                                                           \
    X(HARM_FIRST_ROW, "first row", "ms")                                                           \
    X(HARM_TENTH, "first tenth of the session", "ms")                                              \
    X(HARM_END, "end of session", "ms")                                                            \
    X(HARM_NEEDED, "pages needed", "pages")                                                        \
    X(HARM_FETCHED, "fetched ahead", "MiB")                                                        \
    X(HARM_USED, "fetched ahead and needed", "pages")                                              \
    X(HARM_RESIDENT, "file in memory at the end", "%")                                             \
    X(HARM_FIRST_ROW_RATIO, "first row, preload / none", "times")                                  \
    X(HARM_TENTH_RATIO, "first tenth, preload / none", "times")                                    \
    X(HARM_END_RATIO, "end, preload / none", "times")

enum harm_measure {
#define HARM_MEASURE(name, text, unit) name,
    HARM_MEASURES(HARM_MEASURE) HARM_MEASURE_COUNT
#undef HARM_MEASURE
};

/* One run. */
struct harm_run {
    struct harm_found found;
    double resident_percent; /* of the file, after it */
};

/* Zeroed is empty. */
struct harm_section {
    char title[64];
    char names[HARM_MEASURE_COUNT][128];
    struct row_series series[HARM_ARM_COUNT][HARM_MEASURE_COUNT];
    struct rows rows;
    size_t pairs;
    uint64_t fetched_bytes_most; /* of a run */
    double resident_percent_most;
};

/* "disk load, useless history" */
void harm_section_name(struct harm_section *section, const char *load, const char *history);

/* Adds a pair. ROW_NOMEM. */
int harm_section_record(struct harm_section *section, const struct harm_run runs[HARM_ARM_COUNT]);

/* Makes the rows, with ratios to none. Those that are zero by an arm's nature are left out.
 * ROW_NOMEM. */
int harm_section_finish(struct harm_section *section);

/* Says for each bound, in a line, whether it holds, once the rows are made: both ratios, no more
 * fetched than `budget_bytes`, less than half of the file in memory. True: all do. */
bool harm_section_judge(const struct harm_section *section, uint64_t budget_bytes, FILE *out);

/* Twice is harmless. */
void harm_section_free(struct harm_section *section);

#endif
