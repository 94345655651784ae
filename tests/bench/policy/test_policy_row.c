/* The figures that compare rows, and the two notations letter by letter. */
#include "bench/policy/policy_row.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "tests/support/heap.h"

static void add(struct policy_rows *rows, const char *trace, const char *policy, double ms)
{
    const struct policy_row row = { .trace = trace,
                                    .policy = policy,
                                    .sessions = 9,
                                    .recall = .5,
                                    .recall_worst = .25,
                                    .precision = ms > 90 ? NAN : .125,
                                    .requests = 474.4,
                                    .bytes = 1945600,
                                    .wasted_bytes = 4096,
                                    .ms = ms,
                                    .ms_worst = 2 * ms };

    cr_assert_eq(policy_rows_add(rows, &row), POLICY_ROW_OK);
}

/* What a printer prints, as text to be freed. */
static char *text_of(void (*print)(const struct policy_rows *, FILE *),
                     const struct policy_rows *rows)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    print(rows, out);
    fclose(out);
    return text;
}

Test(policy_row, a_row_is_compared_with_none_and_the_oracle_of_its_trace)
{
    struct policy_rows rows = { 0 };

    add(&rows, "a", "none", 100);
    add(&rows, "a", "oracle", 20);
    policy_rows_compare(&rows, 0);
    add(&rows, "b", "none", 400);
    add(&rows, "b", "last", 300);
    add(&rows, "b", "worse", 440);
    add(&rows, "b", "oracle", 200);
    policy_rows_compare(&rows, 2);
    cr_expect_float_eq(rows.items[0].ratio, 1, 1e-12);
    cr_expect_float_eq(rows.items[0].oracle_share, 0, 1e-12);
    cr_expect_float_eq(rows.items[1].ratio, .2, 1e-12);
    cr_expect_float_eq(rows.items[3].ratio, .75, 1e-12);
    cr_expect_float_eq(rows.items[3].oracle_share, .5, 1e-12);
    cr_expect_float_eq(rows.items[4].oracle_share, -.2, 1e-12);
    cr_expect_float_eq(rows.items[5].oracle_share, 1, 1e-12);
    policy_rows_free(&rows);
    policy_rows_free(&rows);
}

Test(policy_row, where_the_oracle_saves_nothing_there_is_no_share)
{
    struct policy_rows rows = { 0 };

    add(&rows, "a", "none", 0);
    add(&rows, "a", "oracle", 0);
    policy_rows_compare(&rows, 0);
    cr_expect(isnan(rows.items[0].ratio));
    cr_expect(isnan(rows.items[1].oracle_share));
    policy_rows_free(&rows);
}

static void make_three(struct policy_rows *rows)
{
    add(rows, "w1", "none", 476.28);
    add(rows, "w1", "oracle", 29.62);
    policy_rows_compare(rows, 0);
    add(rows, "w2", "none", 12000);
    policy_rows_compare(rows, 2);
}

Test(policy_row, the_table_has_a_block_for_each_trace)
{
    struct policy_rows rows = { 0 };
    char *got;

    make_three(&rows);
    got = text_of(policy_rows_print, &rows);
    cr_expect_str_eq(
        got,
        "w1, 9 sessions tested\n"
        "policy                  recall  worst  precision  requests       MB  wasted MB         ms"
        "   worst ms  of none  oracle share\n"
        "none                     0.500  0.250          -       474     1.95       0.00     476.28"
        "     952.56    1.000         0.000\n"
        "oracle                   0.500  0.250      0.125       474     1.95       0.00      29.62"
        "      59.24    0.062         1.000\n"
        "\n"
        "w2, 9 sessions tested\n"
        "policy                  recall  worst  precision  requests       MB  wasted MB         ms"
        "   worst ms  of none  oracle share\n"
        "none                     0.500  0.250          -       474     1.95       0.00   12000.00"
        "   24000.00    1.000             -\n",
        "%s", got);
    free(got);
    policy_rows_free(&rows);
}

Test(policy_row, json_is_a_list_of_objects)
{
    struct policy_rows rows = { 0 };
    char *got = text_of(policy_rows_print_json, &rows);

    cr_expect_str_eq(got, "[\n]\n");
    free(got);
    make_three(&rows);
    rows.len = 2;
    rows.items[0].trace = "a \"b\\c\"\n\xc3\xbc\xff\xe2\x82";
    got = text_of(policy_rows_print_json, &rows);
    cr_expect_str_eq(
        got,
        "[\n"
        "  {\"trace\": \"a \\\"b\\\\c\\\"\\u000a\xc3\xbc\\ufffd\\ufffd\\ufffd\", \"policy\": "
        "\"none\", \"sessions\": 9, \"recall\": 0.5, \"precision\": null, \"requests\": 474.4, "
        "\"bytes\": 1945600, \"wasted_bytes\": 4096, \"ms\": 476.28, \"oracle_share\": 0},\n"
        "  {\"trace\": \"w1\", \"policy\": \"oracle\", \"sessions\": 9, \"recall\": 0.5, "
        "\"precision\": 0.125, \"requests\": 474.4, \"bytes\": 1945600, \"wasted_bytes\": 4096, "
        "\"ms\": 29.62, \"oracle_share\": 1}\n"
        "]\n",
        "%s", got);
    free(got);
    policy_rows_free(&rows);
}

Test(policy_row, a_file_that_cannot_be_written_is_an_error)
{
    struct policy_rows rows = { 0 };

    cr_expect_eq(policy_rows_save_json(&rows, "/nowhere/at/all.json"), POLICY_ROW_IO);
    cr_expect_eq(policy_rows_save_json(&rows, "/dev/full"), POLICY_ROW_IO);
    cr_expect_eq(policy_rows_save_json(&rows, "/dev/null"), POLICY_ROW_OK);
}

Test(policy_row, without_memory_there_is_no_row)
{
    struct policy_rows rows = { 0 };
    const struct policy_row row = { .trace = "a", .policy = "none" };

    heap_fail_at(0);
    cr_expect_eq(policy_rows_add(&rows, &row), POLICY_ROW_NOMEM);
    heap_restore();
    cr_expect_eq(rows.len, 0);
}
