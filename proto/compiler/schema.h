/* A schema as barec knows it: what the file says (declarations), then what it means (types, each
 * behind those that it is made of). Everything lives in the arena that was handed in. */
#ifndef PROTO_COMPILER_SCHEMA_H
#define PROTO_COMPILER_SCHEMA_H

#include "proto/type.h"
#include "text.h"

/* A type as written. */
struct node {
    const char *name; /* of another declaration; NULL: one of the kinds below */
    enum bare_kind kind;
    int line;
    size_t length;         /* data[N] */
    struct node *items[2]; /* optional, list, map */
    struct member *members;
    size_t member_count;
};

/* A field, a member of a union or a name of an enum. */
struct member {
    const char *name;
    const char *c_name;
    struct node *node;
    const struct type *type;
    int line;
};

struct type {
    enum bare_kind kind;
    const char *name;   /* as spelled: "ToRivet", "list<u32>" */
    const char *c_type; /* "struct envoy_to_rivet", "uint32_t"; NULL for void */
    const char *c_stem; /* "to_rivet": what names derived from it start with */
    int line;
    size_t index; /* in the schema's types */
    size_t wire_min;
    size_t length;
    const struct member *members; /* optional, list: the item; map: key and value */
    size_t member_count;
};

struct declaration {
    const char *name;
    struct node *node;
    int line;
    const struct type *type;
    enum { NOT_SEEN, OPEN, DONE } state;
};

struct schema {
    const char *file;
    const char *prefix; /* of every name in C: "envoy_v4_" */
    const char *table;  /* of the descriptor tables: "envoy_v4" */
    unsigned version;
    struct declaration *declarations;
    size_t declaration_count;
    const struct type **types;
    size_t type_count;
};

/* Reads the declarations of `text`. Complains about what is no BARE, no part of BARE that we speak,
 * or declared twice. */
void schema_parse(struct schema *schema, struct bare_slice text, struct bare_arena *arena,
                  struct complaint *complaint);

/* Finds out what the declarations mean. Complains about unknown names, recursion, void outside a
 * union (a list<void> would promise any number of items in no bytes), and names that are one and
 * the same in C. */
void schema_resolve(struct schema *schema, struct bare_arena *arena, struct complaint *complaint);

/* NULL: no such type. */
struct declaration *schema_find(const struct schema *schema, const char *name);
/* NULL: no such member. */
const struct member *type_member(const struct type *type, const char *name);

#endif
