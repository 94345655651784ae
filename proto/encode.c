/* Values to bytes. */
#include "proto/codec.h"
#include "proto/keys.h"

#include <stdlib.h>
#include <string.h>

struct encoder {
    struct bare_writer *out;
    struct bare_fault *fault;
};

static void encode_value(struct encoder *e, const struct bare_type *type, const void *value,
                         const struct bare_place *place);

static const unsigned char *at(const void *value, size_t offset)
{
    return (const unsigned char *)value + offset;
}

static void refuse(struct encoder *e, enum bare_error err)
{
    if (e->out->err == BARE_OK) e->out->err = err;
}

static void encode_str(struct encoder *e, struct bare_slice text)
{
    if (bare_utf8_fault(text) < text.len) refuse(e, BARE_BAD_UTF8);
    bare_put_data(e->out, text);
}

static void encode_enum(struct encoder *e, const struct bare_type *type, const void *value)
{
    uint32_t choice = bare_load_tag(value);

    if (choice >= type->count) refuse(e, BARE_BAD_ENUM);
    bare_put_uint(e->out, choice);
}

static void encode_union(struct encoder *e, const struct bare_type *type, const void *value,
                         const struct bare_place *place)
{
    uint32_t tag = bare_load_tag(value);
    struct bare_place here = { place, NULL, 0 };

    if (tag >= type->count) {
        refuse(e, BARE_BAD_TAG);
        return;
    }
    here.name = type->fields[tag].name;
    bare_put_uint(e->out, tag);
    encode_value(e, type->fields[tag].type, at(value, type->fields[tag].offset), &here);
}

static void encode_struct(struct encoder *e, const struct bare_type *type, const void *value,
                          const struct bare_place *place)
{
    for (size_t i = 0; i < type->count && e->out->err == BARE_OK; i++) {
        const struct bare_field *field = &type->fields[i];
        struct bare_place here = { place, field->name, 0 };
        encode_value(e, field->type, at(value, field->offset), &here);
    }
}

static void encode_optional(struct encoder *e, const struct bare_type *type, const void *value,
                            const struct bare_place *place)
{
    bool has;

    memcpy(&has, value, sizeof has);
    bare_put_bool(e->out, has);
    if (has) encode_value(e, type->fields[0].type, at(value, type->fields[0].offset), place);
}

static void encode_integers(struct encoder *e, size_t width, struct bare_items list)
{
    if (bare_host_is_little()) {
        bare_put_bytes(e->out, (struct bare_slice){ list.items, list.count * width });
        return;
    }
    for (size_t i = 0; i < list.count; i++)
        bare_put_fixed(e->out, bare_load_fixed(list.items + i * width, width), width);
}

static void encode_list(struct encoder *e, const struct bare_type *type, const void *value,
                        const struct bare_place *place)
{
    const struct bare_type *item = type->fields[0].type;
    struct bare_items list = bare_load_items(value);
    size_t width = bare_kind_width(item->kind);

    bare_put_uint(e->out, list.count);
    if (width > 0) {
        encode_integers(e, width, list);
        return;
    }
    for (size_t i = 0; i < list.count && e->out->err == BARE_OK; i++) {
        struct bare_place here = { place, NULL, i };
        encode_value(e, item, list.items + i * type->item_size, &here);
    }
}

static void encode_pair(struct encoder *e, const struct bare_type *type, const void *pair,
                        struct bare_span *span, const struct bare_place *place)
{
    const struct bare_field *key = &type->fields[0], *value = &type->fields[1];
    struct bare_place at_key = { place, key->name, 0 }, at_value = { place, value->name, 0 };

    span->at = e->out->len;
    encode_value(e, key->type, at(pair, key->offset), &at_key);
    span->len = e->out->len - span->at;
    if (e->out->err == BARE_OK) encode_value(e, value->type, at(pair, value->offset), &at_value);
}

static void encode_map(struct encoder *e, const struct bare_type *type, const void *value,
                       const struct bare_place *place)
{
    struct bare_items map = bare_load_items(value);
    struct bare_span *spans;

    bare_put_uint(e->out, map.count);
    if (map.count == 0) return;
    spans = calloc(map.count, sizeof *spans);
    if (!spans) {
        refuse(e, BARE_NOMEM);
        return;
    }
    for (size_t i = 0; i < map.count && e->out->err == BARE_OK; i++) {
        struct bare_place here = { place, NULL, i };
        encode_pair(e, type, map.items + i * type->item_size, &spans[i], &here);
    }
    if (e->out->err == BARE_OK && bare_keys_repeated(e->out->buf, spans, map.count) != SIZE_MAX)
        refuse(e, BARE_DUPLICATE_KEY);
    free(spans);
}

static void encode_leaf(struct encoder *e, const struct bare_type *type, const void *value)
{
    size_t width = bare_kind_width(type->kind);
    bool flag;

    if (width > 0) {
        bare_put_fixed(e->out, bare_load_fixed(value, width), width);
    } else if (type->kind == BARE_BOOL) {
        memcpy(&flag, value, sizeof flag);
        bare_put_bool(e->out, flag);
    } else if (type->kind == BARE_ENUM) {
        encode_enum(e, type, value);
    } else if (type->kind == BARE_FIXED) {
        bare_put_bytes(e->out, (struct bare_slice){ value, type->count });
    } else if (type->kind == BARE_STR) {
        encode_str(e, bare_load_slice(value));
    } else if (type->kind == BARE_DATA) {
        bare_put_data(e->out, bare_load_slice(value));
    }
}

static void encode_value(struct encoder *e, const struct bare_type *type, const void *value,
                         const struct bare_place *place)
{
    switch (type->kind) {
    case BARE_OPTIONAL:
        encode_optional(e, type, value, place);
        break;
    case BARE_LIST:
        encode_list(e, type, value, place);
        break;
    case BARE_MAP:
        encode_map(e, type, value, place);
        break;
    case BARE_STRUCT:
        encode_struct(e, type, value, place);
        break;
    case BARE_UNION:
        encode_union(e, type, value, place);
        break;
    case BARE_VOID:
    case BARE_BOOL:
    case BARE_U8:
    case BARE_U16:
    case BARE_U32:
    case BARE_U64:
    case BARE_I64:
    case BARE_STR:
    case BARE_DATA:
    case BARE_FIXED:
    case BARE_ENUM:
        encode_leaf(e, type, value);
        break;
    }
    if (e->out->err != BARE_OK && e->fault->err == BARE_OK) {
        e->fault->err = e->out->err;
        bare_place_print(e->fault->path, place);
    }
}

enum bare_error bare_encode(struct bare_writer *out, const struct bare_type *type,
                            const void *value, struct bare_fault *fault)
{
    struct encoder e = { out, fault };
    const struct bare_place root = { NULL, type->name, 0 };
    size_t before = out->len;

    *fault = (struct bare_fault){ .err = out->err };
    if (out->err != BARE_OK) return out->err;
    encode_value(&e, type, value, &root);
    if (out->err != BARE_OK) out->len = before;
    /* The writer is good again: what could not be encoded is not in it. */
    out->err = BARE_OK;
    return fault->err;
}
