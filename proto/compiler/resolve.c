/* Declarations to types. A type is put in the table once all its parts are there, so a table can be
 * read from the front, and a declaration met while it is open contains itself. */
#include "schema.h"

#include <string.h>

struct resolver {
    struct schema *schema;
    struct bare_arena *arena;
    struct complaint *complaint;
};

/* A lower bound stays one when it is cut. */
enum { WIRE_MIN_MAX = 1 << 20 };

static const struct type *resolve_node(struct resolver *r, const struct node *node,
                                       const char *name);

static const char *const kind_words[] = {
    [BARE_VOID] = "void", [BARE_BOOL] = "bool", [BARE_U8] = "u8",     [BARE_U16] = "u16",
    [BARE_U32] = "u32",   [BARE_U64] = "u64",   [BARE_I64] = "i64",   [BARE_STR] = "str",
    [BARE_DATA] = "data", [BARE_FIXED] = NULL,  [BARE_ENUM] = NULL,   [BARE_OPTIONAL] = "optional",
    [BARE_LIST] = "list", [BARE_MAP] = "map",   [BARE_STRUCT] = NULL, [BARE_UNION] = NULL,
};

static const char *const kind_c_types[BARE_UNION + 1] = {
    [BARE_BOOL] = "bool",
    [BARE_U8] = "uint8_t",
    [BARE_U16] = "uint16_t",
    [BARE_U32] = "uint32_t",
    [BARE_U64] = "uint64_t",
    [BARE_I64] = "int64_t",
    [BARE_STR] = "struct bare_slice",
    [BARE_DATA] = "struct bare_slice",
};

static const char *spelling(struct resolver *r, const struct type *type)
{
    const char *word = kind_words[type->kind];

    if (type->kind == BARE_FIXED) return text_print(r->arena, "data[%zu]", type->length);
    if (type->kind == BARE_MAP)
        return text_print(r->arena, "map<%s><%s>", type->members[0].type->name,
                          type->members[1].type->name);
    if (type->kind == BARE_OPTIONAL || type->kind == BARE_LIST)
        return text_print(r->arena, "%s<%s>", word, type->members[0].type->name);
    return word;
}

static size_t sum(size_t a, size_t b)
{
    return a + b < WIRE_MIN_MAX ? a + b : WIRE_MIN_MAX;
}

/* The fewest bytes of a uint up to `count` - 1 whose value is `place`. */
static size_t uint_bytes(size_t place)
{
    size_t bytes = 1;

    for (; place >= 0x80; place >>= 7)
        bytes++;
    return bytes;
}

static size_t wire_min(const struct type *type)
{
    size_t width = bare_kind_width(type->kind), least = 0;

    if (width > 0) return width;
    if (type->kind == BARE_VOID) return 0;
    if (type->kind == BARE_FIXED) return type->length;
    if (type->kind != BARE_STRUCT && type->kind != BARE_UNION) return 1;
    for (size_t i = 0; i < type->member_count; i++) {
        size_t part = type->members[i].type->wire_min;
        if (type->kind == BARE_STRUCT)
            least = sum(least, part);
        else if (i == 0 || sum(uint_bytes(i), part) < least)
            least = sum(uint_bytes(i), part);
    }
    return least;
}

static void check_c_name(struct resolver *r, const struct type *type)
{
    for (size_t i = 0; i < r->schema->type_count; i++) {
        const struct type *other = r->schema->types[i];
        if (strcmp(other->c_stem, type->c_stem) == 0)
            complain(r->complaint, r->schema->file, type->line,
                     "'%s' and '%s' have the same name in C", other->name, type->name);
    }
}

/* Puts a finished type into the table, or finds the one that is spelled the same. */
static const struct type *put_type(struct resolver *r, struct type *type, const char *name)
{
    struct schema *s = r->schema;

    type->name = name ? name : spelling(r, type);
    for (size_t i = 0; !name && i < s->type_count; i++)
        if (strcmp(s->types[i]->name, type->name) == 0) return s->types[i];
    type->c_stem = text_snake(r->arena, type->name);
    check_c_name(r, type);
    type->c_type = kind_c_types[type->kind];
    if (type->kind >= BARE_FIXED)
        type->c_type = text_print(r->arena, "%s %s%s", type->kind == BARE_ENUM ? "enum" : "struct",
                                  s->prefix, type->c_stem);
    type->wire_min = wire_min(type);
    type->index = s->type_count;
    s->types = text_grown(r->arena, s->types, s->type_count, sizeof(const struct type *));
    s->types[s->type_count++] = type;
    return type;
}

