/* The text of a schema to declarations: a token at a time, one function per rule of the grammar.
 * After a complaint every token is the end of the file, so nothing loops. */
#include "schema.h"

#include <ctype.h>
#include <string.h>

struct parser {
    struct schema *schema;
    struct bare_slice text;
    size_t at;
    int line;
    const char *token; /* "" at the end */
    int token_line;
    unsigned depth;
    struct bare_arena *arena;
    struct complaint *complaint;
};

enum { DEPTH_MAX = 32, FIXED_MAX = 65535, MEMBERS_MAX = 65535 };

static bool is_wordy(uint8_t c)
{
    return isalnum(c) || c == '_';
}

static void skip_blanks(struct parser *p)
{
    bool comment = false;

    for (; p->at < p->text.len; p->at++) {
        uint8_t c = p->text.data[p->at];
        if (c == '\n') {
            comment = false;
            p->line++;
        } else if (c == '#') {
            comment = true;
        } else if (!comment && !isspace(c)) {
            return;
        }
    }
}

static void next(struct parser *p)
{
    size_t start;

    skip_blanks(p);
    start = p->at;
    p->token_line = p->line;
    while (p->at < p->text.len && is_wordy(p->text.data[p->at]))
        p->at++;
    if (p->at == start && p->at < p->text.len) p->at++;
    p->token = text_copy(p->arena, (const char *)p->text.data + start, p->at - start);
}

#define COMPLAIN(p, line, ...)                                                                     \
    do {                                                                                           \
        complain((p)->complaint, (p)->schema->file, line, __VA_ARGS__);                            \
        (p)->at = (p)->text.len;                                                                   \
        (p)->token = "";                                                                           \
    } while (0)

static bool is(const struct parser *p, const char *token)
{
    return strcmp(p->token, token) == 0;
}

static bool at_end(const struct parser *p)
{
    return p->token[0] == '\0';
}

static bool take(struct parser *p, const char *token)
{
    if (!is(p, token)) return false;
    next(p);
    return true;
}

static void expect(struct parser *p, const char *token)
{
    if (!take(p, token))
        COMPLAIN(p, p->token_line, "expected '%s' before '%s'", token,
                 at_end(p) ? "end of file" : p->token);
}

static const char *expect_name(struct parser *p, const char *what)
{
    const char *name = p->token;

    if (!isalpha((unsigned char)name[0])) {
        COMPLAIN(p, p->token_line, "expected %s before '%s'", what,
                 at_end(p) ? "end of file" : name);
        return name;
    }
    next(p);
    return name;
}

static size_t expect_number(struct parser *p, size_t most)
{
    size_t number = 0;

    for (const char *digit = p->token; *digit || digit == p->token; digit++) {
        number = isdigit((unsigned char)*digit) ? 10 * number + (size_t)(*digit - '0') : most + 1;
        if (number > most) {
            COMPLAIN(p, p->token_line, "expected a number up to %zu before '%s'", most,
                     at_end(p) ? "end of file" : p->token);
            return 0;
        }
    }
    next(p);
    return number;
}

static struct node *parse_type(struct parser *p);

static struct node *new_node(struct parser *p, enum bare_kind kind)
{
    struct node *node = text_alloc(p->arena, sizeof *node, 1);

    node->kind = kind;
    node->line = p->token_line;
    return node;
}

static struct node *parse_angle(struct parser *p)
{
    struct node *item;

    expect(p, "<");
    item = parse_type(p);
    expect(p, ">");
    return item;
}

static struct member *append_member(struct parser *p, struct node *node, const char *name, int line)
{
    struct member *member;

    if (node->member_count == MEMBERS_MAX) COMPLAIN(p, line, "too many members");
    for (size_t i = 0; i < node->member_count; i++)
        if (strcmp(node->members[i].name, name) == 0)
            COMPLAIN(p, line, "duplicate name '%s', first on line %d", name, node->members[i].line);
    node->members = text_grown(p->arena, node->members, node->member_count, sizeof *member);
    member = &node->members[node->member_count++];
    *member = (struct member){ .name = name, .line = line };
    return member;
}

static void parse_struct(struct parser *p, struct node *node)
{
    while (!is(p, "}") && !at_end(p)) {
        int line = p->token_line;
        struct member *field = append_member(p, node, expect_name(p, "a field"), line);
        expect(p, ":");
        field->node = parse_type(p);
        (void)take(p, ",");
    }
}

/* Tags and enum values are places; a number may be written when it says the same. */
static void parse_place(struct parser *p, size_t place)
{
    int line = p->token_line;

    if (take(p, "=") && expect_number(p, MEMBERS_MAX) != place)
        COMPLAIN(p, line, "the number has to be its place, %zu", place);
}

