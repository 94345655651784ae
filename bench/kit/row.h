/* The rows of a benchmark's report, in the one format that all programs share.
 *
 *     name, arm, unit, n, median, lo, hi, ratio
 *
 * `name` is what was measured, `arm` the way in which it was done, and the ratio is this arm's
 * median over the median of the baseline arm under the same name. The spread is the 95 % interval
 * of the median, by a bootstrap whose seed never changes: the same samples make the same row.
 *
 * One thread at a time. Names, arms and units are borrowed and outlive the rows. */
#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum row_status {
    ROW_OK = 0,
    ROW_NOMEM = -1,
    ROW_IO = -2 /* the file cannot be written */
};

/* Samples of one row as they come in. Zeroed is empty. */
struct row_series {
    double *values;
    size_t len;
    size_t cap;
};

struct row {
    const char *name, *arm, *unit;
    size_t n;
    double median, lo, hi;
    double ratio; /* valid if has_ratio */
    bool has_ratio;
};

/* A table. Zeroed is empty. */
struct rows {
    struct row *items;
    size_t len;
    size_t cap;
};

/* ROW_NOMEM. */
int row_series_add(struct row_series *series, double value);

/* The middle value, or the mean of the middle two; 0 of none. Sorts the series. */
double row_series_median(struct row_series *series);

/* Leaves it empty; twice is harmless. */
void row_series_free(struct row_series *series);

/* Appends the row of a series, which it sorts. A row of no samples is all zeroes. ROW_NOMEM. */
int rows_add(struct rows *rows, const char *name, const char *arm, const char *unit,
             struct row_series *series);

/* Appends a row of one number. ROW_NOMEM. */
int rows_add_one(struct rows *rows, const char *name, const char *arm, const char *unit,
                 double value);

/* Appends copies of all rows of `more`. ROW_NOMEM. */
int rows_join(struct rows *rows, const struct rows *more);

/* Sets the ratio of every row whose name has a row of this arm with a median other than 0. */
void rows_compare_to(struct rows *rows, const char *baseline_arm);

/* The row of that name and arm, or NULL. */
const struct row *rows_find(const struct rows *rows, const char *name, const char *arm);

/* An aligned table, its heading first. */
void rows_print(const struct rows *rows, FILE *out);

/* A JSON list of objects with the keys above; a missing ratio is null. */
void rows_print_json(const struct rows *rows, FILE *out);

/* The same into a file, `-` being standard output. ROW_IO. */
int rows_save_json(const struct rows *rows, const char *path);

/* Leaves the table empty; twice is harmless. */
void rows_free(struct rows *rows);

/* A part of a report: a table under a title. Both are borrowed. */
struct row_table {
    const char *title;
    const struct rows *rows;
};

/* Each behind an empty line. */
void row_tables_print(const struct row_table *tables, size_t count, FILE *out);

/* The rows of all in one list, as rows_save_json() does. ROW_NOMEM, ROW_IO. */
int row_tables_save_json(const struct row_table *tables, size_t count, const char *path);

#endif
