/* Generates traces of a simulated program, which opens again and again a database that grew for
 * years. The same kind and seed give the same trace on every machine.
 *
 * A session opens the home screen (lookups by index, then by row, nearly always the same ones),
 * and in half of the cases searches (a stretch of an index, and some of the rows it leads to).
 * From session to session a few of the lookups change. What else happens is the kind's story. One
 * thread at a time. */
#ifndef BENCH_GENERATE_H
#define BENCH_GENERATE_H

#include "bench/kit/trace.h"

struct generate_kind;

/* The kinds in the order of the table, NULL after the last. */
const struct generate_kind *generate_kind_at(size_t i);

/* The kind of that name, or NULL. */
const struct generate_kind *generate_find(const char *name);

const char *generate_name(const struct generate_kind *kind);

/* What happens in it. */
const char *generate_story(const struct generate_kind *kind);

/* Makes the trace; what `out` held is replaced. TRACE_NOMEM: `out` is as it was. */
int generate_trace(struct trace *out, const struct generate_kind *kind, uint64_t seed);

/* Writes the trace behind a comment that names the kind, the seed and the sizes. TRACE_NOMEM,
 * TRACE_IO. */
int generate_print(FILE *out, const struct generate_kind *kind, uint64_t seed);

#endif
