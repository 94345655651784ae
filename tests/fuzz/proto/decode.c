/* Any bytes as any type of any version: what decodes encodes to the same bytes, since strict BARE
 * has one encoding for a value; what does not says where; and no input takes more memory than the
 * law gives it. Two bytes of the input choose the type. */
#include "proto/codec.h"
#include "proto/protocol.h"
#include "proto/value.h"
#include "tests/fuzz/proto/fuzz.h"

#include <string.h>

/* A made-up value of the type beside the one that was read: the walkers over two values. */
static void check_against_another(const struct bare_type *type, const void *value, uint64_t seed)
{
    struct bare_arena arena = { 0 };
    void *other = bare_arena_alloc(&arena, type->size + 1, 1);

    REQUIRE(other && bare_value_random(other, type, &arena, &seed));
    REQUIRE(bare_value_equal(type, other, other));
    REQUIRE(bare_value_equal(type, value, other) == bare_value_equal(type, other, value));
    bare_arena_free(&arena);
}

/* A root half of the time. */
static const struct bare_type *choose(unsigned first, unsigned second)
{
    unsigned version = first % envoy_protocol.latest;
    const struct bare_schema *schema = envoy_protocol.schemas[version];

    if (first >= 128)
        return envoy_protocol.roots[second % envoy_protocol.root_count].types[version];
    return schema->types[second % schema->count].type;
}

static void check_value(const struct bare_type *type, void *value, struct bare_slice bytes)
{
    struct bare_writer again = { 0 }, json = { 0 };
    struct bare_fault fault;

    REQUIRE(bare_encode(&again, type, value, &fault) == BARE_OK);
    REQUIRE(bare_slice_equal((struct bare_slice){ again.buf, again.len }, bytes));
    REQUIRE(bare_value_equal(type, value, value));
    check_against_another(type, value, bytes.len);
    bare_value_json(&json, type, value);
    REQUIRE(json.err == BARE_OK && json.len > 0);
    REQUIRE(bare_utf8_fault((struct bare_slice){ json.buf, json.len }) == json.len);
    bare_writer_free(&again);
    bare_writer_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bare_arena arena = { 0 };
    struct bare_slice bytes;
    struct bare_fault fault;
    const struct bare_type *type;
    void *value;

    if (size < 2) return 0;
    type = choose(data[0], data[1]);
    bytes = (struct bare_slice){ data + 2, size - 2 };
    value = bare_decode_new(type, bytes, &arena, &fault);
    REQUIRE(arena.bytes <= 4096 + 64 * bytes.len);
    REQUIRE(fault.err != BARE_NOMEM);
    REQUIRE((value == NULL) == (fault.err != BARE_OK));
    if (value) {
        check_value(type, value, bytes);
    } else {
        REQUIRE(fault.offset <= bytes.len);
        REQUIRE(fault.path[0] != '\0');
        REQUIRE(bare_error_text(fault.err)[0] != '\0');
    }
    bare_arena_free(&arena);
    return 0;
}
