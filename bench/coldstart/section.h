/* A section of the cold start report: the results of every arm on one device with one kind of
 * keys.
 *
 * One thread at a time; memory belongs to the section. Its rows borrow its names. */
#ifndef BENCH_SECTION_H
#define BENCH_SECTION_H

#include "bench/coldstart/trial.h"
#include "bench/kit/row.h"

/* What is said of each arm; what a session needs, of plain alone, as it is the same. Those of two
 * arms come from the pairs of a round, but for the share of the oracle's gain, which is of the
 * medians: (plain - arm) / (plain - oracle). From recall on, only where every arm is run. */
#define SECTION_MEASURES(X)                                                                        \
    X(SECTION_FIRST_ROW, "first row", "ms")                                                        \
    X(SECTION_END, "end of session", "ms")                                                         \
    X(SECTION_NEEDED, "pages needed", "pages")                                                     \
    X(SECTION_DEMAND, "read on demand", "pages")                                                   \
    X(SECTION_PREFETCHED, "prefetched", "pages")                                                   \
    X(SECTION_USED, "prefetched and used", "pages")                                                \
    X(SECTION_REQUESTS, "requests", "requests")                                                    \
    X(SECTION_FIRST_ROW_FASTER, "first row, plain / arm", "times")                                 \
    X(SECTION_END_FASTER, "end of session, plain / arm", "times")                                  \
    X(SECTION_RECALL, "recall", "share")                                                           \
    X(SECTION_PRECISION, "precision", "share")                                                     \
    X(SECTION_WASTED, "wasted", "bytes")                                                           \
    X(SECTION_FETCH_REQUESTS, "requests that fetched ahead", "requests")                           \
    X(SECTION_READ_P50, "a read, median", "us")                                                    \
    X(SECTION_READ_P99, "a read, 99 of 100", "us")                                                 \
    X(SECTION_OF_ORACLE, "end of session, arm / oracle", "times")                                  \
    X(SECTION_SHARE, "share of the oracle's gain", "share")

enum section_measure {
#define SECTION_MEASURE(name, text, unit) name,
    SECTION_MEASURES(SECTION_MEASURE) SECTION_MEASURE_COUNT
#undef SECTION_MEASURE
};

/* Zeroed is empty. */
struct section {
    int arm_count; /* that are run: the first ones of enum trial_arm */
    char title[64];
    char names[SECTION_MEASURE_COUNT][128];
    struct row_series series[TRIAL_ARM_COUNT][SECTION_MEASURE_COUNT];
    struct rows rows;
};

/* "disk, fresh keys"; `arm_count` is TRIAL_SHORT_COUNT or TRIAL_ARM_COUNT. */
void section_name(struct section *section, const char *device, const char *keys, int arm_count);

/* Adds a round: what each arm found. ROW_NOMEM. */
int section_record(struct section *section, const struct trial_found found[TRIAL_ARM_COUNT]);

/* Makes the rows, with ratios to plain. Those that are zero by an arm's nature (what plain
 * prefetches) are left out. ROW_NOMEM. */
int section_finish(struct section *section);

/* The row of an arm after section_finish(), or NULL when it was left out. */
const struct row *section_row(const struct section *section, enum trial_arm arm,
                              enum section_measure measure);

/* 0 when nothing was recorded. */
double section_median(struct section *section, enum trial_arm arm, enum section_measure measure);

/* Twice is harmless. */
void section_free(struct section *section);

#endif
