/* Descriptor tables: sizes and offsets are left to the C compiler, so they hold on any host. */
#include "emit.h"

static const char *const kind_names[] = {
    [BARE_VOID] = "BARE_VOID",   [BARE_BOOL] = "BARE_BOOL", [BARE_U8] = "BARE_U8",
    [BARE_U16] = "BARE_U16",     [BARE_U32] = "BARE_U32",   [BARE_U64] = "BARE_U64",
    [BARE_I64] = "BARE_I64",     [BARE_STR] = "BARE_STR",   [BARE_DATA] = "BARE_DATA",
    [BARE_FIXED] = "BARE_FIXED", [BARE_ENUM] = "BARE_ENUM", [BARE_OPTIONAL] = "BARE_OPTIONAL",
    [BARE_LIST] = "BARE_LIST",   [BARE_MAP] = "BARE_MAP",   [BARE_STRUCT] = "BARE_STRUCT",
    [BARE_UNION] = "BARE_UNION",
};

static void emit_offset(FILE *out, const struct type *type, const struct member *member)
{
    if (type->kind == BARE_LIST || type->kind == BARE_ENUM ||
        (type->kind == BARE_UNION && member->type->kind == BARE_VOID))
        (void)fprintf(out, "0");
    else
        (void)fprintf(out, "offsetof(%s%s, %s%s)", type->c_type,
                      type->kind == BARE_MAP ? "_pair" : "", type->kind == BARE_UNION ? "as." : "",
                      member->c_name);
}

static void emit_field_table(FILE *out, const struct schema *schema, const struct type *type)
{
    if (type->member_count == 0) return;
    (void)fprintf(out, "static const struct bare_field fields_%zu[] = {\n", type->index);
    for (size_t i = 0; i < type->member_count; i++) {
        const struct member *member = &type->members[i];
        (void)fprintf(out, "    { \"%s\", ", member->name);
        if (type->kind == BARE_ENUM)
            (void)fprintf(out, "NULL, ");
        else
            (void)fprintf(out, "&%s_types[%zu], ", schema->table, member->type->index);
        emit_offset(out, type, member);
        (void)fprintf(out, " },\n");
    }
    (void)fprintf(out, "};\n");
}

/* The law of resources rests on this: what an item takes in memory is a small multiple of what it
 * takes on the wire. */
static void emit_asserts(FILE *out, const struct type *type)
{
    if (type->kind == BARE_ENUM)
        (void)fprintf(out, "_Static_assert(sizeof(%s) == 4, \"an enum has four bytes\");\n",
                      type->c_type);
    if (type->kind == BARE_LIST)
        (void)fprintf(out,
                      "_Static_assert(sizeof(%s) <= %zu, \"the items of %s are too large for "
                      "their bytes\");\n",
                      type->members[0].type->c_type, 32 * type->members[0].type->wire_min,
                      type->name);
    if (type->kind == BARE_MAP)
        (void)fprintf(out,
                      "_Static_assert(sizeof(%s_pair) <= %zu, \"the pairs of %s are too large "
                      "for their bytes\");\n",
                      type->c_type,
                      24 * (type->members[0].type->wire_min + type->members[1].type->wire_min),
                      type->name);
}

static void emit_type_row(FILE *out, const struct type *type)
{
    (void)fprintf(out, "    { \"%s\", %s, ", type->name, kind_names[type->kind]);
    if (type->c_type)
        (void)fprintf(out, "sizeof(%s), %zu, ", type->c_type, type->wire_min);
    else
        (void)fprintf(out, "0, 0, ");
    if (type->kind == BARE_LIST)
        (void)fprintf(out, "sizeof(%s), ", type->members[0].type->c_type);
    else if (type->kind == BARE_MAP)
        (void)fprintf(out, "sizeof(%s_pair), ", type->c_type);
    else
        (void)fprintf(out, "0, ");
    (void)fprintf(out, "%zu, ", type->kind == BARE_FIXED ? type->length : type->member_count);
    if (type->member_count > 0)
        (void)fprintf(out, "fields_%zu },\n", type->index);
    else
        (void)fprintf(out, "NULL },\n");
}

void emit_tables(FILE *out, const struct schema *schema)
{
    for (size_t i = 0; i < schema->type_count; i++) {
        emit_field_table(out, schema, schema->types[i]);
        emit_asserts(out, schema->types[i]);
    }
    (void)fprintf(out, "\nconst struct bare_type %s_types[%zu] = {\n", schema->table,
                  schema->type_count);
    for (size_t i = 0; i < schema->type_count; i++)
        emit_type_row(out, schema->types[i]);
    (void)fprintf(out, "};\n\nstatic const struct bare_named names[] = {\n");
    for (size_t i = 0; i < schema->declaration_count; i++)
        (void)fprintf(out, "    { \"%s\", &%s_types[%zu] },\n", schema->declarations[i].name,
                      schema->table, schema->declarations[i].type->index);
    (void)fprintf(out, "};\n\nconst struct bare_schema %s_schema = { names, %zu };\n",
                  schema->table, schema->declaration_count);
}

