/* Command lines, and what they set. */
#include "bench/kit/options.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define ARGUMENTS_MAX 8

static struct {
    bool full;
    uint32_t rounds;
    uint32_t repeats;
    uint64_t seed;
    const char *json;
    char colour[16];
} options;

static bool take_colour(void *ctx, const char *value)
{
    cr_assert_eq(ctx, &options);
    if (strcmp(value, "red") != 0 && strcmp(value, "blue") != 0) return false;
    snprintf(options.colour, sizeof(options.colour), "%s", value);
    return true;
}

static void choose_many(void *ctx)
{
    cr_assert_eq(ctx, &options);
    options.rounds = 21;
}

static const struct option_row rows[] = {
    { .name = "full", .flag = &options.full },
    { .name = "rounds", .count = &options.rounds, .least = 1, .most = 10000 },
    { .name = "repeats", .count = &options.repeats, .least = 1, .most = 15 },
    { .name = "seed", .number = &options.seed, .most = UINT64_MAX },
    { .name = "json", .text = &options.json },
    { .name = "colour", .take = take_colour, .ctx = &options },
    { .name = "many", .act = choose_many, .ctx = &options },
};

static char words[256];
static char *arguments[ARGUMENTS_MAX + 1];
static int argument_count;

/* The words of a line as arguments, behind the program's name. */
static void split(const char *line)
{
    char *rest = NULL;

    snprintf(words, sizeof(words), "bench %s", line);
    argument_count = 0;
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        cr_assert_lt(argument_count, ARGUMENTS_MAX);
        arguments[argument_count++] = word;
    }
    arguments[argument_count] = NULL;
}

static int parse(const char *line)
{
    memset(&options, 0, sizeof(options));
    split(line);
    return options_parse(rows, COUNT(rows), argument_count, arguments);
}

Test(bench_options, each_kind_goes_where_its_row_says)
{
    cr_expect_eq(parse("--full --rounds 7 --seed 18446744073709551615 --json -"), 8);
    cr_expect(options.full);
    cr_expect_eq(options.rounds, 7);
    cr_expect_eq(options.seed, UINT64_MAX);
    cr_expect_str_eq(options.json, "-");
    cr_expect_eq(parse("--colour blue --many"), 4);
    cr_expect_str_eq(options.colour, "blue");
    cr_expect_eq(options.rounds, 21);
    cr_expect_not(options.full);
    cr_expect_null(options.json);
}

Test(bench_options, without_options_nothing_is_set)
{
    cr_expect_eq(parse(""), 1);
    cr_expect_eq(options.rounds, 0);
    cr_expect_not(options.full);
}

Test(bench_options, of_two_that_set_the_same_the_later_one_counts)
{
    cr_expect_eq(parse("--many --rounds 3"), 4);
    cr_expect_eq(options.rounds, 3);
    cr_expect_eq(parse("--rounds 3 --many"), 4);
    cr_expect_eq(options.rounds, 21);
}

Test(bench_options, what_is_no_option_comes_behind_them)
{
    cr_expect_eq(parse("a.db --rounds 3 b.db"), 3);
    cr_expect_eq(options.rounds, 3);
    cr_expect_str_eq(arguments[3], "a.db");
    cr_expect_str_eq(arguments[4], "b.db");
    cr_expect_eq(parse("-- --full"), 2);
    cr_expect_not(options.full);
}

Test(bench_options, a_value_may_stand_behind_an_equals_sign_and_a_name_be_cut_off)
{
    cr_expect_eq(parse("--json=a.json --rou 9"), 4);
    cr_expect_str_eq(options.json, "a.json");
    cr_expect_eq(options.rounds, 9);
}

static const char *const refused[] = {
    "--colour",   "--colour green", "--rounds",    "--rounds 0",      "--rounds 10001",
    "--rounds x", "--rounds 1x",    "--rounds -1", "--rounds +1",     "--seed 18446744073709551616",
    "--json",     "--r 1",          "--full=yes",  "--nobody --full", "-f",
};

Test(bench_options, what_is_unknown_missing_or_out_of_bounds_is_refused)
{
    for (size_t i = 0; i < COUNT(refused); i++)
        cr_expect_eq(parse(refused[i]), -1, "%s", refused[i]);
}

static const struct usual_case {
    const char *line;
    bool ok, full;
    const char *json;
} usual_cases[] = {
    { "", true, false, NULL },
    { "--full", true, true, NULL },
    { "--json - --full", true, true, "-" },
    { "--json", false, false, NULL },
    { "--rounds 3", false, false, NULL },
    { "a.db", false, false, NULL },
};

Test(bench_options, a_program_may_have_the_usual_two_alone)
{
    for (size_t i = 0; i < COUNT(usual_cases); i++) {
        const struct usual_case *row = &usual_cases[i];
        const char *json = NULL;
        bool full = false;

        split(row->line);
        cr_expect_eq(options_parse_usual(&full, &json, argument_count, arguments), row->ok,
                     "row %zu", i);
        if (!row->ok) continue;
        cr_expect_eq(full, row->full, "row %zu", i);
        cr_expect(row->json ? json && strcmp(json, row->json) == 0 : !json, "row %zu", i);
    }
}

static const struct number_case {
    const char *text;
    uint64_t least, most;
    bool ok;
    uint64_t want;
} number_cases[] = {
    { "0", 0, 0, true, 0 },
    { "007", 7, 7, true, 7 },
    { "8", 7, 7, false, 0 },
    { "6", 7, 7, false, 0 },
    { "", 0, 9, false, 0 },
    { " 1", 0, 9, false, 0 },
    { "1 ", 0, 9, false, 0 },
    { "0x1", 0, 9, false, 0 },
    { "18446744073709551615", 0, UINT64_MAX, true, UINT64_MAX },
    { "18446744073709551616", 0, UINT64_MAX, false, 0 },
};

Test(bench_options, a_number_is_digits_and_nothing_else)
{
    for (size_t i = 0; i < COUNT(number_cases); i++) {
        const struct number_case *row = &number_cases[i];
        uint64_t got = 0;
        const bool ok = options_number(&got, row->text, row->least, row->most);

        cr_expect_eq(ok, row->ok, "row %zu", i);
        if (ok) cr_expect_eq(got, row->want, "row %zu: %" PRIu64, i, got);
    }
}
