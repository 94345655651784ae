/* Parse, resolve, plan; stop at the first complaint. */
#include "front.h"

#include <string.h>

static void load(struct schema *schema, const struct source *source, struct bare_arena *arena,
                 struct complaint *complaint)
{
    schema->file = source->file;
    schema_parse(schema, source->text, arena, complaint);
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
    for (size_t i = 0; i < rules_count && !complaint->any; i++)
        rules_parse(page, rules[i].file, rules[i].text, arena, complaint);
    if (!complaint->any) rules_link(page, complaint);
    *protocol = (struct protocol){ versions, schema_count, page, NULL, arena };
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
