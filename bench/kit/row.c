/* Samples to rows, and rows to text. */
#include "bench/kit/row.h"

#include "bench/kit/json.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Enough for two digits of a 95 % interval; one in forty lies beyond each end. */
#define RESAMPLES      2000u
#define RESAMPLES_TAIL (RESAMPLES / 40)
#define SEED           UINT64_C(0x9e3779b97f4a7c15)

#define COLUMNS    8u
#define CELL_BYTES 64u

static const char *const headings[COLUMNS] = { "name",   "arm", "unit", "n",
                                               "median", "lo",  "hi",   "ratio" };

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;

    return (a > b) - (a < b);
}

static double median_of_sorted(const double *values, size_t count)
{
    if (count == 0) return 0;
    if (count % 2 == 1) return values[count / 2];
    return (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* xorshift64*; the bias of the remainder is far below what a bootstrap can see. */
static size_t draw(uint64_t *state, size_t below)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (size_t)((*state * UINT64_C(0x2545f4914f6cdd1d) >> 33) % below);
}

/* The 95 % interval of the median of sorted values. */
static int spread_of_sorted(struct row *row, const double *values, size_t count)
{
    double *sample = calloc(count + RESAMPLES, sizeof(*sample));
    double *medians = sample + count;
    uint64_t state = SEED;

    if (sample == NULL) return ROW_NOMEM;
    for (size_t i = 0; i < RESAMPLES; i++) {
        for (size_t j = 0; j < count; j++) {
            sample[j] = values[draw(&state, count)];
        }
        qsort(sample, count, sizeof(*sample), by_value);
        medians[i] = median_of_sorted(sample, count);
    }
    qsort(medians, RESAMPLES, sizeof(*medians), by_value);
    row->lo = medians[RESAMPLES_TAIL];
    row->hi = medians[RESAMPLES - 1 - RESAMPLES_TAIL];
    free(sample);
    return ROW_OK;
}

int row_series_add(struct row_series *series, double value)
{
    if (series->len == series->cap) {
        const size_t cap = series->cap == 0 ? 16 : series->cap * 2;
        double *values = realloc(series->values, cap * sizeof(*values));

        if (values == NULL) return ROW_NOMEM;
        series->values = values;
        series->cap = cap;
    }
    series->values[series->len++] = value;
    return ROW_OK;
}

static void sort_series(struct row_series *series)
{
    if (series->len > 0) qsort(series->values, series->len, sizeof(*series->values), by_value);
}

double row_series_median(struct row_series *series)
{
    sort_series(series);
    return median_of_sorted(series->values, series->len);
}

void row_series_free(struct row_series *series)
{
    free(series->values);
    *series = (struct row_series){ 0 };
}

static int append(struct rows *rows, const struct row *row)
{
    if (rows->len == rows->cap) {
        const size_t cap = rows->cap == 0 ? 16 : rows->cap * 2;
        struct row *items = realloc(rows->items, cap * sizeof(*items));

        if (items == NULL) return ROW_NOMEM;
        rows->items = items;
        rows->cap = cap;
    }
    rows->items[rows->len++] = *row;
    return ROW_OK;
}

int rows_add(struct rows *rows, const char *name, const char *arm, const char *unit,
             struct row_series *series)
{
    struct row row = { .name = name, .arm = arm, .unit = unit, .n = series->len };
    int rc = ROW_OK;

    row.median = row_series_median(series);
    if (series->len > 0) rc = spread_of_sorted(&row, series->values, series->len);
    if (rc != ROW_OK) return rc;
    return append(rows, &row);
}

int rows_add_one(struct rows *rows, const char *name, const char *arm, const char *unit,
                 double value)
{
    struct row_series series = { &value, 1, 1 };

    return rows_add(rows, name, arm, unit, &series);
}

int rows_join(struct rows *rows, const struct rows *more)
{
    int rc = ROW_OK;

    for (size_t i = 0; i < more->len && rc == ROW_OK; i++) {
        rc = append(rows, &more->items[i]);
    }
    return rc;
}

void rows_compare_to(struct rows *rows, const char *baseline_arm)
{
    for (size_t i = 0; i < rows->len; i++) {
        struct row *row = &rows->items[i];
        const struct row *baseline = rows_find(rows, row->name, baseline_arm);

        row->has_ratio = baseline != NULL && fpclassify(baseline->median) != FP_ZERO;
        row->ratio = row->has_ratio ? row->median / baseline->median : 0;
    }
}

const struct row *rows_find(const struct rows *rows, const char *name, const char *arm)
{
    for (size_t i = 0; i < rows->len; i++) {
        const struct row *row = &rows->items[i];

        if (strcmp(row->name, name) == 0 && strcmp(row->arm, arm) == 0) return row;
    }
    return NULL;
}

/* Three digits that say something: 12345, 123.4, 12.34, 1.234. Whole numbers stay whole. */
static void print_number(char *cell, double value)
{
    const double size = fabs(value);
    int digits = 3;

    if (size >= 10) digits = 2;
    if (size >= 100) digits = 1;
    if (size >= 1000 || fpclassify(value - nearbyint(value)) == FP_ZERO) digits = 0;
    snprintf(cell, CELL_BYTES, "%.*f", digits, value);
}

static void print_cells(char cells[COLUMNS][CELL_BYTES], const struct row *row)
{
    snprintf(cells[0], CELL_BYTES, "%s", row->name);
    snprintf(cells[1], CELL_BYTES, "%s", row->arm);
    snprintf(cells[2], CELL_BYTES, "%s", row->unit);
    snprintf(cells[3], CELL_BYTES, "%zu", row->n);
    print_number(cells[4], row->median);
    print_number(cells[5], row->lo);
    print_number(cells[6], row->hi);
    if (row->has_ratio) {
        snprintf(cells[7], CELL_BYTES, "%.3f", row->ratio);
    } else {
        snprintf(cells[7], CELL_BYTES, "-");
    }
}

/* Words to the left, numbers to the right. */
static void print_line(FILE *out, const size_t *widths, char cells[COLUMNS][CELL_BYTES])
{
    for (size_t i = 0; i < COLUMNS; i++) {
        const int width = (int)widths[i];

        fprintf(out, i < 3 ? "%-*s" : "%*s", width, cells[i]);
        fputs(i + 1 < COLUMNS ? "  " : "\n", out);
    }
}

void rows_print(const struct rows *rows, FILE *out)
{
    char cells[COLUMNS][CELL_BYTES];
    size_t widths[COLUMNS];

    for (size_t i = 0; i < COLUMNS; i++) {
        widths[i] = strlen(headings[i]);
    }
    for (size_t i = 0; i < rows->len; i++) {
        print_cells(cells, &rows->items[i]);
        for (size_t j = 0; j < COLUMNS; j++) {
            if (strlen(cells[j]) > widths[j]) widths[j] = strlen(cells[j]);
        }
    }
    for (size_t i = 0; i < COLUMNS; i++) {
        snprintf(cells[i], CELL_BYTES, "%s", headings[i]);
    }
    print_line(out, widths, cells);
    for (size_t i = 0; i < rows->len; i++) {
        print_cells(cells, &rows->items[i]);
        print_line(out, widths, cells);
    }
}

static void print_json_row(FILE *out, const void *ctx, size_t index)
{
    const struct rows *rows = ctx;
    const struct row *row = &rows->items[index];
    const char *const texts[3] = { row->name, row->arm, row->unit };
    const double numbers[4] = { row->median, row->lo, row->hi, row->has_ratio ? row->ratio : NAN };

    for (size_t i = 0; i < 3; i++) {
        fprintf(out, "%s\"%s\": ", i == 0 ? "{" : ", ", headings[i]);
        json_print_string(out, texts[i]);
    }
    fprintf(out, ", \"%s\": %zu", headings[3], row->n);
    for (size_t i = 0; i < 4; i++) {
        fprintf(out, ", \"%s\": ", headings[4 + i]);
        json_print_number(out, numbers[i]);
    }
    fputc('}', out);
}

void rows_print_json(const struct rows *rows, FILE *out)
{
    json_print_list(out, rows->len, print_json_row, rows);
}

int rows_save_json(const struct rows *rows, const char *path)
{
    return json_save_list(path, rows->len, print_json_row, rows) == 0 ? ROW_OK : ROW_IO;
}

void rows_free(struct rows *rows)
{
    free(rows->items);
    *rows = (struct rows){ 0 };
}

void row_tables_print(const struct row_table *tables, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "\n%s\n", tables[i].title);
        rows_print(tables[i].rows, out);
    }
}

int row_tables_save_json(const struct row_table *tables, size_t count, const char *path)
{
    struct rows all = { 0 };
    int rc = ROW_OK;

    for (size_t i = 0; i < count && rc == ROW_OK; i++) {
        rc = rows_join(&all, tables[i].rows);
    }
    if (rc == ROW_OK) rc = rows_save_json(&all, path);
    rows_free(&all);
    return rc;
}
