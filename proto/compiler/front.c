/* Parse, resolve, plan; stop at the first complaint. */
#include "front.h"

#include <string.h>

/* Words end with a NUL for us, so a text that has one would be read as another. */
static void check_text(const struct source *source, struct complaint *complaint)
{
    int line = 1;

    for (size_t i = 0; i < source->text.len; i++) {
        if (source->text.data[i] == '\0')
            complain(complaint, source->file, line, "a NUL byte in a text");
        if (source->text.data[i] == '\n') line++;
    }
}

static void load(struct schema *schema, const struct source *source, struct bare_arena *arena,
                 struct complaint *complaint)
{
    schema->file = source->file;
    check_text(source, complaint);
    if (!complaint->any) schema_parse(schema, source->text, arena, complaint);
    if (!complaint->any) schema_resolve(schema, arena, complaint);
}

/* Callers know the latest version alone, so its names carry no number. */
static void name_version(struct schema *schema, unsigned version, bool latest,
                         struct bare_arena *arena)
{
    schema->version = version;
    schema->table = text_print(arena, "envoy_v%u", version);
    schema->prefix = latest ? "envoy_" : text_print(arena, "envoy_v%u_", version);
}

/* A root is a union that every version has. */
static void check_roots(const struct protocol *protocol, struct complaint *complaint)
{
    for (size_t i = 0; i < protocol->rules->root_count; i++) {
        const struct root *root = &protocol->rules->roots[i];
        for (size_t k = 0; k < protocol->version_count; k++) {
            const struct schema *schema = &protocol->schemas[k];
            const struct declaration *declaration = schema_find(schema, root->name);
            if (!declaration || declaration->type->kind != BARE_UNION)
                complain(complaint, root->file, root->line, "%s has no union %s", schema->file,
                         root->name);
        }
    }
}

static void make_steps(struct protocol *protocol, struct complaint *complaint)
{
    size_t count = protocol->version_count;
    struct step *steps = text_alloc(protocol->arena, sizeof *steps, 2 * count);

    for (size_t i = 0; i + 1 < count && !complaint->any; i++) {
        struct step *up = &steps[2 * i], *down = up + 1;
        up->from = down->to = &protocol->schemas[i];
        up->to = down->from = &protocol->schemas[i + 1];
        step_make(up, protocol->rules, protocol->arena, complaint);
        if (!complaint->any) step_make(down, protocol->rules, protocol->arena, complaint);
    }
    protocol->steps = steps;
}

void front_protocol(struct protocol *protocol, const struct source *schemas, size_t schema_count,
                    const struct source *rules, size_t rules_count, struct bare_arena *arena,
                    struct complaint *complaint)
{
    struct schema *versions = text_alloc(arena, sizeof *versions, schema_count + 1);
    struct rules *page = text_alloc(arena, sizeof *page, 1);

    for (size_t i = 0; i < schema_count && !complaint->any; i++) {
        name_version(&versions[i], (unsigned)i + 1, i + 1 == schema_count, arena);
        load(&versions[i], &schemas[i], arena, complaint);
    }
    for (size_t i = 0; i < rules_count && !complaint->any; i++) {
        check_text(&rules[i], complaint);
        if (!complaint->any) rules_parse(page, rules[i].file, rules[i].text, arena, complaint);
    }
    if (!complaint->any) rules_link(page, complaint);
    *protocol = (struct protocol){ versions, schema_count, page, NULL, arena };
    if (!complaint->any) check_roots(protocol, complaint);
    if (!complaint->any) make_steps(protocol, complaint);
    if (!complaint->any) rules_check_used(page, complaint);
}

void front_record(struct schema *schema, const struct source *source, const char *prefix,
                  struct bare_arena *arena, struct complaint *complaint)
{
    *schema = (struct schema){ .prefix = prefix };
    schema->table = text_copy(arena, prefix, strlen(prefix) ? strlen(prefix) - 1 : 0);
    load(schema, source, arena, complaint);
}
