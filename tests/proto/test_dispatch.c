#include "tests/proto/common.h"
#include "tests/proto/dispatch_all.h"

#include "proto/codec.h"
#include "proto/protocol.h"
#include "proto/value.h"

/* A message of the root with this member, made up otherwise. */
static struct envoy_message message_of(enum envoy_root root, uint32_t tag, struct bare_arena *arena)
{
    const struct bare_type *type = envoy_protocol.roots[root].types[envoy_protocol.latest - 1];
    const struct bare_field *member = &type->fields[tag];
    struct envoy_message message = { .root = root };
    uint64_t state = seed_start();

    bare_store_tag(&message.as, tag);
    cr_assert(bare_value_random((unsigned char *)&message.as + member->offset, member->type, arena,
                                &state));
    return message;
}

/* "ToRivetKvRequest" and to_rivet_kv_request are one name. */
static bool same_name(const char *schema, const char *c)
{
    for (; *c; c++) {
        if (*c == '_') continue;
        if ((*schema | 0x20) != (*c | 0x20)) return false;
        schema++;
    }
    return *schema == '\0';
}

static void expect_each(enum envoy_root root, size_t count)
{
    const struct bare_type *type = envoy_protocol.roots[root].types[envoy_protocol.latest - 1];

    cr_expect_eq(type->count, count);
    for (uint32_t tag = 0; tag < count; tag++) {
        struct bare_arena arena = { 0 };
        struct envoy_message message = message_of(root, tag, &arena);
        struct envoy_answer answer = { .arena = &arena };
        struct seen seen = { .rc = -17 };
        int rc = root == ENVOY_ROOT_TO_RIVET
                     ? envoy_dispatch_to_rivet(&engine, &seen, &message.as.to_rivet, &answer)
                     : envoy_dispatch_to_envoy(&host, &seen, &message.as.to_envoy, &answer);

        cr_expect_eq(rc, -17);
        cr_expect(seen.member && same_name(type->fields[tag].name, seen.member), "%s: %s",
                  type->fields[tag].name, seen.member);
        cr_expect(!answer.has);
        bare_arena_free(&arena);
    }
}

Test(dispatch, every_member_reaches_its_own_handler)
{
    expect_each(ENVOY_ROOT_TO_RIVET, 13);
    expect_each(ENVOY_ROOT_TO_ENVOY, 12);
}

/* Bytes of the answer for the request 0x2a: tag, id, the error's place in the response, its text.
 */
static const struct unhandled_case {
    uint32_t tag;
    const char *head; /* NULL: no answer */
} unhandled_cases[] = {
    { ENVOY_TO_RIVET_TO_RIVET_METADATA, NULL },
    { ENVOY_TO_RIVET_TO_RIVET_STOPPING, NULL },
    { ENVOY_TO_RIVET_TO_RIVET_KV_REQUEST, NULL },
    { ENVOY_TO_RIVET_TO_RIVET_TUNNEL_MESSAGE, NULL },
    { ENVOY_TO_RIVET_TO_RIVET_SQLITE_GET_PAGES_REQUEST, "062a00000001" },
    { ENVOY_TO_RIVET_TO_RIVET_SQLITE_COMMIT_REQUEST, "072a00000001" },
    { ENVOY_TO_RIVET_TO_RIVET_SQLITE_PERSIST_PRELOAD_HINTS_REQUEST, "082a00000002" },
    { ENVOY_TO_RIVET_TO_RIVET_SQLITE_EXEC_REQUEST, "092a00000001" },
    { ENVOY_TO_RIVET_TO_RIVET_SQLITE_EXECUTE_REQUEST, "0a2a00000001" },
    { ENVOY_TO_RIVET_TO_RIVET_SQLITE_EXECUTE_WRITE_REQUEST, "0b2a00000001" },
};

Test(dispatch, an_sqlite_request_that_nobody_handles_is_answered_with_an_error)
{
    static const char text[] = "this host does not handle the request";

    for (size_t i = 0; i < COUNT(unhandled_cases); i++) {
        const struct unhandled_case *c = &unhandled_cases[i];
        struct bare_arena arena = { 0 };
        struct envoy_message message = message_of(ENVOY_ROOT_TO_RIVET, c->tag, &arena);
        struct envoy_answer answer = { .arena = &arena };
        struct seen seen = { .rc = ENVOY_UNHANDLED };
        struct bare_writer w = { 0 };
        struct envoy_why why;

        message.as.to_rivet.as.to_rivet_sqlite_exec_request.request_id = 0x2a;
        cr_expect_eq(envoy_dispatch_to_rivet(&engine, &seen, &message.as.to_rivet, &answer),
                     ENVOY_UNHANDLED);
        cr_expect(answer.has == (c->head != NULL), "row %zu", i);
        if (answer.has) {
            char *hex;
            cr_expect_eq(envoy_encode(&w, &answer.message, 5, &why), ENVOY_OK, "%s", why.text);
            hex = hex_of(w.buf, 6);
            cr_expect_str_eq(hex, c->head, "row %zu: %s", i, hex);
            cr_expect_eq(w.buf[6], strlen(text));
            cr_expect_eq(memcmp(w.buf + 7, text, strlen(text)), 0);
            free(hex);
        }
        bare_writer_free(&w);
        bare_arena_free(&arena);
    }
}

Test(dispatch, an_unhandled_message_to_the_envoy_has_no_answer)
{
    struct bare_arena arena = { 0 };
    struct envoy_message message =
        message_of(ENVOY_ROOT_TO_ENVOY, ENVOY_TO_ENVOY_TO_ENVOY_PING, &arena);
    struct envoy_answer answer = { .arena = &arena };
    struct seen seen = { .rc = ENVOY_UNHANDLED };

    cr_expect_eq(envoy_dispatch_to_envoy(&host, &seen, &message.as.to_envoy, &answer),
                 ENVOY_UNHANDLED);
    cr_expect(!answer.has);
    bare_arena_free(&arena);
}

Test(dispatch, a_tag_that_does_not_exist_reaches_nobody)
{
    struct envoy_message message = { .root = ENVOY_ROOT_TO_RIVET };
    struct envoy_answer answer = { .has = false };
    struct seen seen = { .rc = 0 };

    message.as.to_rivet.tag = (enum envoy_to_rivet_tag)13;
    cr_expect_eq(envoy_dispatch_to_rivet(&engine, &seen, &message.as.to_rivet, &answer),
                 ENVOY_UNHANDLED);
    message.as.to_envoy.tag = (enum envoy_to_envoy_tag)12;
    cr_expect_eq(envoy_dispatch_to_envoy(&host, &seen, &message.as.to_envoy, &answer),
                 ENVOY_UNHANDLED);
    cr_expect(!answer.has);
    cr_expect_null(seen.member);
}
