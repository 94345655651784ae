/* One version to its neighbour, by plans that barec writes from the schemas and the page of rules.
 *
 * The target is built field by field, even where two versions look alike: a struct has one row per
 * target field, a union or an enum one per source member, and no composite is copied whole or read
 * again from its bytes. Only lists of fixed-width integers move as a block. Pure; one thread at a
 * time per arena. */
#ifndef PROTO_CONVERT_H
#define PROTO_CONVERT_H

#include "proto/type.h"

/* Something that a version lacks, and what to say about it. */
struct convert_feature {
    const char *name;
    unsigned needs;          /* the version that has it */
    const char *subjects[2]; /* by direction: "sqlite page requests require" */
};

struct convert_row {
    /* struct: the source field that this target field is built from, -1: none, the target is an
     * optional and stays empty. union, enum: the target member of this source member, -1: refused
     * for `refuse`. */
    int32_t index;
    const struct convert_plan *plan; /* of the two types; NULL for -1 and in an enum */
    const struct convert_feature *refuse;
};

/* A source field that the target has no place for. */
struct convert_loss {
    int32_t index;
    const char *name;                     /* "CommandStartActor.sqliteStartupData" */
    const struct convert_feature *refuse; /* NULL: it is dropped */
};

struct convert_plan {
    const struct bare_type *from;
    const struct bare_type *to;
    const struct convert_row *rows; /* optional, list: [0] the item; map: [0] key, [1] value */
    size_t row_count;
    const struct convert_loss *losses;
    size_t loss_count;
};

enum convert_status {
    CONVERT_OK = 0,
    CONVERT_REFUSED = -1,
    CONVERT_NOMEM = -2,
    CONVERT_INVALID = -3, /* the source has a tag or an enum that does not exist */
};

/* What a conversion has to tell. An optional that is empty is neither dropped nor refused. */
struct convert_report {
    const struct convert_feature *refused; /* set with CONVERT_REFUSED */
    const char *dropped;                   /* the first field that was dropped, or NULL */
};

/* Builds `target` (room for plan->to->size bytes, zeroed) from `source`; lists live in `arena`, str
 * and data borrow what the source's borrow. `report` is added to, so one serves a chain. */
int convert_value(void *target, const void *source, const struct convert_plan *plan,
                  struct bare_arena *arena, struct convert_report *report);

#endif
