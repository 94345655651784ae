/* The plans of one step: for every pair of types that a root reaches, what each target field (or
 * each source member of a union or an enum) comes from. Members go by name; what has no counterpart
 * needs a rule. */
#ifndef PROTO_COMPILER_PLAN_H
#define PROTO_COMPILER_PLAN_H

#include "rules.h"
#include "schema.h"

struct plan_row {
    const struct member *from; /* NULL: none */
    const struct member *to;   /* NULL: refused */
    const struct plan *plan;   /* of the two types; NULL without one of them, and in an enum */
    const struct feature *refuse;
};

struct plan_loss {
    const struct member *from;
    const struct feature *refuse; /* NULL: dropped */
};

struct plan {
    const struct type *from, *to;
    size_t index; /* in the step's plans; those that it is made of come before it */
    struct plan_row *rows;
    size_t row_count;
    struct plan_loss *losses;
    size_t loss_count;
};

struct step {
    const struct schema *from, *to;
    const struct plan **plans;
    size_t plan_count;
    const struct plan **roots; /* in the order of the rules' roots */
};

/* Makes the plans of the step between two neighbours, which both have every root. Complains, with
 * file and line, about the first field or member that no name and no rule accounts for. */
void step_make(struct step *step, const struct rules *rules, struct bare_arena *arena,
               struct complaint *complaint);

#endif
