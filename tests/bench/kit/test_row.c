/* Statistics against numbers worked out by hand, and the two notations letter by letter. */
#include "bench/kit/row.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct row_series series_of(const double *values, size_t count)
{
    struct row_series series = { 0 };

    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(row_series_add(&series, values[i]), ROW_OK);
    }
    return series;
}

static void add(struct rows *rows, const char *name, const char *arm, const double *values,
                size_t count)
{
    struct row_series series = series_of(values, count);

    cr_assert_eq(rows_add(rows, name, arm, "ms", &series), ROW_OK);
    row_series_free(&series);
}

/* What a printer prints, as text to be freed. */
static char *text_of(void (*print)(const struct rows *, FILE *), const struct rows *rows)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    print(rows, out);
    fclose(out);
    return text;
}

static const struct median_case {
    size_t count;
    double values[6];
    double want;
} median_cases[] = {
    { 0, { 0 }, 0 },
    { 1, { 7 }, 7 },
    { 2, { 7, 8 }, 7.5 },
    { 3, { 9, 1, 4 }, 4 },
    { 4, { 10, 2, 4, 3 }, 3.5 },
    { 6, { -1, -1, 5, 0, 0, 2 }, 0 },
};

Test(row, the_median_is_the_middle_or_the_mean_of_the_middle_two)
{
    for (size_t i = 0; i < COUNT(median_cases); i++) {
        const struct median_case *row = &median_cases[i];
        struct row_series series = series_of(row->values, row->count);
        const double got = row_series_median(&series);

        cr_expect_float_eq(got, row->want, 1e-12, "row %zu: %g, want %g", i, got, row->want);
        row_series_free(&series);
        row_series_free(&series);
    }
}

/* Of all resamples of 1..10, 2.0 % have a median of 2.5 or less and 5.5 % one of 3 or less. */
Test(row, the_interval_of_the_median_of_one_to_ten)
{
    static const double values[] = { 10, 9, 8, 7, 6, 5, 4, 3, 2, 1 };
    struct rows rows = { 0 };

    add(&rows, "n", "a", values, COUNT(values));
    cr_expect_eq(rows.items[0].n, 10);
    cr_expect_float_eq(rows.items[0].median, 5.5, 1e-12);
    cr_expect_float_eq(rows.items[0].lo, 3, 1e-12, "%g", rows.items[0].lo);
    cr_expect_float_eq(rows.items[0].hi, 8, 1e-12, "%g", rows.items[0].hi);
    rows_free(&rows);
}

Test(row, the_same_samples_in_any_order_make_the_same_row)
{
    static const double up[] = { 1, 2, 4, 8, 16, 32, 64 };
    static const double down[] = { 64, 32, 16, 8, 4, 2, 1 };
    struct rows rows = { 0 };

    add(&rows, "n", "up", up, COUNT(up));
    add(&rows, "n", "down", down, COUNT(down));
    cr_expect_eq(memcmp(&rows.items[0].median, &rows.items[1].median, 3 * sizeof(double)), 0);
    rows_free(&rows);
}

Test(row, equal_samples_have_no_spread_and_no_samples_are_zero)
{
    static const double values[] = { 3, 3, 3 };
    struct rows rows = { 0 };

    add(&rows, "n", "equal", values, 3);
    add(&rows, "n", "none", values, 0);
    cr_expect_float_eq(rows.items[0].lo, 3, 1e-12);
    cr_expect_float_eq(rows.items[0].hi, 3, 1e-12);
    cr_expect_eq(rows.items[1].n, 0);
    cr_expect_float_eq(rows.items[1].hi, 0, 1e-12);
    rows_free(&rows);
}

Test(row, ratios_are_to_the_baseline_of_the_same_name)
{
    static const double one = 1;
    static const double four = 4;
    static const double ten = 10;
    static const double zero = 0;
    struct rows rows = { 0 };

    add(&rows, "end", "plain", &four, 1);
    add(&rows, "end", "preload", &one, 1);
    add(&rows, "first", "preload", &ten, 1);
    add(&rows, "pages", "plain", &zero, 1);
    add(&rows, "pages", "preload", &ten, 1);
    rows_compare_to(&rows, "plain");
    cr_expect_float_eq(rows.items[0].ratio, 1, 1e-12);
    cr_expect_float_eq(rows.items[1].ratio, 0.25, 1e-12);
    cr_expect_not(rows.items[2].has_ratio, "it has no baseline");
    cr_expect_not(rows.items[4].has_ratio, "its baseline is 0");
    cr_expect_eq(rows_find(&rows, "end", "preload"), &rows.items[1]);
    cr_expect_null(rows_find(&rows, "end", "warm"));
    rows_free(&rows);
    rows_free(&rows);
}

Test(row, tables_can_be_joined)
{
    static const double one = 1;
    static const double four = 4;
    struct rows rows = { 0 };
    struct rows more = { 0 };

    add(&rows, "end", "plain", &four, 1);
    add(&more, "end", "preload", &one, 1);
    add(&more, "first", "plain", &one, 1);
    cr_assert_eq(rows_join(&rows, &more), ROW_OK);
    rows_free(&more);
    cr_assert_eq(rows.len, 3);
    cr_expect_str_eq(rows.items[0].arm, "plain");
    cr_expect_str_eq(rows.items[1].arm, "preload");
    cr_expect_str_eq(rows.items[2].name, "first");
    rows_free(&rows);
}

