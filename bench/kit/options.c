/* Rows to getopt_long's, and its answers back to rows. */
#include "bench/kit/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

static bool has_value(const struct option_row *row)
{
    return row->flag == NULL && row->act == NULL;
}

static bool take_count(const struct option_row *row, const char *value)
{
    uint64_t number;

    assert(row->most <= UINT32_MAX);
    if (!options_number(&number, value, row->least, row->most)) return false;
    *row->count = (uint32_t)number;
    return true;
}

/* `value` is NULL for an option that has none. */
static bool take(const struct option_row *row, const char *value)
{
    if (row->count != NULL) return take_count(row, value);
    if (row->number != NULL) return options_number(row->number, value, row->least, row->most);
    if (row->take != NULL) return row->take(row->ctx, value);
    if (row->text != NULL) *row->text = value;
    if (row->flag != NULL) *row->flag = true;
    if (row->act != NULL) row->act(row->ctx);
    return true;
}

int options_parse(const struct option_row *rows, size_t count, int argc, char **argv)
{
    struct option names[OPTIONS_MAX + 1] = { 0 };
    int found;

    _Static_assert(OPTIONS_MAX < '?', "what getopt_long answers where it knows no option");
    assert(count <= OPTIONS_MAX);
    for (size_t i = 0; i < count; i++) {
        names[i].name = rows[i].name;
        names[i].has_arg = has_value(&rows[i]) ? required_argument : no_argument;
        /* Different ones: getopt_long does not call a beginning ambiguous whose options are alike.
         */
        names[i].val = (int)i + 1;
    }
    optind = 0; /* begins anew */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    while ((found = getopt_long(argc, argv, "", names, NULL)) != -1)
        if (found > OPTIONS_MAX || !take(&rows[found - 1], optarg)) return -1;
    return optind;
}

bool options_parse_usual(bool *full, const char **json, int argc, char **argv)
{
    const struct option_row rows[] = {
        { .name = "full", .flag = full },
        { .name = "json", .text = json },
    };

    return options_parse(rows, sizeof(rows) / sizeof(rows[0]), argc, argv) == argc;
}

bool options_number(uint64_t *out, const char *text, uint64_t least, uint64_t most)
{
    char *end = NULL;

    if (*text < '0' || *text > '9') return false;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0' && *out >= least && *out <= most;
}
