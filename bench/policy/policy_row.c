/* Both printers walk the columns of one table. */
#include "bench/policy/policy_row.h"

#include "bench/kit/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define CELL_BYTES 32
#define NAME_WIDTH 22
#define BYTES_A_MB 1e6

/* A figure: where it is, and how it is shown. */
struct column {
    const char *heading; /* of the table */
    const char *key;     /* of the JSON object; NULL: it has none */
    size_t offset;
    int width;
    int digits;
    double scale;
};

#define FIGURE(member) offsetof(struct policy_row, member)

static const struct column columns[] = {
    { "recall", "recall", FIGURE(recall), 6, 3, 1 },
    { "worst", NULL, FIGURE(recall_worst), 5, 3, 1 },
    { "precision", "precision", FIGURE(precision), 9, 3, 1 },
    { "requests", "requests", FIGURE(requests), 8, 0, 1 },
    { "MB", "bytes", FIGURE(bytes), 7, 2, BYTES_A_MB },
    { "wasted MB", "wasted_bytes", FIGURE(wasted_bytes), 9, 2, BYTES_A_MB },
    { "ms", "ms", FIGURE(ms), 9, 2, 1 },
    { "worst ms", NULL, FIGURE(ms_worst), 9, 2, 1 },
    { "of none", NULL, FIGURE(ratio), 7, 3, 1 },
    { "oracle share", "oracle_share", FIGURE(oracle_share), 12, 3, 1 },
};

static double figure(const struct policy_row *row, const struct column *column)
{
    double value;

    memcpy(&value, (const char *)row + column->offset, sizeof value);
    return value;
}

int policy_rows_add(struct policy_rows *rows, const struct policy_row *row)
{
    if (rows->len == rows->cap) {
        size_t cap = rows->cap ? rows->cap * 2 : 16;
        struct policy_row *items = realloc(rows->items, cap * sizeof(*items));

        if (!items) return POLICY_ROW_NOMEM;
        rows->items = items;
        rows->cap = cap;
    }
    rows->items[rows->len++] = *row;
    return POLICY_ROW_OK;
}

void policy_rows_free(struct policy_rows *rows)
{
    free(rows->items);
    *rows = (struct policy_rows){ 0 };
}

static double ms_of(const struct policy_rows *rows, size_t first, const char *policy)
{
    for (size_t i = first; i < rows->len; i++)
        if (strcmp(rows->items[i].policy, policy) == 0) return rows->items[i].ms;
    return NAN;
}

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

void policy_rows_compare(struct policy_rows *rows, size_t first)
{
    double none = ms_of(rows, first, "none");
    double oracle = ms_of(rows, first, "oracle");

    for (size_t i = first; i < rows->len; i++) {
        struct policy_row *row = &rows->items[i];

        row->ratio = share(row->ms, none);
        row->oracle_share = share(none - row->ms, none - oracle);
    }
}

/* ---- the table ---- */

static void print_heading(const struct policy_row *row, FILE *out)
{
    fprintf(out, "%s, %zu sessions tested\n", row->trace, row->sessions);
    fprintf(out, "%-*s", NAME_WIDTH, "policy");
    for (size_t i = 0; i < COUNT(columns); i++)
        fprintf(out, "  %*s", columns[i].width, columns[i].heading);
    fputc('\n', out);
}

static void print_row(const struct policy_row *row, FILE *out)
{
    fprintf(out, "%-*s", NAME_WIDTH, row->policy);
    for (size_t i = 0; i < COUNT(columns); i++) {
        double value = figure(row, &columns[i]);
        char cell[CELL_BYTES] = "-";

        if (isfinite(value))
            (void)snprintf(cell, sizeof cell, "%.*f", columns[i].digits, value / columns[i].scale);
        fprintf(out, "  %*s", columns[i].width, cell);
    }
    fputc('\n', out);
}

void policy_rows_print(const struct policy_rows *rows, FILE *out)
{
    for (size_t i = 0; i < rows->len; i++) {
        const struct policy_row *row = &rows->items[i];

        if (i == 0 || strcmp(row->trace, row[-1].trace) != 0) {
            if (i > 0) fputc('\n', out);
            print_heading(row, out);
        }
        print_row(row, out);
    }
}

/* ---- the list ---- */

static void print_json_row(FILE *out, const void *ctx, size_t index)
{
    const struct policy_rows *rows = ctx;
    const struct policy_row *row = &rows->items[index];

    fputs("{\"trace\": ", out);
    json_print_string(out, row->trace);
    fputs(", \"policy\": ", out);
    json_print_string(out, row->policy);
    fprintf(out, ", \"sessions\": %zu", row->sessions);
    for (size_t i = 0; i < COUNT(columns); i++) {
        if (!columns[i].key) continue;
        fprintf(out, ", \"%s\": ", columns[i].key);
        json_print_number(out, figure(row, &columns[i]));
    }
    fputc('}', out);
}

void policy_rows_print_json(const struct policy_rows *rows, FILE *out)
{
    json_print_list(out, rows->len, print_json_row, rows);
}

int policy_rows_save_json(const struct policy_rows *rows, const char *path)
{
    return json_save_list(path, rows->len, print_json_row, rows) == 0 ? POLICY_ROW_OK
                                                                      : POLICY_ROW_IO;
}