static void parse_enum(struct parser *p, struct node *node)
{
    while (!is(p, "}") && !at_end(p)) {
        int line = p->token_line;
        (void)append_member(p, node, expect_name(p, "a name"), line);
        parse_place(p, node->member_count - 1);
        (void)take(p, ",");
    }
}

static void parse_union(struct parser *p, struct node *node)
{
    (void)take(p, "|");
    do {
        int line = p->token_line;
        struct member *member = append_member(p, node, expect_name(p, "a type's name"), line);
        member->node = new_node(p, BARE_VOID);
        member->node->name = member->name;
        member->node->line = line;
        parse_place(p, node->member_count - 1);
    } while (take(p, "|") && !is(p, "}"));
}

static void parse_body(struct parser *p, struct node *node)
{
    expect(p, "{");
    if (is(p, "}")) COMPLAIN(p, p->token_line, "nothing between the braces");
    if (node->kind == BARE_STRUCT) parse_struct(p, node);
    if (node->kind == BARE_ENUM) parse_enum(p, node);
    if (node->kind == BARE_UNION) parse_union(p, node);
    expect(p, "}");
}

static void parse_rest(struct parser *p, struct node *node)
{
    if (node->kind == BARE_OPTIONAL || node->kind == BARE_LIST) {
        node->items[0] = parse_angle(p);
    } else if (node->kind == BARE_MAP) {
        node->items[0] = parse_angle(p);
        node->items[1] = parse_angle(p);
    } else if (node->kind == BARE_DATA && take(p, "[")) {
        node->kind = BARE_FIXED;
        node->length = expect_number(p, FIXED_MAX);
        if (node->length == 0) COMPLAIN(p, node->line, "data[0] has no bytes");
        expect(p, "]");
    } else if (node->kind >= BARE_STRUCT || node->kind == BARE_ENUM) {
        if (p->depth > 1) COMPLAIN(p, node->line, "a type with braces needs a name of its own");
        parse_body(p, node);
    }
}

static const struct word {
    const char *text;
    enum bare_kind kind;
} words[] = {
    { "void", BARE_VOID },         { "bool", BARE_BOOL },   { "u8", BARE_U8 },
    { "u16", BARE_U16 },           { "u32", BARE_U32 },     { "u64", BARE_U64 },
    { "i64", BARE_I64 },           { "str", BARE_STR },     { "data", BARE_DATA },
    { "optional", BARE_OPTIONAL }, { "list", BARE_LIST },   { "map", BARE_MAP },
    { "struct", BARE_STRUCT },     { "union", BARE_UNION }, { "enum", BARE_ENUM },
};

static struct node *parse_type(struct parser *p)
{
    struct node *node = new_node(p, BARE_VOID);
    const char *name = expect_name(p, "a type");
    bool known = isupper((unsigned char)name[0]);

    if (++p->depth > DEPTH_MAX) COMPLAIN(p, node->line, "types nested too deep");
    if (known) node->name = name;
    for (size_t i = 0; !known && i < sizeof words / sizeof words[0]; i++) {
        known = strcmp(words[i].text, name) == 0;
        if (known) node->kind = words[i].kind;
    }
    if (!known) COMPLAIN(p, node->line, "'%s' is no type that we speak", name);
    if (!node->name && !p->complaint->any) parse_rest(p, node);
    p->depth--;
    return node;
}

static void parse_declaration(struct parser *p)
{
    struct schema *s = p->schema;
    struct declaration *declaration;
    const char *name;
    int line;

    expect(p, "type");
    line = p->token_line;
    name = expect_name(p, "a name");
    if (!p->complaint->any && !isupper((unsigned char)name[0]))
        COMPLAIN(p, line, "the name of a type starts with a capital: '%s'", name);
    declaration = schema_find(s, name);
    if (declaration)
        COMPLAIN(p, line, "duplicate name '%s', first on line %d", name, declaration->line);
    s->declarations =
        text_grown(p->arena, s->declarations, s->declaration_count, sizeof *declaration);
    declaration = &s->declarations[s->declaration_count++];
    *declaration = (struct declaration){ .name = name, .line = line };
    declaration->node = parse_type(p);
}

void schema_parse(struct schema *schema, struct bare_slice text, struct bare_arena *arena,
                  struct complaint *complaint)
{
    struct parser p = {
        .schema = schema, .text = text, .line = 1, .arena = arena, .complaint = complaint
    };

    next(&p);
    while (!at_end(&p))
        parse_declaration(&p);
}

struct declaration *schema_find(const struct schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->declaration_count; i++)
        if (strcmp(schema->declarations[i].name, name) == 0) return &schema->declarations[i];
    return NULL;
}