void emit_tables_header(FILE *out, const struct protocol *protocol)
{
    (void)fprintf(out, "/* Written by barec. */\n#ifndef PROTO_GEN_TABLES_H\n"
                       "#define PROTO_GEN_TABLES_H\n\n#include \"proto/protocol.h\"\n\n");
    for (size_t i = 0; i < protocol->version_count; i++) {
        const struct schema *s = &protocol->schemas[i];
        (void)fprintf(out, "extern const struct bare_type %s_types[%zu];\n", s->table,
                      s->type_count);
        (void)fprintf(out, "extern const struct bare_schema %s_schema;\n", s->table);
    }
    for (size_t i = 0; i + 1 < protocol->version_count; i++) {
        const struct step *up = &protocol->steps[2 * i], *down = up + 1;
        (void)fprintf(out, "extern const struct convert_plan envoy_v%zu_to_v%zu[%zu];\n", i + 1,
                      i + 2, up->plan_count);
        (void)fprintf(out, "extern const struct convert_plan envoy_v%zu_to_v%zu[%zu];\n", i + 2,
                      i + 1, down->plan_count);
    }
    (void)fprintf(out, "extern const struct convert_feature envoy_features[%zu];\n\n#endif\n",
                  protocol->rules->feature_count + 1);
}

void emit_version(FILE *out, const struct protocol *protocol, size_t i)
{
    bool latest = i + 1 == protocol->version_count;

    (void)fprintf(out, "/* Written by barec. */\n#include \"proto_gen/tables.h\"\n");
    if (latest) (void)fprintf(out, "#include \"proto_gen/types.h\"\n\n");
    if (!latest) emit_structs(out, &protocol->schemas[i], protocol->arena);
    emit_tables(out, &protocol->schemas[i]);
}

void emit_record(FILE *out, const struct schema *schema, const char *header)
{
    (void)fprintf(
        out,
        "/* Written by barec. */\n#include \"proto/type.h\"\n#include \"proto_gen/%s\"\n\n"
        "extern const struct bare_type %s_types[%zu];\n",
        header, schema->table, schema->type_count);
    emit_tables(out, schema);
}

static void emit_root_plans(FILE *out, const struct protocol *protocol, size_t root, bool down)
{
    (void)fprintf(out, "static const struct convert_plan *const %s_%zu[] = {\n",
                  down ? "down" : "up", root);
    for (size_t i = 0; i + 1 < protocol->version_count; i++) {
        const struct step *step = &protocol->steps[2 * i + (down ? 1 : 0)];
        (void)fprintf(out, "    &envoy_v%u_to_v%u[%zu],\n", step->from->version, step->to->version,
                      step->roots[root]->index);
    }
    (void)fprintf(out, "    NULL,\n};\n");
}

static void emit_root(FILE *out, const struct protocol *protocol, size_t root)
{
    (void)fprintf(out, "static const struct bare_type *const types_%zu[] = {\n", root);
    for (size_t i = 0; i < protocol->version_count; i++) {
        const struct schema *s = &protocol->schemas[i];
        (void)fprintf(out, "    &%s_types[%zu],\n", s->table,
                      schema_find(s, protocol->rules->roots[root].name)->type->index);
    }
    (void)fprintf(out, "};\n");
    emit_root_plans(out, protocol, root, false);
    emit_root_plans(out, protocol, root, true);
}

void emit_protocol(FILE *out, const struct protocol *protocol)
{
    const struct rules *rules = protocol->rules;

    (void)fprintf(out, "/* Written by barec. */\n#include \"proto_gen/tables.h\"\n\n"
                       "const struct convert_feature envoy_features[] = {\n");
    for (size_t i = 0; i < rules->feature_count; i++)
        (void)fprintf(out, "    { \"%s\", %u, { \"%s\", \"%s\" } },\n", rules->features[i].name,
                      rules->features[i].needs, rules->features[i].subjects[0],
                      rules->features[i].subjects[1]);
    (void)fprintf(out, "    { NULL, 0, { NULL, NULL } },\n};\n\n");
    for (size_t i = 0; i < rules->root_count; i++)
        emit_root(out, protocol, i);
    (void)fprintf(out, "\nstatic const struct envoy_root_info roots[] = {\n");
    for (size_t i = 0; i < rules->root_count; i++)
        (void)fprintf(out, "    { \"%s\", %u, types_%zu, up_%zu, down_%zu },\n",
                      rules->roots[i].name, rules->roots[i].direction, i, i, i);
    (void)fprintf(out, "};\n\nstatic const struct bare_schema *const schemas[] = {\n");
    for (size_t i = 0; i < protocol->version_count; i++)
        (void)fprintf(out, "    &%s_schema,\n", protocol->schemas[i].table);
    (void)fprintf(out,
                  "};\n\nconst struct envoy_protocol envoy_protocol = { %zu, schemas, roots, "
                  "%zu };\n",
                  protocol->version_count, rules->root_count);
}
