/* Values made up from a seed: small ones, edges more often than chance would have them. */
#include "proto/value.h"

#include <string.h>

uint64_t bare_random(uint64_t *state)
{
    /* splitmix64: every seed is good, 0 included. */
    uint64_t z = *state += 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static size_t below(uint64_t *state, size_t end)
{
    return (size_t)(bare_random(state) % end);
}

static unsigned char *at(void *value, size_t offset)
{
    return (unsigned char *)value + offset;
}

static void random_integer(void *value, size_t width, uint64_t *state)
{
    static const uint64_t edges[] = {
        0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, UINT32_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX
    };
    uint64_t number = bare_random(state);

    if (below(state, 2) == 0) number = edges[below(state, sizeof edges / sizeof edges[0])];
    bare_store_fixed(value, number, width);
}

/* A length is short, now and then just past what one byte of a count can say. */
static size_t random_len(uint64_t *state)
{
    return below(state, 24) == 0 ? 120 + below(state, 20) : below(state, 6);
}

static size_t random_character(uint8_t *out, uint64_t *state)
{
    static const char *const characters[] = {
        "a", "/", "\"", "\\", "\n", "\x01", "\xC3\xA9", "\xE6\x97\xA5", "\xF0\x9F\x98\x80", "\x7F"
    };
    const char *character = characters[below(state, sizeof characters / sizeof characters[0])];
    size_t len = 0;

    for (; character[len]; len++)
        out[len] = (uint8_t)character[len];
    return len;
}

/* `mark` begins the text, so that keys of one map differ; SIZE_MAX for none. */
static bool random_slice(void *value, enum bare_kind kind, size_t mark, struct bare_arena *arena,
                         uint64_t *state)
{
    struct bare_slice slice = { NULL, 0 };
    size_t count = random_len(state);
    uint8_t *bytes = bare_arena_alloc(arena, 4, count + 1);

    if (!bytes) return false;
    if (mark != SIZE_MAX) bytes[slice.len++] = (uint8_t)('A' + mark);
    for (size_t i = 0; i < count; i++) {
        if (kind == BARE_STR)
            slice.len += random_character(bytes + slice.len, state);
        else
            bytes[slice.len++] = (uint8_t)bare_random(state);
    }
    slice.data = bytes;
    memcpy(value, &slice, sizeof slice);
    return true;
}

static bool random_items(void *value, const struct bare_type *type, struct bare_arena *arena,
                         uint64_t *state)
{
    size_t count = below(state, 4);
    unsigned char *items;
    bool good = true;

    bare_store_items(value, NULL, 0);
    if (count == 0) return true;
    items = bare_arena_alloc(arena, type->item_size, count);
    if (!items) return false;
    for (size_t i = 0; i < count && good; i++) {
        unsigned char *item = items + i * type->item_size;
        for (size_t k = 0; k < type->count && good; k++) {
            const struct bare_field *field = &type->fields[k];
            if (type->kind == BARE_MAP && k == 0 && field->type->kind == BARE_STR)
                good = random_slice(item + field->offset, BARE_STR, i, arena, state);
            else
                good = bare_value_random(item + field->offset, field->type, arena, state);
        }
    }
    bare_store_items(value, items, count);
    return good;
}

static bool random_fields(void *value, const struct bare_type *type, struct bare_arena *arena,
                          uint64_t *state)
{
    for (size_t i = 0; i < type->count; i++)
        if (!bare_value_random(at(value, type->fields[i].offset), type->fields[i].type, arena,
                               state))
            return false;
    return true;
}

static bool random_choice(void *value, const struct bare_type *type, struct bare_arena *arena,
                          uint64_t *state)
{
    size_t tag = below(state, type->count);
    const struct bare_field *member = &type->fields[tag];

    bare_store_tag(value, (uint32_t)tag);
    if (type->kind == BARE_ENUM) return true;
    return bare_value_random(at(value, member->offset), member->type, arena, state);
}

static bool random_flag(void *value, uint64_t *state)
{
    const bool flag = below(state, 2) == 1;

    memcpy(value, &flag, sizeof flag);
    return flag;
}

bool bare_value_random(void *value, const struct bare_type *type, struct bare_arena *arena,
                       uint64_t *state)
{
    switch (type->kind) {
    case BARE_VOID:
        break;
    case BARE_BOOL:
        (void)random_flag(value, state);
        break;
    case BARE_U8:
    case BARE_U16:
    case BARE_U32:
    case BARE_U64:
    case BARE_I64:
        random_integer(value, bare_kind_width(type->kind), state);
        break;
    case BARE_STR:
    case BARE_DATA:
        return random_slice(value, type->kind, SIZE_MAX, arena, state);
    case BARE_FIXED:
        for (size_t i = 0; i < type->count; i++)
            *at(value, i) = (unsigned char)bare_random(state);
        break;
    case BARE_OPTIONAL:
        if (random_flag(value, state)) return random_fields(value, type, arena, state);
        break;
    case BARE_LIST:
    case BARE_MAP:
        return random_items(value, type, arena, state);
    case BARE_STRUCT:
        return random_fields(value, type, arena, state);
    case BARE_ENUM:
    case BARE_UNION:
        return random_choice(value, type, arena, state);
    }
    return true;
}