Test(row, one_number_is_a_row_of_one)
{
    struct rows rows = { 0 };

    cr_assert_eq(rows_add_one(&rows, "allocations", "plain", "calls", 7), ROW_OK);
    cr_assert_eq(rows.len, 1);
    cr_expect_str_eq(rows.items[0].unit, "calls");
    cr_expect_eq(rows.items[0].n, 1);
    cr_expect_float_eq(rows.items[0].median, 7, 1e-12);
    cr_expect_float_eq(rows.items[0].lo, 7, 1e-12);
    cr_expect_float_eq(rows.items[0].hi, 7, 1e-12);
    rows_free(&rows);
}

static void make_two(struct rows *rows)
{
    static const double plain[] = { 1234.5, 1234.5 };
    static const double preload[] = { 61.725, 61.725 };

    add(rows, "end of session", "plain", plain, 2);
    add(rows, "end \"x\\y\"\n", "preload", preload, 2);
    rows->items[1].name = rows->items[0].name;
    rows_compare_to(rows, "plain");
}

Test(row, the_table_is_aligned)
{
    struct rows rows = { 0 };
    char *got;

    make_two(&rows);
    got = text_of(rows_print, &rows);
    cr_expect_str_eq(got, "name            arm      unit  n  median     lo     hi  ratio\n"
                          "end of session  plain    ms    2    1234   1234   1234  1.000\n"
                          "end of session  preload  ms    2   61.73  61.73  61.73  0.050\n");
    free(got);
    rows_free(&rows);
}

Test(row, json_is_a_list_of_objects)
{
    struct rows rows = { 0 };
    char *got;

    got = text_of(rows_print_json, &rows);
    cr_expect_str_eq(got, "[\n]\n");
    free(got);
    make_two(&rows);
    rows.items[1].name = "end \"x\\y\"\n";
    rows.items[1].has_ratio = false;
    got = text_of(rows_print_json, &rows);
    cr_expect_str_eq(
        got, "[\n"
             "  {\"name\": \"end of session\", \"arm\": \"plain\", \"unit\": \"ms\", \"n\": 2, "
             "\"median\": 1234.5, \"lo\": 1234.5, \"hi\": 1234.5, \"ratio\": 1},\n"
             "  {\"name\": \"end \\\"x\\\\y\\\"\\u000a\", \"arm\": \"preload\", \"unit\": "
             "\"ms\", \"n\": 2, "
             "\"median\": 61.725, \"lo\": 61.725, \"hi\": 61.725, \"ratio\": null}\n"
             "]\n");
    free(got);
    rows_free(&rows);
}

Test(row, a_file_that_cannot_be_written_is_an_error)
{
    struct rows rows = { 0 };

    cr_expect_eq(rows_save_json(&rows, "/nowhere/at/all.json"), ROW_IO);
    cr_expect_eq(rows_save_json(&rows, "/dev/full"), ROW_IO);
    cr_expect_eq(rows_save_json(&rows, "/dev/null"), ROW_OK);
}

Test(row, tables_of_a_report_have_titles_and_one_list)
{
    struct rows times = { 0 };
    struct rows counts = { 0 };
    const struct row_table tables[] = { { "times", &times }, { "counts", &counts } };
    char path[] = "/tmp/rows-XXXXXX";
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    cr_assert_eq(rows_add_one(&times, "end", "plain", "ms", 3), ROW_OK);
    cr_assert_eq(rows_add_one(&counts, "pages", "plain", "pages", 4), ROW_OK);
    row_tables_print(tables, 2, out);
    fclose(out);
    cr_expect_str_eq(text, "\ntimes\n"
                           "name  arm    unit  n  median  lo  hi  ratio\n"
                           "end   plain  ms    1       3   3   3      -\n"
                           "\ncounts\n"
                           "name   arm    unit   n  median  lo  hi  ratio\n"
                           "pages  plain  pages  1       4   4   4      -\n");
    free(text);
    close(mkstemp(path));
    cr_expect_eq(row_tables_save_json(tables, 2, path), ROW_OK);
    out = fopen(path, "r");
    text = calloc(1, 512);
    cr_assert(out && text && fread(text, 1, 511, out) > 0);
    cr_expect_str_eq(text,
                     "[\n"
                     "  {\"name\": \"end\", \"arm\": \"plain\", \"unit\": \"ms\", \"n\": 1, "
                     "\"median\": 3, \"lo\": 3, \"hi\": 3, \"ratio\": null},\n"
                     "  {\"name\": \"pages\", \"arm\": \"plain\", \"unit\": \"pages\", \"n\": 1, "
                     "\"median\": 4, \"lo\": 4, \"hi\": 4, \"ratio\": null}\n"
                     "]\n");
    fclose(out);
    free(text);
    cr_expect_eq(remove(path), 0);
    cr_expect_eq(row_tables_save_json(tables, 2, "/nowhere/at/all.json"), ROW_IO);
    rows_free(&times);
    rows_free(&counts);
}
