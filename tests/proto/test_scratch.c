/* A version that takes a schema file, rules and no C. For the roots whose bytes are equal in v4 and
 * v5 it proves what bytes cannot: values follow names. */
#include "tests/proto/common.h"
#include "tests/proto/names.h"

#include "proto/codec.h"
#include "proto/envoy.h"
#include "proto/protocol.h"
#include "proto/value.h"

enum { OLD = 5, NEW = 6 };

/* A made-up v5 message of a root: its value and its bytes. */
struct old_message {
    const struct bare_type *type;
    void *value;
    struct bare_arena arena;
    struct bare_writer bytes;
};

static void old_message_start(struct old_message *m, enum envoy_root root, uint64_t seed)
{
    struct bare_fault fault;

    *m = (struct old_message){ .type = envoy_protocol.roots[root].types[OLD - 1] };
    m->value = bare_arena_alloc(&m->arena, m->type->size, 1);
    cr_assert(m->value && bare_value_random(m->value, m->type, &m->arena, &seed));
    cr_assert_eq(bare_encode(&m->bytes, m->type, m->value, &fault), BARE_OK);
}

static struct bare_slice old_bytes(const struct old_message *m)
{
    return (struct bare_slice){ m->bytes.buf, m->bytes.len };
}

static void old_message_free(struct old_message *m)
{
    bare_writer_free(&m->bytes);
    bare_arena_free(&m->arena);
}

/* Up, look, encode as v6, and down again to the same bytes. Returns whether the bytes of v6 differ.
 */
static bool check_message(enum envoy_root root, uint64_t seed)
{
    struct old_message old;
    struct bare_arena arena = { 0 };
    struct bare_writer v5 = { 0 }, v6 = { 0 };
    struct envoy_message message;
    struct envoy_why why;
    char where[NAMES_WHERE_MAX];
    bool moved;

    old_message_start(&old, root, seed);
    cr_assert_eq(envoy_decode(&message, root, OLD, old_bytes(&old), &arena, &why), ENVOY_OK, "%s",
                 why.text);
    cr_expect(names_follow(old.type, old.value, envoy_protocol.roots[root].types[NEW - 1],
                           &message.as, where),
              "values do not follow names: %s, %s, seed %" PRIu64, envoy_root_name(root), where,
              seed);
    cr_expect_eq(envoy_encode(&v6, &message, NEW, &why), ENVOY_OK, "%s", why.text);
    cr_expect_eq(envoy_encode(&v5, &message, OLD, &why), ENVOY_OK, "%s", why.text);
    cr_expect(bare_slice_equal((struct bare_slice){ v5.buf, v5.len }, old_bytes(&old)),
              "%s, seed %" PRIu64, envoy_root_name(root), seed);
    moved = !bare_slice_equal((struct bare_slice){ v6.buf, v6.len }, old_bytes(&old));
    bare_writer_free(&v5);
    bare_writer_free(&v6);
    bare_arena_free(&arena);
    old_message_free(&old);
    return moved;
}

Test(scratch, values_follow_names_in_all_six_roots_while_bytes_move)
{
    cr_assert_eq(ENVOY_PROTOCOL_VERSION, NEW);
    for (size_t root = 0; root < ENVOY_ROOT_COUNT; root++) {
        size_t moved = 0;
        for (uint64_t round = 0; round < 400; round++)
            moved += check_message((enum envoy_root)root, seed_start() + round);
        cr_expect(moved > 100, "%s: only %zu of 400 have other bytes",
                  envoy_root_name((enum envoy_root)root), moved);
    }
}

Test(scratch, method_and_path_change_places_and_keep_their_values)
{
    struct bytes v5 = bytes_of_hex("04 01020304 05060708 0900 00 0161 03474554 022f78 00 00 00");
    struct bytes v6 = bytes_of_hex("03 05060708 01020304 0900 00 0161 022f78 03474554 00 00 00");
    struct bare_arena arena = { 0 };
    struct bare_writer w = { 0 };
    struct envoy_message message;
    struct envoy_why why;
    const struct envoy_to_envoy_request_start *start =
        &message.as.to_envoy.as.to_envoy_tunnel_message.message_kind.as.to_envoy_request_start;

    cr_assert_eq(envoy_decode(&message, ENVOY_ROOT_TO_ENVOY, OLD, slice_of(v5), &arena, &why), 0,
                 "%s", why.text);
    cr_expect(bare_slice_equal(start->method, bare_slice_of("GET")));
    cr_expect(bare_slice_equal(start->path, bare_slice_of("/x")));
    cr_expect_eq(envoy_encode(&w, &message, NEW, &why), ENVOY_OK);
    cr_expect(bare_slice_equal((struct bare_slice){ w.buf, w.len }, slice_of(v6)));
    bare_writer_free(&w);
    bare_arena_free(&arena);
    bytes_free(&v5);
    bytes_free(&v6);
}

static struct envoy_message outbound_start(bool with_region)
{
    struct envoy_message message = { .root = ENVOY_ROOT_TO_OUTBOUND };
    struct envoy_to_outbound_actor_start *start =
        &message.as.to_outbound.as.to_outbound_actor_start;

    message.as.to_outbound.tag = ENVOY_TO_OUTBOUND_TO_OUTBOUND_ACTOR_START;
    start->pool_name = bare_slice_of("pool");
    start->namespace_id = bare_slice_of("ns");
    start->region.has = with_region;
    start->region.value = bare_slice_of("north");
    return message;
}

Test(scratch, a_new_optional_field_is_dropped_on_the_way_down_and_the_caller_is_told)
{
    for (int with_region = 0; with_region < 2; with_region++) {
        struct envoy_message message = outbound_start(with_region != 0);
        struct bare_writer w = { 0 };
        struct envoy_why why;

        cr_expect_eq(envoy_encode(&w, &message, OLD, &why), ENVOY_OK);
        if (with_region)
            cr_expect_str_eq(why.dropped, "ToOutboundActorStart.region");
        else
            cr_expect_null(why.dropped);
        bare_writer_free(&w);
    }
}

Test(scratch, a_new_member_is_refused_on_the_way_down)
{
    struct envoy_message message = { .root = ENVOY_ROOT_TO_OUTBOUND };
    struct bare_writer w = { 0 };
    struct envoy_why why;

    message.as.to_outbound.tag = ENVOY_TO_OUTBOUND_TO_OUTBOUND_DRAIN;
    cr_expect_eq(envoy_encode(&w, &message, NEW, &why), ENVOY_OK);
    cr_expect_eq(envoy_encode(&w, &message, 3, &why), ENVOY_INCOMPATIBLE);
    cr_expect_str_eq(why.text, "outbound drains require envoy-protocol v6 but the target is v3");
    bare_writer_free(&w);
}
