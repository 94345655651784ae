/* Columns are rows of a table; cells come from the section's rows. */
#include "bench/coldstart/arms_table.h"

#define ARM_WIDTH 16

/* Arms in the order of the table: what there is without us, what guesses, what knows. */
static const enum trial_arm order[] = {
    TRIAL_PLAIN, TRIAL_WARM,  TRIAL_WHOLE,   TRIAL_FIRST,  TRIAL_INTERIOR,
    TRIAL_LAST,  TRIAL_UNION, TRIAL_PRELOAD, TRIAL_ORACLE,
};

static const struct column {
    const char *heading;
    enum section_measure measure;
    int width, digits;
    double scale;
    bool has_spread;
} columns[] = {
    { "first row ms", SECTION_FIRST_ROW, 12, 1, 1, false },
    { "end ms", SECTION_END, 24, 1, 1, true },
    { "plain/arm", SECTION_END_FASTER, 9, 2, 1, false },
    { "arm/oracle", SECTION_OF_ORACLE, 10, 2, 1, false },
    { "share", SECTION_SHARE, 6, 2, 1, false },
    { "on demand", SECTION_DEMAND, 9, 0, 1, false },
    { "prefetched", SECTION_PREFETCHED, 10, 0, 1, false },
    { "used", SECTION_USED, 6, 0, 1, false },
    { "recall", SECTION_RECALL, 6, 2, 1, false },
    { "precision", SECTION_PRECISION, 9, 2, 1, false },
    { "wasted MB", SECTION_WASTED, 9, 2, 1e-6, false },
    { "fetches", SECTION_FETCH_REQUESTS, 7, 0, 1, false },
    { "requests", SECTION_REQUESTS, 8, 0, 1, false },
    { "read us", SECTION_READ_P50, 8, 1, 1, false },
    { "p99 us", SECTION_READ_P99, 8, 1, 1, false },
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static void print_cell(const struct column *column, const struct row *row, FILE *out)
{
    char cell[96] = "-";

    if (row != NULL && column->has_spread) {
        snprintf(cell, sizeof(cell), "%.*f (%.*f-%.*f)", column->digits, row->median,
                 column->digits, row->lo, column->digits, row->hi);
    } else if (row != NULL) {
        snprintf(cell, sizeof(cell), "%.*f", column->digits, row->median * column->scale);
    }
    fprintf(out, "  %*s", column->width, cell);
}

enum arms_verdict arms_verdict_of(struct section *section)
{
    const double plain = section_median(section, TRIAL_PLAIN, SECTION_END);
    const double ours = section_median(section, TRIAL_PRELOAD, SECTION_END);
    const double oracle = section_median(section, TRIAL_ORACLE, SECTION_END);

    if (plain < ARMS_ORACLE_GAIN_MIN * oracle) return ARMS_NO_GAIN;
    return ours <= ARMS_OF_ORACLE_WANTED * oracle ? ARMS_KEPT : ARMS_MISSED;
}

void arms_table_print(const struct section *section, FILE *out)
{
    fprintf(out, "%s\n%-*s", section->title, ARM_WIDTH, "arm");
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        fprintf(out, "  %*s", columns[i].width, columns[i].heading);
    }
    fputc('\n', out);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        fprintf(out, "%-*s", ARM_WIDTH, trial_arm_names[order[i]]);
        for (size_t j = 0; j < COLUMN_COUNT; j++) {
            print_cell(&columns[j], section_row(section, order[i], columns[j].measure), out);
        }
        fputc('\n', out);
    }
}

void arms_verdict_print(struct section *section, FILE *out)
{
    static const char *const words[] = {
        [ARMS_KEPT] = "kept",
        [ARMS_MISSED] = "MISSED",
        [ARMS_NO_GAIN] = "not judged",
    };
    const struct row *pairs = section_row(section, TRIAL_PRELOAD, SECTION_OF_ORACLE);
    const struct row *share = section_row(section, TRIAL_PRELOAD, SECTION_SHARE);
    const double plain = section_median(section, TRIAL_PLAIN, SECTION_END);
    const double ours = section_median(section, TRIAL_PRELOAD, SECTION_END);
    const double oracle = section_median(section, TRIAL_ORACLE, SECTION_END);
    const double warm = section_median(section, TRIAL_WARM, SECTION_END);

    fprintf(out, "%s: ours / oracle at the median: %.2f (%.1f allowed)", section->title,
            ours / oracle, ARMS_OF_ORACLE_WANTED);
    if (pairs != NULL) {
        fprintf(out, ", by rounds %.2f (%.2f-%.2f)", pairs->median, pairs->lo, pairs->hi);
    }
    fprintf(out, ": %s\n", words[arms_verdict_of(section)]);
    fprintf(out,
            "  the oracle is %.2f times faster than plain (judged from %.1f on) and takes %.2f"
            " times what warm takes",
            plain / oracle, ARMS_ORACLE_GAIN_MIN, oracle / warm);
    if (share != NULL) fprintf(out, "; ours has %.0f %% of its gain", 100 * share->median);
    fputc('\n', out);
}
