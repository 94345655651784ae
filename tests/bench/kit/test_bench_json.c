/* Letter by letter. */
#include "bench/kit/json.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char printed[256];

static FILE *begin(void)
{
    FILE *out = fmemopen(printed, sizeof(printed), "w");

    cr_assert_not_null(out);
    return out;
}

static const struct string_case {
    const char *text, *want;
} string_cases[] = {
    { "", "\"\"" },
    { "plain", "\"plain\"" },
    { "a \"b\\c\"", "\"a \\\"b\\\\c\\\"\"" },
    { "line\n\ttab\x1f", "\"line\\u000a\\u0009tab\\u001f\"" },
    { "\x7f", "\"\x7f\"" },
    { "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80", "\"\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80\"" },
    { "\xff", "\"\\ufffd\"" },
    { "\xe2\x82", "\"\\ufffd\\ufffd\"" },           /* cut off */
    { "\xc0\xaf", "\"\\ufffd\\ufffd\"" },           /* longer than need be */
    { "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" } /* half of a pair */
};

Test(bench_json, a_string_is_escaped_and_valid)
{
    for (size_t i = 0; i < COUNT(string_cases); i++) {
        FILE *out = begin();

        json_print_string(out, string_cases[i].text);
        fclose(out);
        cr_expect_str_eq(printed, string_cases[i].want, "row %zu: %s", i, printed);
    }
}

static const struct number_case {
    double value;
    const char *want;
} number_cases[] = {
    { 0, "0" },
    { -1.5, "-1.5" },
    { 1234567890, "1.23456789e+09" },
    { 1945600, "1945600" },
    { NAN, "null" },
    { INFINITY, "null" },
    { -INFINITY, "null" },
};

Test(bench_json, a_number_is_one_or_null)
{
    for (size_t i = 0; i < COUNT(number_cases); i++) {
        FILE *out = begin();

        json_print_number(out, number_cases[i].value);
        fclose(out);
        cr_expect_str_eq(printed, number_cases[i].want, "row %zu: %s", i, printed);
    }
}

static void print_index(FILE *out, const void *ctx, size_t i)
{
    fprintf(out, "{\"%s\": %zu}", (const char *)ctx, i);
}

Test(bench_json, a_list_has_an_object_a_line)
{
    FILE *out = begin();

    json_print_list(out, 3, print_index, "i");
    fclose(out);
    cr_expect_str_eq(printed, "[\n  {\"i\": 0},\n  {\"i\": 1},\n  {\"i\": 2}\n]\n");
    out = begin();
    json_print_list(out, 0, print_index, "i");
    fclose(out);
    cr_expect_str_eq(printed, "[\n]\n");
}

Test(bench_json, a_file_is_written_or_it_is_an_error)
{
    char path[] = "/tmp/json-XXXXXX";
    const int fd = mkstemp(path);
    FILE *in = fdopen(fd, "r");

    cr_assert_not_null(in);
    cr_expect_eq(json_save_list(path, 3, print_index, "i"), 0);
    printed[fread(printed, 1, sizeof(printed) - 1, in)] = '\0';
    cr_expect_str_eq(printed, "[\n  {\"i\": 0},\n  {\"i\": 1},\n  {\"i\": 2}\n]\n");
    fclose(in);
    cr_expect_eq(remove(path), 0);
    cr_expect_eq(json_save_list("/nowhere/at/all.json", 3, print_index, "i"), -1);
    cr_expect_eq(json_save_list("/dev/full", 3, print_index, "i"), -1);
}
