/* Placeholders of a text: %t one of four tables, %d a digit from 0 to 3, the same all over the
 * text, %e the same but 0 or 1, %i an integer up to 200, %k one up to 40, %r a length in bytes, %p
 * a page size, %q the step's number, %% a percent sign. */
#include "tests/differential/script.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/rng.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

const struct base script_bases[] = {
    { "unix", "preload", true, false },
    { "unix-dotfile", "preload-unix-dotfile", true, false },
    { "unix-none", "preload-unix-none", false, false },
    { "unix-excl", "preload-unix-excl", true, false },
    { "witness", "preload-witness", true, true },
    { "witness2", "preload-witness2", true, true },
    { "witness2n", "preload-witness2n", true, true },
    { "witness1", "preload-witness1", true, true },
};
const size_t script_base_count = COUNT(script_bases);

/* Of twenty seeds: unix mostly, then the foreign one of version 3. */
static const uint8_t base_of_twenty[20] = { 0, 4, 0, 0, 1, 0, 0, 4, 0, 0,
                                            2, 0, 5, 0, 3, 0, 6, 0, 7, 0 };

static const struct row {
    const char *name;
    uint32_t weight;
    enum op_kind kind;
    const char *text;
} rows[] = {
#define FEATURE_ROW(name, weight, kind, text) { #name, weight, kind, text },
    FEATURES(FEATURE_ROW)
#undef FEATURE_ROW
};
_Static_assert(COUNT(rows) == FEATURE_COUNT, "a row for each feature");

static const uint32_t page_sizes[] = { 512, 512, 1024, 1024, 1024, 2048, 4096, 4096, 8192, 65536 };

const char *feature_name(enum feature feature)
{
    return rows[feature].name;
}

/* One of the lines, and its length. */
static const char *choose_line(size_t *len, const char *text, struct rng *rng)
{
    uint32_t lines = 1;
    uint32_t chosen;

    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    chosen = rng_below(rng, lines);
    while (chosen > 0)
        chosen -= *text++ == '\n';
    *len = strcspn(text, "\n");
    return text;
}

static void fill_in(char *out, size_t room, char what, struct rng *rng, uint32_t digit,
                    size_t number)
{
    switch (what) {
    case 't':
        (void)snprintf(out, room, "t%u", (unsigned)rng_below(rng, 4));
        break;
    case 'd':
        (void)snprintf(out, room, "%u", (unsigned)digit);
        break;
    case 'e':
        (void)snprintf(out, room, "%u", (unsigned)digit & 1);
        break;
    case 'i':
        (void)snprintf(out, room, "%u", (unsigned)rng_below(rng, 200) + 1);
        break;
    case 'k':
        (void)snprintf(out, room, "%u", (unsigned)rng_below(rng, 40) + 1);
        break;
    case 'r':
        (void)snprintf(out, room, "%u", (unsigned)rng_below(rng, 600) + 1);
        break;
    case 'p':
        (void)snprintf(out, room, "%u",
                       (unsigned)page_sizes[rng_below(rng, (uint32_t)COUNT(page_sizes))]);
        break;
    case 'm':
        (void)snprintf(out, room,
                       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                       "WHERE i < %u)",
                       (unsigned)rng_below(rng, 100) + 1);
        break;
    case 'q':
        (void)snprintf(out, room, "%zu", number);
        break;
    default:
        (void)snprintf(out, room, "%c", what);
        break;
    }
}

/* The text of a step: a line of `text` with its placeholders filled in. */
static void expand(char *out, size_t room, const char *text, struct rng *rng, size_t number)
{
    uint32_t digit = rng_below(rng, 4);
    size_t len;
    size_t at = 0;

    text = choose_line(&len, text, rng);
    for (size_t i = 0; i < len && at + 16 < room; i++) {
        if (text[i] != '%') {
            out[at++] = text[i];
            continue;
        }
        fill_in(out + at, room - at, text[++i], rng, digit, number);
        at += strlen(out + at);
    }
    out[at] = '\0';
}

static enum feature choose_feature(struct rng *rng)
{
    uint32_t total = 0;
    uint32_t at;
    size_t i;

    for (i = 0; i < COUNT(rows); i++)
        total += rows[i].weight;
    at = rng_below(rng, total);
    for (i = 0; at >= rows[i].weight; i++)
        at -= rows[i].weight;
    return (enum feature)i;
}

static void make_op(struct op *op, const struct base *base, struct rng *rng, size_t number)
{
    const struct row *row;

    op->feature = choose_feature(rng);
    row = &rows[op->feature];
    op->kind = row->kind;
    op->connection = base->is_shared && rng_below(rng, 10) < 3;
    for (size_t i = 0; i < COUNT(op->dice); i++)
        op->dice[i] = (uint32_t)(rng_next(rng) >> 32);
    expand(op->text, sizeof op->text, row->text, rng, number);
}

/* Four tables with some pages in them; half of the seeds begin with a log. */
static void make_prologue(char *out, size_t room, struct rng *rng)
{
    static const char text[] =
        "PRAGMA page_size = %p; PRAGMA auto_vacuum = %d; PRAGMA cache_size = %k;"
        "CREATE TABLE t0(a INTEGER PRIMARY KEY, b, c); CREATE TABLE t1(a INTEGER PRIMARY KEY, b, "
        "c);"
        "CREATE TABLE t2(a INTEGER PRIMARY KEY, b, c); CREATE TABLE t3(a INTEGER PRIMARY KEY, b, "
        "c);"
        "CREATE INDEX i0 ON t0(b); CREATE INDEX i1 ON t1(c);"
        "INSERT INTO t0(b, c) %m SELECT abs(random() %% 200), randomblob(%k) FROM n;"
        "INSERT INTO t1(b, c) %m SELECT i, randomblob(%r) FROM n;"
        "INSERT INTO t2(b, c) %m SELECT i, zeroblob(%r * 4) FROM n";
    size_t len;

    expand(out, room, text, rng, 0);
    len = strlen(out);
    if (rng_below(rng, 2)) (void)snprintf(out + len, room - len, "; PRAGMA journal_mode = wal");
}

void script_make(struct script *out, uint64_t seed)
{
    struct rng rng = { seed, seed };

    memset(out, 0, sizeof *out);
    out->seed = seed;
    out->base = &script_bases[base_of_twenty[seed % COUNT(base_of_twenty)]];
    out->database = rng_below(&rng, 8) ? "test.db" : "a b%20\xc3\xa4#1.db";
    out->by_default = !out->base->is_foreign && rng_below(&rng, 3) == 0;
    make_prologue(out->prologue, sizeof out->prologue, &rng);
    out->len = SCRIPT_OPS_MIN + rng_below(&rng, SCRIPT_OPS_MAX - SCRIPT_OPS_MIN + 1);
    for (size_t i = 0; i < out->len; i++)
        make_op(&out->ops[i], out->base, &rng, i);
}
