/* Looking at values through their descriptors. Pointers and enums are moved by memcpy: their C type
 * is known to barec's structs and not to us. */
#include "proto/type.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(void *) == sizeof(size_t), "a list is a pointer and a count without a gap");

const struct bare_type *bare_schema_find(const struct bare_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->count; i++)
        if (strcmp(schema->types[i].name, name) == 0) return schema->types[i].type;
    return NULL;
}

size_t bare_kind_width(enum bare_kind kind)
{
    static const uint8_t widths[BARE_UNION + 1] = {
        [BARE_U8] = 1, [BARE_U16] = 2, [BARE_U32] = 4, [BARE_U64] = 8, [BARE_I64] = 8,
    };
    return widths[kind];
}

/* Every list has this layout, whatever its items. */
struct any_list {
    const void *items;
    size_t count;
};

struct bare_items bare_load_items(const void *list)
{
    struct any_list any;

    memcpy(&any, list, sizeof any);
    return (struct bare_items){ any.items, any.count };
}

void bare_store_items(void *list, const void *items, size_t count)
{
    const struct any_list any = { items, count };

    memcpy(list, &any, sizeof any);
}

uint32_t bare_load_tag(const void *value)
{
    uint32_t tag;

    memcpy(&tag, value, sizeof tag);
    return tag;
}

void bare_store_tag(void *value, uint32_t tag)
{
    memcpy(value, &tag, sizeof tag);
}

struct bare_slice bare_load_slice(const void *value)
{
    struct bare_slice slice;

    memcpy(&slice, value, sizeof slice);
    return slice;
}

uint64_t bare_load_fixed(const void *value, size_t width)
{
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    assert(width == 1 || width == 2 || width == 4 || width == 8);
    if (width == 1) return memcpy(&u8, value, sizeof u8), u8;
    if (width == 2) return memcpy(&u16, value, sizeof u16), u16;
    if (width == 4) return memcpy(&u32, value, sizeof u32), u32;
    return memcpy(&u64, value, sizeof u64), u64;
}

void bare_store_fixed(void *value, uint64_t number, size_t width)
{
    const uint8_t u8 = (uint8_t)number;
    const uint16_t u16 = (uint16_t)number;
    const uint32_t u32 = (uint32_t)number;

    assert(width == 1 || width == 2 || width == 4 || width == 8);
    if (width == 1) memcpy(value, &u8, sizeof u8);
    if (width == 2) memcpy(value, &u16, sizeof u16);
    if (width == 4) memcpy(value, &u32, sizeof u32);
    if (width == 8) memcpy(value, &number, sizeof number);
}

static size_t place_print(char *path, const struct bare_place *place)
{
    size_t at = place->up ? place_print(path, place->up) : 0;
    size_t room = BARE_PATH_MAX - at;
    int wrote = place->name ? snprintf(path + at, room, "%s%s", at ? "." : "", place->name)
                            : snprintf(path + at, room, "[%zu]", place->index);

    assert(wrote >= 0);
    return (size_t)wrote < room ? at + (size_t)wrote : BARE_PATH_MAX - 1;
}

void bare_place_print(char path[BARE_PATH_MAX], const struct bare_place *place)
{
    (void)place_print(path, place);
}
