/* C structs, and the header that callers include. */
#include "emit.h"

static void emit_fields(FILE *out, const struct type *type, const char *indent)
{
    for (size_t i = 0; i < type->member_count; i++) {
        const struct member *field = &type->members[i];
        if (field->type->kind == BARE_VOID) continue;
        (void)fprintf(out, "%s%s %s; /* %s */\n", indent, field->type->c_type, field->c_name,
                      field->node && field->node->name ? field->node->name : field->type->name);
    }
}

static void emit_enum(FILE *out, const struct schema *schema, const struct type *type,
                      const char *suffix, struct bare_arena *arena)
{
    const char *upper = text_upper(arena, text_print(arena, "%s%s", schema->prefix, type->c_stem));

    (void)fprintf(out, "enum %s%s%s {\n", schema->prefix, type->c_stem, suffix);
    for (size_t i = 0; i < type->member_count; i++)
        (void)fprintf(out, "    %s_%s = %zu,\n", upper,
                      text_upper(arena, text_snake(arena, type->members[i].name)), i);
    (void)fprintf(out, "};\n\n");
}

static bool has_values(const struct type *type)
{
    for (size_t i = 0; i < type->member_count; i++)
        if (type->members[i].type->kind != BARE_VOID) return true;
    return false;
}

static void emit_union(FILE *out, const struct schema *schema, const struct type *type,
                       struct bare_arena *arena)
{
    emit_enum(out, schema, type, "_tag", arena);
    (void)fprintf(out, "%s {\n    enum %s%s_tag tag;\n", type->c_type, schema->prefix,
                  type->c_stem);
    if (has_values(type)) {
        (void)fprintf(out, "    union {\n");
        emit_fields(out, type, "        ");
        (void)fprintf(out, "    } as;\n");
    }
    (void)fprintf(out, "};\n\n");
}

static void emit_map(FILE *out, const struct type *type)
{
    (void)fprintf(out, "%s_pair {\n", type->c_type);
    emit_fields(out, type, "    ");
    (void)fprintf(out, "};\n\n%s {\n    const %s_pair *items;\n    size_t count;\n};\n\n",
                  type->c_type, type->c_type);
}

static void emit_type(FILE *out, const struct schema *schema, const struct type *type,
                      struct bare_arena *arena)
{
    if (type->kind == BARE_ENUM) emit_enum(out, schema, type, "", arena);
    if (type->kind == BARE_UNION) emit_union(out, schema, type, arena);
    if (type->kind == BARE_MAP) emit_map(out, type);
    if (type->kind == BARE_FIXED)
        (void)fprintf(out, "%s {\n    uint8_t bytes[%zu];\n};\n\n", type->c_type, type->length);
    if (type->kind == BARE_OPTIONAL)
        (void)fprintf(out, "%s {\n    bool has;\n    %s value;\n};\n\n", type->c_type,
                      type->members[0].type->c_type);
    if (type->kind == BARE_LIST)
        (void)fprintf(out, "%s {\n    const %s *items;\n    size_t count;\n};\n\n", type->c_type,
                      type->members[0].type->c_type);
    if (type->kind == BARE_STRUCT) {
        (void)fprintf(out, "%s {\n", type->c_type);
        emit_fields(out, type, "    ");
        (void)fprintf(out, "};\n\n");
    }
}

void emit_structs(FILE *out, const struct schema *schema, struct bare_arena *arena)
{
    for (size_t i = 0; i < schema->type_count; i++)
        emit_type(out, schema, schema->types[i], arena);
}

static void emit_roots(FILE *out, const struct protocol *protocol)
{
    const struct schema *latest = &protocol->schemas[protocol->version_count - 1];
    const struct rules *rules = protocol->rules;

    (void)fprintf(out, "enum envoy_root {\n");
    for (size_t i = 0; i < rules->root_count; i++)
        (void)fprintf(
            out, "    ENVOY_ROOT_%s = %zu,\n",
            text_upper(protocol->arena, text_snake(protocol->arena, rules->roots[i].name)), i);
    (void)fprintf(out, "};\n\n#define ENVOY_ROOT_COUNT %zu\n\n", rules->root_count);
    (void)fprintf(out, "struct envoy_message {\n    enum envoy_root root;\n    union {\n");
    for (size_t i = 0; i < rules->root_count; i++) {
        const struct type *type = schema_find(latest, rules->roots[i].name)->type;
        (void)fprintf(out, "        %s %s;\n", type->c_type, type->c_stem);
    }
    (void)fprintf(out, "    } as;\n};\n\n");
}

