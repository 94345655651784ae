/* What a type looks like, on the wire and in memory: const tables that barec writes from the
 * schemas and that every walker (decode, encode, convert, print, compare) reads.
 *
 *     kind      in C                                              fields[]
 *     fixed     uint8_t .. int64_t, bool                          -
 *     str data  struct bare_slice                                 -
 *     data[N]   struct { uint8_t bytes[N]; }                      -
 *     enum      enum, 4 bytes                                     one per name; no type
 *     optional  struct { bool has; T value; }                     [0] the value
 *     list      struct { const T *items; size_t count; }          [0] the item
 *     map       struct { const struct pair *items; size_t count; } [0] key, [1] value, in the pair
 *     struct    struct                                            one per field
 *     union     struct { enum tag; union { ... } as; }            one per member; a void one has
 *                                                                 no value in `as`
 */
#ifndef PROTO_TYPE_H
#define PROTO_TYPE_H

#include "proto/bare.h"

enum bare_kind {
    BARE_VOID,
    BARE_BOOL,
    BARE_U8,
    BARE_U16,
    BARE_U32,
    BARE_U64,
    BARE_I64,
    BARE_STR,
    BARE_DATA,
    BARE_FIXED, /* data[N] */
    BARE_ENUM,
    BARE_OPTIONAL,
    BARE_LIST,
    BARE_MAP,
    BARE_STRUCT,
    BARE_UNION,
};

struct bare_field {
    const char *name;
    const struct bare_type *type;
    size_t offset; /* in the C value */
};

struct bare_type {
    const char *name; /* as the schema spells it */
    enum bare_kind kind;
    size_t size;      /* of the C value; 0 for void alone */
    size_t wire_min;  /* the fewest bytes that a value takes on the wire; 0 for void alone */
    size_t item_size; /* list, map: bytes from one item to the next in memory */
    size_t count;     /* of `fields`; N of data[N] */
    const struct bare_field *fields;
};

/* A type under the name that a schema gives it; an alias shares its type with others. */
struct bare_named {
    const char *name;
    const struct bare_type *type;
};

struct bare_schema {
    const struct bare_named *types;
    size_t count;
};

/* NULL: the schema has no type of this name. */
const struct bare_type *bare_schema_find(const struct bare_schema *schema, const char *name);

/* Bytes of a fixed-width integer; 0 for every other kind. Lists of these may move in blocks. */
size_t bare_kind_width(enum bare_kind kind);

/* Values in memory, whatever the type of their pointer or enum in C. */
struct bare_items {
    const unsigned char *items;
    size_t count;
};
struct bare_items bare_load_items(const void *list);
void bare_store_items(void *list, const void *items, size_t count);
uint32_t bare_load_tag(const void *value); /* of a union or an enum */
void bare_store_tag(void *value, uint32_t tag);
struct bare_slice bare_load_slice(const void *value);
uint64_t bare_load_fixed(const void *value, size_t width);
void bare_store_fixed(void *value, uint64_t number, size_t width);

/* Where a walker is: a chain of frames on its stack, printed only when something is wrong. */
struct bare_place {
    const struct bare_place *up;
    const char *name; /* NULL: an item, by its index */
    size_t index;
};

enum { BARE_PATH_MAX = 256 };

/* Writes "Root.field[3].name" with its end; cut when longer. */
void bare_place_print(char path[BARE_PATH_MAX], const struct bare_place *place);

/* What is wrong with some bytes or with a value, and where. */
struct bare_fault {
    enum bare_error err;
    size_t offset; /* in the input */
    char path[BARE_PATH_MAX];
};

#endif
