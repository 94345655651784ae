#include "tests/proto/names.h"

#include <stdio.h>
#include <string.h>

static const unsigned char *at(const void *value, size_t offset)
{
    return (const unsigned char *)value + offset;
}

static bool differ(const struct bare_type *type, const char *name, char *where)
{
    (void)snprintf(where, NAMES_WHERE_MAX, "%s.%s", type->name, name);
    return false;
}

static const struct bare_field *field_named(const struct bare_type *type, const char *name)
{
    for (size_t i = 0; i < type->count; i++)
        if (strcmp(type->fields[i].name, name) == 0) return &type->fields[i];
    return NULL;
}

static bool is_empty_optional(const struct bare_field *field, const void *value)
{
    bool has = true;

    if (field->type->kind == BARE_OPTIONAL) memcpy(&has, at(value, field->offset), sizeof has);
    return !has;
}

static bool follow_struct(const struct bare_type *from, const void *source,
                          const struct bare_type *to, const void *target, char *where)
{
    for (size_t i = 0; i < to->count; i++) {
        const struct bare_field *there = &to->fields[i], *here = field_named(from, there->name);
        bool same = here ? names_follow(here->type, at(source, here->offset), there->type,
                                        at(target, there->offset), where)
                         : is_empty_optional(there, target);
        if (!same) return where[0] ? false : differ(to, there->name, where);
    }
    return true;
}

static bool follow_choice(const struct bare_type *from, const void *source,
                          const struct bare_type *to, const void *target, char *where)
{
    const struct bare_field *here = &from->fields[bare_load_tag(source)];
    const struct bare_field *there = &to->fields[bare_load_tag(target)];

    if (bare_load_tag(target) >= to->count || strcmp(here->name, there->name) != 0)
        return differ(from, here->name, where);
    return from->kind == BARE_ENUM || names_follow(here->type, at(source, here->offset),
                                                   there->type, at(target, there->offset), where);
}

static bool follow_items(const struct bare_type *from, const void *source,
                         const struct bare_type *to, const void *target, char *where)
{
    struct bare_items here = bare_load_items(source), there = bare_load_items(target);

    if (here.count != there.count) return false;
    for (size_t i = 0; i < here.count; i++)
        if (!follow_struct(from, here.items + i * from->item_size, to,
                           there.items + i * to->item_size, where))
            return false;
    return true;
}

static bool follow_optional(const struct bare_type *from, const void *source,
                            const struct bare_type *to, const void *target, char *where)
{
    bool here, there;

    memcpy(&here, source, sizeof here);
    memcpy(&there, target, sizeof there);
    return here == there && (!here || follow_struct(from, source, to, target, where));
}

bool names_follow(const struct bare_type *from, const void *source, const struct bare_type *to,
                  const void *target, char where[NAMES_WHERE_MAX])
{
    where[0] = '\0';
    if (from->kind != to->kind) return false;
    switch (from->kind) {
    case BARE_VOID:
        return true;
    case BARE_STR:
    case BARE_DATA:
        return bare_slice_equal(bare_load_slice(source), bare_load_slice(target));
    case BARE_OPTIONAL:
        return follow_optional(from, source, to, target, where);
    case BARE_LIST:
    case BARE_MAP:
        return follow_items(from, source, to, target, where);
    case BARE_STRUCT:
        return follow_struct(from, source, to, target, where);
    case BARE_ENUM:
    case BARE_UNION:
        return follow_choice(from, source, to, target, where);
    case BARE_BOOL:
    case BARE_U8:
    case BARE_U16:
    case BARE_U32:
    case BARE_U64:
    case BARE_I64:
    case BARE_FIXED:
        break;
    }
    return from->size == to->size && memcmp(source, target, from->size) == 0;
}
