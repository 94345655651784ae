#include "tests/proto/common.h"

#include "proto/codec.h"
#include "proto/protocol.h"
#include "proto/value.h"

static const struct bare_type *type_of(unsigned version, const char *name)
{
    const struct bare_type *type = bare_schema_find(envoy_protocol.schemas[version - 1], name);

    cr_assert(type, "no type %s", name);
    return type;
}

static const struct json_case {
    unsigned version;
    const char *type, *hex, *json;
} json_cases[] = {
    { 1, "Json", "0c 00 01 08 09 0a 0c 0d 1f 22 5c 2f 7f",
      "\"\\u0000\\u0001\\b\\t\\n\\f\\r\\u001f\\\"\\\\/\x7f\"" },
    { 1, "Json", "04 c3a9 c3bf", "\"\xC3\xA9\xC3\xBF\"" },
    { 1, "MessageIndex", "ffff", "65535" },
    { 2, "SqliteTxid", "ffffffffffffffff", "\"18446744073709551615\"" },
    { 1, "ToRivetPong", "0000000000000080", "{\"ts\":\"-9223372036854775808\"}" },
    { 1, "KvDropRequest", "", "null" },
    { 1, "GatewayId", "00ff10ab", "\"00ff10ab\"" },
    { 1, "StopActorReason", "03", "\"GOING_AWAY\"" },
    { 1, "EventActorSetAlarm", "00", "{\"alarmTs\":null}" },
    { 4, "SqliteValueFloat", "3ff0000000000000", "{\"value\":\"3ff0000000000000\"}" },
    { 1, "ToEnvoyWebSocketOpen", "0161 00 01 016b 0176",
      "{\"actorId\":\"a\",\"path\":\"\",\"headers\":[[\"k\",\"v\"]]}" },
    { 4, "SqliteQueryResult", "01 0163 02 01 00 00",
      "{\"columns\":[\"c\"],\"rows\":[[{\"SqliteValueNull\":null}],[]]}" },
};

Test(value, json_is_canonical)
{
    for (size_t i = 0; i < COUNT(json_cases); i++) {
        const struct bare_type *type = type_of(json_cases[i].version, json_cases[i].type);
        struct bytes bytes = bytes_of_hex(json_cases[i].hex);
        struct bare_writer json = { 0 };
        struct bare_arena arena = { 0 };
        struct bare_fault fault;
        void *value = bare_decode_new(type, slice_of(bytes), &arena, &fault);

        cr_assert(value, "row %zu: %s", i, bare_error_text(fault.err));
        bare_value_json(&json, type, value);
        bare_put_fixed(&json, 0, 1);
        cr_expect_str_eq((const char *)json.buf, json_cases[i].json, "row %zu: got %s", i,
                         (const char *)json.buf);
        bare_writer_free(&json);
        bare_arena_free(&arena);
        bytes_free(&bytes);
    }
}

static bool hex_equal(const struct bare_type *type, const char *a, const char *b)
{
    struct bytes x = bytes_of_hex(a), y = bytes_of_hex(b);
    struct bare_arena arena = { 0 };
    struct bare_fault fault;
    void *left = bare_decode_new(type, slice_of(x), &arena, &fault);
    void *right = bare_decode_new(type, slice_of(y), &arena, &fault);
    bool equal;

    cr_assert(left && right);
    equal = bare_value_equal(type, left, right);
    cr_expect_eq(equal, bare_value_equal(type, right, left));
    bare_arena_free(&arena);
    bytes_free(&x);
    bytes_free(&y);
    return equal;
}

static const struct equal_case {
    unsigned version;
    const char *type, *a, *b;
    bool equal;
} equal_cases[] = {
    { 1, "EventActorSetAlarm", "00", "00", true },
    { 1, "EventActorSetAlarm", "00", "01 0000000000000000", false },
    { 1, "EventActorSetAlarm", "01 0100000000000000", "01 0000000000000000", false },
    { 1, "ActorIntent", "00", "01", false },
    { 1, "KvGetRequest", "01 0161", "01 0161", true },
    { 1, "KvGetRequest", "01 0161", "01 0162", false },
    { 1, "KvGetRequest", "01 0161", "02 0161 0161", false },
    { 1, "KvGetRequest", "01 0161", "01 026161", false },
    { 1, "StopCode", "00", "01", false },
    { 1, "GatewayId", "00000001", "00000002", false },
    { 1, "ToEnvoyWebSocketOpen", "00 00 01 016b 0176", "00 00 01 016b 0177", false },
    { 1, "KvDropRequest", "", "", true },
};

Test(value, equality_looks_at_what_a_value_means)
{
    for (size_t i = 0; i < COUNT(equal_cases); i++) {
        const struct equal_case *c = &equal_cases[i];
        cr_expect(hex_equal(type_of(c->version, c->type), c->a, c->b) == c->equal, "row %zu", i);
    }
}

Test(value, the_same_seed_makes_the_same_value_and_in_time_every_tag)
{
    const struct bare_type *type = type_of(5, "ToRivet");
    uint64_t seen = 0, state = seed_start(), again = seed_start();

    for (int i = 0; i < 1000; i++) {
        struct bare_arena arena = { 0 };
        void *a = bare_arena_alloc(&arena, type->size, 1);
        void *b = bare_arena_alloc(&arena, type->size, 1);

        cr_assert(a && b && bare_value_random(a, type, &arena, &state));
        cr_assert(bare_value_random(b, type, &arena, &again));
        cr_expect(bare_value_equal(type, a, b));
        seen |= UINT64_C(1) << bare_load_tag(a);
        bare_arena_free(&arena);
    }
    cr_expect_eq(seen, (UINT64_C(1) << 13) - 1);
}
