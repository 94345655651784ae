/* Parses the options of a benchmark. An option is a row of a table: its name, and where its value
 * goes.
 *
 *     const struct option_row rows[] = {
 *         { .name = "rounds", .count = &rounds, .least = 1, .most = 10000 },
 *         { .name = "json", .text = &json },
 *     };
 *     int first = options_parse(rows, 2, argc, argv);
 *
 * Options are taken in their order on the command line, so of two that set the same thing the later
 * one counts. A value is given as `--json FILE` or `--json=FILE`. A name may be cut off where one
 * option alone begins so. One thread at a time. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_MAX 16

/* One of the pointers is set. */
struct option_row {
    const char *name;
    bool *flag;           /* has no value; becomes true */
    uint32_t *count;      /* decimal digits, from `least` to `most` */
    uint64_t *number;     /* the same */
    const char **text;    /* any value, borrowed from the arguments */
    uint64_t least, most; /* of a count or a number */

    /* Takes the value, or does what an option without one asks for. */
    bool (*take)(void *ctx, const char *value); /* false: the value is refused */
    void (*act)(void *ctx);
    void *ctx; /* of both */
};

/* Takes all options of the command line, of at most OPTIONS_MAX rows. The index in argv of the
 * first argument that is no option: the arguments are sorted, options first. -1: an option that is
 * unknown, or a value that is missing or refused. Some are taken then. */
int options_parse(const struct option_row *rows, size_t count, int argc, char **argv);

/* The two options of a benchmark that has no others and takes no argument: `--full` and `--json
 * FILE`. False: the command line is another one. */
bool options_parse_usual(bool *full, const char **json, int argc, char **argv);

/* Reads decimal digits and nothing else. False: it is no number, or none from `least` to `most`. */
bool options_number(uint64_t *out, const char *text, uint64_t least, uint64_t most);

#endif
