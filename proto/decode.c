/* Bytes to values. */
#include "proto/codec.h"
#include "proto/keys.h"

#include <assert.h>
#include <string.h>

struct decoder {
    struct bare_reader in;
    struct bare_arena *arena;
    struct bare_fault *fault;
};

static void decode_value(struct decoder *d, const struct bare_type *type, void *value,
                         const struct bare_place *place);

static unsigned char *at(void *value, size_t offset)
{
    return (unsigned char *)value + offset;
}

static void *decoder_alloc(struct decoder *d, size_t size, size_t count)
{
    void *items = bare_arena_alloc(d->arena, size, count);

    if (!items) bare_reader_fail(&d->in, BARE_NOMEM, d->in.at);
    return items;
}

static void decode_slice(struct decoder *d, enum bare_kind kind, void *value)
{
    struct bare_slice slice = kind == BARE_STR ? bare_get_str(&d->in) : bare_get_data(&d->in);

    memcpy(value, &slice, sizeof slice);
}

static void decode_bytes(struct decoder *d, size_t len, void *value)
{
    struct bare_slice slice = bare_get_bytes(&d->in, len);

    if (d->in.err == BARE_OK) memcpy(value, slice.data, len);
}

/* The tag of a union or the value of an enum: one of `count`. */
static uint32_t decode_choice(struct decoder *d, size_t count, enum bare_error otherwise)
{
    size_t start = d->in.at;
    uint64_t choice = bare_get_uint(&d->in);

    if (d->in.err == BARE_OK && choice >= count) bare_reader_fail(&d->in, otherwise, start);
    return d->in.err == BARE_OK ? (uint32_t)choice : 0;
}

static void decode_union(struct decoder *d, const struct bare_type *type, void *value,
                         const struct bare_place *place)
{
    uint32_t tag = decode_choice(d, type->count, BARE_BAD_TAG);
    const struct bare_field *member = &type->fields[tag];
    struct bare_place here = { place, member->name, 0 };

    if (d->in.err != BARE_OK) return;
    bare_store_tag(value, tag);
    decode_value(d, member->type, at(value, member->offset), &here);
}

static void decode_struct(struct decoder *d, const struct bare_type *type, void *value,
                          const struct bare_place *place)
{
    for (size_t i = 0; i < type->count && d->in.err == BARE_OK; i++) {
        const struct bare_field *field = &type->fields[i];
        struct bare_place here = { place, field->name, 0 };
        decode_value(d, field->type, at(value, field->offset), &here);
    }
}

static void decode_optional(struct decoder *d, const struct bare_type *type, void *value,
                            const struct bare_place *place)
{
    bool has = bare_get_bool(&d->in);

    memcpy(value, &has, sizeof has);
    if (has) decode_value(d, type->fields[0].type, at(value, type->fields[0].offset), place);
}

/* Fixed-width integers, the one thing that may move as a block. */
static void decode_integers(struct decoder *d, size_t width, unsigned char *items, size_t count)
{
    if (bare_host_is_little()) {
        decode_bytes(d, width * count, items);
        return;
    }
    for (size_t i = 0; i < count; i++)
        bare_store_fixed(items + i * width, bare_get_fixed(&d->in, width), width);
}

static void decode_list(struct decoder *d, const struct bare_type *type, void *value,
                        const struct bare_place *place)
{
    const struct bare_type *item = type->fields[0].type;
    size_t count = bare_get_count(&d->in, item->wire_min);
    size_t width = bare_kind_width(item->kind);
    unsigned char *items;

    bare_store_items(value, NULL, 0);
    if (count == 0 || !(items = decoder_alloc(d, type->item_size, count))) return;
    bare_store_items(value, items, count);
    if (width > 0) {
        decode_integers(d, width, items, count);
        return;
    }
    for (size_t i = 0; i < count && d->in.err == BARE_OK; i++) {
        struct bare_place here = { place, NULL, i };
        decode_value(d, item, items + i * type->item_size, &here);
    }
}

static void decode_pair(struct decoder *d, const struct bare_type *type, unsigned char *pair,
                        struct bare_span *span, const struct bare_place *place)
{
    const struct bare_field *key = &type->fields[0], *value = &type->fields[1];
    struct bare_place at_key = { place, key->name, 0 }, at_value = { place, value->name, 0 };

    span->at = d->in.at;
    decode_value(d, key->type, pair + key->offset, &at_key);
    span->len = d->in.at - span->at;
    if (d->in.err == BARE_OK) decode_value(d, value->type, pair + value->offset, &at_value);
}

