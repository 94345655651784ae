/* What barec writes: structs, descriptor tables, plans, and the plans once more for people. Each
 * function writes one file's worth of text; the caller looks at ferror. */
#ifndef PROTO_COMPILER_EMIT_H
#define PROTO_COMPILER_EMIT_H

#include "plan.h"

#include <stdio.h>

/* A whole protocol: versions 1 to `version_count`. steps[2 * i] leads from version i + 1 to i + 2,
 * steps[2 * i + 1] back. */
struct protocol {
    const struct schema *schemas;
    size_t version_count;
    const struct rules *rules;
    const struct step *steps;
    struct bare_arena *arena;
};

/* C structs of a schema, in an order in which C takes them. */
void emit_structs(FILE *out, const struct schema *schema, struct bare_arena *arena);
/* `PREFIX_types[]` and `PREFIX_schema`. */
void emit_tables(FILE *out, const struct schema *schema);

void emit_types_header(FILE *out, const struct protocol *protocol);      /* types.h: the latest */
void emit_tables_header(FILE *out, const struct protocol *protocol);     /* tables.h */
void emit_version(FILE *out, const struct protocol *protocol, size_t i); /* v<i + 1>.c */
void emit_protocol(FILE *out, const struct protocol *protocol);          /* protocol.c */
void emit_plans(FILE *out, const struct step *up, const struct step *down); /* plan_N_M.c */
void emit_plans_text(FILE *out, const struct protocol *protocol);           /* plans.txt */

/* A schema that stands alone: NAME.h and NAME.c. */
void emit_record_header(FILE *out, const struct schema *schema, struct bare_arena *arena);
void emit_record(FILE *out, const struct schema *schema, const char *header);

#endif
