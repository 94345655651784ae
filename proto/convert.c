/* The walker over plans. */
#include "proto/convert.h"

#include <assert.h>
#include <string.h>

struct conversion {
    struct bare_arena *arena;
    struct convert_report *report;
};

static int convert(const struct conversion *c, const struct convert_plan *plan, void *target,
                   const void *source);

static unsigned char *to(void *target, size_t offset)
{
    return (unsigned char *)target + offset;
}

static const unsigned char *from(const void *source, size_t offset)
{
    return (const unsigned char *)source + offset;
}

static bool holds_something(const struct bare_field *field, const void *source)
{
    bool has = true;

    if (field->type->kind == BARE_OPTIONAL) memcpy(&has, from(source, field->offset), sizeof has);
    return has;
}

static int refuse(const struct conversion *c, const struct convert_feature *feature)
{
    assert(feature);
    c->report->refused = feature;
    return CONVERT_REFUSED;
}

static int convert_losses(const struct conversion *c, const struct convert_plan *plan,
                          const void *source)
{
    for (size_t i = 0; i < plan->loss_count; i++) {
        const struct convert_loss *loss = &plan->losses[i];
        if (!holds_something(&plan->from->fields[loss->index], source)) continue;
        if (loss->refuse) return refuse(c, loss->refuse);
        if (!c->report->dropped) c->report->dropped = loss->name;
    }
    return CONVERT_OK;
}

static int convert_struct(const struct conversion *c, const struct convert_plan *plan, void *target,
                          const void *source)
{
    int rc = convert_losses(c, plan, source);

    assert(plan->row_count == plan->to->count);
    for (size_t i = 0; i < plan->row_count && rc == CONVERT_OK; i++) {
        const struct convert_row *row = &plan->rows[i];
        if (row->index < 0) continue; /* the target is zeroed, and a zeroed optional is empty */
        rc = convert(c, row->plan, to(target, plan->to->fields[i].offset),
                     from(source, plan->from->fields[row->index].offset));
    }
    return rc;
}

static int convert_union(const struct conversion *c, const struct convert_plan *plan, void *target,
                         const void *source)
{
    uint32_t tag = bare_load_tag(source);
    const struct convert_row *row;

    assert(plan->row_count == plan->from->count);
    if (tag >= plan->row_count) return CONVERT_INVALID;
    row = &plan->rows[tag];
    if (row->index < 0) return refuse(c, row->refuse);
    bare_store_tag(target, (uint32_t)row->index);
    return convert(c, row->plan, to(target, plan->to->fields[row->index].offset),
                   from(source, plan->from->fields[tag].offset));
}

static int convert_enum(const struct conversion *c, const struct convert_plan *plan, void *target,
                        const void *source)
{
    uint32_t choice = bare_load_tag(source);

    if (choice >= plan->row_count) return CONVERT_INVALID;
    if (plan->rows[choice].index < 0) return refuse(c, plan->rows[choice].refuse);
    bare_store_tag(target, (uint32_t)plan->rows[choice].index);
    return CONVERT_OK;
}

static int convert_optional(const struct conversion *c, const struct convert_plan *plan,
                            void *target, const void *source)
{
    bool has;

    memcpy(&has, source, sizeof has);
    memcpy(target, &has, sizeof has);
    if (!has) return CONVERT_OK;
    return convert(c, plan->rows[0].plan, to(target, plan->to->fields[0].offset),
                   from(source, plan->from->fields[0].offset));
}

/* One item of a list, both fields of a pair of a map. */
static int convert_item(const struct conversion *c, const struct convert_plan *plan, void *target,
                        const void *source)
{
    int rc = CONVERT_OK;

    for (size_t i = 0; i < plan->row_count && rc == CONVERT_OK; i++)
        rc = convert(c, plan->rows[i].plan, to(target, plan->to->fields[i].offset),
                     from(source, plan->from->fields[i].offset));
    return rc;
}

static int convert_items(const struct conversion *c, const struct convert_plan *plan, void *target,
                         const void *source)
{
    struct bare_items list = bare_load_items(source);
    size_t width = bare_kind_width(plan->from->fields[0].type->kind);
    unsigned char *items = NULL;
    int rc = CONVERT_OK;

    if (list.count > 0) {
        items = bare_arena_alloc(c->arena, plan->to->item_size, list.count);
        if (!items) return CONVERT_NOMEM;
    }
    bare_store_items(target, items, list.count);
    if (plan->from->kind == BARE_LIST && width > 0) {
        if (items) memcpy(items, list.items, list.count * width);
        return CONVERT_OK;
    }
    for (size_t i = 0; i < list.count && rc == CONVERT_OK; i++)
        rc = convert_item(c, plan, items + i * plan->to->item_size,
                          list.items + i * plan->from->item_size);
    return rc;
}

static int convert(const struct conversion *c, const struct convert_plan *plan, void *target,
                   const void *source)
{
    assert(plan->from->kind == plan->to->kind);
    switch (plan->to->kind) {
    case BARE_OPTIONAL:
        return convert_optional(c, plan, target, source);
    case BARE_LIST:
    case BARE_MAP:
        return convert_items(c, plan, target, source);
    case BARE_STRUCT:
        return convert_struct(c, plan, target, source);
    case BARE_UNION:
        return convert_union(c, plan, target, source);
    case BARE_ENUM:
        return convert_enum(c, plan, target, source);
    case BARE_VOID:
        return CONVERT_OK;
    case BARE_BOOL:
    case BARE_U8:
    case BARE_U16:
    case BARE_U32:
    case BARE_U64:
    case BARE_I64:
    case BARE_STR:
    case BARE_DATA:
    case BARE_FIXED:
        break;
    }
    assert(plan->from->size == plan->to->size);
    memcpy(target, source, plan->to->size);
    return CONVERT_OK;
}

int convert_value(void *target, const void *source, const struct convert_plan *plan,
                  struct bare_arena *arena, struct convert_report *report)
{
    const struct conversion c = { arena, report };

    return convert(&c, plan, target, source);
}