static void decode_map(struct decoder *d, const struct bare_type *type, void *value,
                       const struct bare_place *place)
{
    size_t pair_min = type->fields[0].type->wire_min + type->fields[1].type->wire_min;
    size_t count = bare_get_count(&d->in, pair_min), repeated;
    struct bare_span *spans;
    unsigned char *pairs;

    bare_store_items(value, NULL, 0);
    if (count == 0 || !(pairs = decoder_alloc(d, type->item_size, count))) return;
    bare_store_items(value, pairs, count);
    if (!(spans = decoder_alloc(d, sizeof *spans, count))) return;
    for (size_t i = 0; i < count && d->in.err == BARE_OK; i++) {
        struct bare_place here = { place, NULL, i };
        decode_pair(d, type, pairs + i * type->item_size, &spans[i], &here);
    }
    if (d->in.err != BARE_OK) return;
    repeated = bare_keys_repeated(d->in.bytes, spans, count);
    if (repeated != SIZE_MAX) bare_reader_fail(&d->in, BARE_DUPLICATE_KEY, repeated);
}

static void decode_leaf(struct decoder *d, const struct bare_type *type, void *value)
{
    size_t width = bare_kind_width(type->kind);
    bool flag;

    if (width > 0) {
        bare_store_fixed(value, bare_get_fixed(&d->in, width), width);
    } else if (type->kind == BARE_BOOL) {
        flag = bare_get_bool(&d->in);
        memcpy(value, &flag, sizeof flag);
    } else if (type->kind == BARE_ENUM) {
        bare_store_tag(value, decode_choice(d, type->count, BARE_BAD_ENUM));
    } else if (type->kind == BARE_FIXED) {
        decode_bytes(d, type->count, value);
    } else if (type->kind != BARE_VOID) {
        decode_slice(d, type->kind, value);
    }
}

static void decode_value(struct decoder *d, const struct bare_type *type, void *value,
                         const struct bare_place *place)
{
    switch (type->kind) {
    case BARE_OPTIONAL:
        decode_optional(d, type, value, place);
        break;
    case BARE_LIST:
        decode_list(d, type, value, place);
        break;
    case BARE_MAP:
        decode_map(d, type, value, place);
        break;
    case BARE_STRUCT:
        decode_struct(d, type, value, place);
        break;
    case BARE_UNION:
        decode_union(d, type, value, place);
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
        decode_leaf(d, type, value);
        break;
    }
    /* The innermost frame that sees the error knows the whole path; those above leave it alone. */
    if (d->in.err != BARE_OK && d->fault->err == BARE_OK) {
        d->fault->err = d->in.err;
        d->fault->offset = d->in.at;
        bare_place_print(d->fault->path, place);
    }
}

size_t bare_decode_bytes_max(size_t len)
{
    return len > (SIZE_MAX - 4096) / 64 ? SIZE_MAX : 4096 + 64 * len;
}

/* Raises the arena's limit by what the law allows for these bytes. */
static void allow(struct bare_arena *arena, size_t len)
{
    size_t more = bare_decode_bytes_max(len);

    arena->bytes_max = more > SIZE_MAX - arena->bytes ? SIZE_MAX : arena->bytes + more;
}

static void decode_root(struct decoder *d, const struct bare_type *type, void *value,
                        struct bare_slice bytes)
{
    const struct bare_place root = { NULL, type->name, 0 };

    if (type->size > 0) memset(value, 0, type->size);
    bare_reader_init(&d->in, bytes);
    decode_value(d, type, value, &root);
    if (d->in.err != BARE_OK || bare_reader_left(&d->in) == 0) return;
    d->fault->err = BARE_TRAILING;
    d->fault->offset = d->in.at;
    bare_place_print(d->fault->path, &root);
}

enum bare_error bare_decode(void *value, const struct bare_type *type, struct bare_slice bytes,
                            struct bare_arena *arena, struct bare_fault *fault)
{
    struct decoder d = { .arena = arena, .fault = fault };

    *fault = (struct bare_fault){ .err = BARE_OK };
    allow(arena, bytes.len);
    decode_root(&d, type, value, bytes);
    return fault->err;
}

void *bare_decode_new(const struct bare_type *type, struct bare_slice bytes,
                      struct bare_arena *arena, struct bare_fault *fault)
{
    struct decoder d = { .arena = arena, .fault = fault };
    void *value;

    *fault = (struct bare_fault){ .err = BARE_OK };
    allow(arena, bytes.len);
    value = bare_arena_alloc(arena, type->size > 0 ? type->size : 1, 1);
    if (!value)
        fault->err = BARE_NOMEM;
    else
        decode_root(&d, type, value, bytes);
    return fault->err == BARE_OK ? value : NULL;
}
