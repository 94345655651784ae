/* JSON and equality. */
#include "proto/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const unsigned char *at(const void *value, size_t offset)
{
    return (const unsigned char *)value + offset;
}

static void put(struct bare_writer *out, const char *text)
{
    bare_put_bytes(out, bare_slice_of(text));
}

static void json_str(struct bare_writer *out, struct bare_slice text)
{
    static const char named[] = "\b\f\n\r\t", letters[] = "bfnrt";
    char escape[8];

    put(out, "\"");
    for (size_t i = 0; i < text.len; i++) {
        const char *found = text.data[i] ? strchr(named, text.data[i]) : NULL;
        if (text.data[i] >= 0x20 && text.data[i] != '"' && text.data[i] != '\\')
            bare_put_fixed(out, text.data[i], 1);
        else if (text.data[i] >= 0x20 || found) {
            bare_put_fixed(out, '\\', 1);
            bare_put_fixed(out, (uint64_t)(found ? letters[found - named] : text.data[i]), 1);
        } else {
            (void)snprintf(escape, sizeof escape, "\\u%04x", text.data[i]);
            put(out, escape);
        }
    }
    put(out, "\"");
}

static void json_hex(struct bare_writer *out, struct bare_slice bytes)
{
    static const char digits[] = "0123456789abcdef";

    put(out, "\"");
    for (size_t i = 0; i < bytes.len; i++) {
        bare_put_fixed(out, (uint64_t)digits[bytes.data[i] >> 4], 1);
        bare_put_fixed(out, (uint64_t)digits[bytes.data[i] & 15], 1);
    }
    put(out, "\"");
}

static void json_key(struct bare_writer *out, const char *name)
{
    json_str(out, bare_slice_of(name));
    put(out, ":");
}

static void json_struct(struct bare_writer *out, const struct bare_type *type, const void *value)
{
    put(out, "{");
    for (size_t i = 0; i < type->count; i++) {
        if (i > 0) put(out, ",");
        json_key(out, type->fields[i].name);
        bare_value_json(out, type->fields[i].type, at(value, type->fields[i].offset));
    }
    put(out, "}");
}

static void json_union(struct bare_writer *out, const struct bare_type *type, const void *value)
{
    const struct bare_field *member = &type->fields[bare_load_tag(value)];

    put(out, "{");
    json_key(out, member->name);
    bare_value_json(out, member->type, at(value, member->offset));
    put(out, "}");
}

static void json_items(struct bare_writer *out, const struct bare_type *type, const void *value)
{
    struct bare_items list = bare_load_items(value);

    put(out, "[");
    for (size_t i = 0; i < list.count; i++) {
        const unsigned char *item = list.items + i * type->item_size;
        if (i > 0) put(out, ",");
        if (type->kind == BARE_MAP) put(out, "[");
        for (size_t k = 0; k < type->count; k++) {
            if (k > 0) put(out, ",");
            bare_value_json(out, type->fields[k].type, item + type->fields[k].offset);
        }
        if (type->kind == BARE_MAP) put(out, "]");
    }
    put(out, "]");
}

static void json_integer(struct bare_writer *out, enum bare_kind kind, const void *value)
{
    size_t width = bare_kind_width(kind);
    uint64_t number = bare_load_fixed(value, width);
    const char *quote = width == 8 ? "\"" : "";
    char text[32];

    if (kind == BARE_I64)
        (void)snprintf(text, sizeof text, "%s%" PRId64 "%s", quote, (int64_t)number, quote);
    else
        (void)snprintf(text, sizeof text, "%s%" PRIu64 "%s", quote, number, quote);
    put(out, text);
}

static bool load_bool(const void *value)
{
    bool flag;

    memcpy(&flag, value, sizeof flag);
    return flag;
}

static void json_optional(struct bare_writer *out, const struct bare_type *type, const void *value)
{
    if (load_bool(value))
        bare_value_json(out, type->fields[0].type, at(value, type->fields[0].offset));
    else
        put(out, "null");
}

void bare_value_json(struct bare_writer *out, const struct bare_type *type, const void *value)
{
    switch (type->kind) {
    case BARE_VOID:
        put(out, "null");
        break;
    case BARE_BOOL:
        put(out, load_bool(value) ? "true" : "false");
        break;
    case BARE_U8:
    case BARE_U16:
    case BARE_U32:
    case BARE_U64:
    case BARE_I64:
        json_integer(out, type->kind, value);
        break;
    case BARE_STR:
        json_str(out, bare_load_slice(value));
        break;
    case BARE_DATA:
        json_hex(out, bare_load_slice(value));
        break;
    case BARE_FIXED:
        json_hex(out, (struct bare_slice){ value, type->count });
        break;
    case BARE_ENUM:
        json_str(out, bare_slice_of(type->fields[bare_load_tag(value)].name));
        break;
    case BARE_OPTIONAL:
        json_optional(out, type, value);
        break;
    case BARE_LIST:
    case BARE_MAP:
        json_items(out, type, value);
        break;
    case BARE_STRUCT:
        json_struct(out, type, value);
        break;
    case BARE_UNION:
        json_union(out, type, value);
        break;
    }
}

static bool equal_fields(const struct bare_type *type, const void *a, const void *b)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct bare_field *field = &type->fields[i];
        if (!bare_value_equal(field->type, at(a, field->offset), at(b, field->offset)))
            return false;
    }
    return true;
}

static bool equal_items(const struct bare_type *type, const void *a, const void *b)
{
    struct bare_items x = bare_load_items(a), y = bare_load_items(b);

    if (x.count != y.count) return false;
    for (size_t i = 0; i < x.count; i++)
        if (!equal_fields(type, x.items + i * type->item_size, y.items + i * type->item_size))
            return false;
    return true;
}

static bool equal_union(const struct bare_type *type, const void *a, const void *b)
{
    const struct bare_field *member = &type->fields[bare_load_tag(a)];

    return bare_load_tag(a) == bare_load_tag(b) &&
           bare_value_equal(member->type, at(a, member->offset), at(b, member->offset));
}

static bool equal_optional(const struct bare_type *type, const void *a, const void *b)
{
    if (load_bool(a) != load_bool(b)) return false;
    return !load_bool(a) || equal_fields(type, a, b);
}

bool bare_value_equal(const struct bare_type *type, const void *a, const void *b)
{
    switch (type->kind) {
    case BARE_VOID:
        return true;
    case BARE_STR:
    case BARE_DATA:
        return bare_slice_equal(bare_load_slice(a), bare_load_slice(b));
    case BARE_OPTIONAL:
        return equal_optional(type, a, b);
    case BARE_LIST:
    case BARE_MAP:
        return equal_items(type, a, b);
    case BARE_STRUCT:
        return equal_fields(type, a, b);
    case BARE_UNION:
        return equal_union(type, a, b);
    case BARE_BOOL:
    case BARE_U8:
    case BARE_U16:
    case BARE_U32:
    case BARE_U64:
    case BARE_I64:
    case BARE_FIXED:
    case BARE_ENUM:
        break;
    }
    return memcmp(a, b, type->size) == 0;
}