static const struct type *resolve_name(struct resolver *r, const struct node *node)
{
    struct declaration *declaration = schema_find(r->schema, node->name);

    if (!declaration) {
        complain(r->complaint, r->schema->file, node->line, "unknown type '%s'", node->name);
        return NULL;
    }
    if (declaration->state == OPEN) {
        complain(r->complaint, r->schema->file, node->line, "recursion: '%s' contains itself",
                 node->name);
        return NULL;
    }
    if (declaration->state == NOT_SEEN) {
        declaration->state = OPEN;
        declaration->type = resolve_node(r, declaration->node, declaration->name);
        declaration->state = DONE;
    }
    return declaration->type;
}

static void resolve_members(struct resolver *r, struct type *type, const struct node *node)
{
    struct member *members;

    type->member_count = node->member_count;
    members = text_alloc(r->arena, sizeof *members, node->member_count);
    memcpy(members, node->members, node->member_count * sizeof *members);
    type->members = members;
    for (size_t i = 0; i < node->member_count && !r->complaint->any; i++) {
        members[i].c_name = text_snake(r->arena, members[i].name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(members[k].c_name, members[i].c_name) == 0)
                complain(r->complaint, r->schema->file, members[i].line,
                         "'%s' and '%s' have the same name in C", members[k].name, members[i].name);
        if (members[i].node) members[i].type = resolve_node(r, members[i].node, NULL);
        if (members[i].type && members[i].type->kind == BARE_VOID && type->kind == BARE_STRUCT)
            complain(r->complaint, r->schema->file, members[i].line,
                     "void is for members of unions, not for the field '%s'", members[i].name);
    }
}

static void resolve_items(struct resolver *r, struct type *type, const struct node *node)
{
    static const char *const pair_names[2] = { "key", "value" };
    size_t count = node->kind == BARE_MAP ? 2 : 1;
    struct member *members = text_alloc(r->arena, sizeof *members, count);

    type->members = members;
    type->member_count = count;
    for (size_t i = 0; i < count; i++) {
        members[i].name = pair_names[count == 1 ? 1 : i];
        members[i].c_name = members[i].name;
        members[i].type = resolve_node(r, node->items[i], NULL);
        if (members[i].type && members[i].type->kind == BARE_VOID)
            complain(r->complaint, r->schema->file, node->line, "%s<void> has items without bytes",
                     kind_words[node->kind]);
    }
}

static const struct type *resolve_node(struct resolver *r, const struct node *node,
                                       const char *name)
{
    struct type *type;
    bool has_name =
        node->kind == BARE_STRUCT || node->kind == BARE_UNION || node->kind == BARE_ENUM;

    if (node->name) return resolve_name(r, node);
    type = text_alloc(r->arena, sizeof *type, 1);
    type->kind = node->kind;
    type->line = node->line;
    type->length = node->length;
    if (has_name) resolve_members(r, type, node);
    if (node->kind == BARE_OPTIONAL || node->kind == BARE_LIST || node->kind == BARE_MAP)
        resolve_items(r, type, node);
    if (r->complaint->any) return NULL;
    return put_type(r, type, has_name ? name : NULL);
}

void schema_resolve(struct schema *schema, struct bare_arena *arena, struct complaint *complaint)
{
    struct resolver r = { schema, arena, complaint };

    for (size_t i = 0; i < schema->declaration_count && !complaint->any; i++) {
        const struct declaration *declaration = &schema->declarations[i];
        const struct node named = { .name = declaration->name, .line = declaration->line };
        (void)resolve_name(&r, &named);
    }
}

const struct member *type_member(const struct type *type, const char *name)
{
    for (size_t i = 0; i < type->member_count; i++)
        if (strcmp(type->members[i].name, name) == 0) return &type->members[i];
    return NULL;
}