/* One row per member: VALUE(TAG, field) or, for a void one, EMPTY(TAG, field). */
static void emit_members(FILE *out, const struct protocol *protocol, const struct root *root)
{
    const struct schema *latest = &protocol->schemas[protocol->version_count - 1];
    const struct type *type = schema_find(latest, root->name)->type;
    const char *stem = text_upper(protocol->arena, type->c_stem);

    (void)fprintf(out, "#define ENVOY_%s_MEMBERS(VALUE, EMPTY)", stem);
    for (size_t i = 0; i < type->member_count; i++) {
        const struct member *member = &type->members[i];
        const char *tag = text_upper(protocol->arena, text_snake(protocol->arena, member->name));
        bool empty = member->type->kind == BARE_VOID;
        (void)fprintf(out, " \\\n    %s(ENVOY_%s_%s, %s)", empty ? "EMPTY" : "VALUE", stem, tag,
                      member->c_name);
    }
    (void)fprintf(out, "\n\n");
}

/* A handler per member, and the table of them by name: one that does not exist does not compile. */
static void emit_handlers(FILE *out, const struct protocol *protocol, const struct root *root)
{
    const struct schema *latest = &protocol->schemas[protocol->version_count - 1];
    const struct type *type = schema_find(latest, root->name)->type;

    (void)fprintf(out, "%s_handlers {\n", type->c_type);
    for (size_t i = 0; i < type->member_count; i++) {
        const struct member *member = &type->members[i];
        (void)fprintf(out, "    int (*%s)(void *ctx, ", member->c_name);
        if (member->type->kind != BARE_VOID)
            (void)fprintf(out, "const %s *value, ", member->type->c_type);
        (void)fprintf(out, "struct envoy_answer *answer);\n");
    }
    (void)fprintf(out, "};\n\n#define ENVOY_%s_HANDLERS(prefix) \\\n    {",
                  text_upper(protocol->arena, type->c_stem));
    for (size_t i = 0; i < type->member_count; i++)
        (void)fprintf(out, " \\\n        .%s = prefix##%s,", type->members[i].c_name,
                      type->members[i].c_name);
    (void)fprintf(out, " \\\n    }\n\n");
}

static void emit_header_end(FILE *out)
{
    (void)fprintf(out, "#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}

static void emit_header_start(FILE *out, const char *guard)
{
    (void)fprintf(out,
                  "/* Written by barec; the schemas in proto/schema say what it means. */\n"
                  "#ifndef %s\n#define %s\n\n#include \"proto/bare.h\"\n\n"
                  "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
                  guard, guard);
}

void emit_types_header(FILE *out, const struct protocol *protocol)
{
    const struct schema *latest = &protocol->schemas[protocol->version_count - 1];

    emit_header_start(out, "PROTO_GEN_TYPES_H");
    (void)fprintf(out, "#define ENVOY_PROTOCOL_VERSION %zu\n\n", protocol->version_count);
    emit_structs(out, latest, protocol->arena);
    emit_roots(out, protocol);
    (void)fprintf(out, "struct envoy_answer; /* proto/dispatch.h */\n\n");
    for (size_t i = 0; i < protocol->rules->root_count; i++) {
        emit_members(out, protocol, &protocol->rules->roots[i]);
        emit_handlers(out, protocol, &protocol->rules->roots[i]);
    }
    emit_header_end(out);
}

void emit_record_header(FILE *out, const struct schema *schema, struct bare_arena *arena)
{
    const char *guard = text_upper(arena, text_print(arena, "proto_gen_%sh", schema->prefix));

    emit_header_start(out, guard);
    (void)fprintf(out, "struct bare_schema;\n\n");
    emit_structs(out, schema, arena);
    (void)fprintf(out, "extern const struct bare_schema %s_schema;\n\n", schema->table);
    emit_header_end(out);
}
