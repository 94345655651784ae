#include "tests/proto/common.h"

#include "proto/codec.h"
#include "proto/convert.h"
#include "proto/envoy.h"
#include "proto/protocol.h"
#include "proto/value.h"

static enum envoy_root root_named(const char *name)
{
    enum envoy_root root = ENVOY_ROOT_TO_RIVET;

    cr_assert_eq(envoy_root_find(&root, name), 0, "no root %s", name);
    return root;
}

static void expect_hex(size_t line, const struct bare_writer *w, const char *want)
{
    char *got = hex_of(w->buf, w->len);

    cr_expect_str_eq(got, want, "line %zu: got %s", line, got);
    free(got);
}

static void golden_message(size_t line, char *fields[FIELDS_MAX])
{
    unsigned version = (unsigned)atoi(fields[0]);
    const struct bare_type *type = envoy_protocol.roots[root_named(fields[1])].types[version - 1];
    struct bytes bytes = bytes_of_hex(fields[2]);
    struct bare_arena arena = { 0 };
    struct bare_writer json = { 0 }, again = { 0 };
    struct bare_fault fault;
    void *value = bare_decode_new(type, slice_of(bytes), &arena, &fault);

    cr_assert(value, "line %zu: %zu %s %s", line, fault.offset, fault.path,
              bare_error_text(fault.err));
    bare_value_json(&json, type, value);
    cr_expect(json.len == strlen(fields[3]) && memcmp(json.buf, fields[3], json.len) == 0,
              "line %zu: got %.*s", line, (int)json.len, (const char *)json.buf);
    cr_expect_eq(bare_encode(&again, type, value, &fault), BARE_OK);
    expect_hex(line, &again, fields[2]);
    bare_writer_free(&json);
    bare_writer_free(&again);
    bare_arena_free(&arena);
    bytes_free(&bytes);
}

Test(envoy, every_golden_message_decodes_to_its_json_and_encodes_to_its_bytes)
{
    cr_expect_eq(tsv_each(GOLDEN "/messages.tsv", golden_message), 604);
}

static void golden_conversion(size_t line, char *fields[FIELDS_MAX])
{
    unsigned from = (unsigned)atoi(fields[1]), to = (unsigned)atoi(fields[2]);
    struct bytes bytes = bytes_of_hex(fields[3]);
    struct bare_arena arena = { 0 };
    struct bare_writer out = { 0 };
    struct envoy_message message;
    struct envoy_why why;
    const char *dropped = NULL;
    char verdict[128];
    int rc = envoy_decode(&message, root_named(fields[0]), from, slice_of(bytes), &arena, &why);

    cr_expect_leq(arena.bytes, 4096 + 64 * bytes.len);
    if (rc == ENVOY_OK) {
        dropped = why.dropped;
        rc = envoy_encode(&out, &message, to, &why);
    }
    if (rc == ENVOY_OK) {
        cr_expect_str_eq(dropped ? "dropped" : "ok", fields[4], "line %zu", line);
        expect_hex(line, &out, fields[5]);
    } else {
        (void)snprintf(verdict, sizeof verdict, "%s:%s:%u:%u", why.feature,
                       envoy_direction_name(why.direction), why.needs, why.target);
        cr_expect_str_eq("incompatible", fields[4], "line %zu: %s", line, why.text);
        cr_expect_str_eq(verdict, fields[5], "line %zu", line);
        cr_expect_eq(out.len, 0);
    }
    bare_writer_free(&out);
    bare_arena_free(&arena);
    bytes_free(&bytes);
}

Test(envoy, every_golden_conversion_gives_its_verdict_and_bytes)
{
    cr_expect_eq(tsv_each(GOLDEN "/conversions.tsv", golden_conversion), 2416);
}

static const uint32_t hint_pgnos[] = { 1, 2, 300 };
static const struct envoy_sqlite_preload_hint_range hint_ranges[] = { { 64, 200 } };

static struct envoy_message hint_request(void)
{
    struct envoy_message message = { .root = ENVOY_ROOT_TO_RIVET };
    struct envoy_to_rivet_sqlite_persist_preload_hints_request *request =
        &message.as.to_rivet.as.to_rivet_sqlite_persist_preload_hints_request;

    message.as.to_rivet.tag = ENVOY_TO_RIVET_TO_RIVET_SQLITE_PERSIST_PRELOAD_HINTS_REQUEST;
    request->request_id = 7;
    request->data.actor_id = bare_slice_of("actor");
    request->data.generation = 3;
    request->data.hints.pgnos.items = hint_pgnos;
    request->data.hints.pgnos.count = 3;
    request->data.hints.ranges.items = hint_ranges;
    request->data.hints.ranges.count = 1;
    return message;
}

static struct envoy_message hint_response(uint32_t tag)
{
    struct envoy_message message = { .root = ENVOY_ROOT_TO_ENVOY };
    struct envoy_to_envoy_sqlite_persist_preload_hints_response *response =
        &message.as.to_envoy.as.to_envoy_sqlite_persist_preload_hints_response;

    message.as.to_envoy.tag = ENVOY_TO_ENVOY_TO_ENVOY_SQLITE_PERSIST_PRELOAD_HINTS_RESPONSE;
    response->request_id = 7;
    response->data.tag = (enum envoy_sqlite_persist_preload_hints_response_tag)tag;
    return message;
}

static void expect_encoded(const struct envoy_message *message, unsigned version, const char *want)
{
    struct bytes bytes = bytes_of_hex(want);
    char *hex = hex_of(bytes.data, bytes.len);
    struct bare_writer w = { 0 };
    struct envoy_why why;

    cr_expect_eq(envoy_encode(&w, message, version, &why), ENVOY_OK, "%s", why.text);
    expect_hex(0, &w, hex);
    bare_writer_free(&w);
    bytes_free(&bytes);
    free(hex);
}

Test(envoy, the_hint_messages_have_their_published_bytes)
{
    struct envoy_message request = hint_request();
    struct envoy_message ok = hint_response(0), error = hint_response(2);

    error.as.to_envoy.as.to_envoy_sqlite_persist_preload_hints_response.data.as
        .sqlite_error_response.message = bare_slice_of("bad");
    expect_encoded(&request, 5,
                   "09 07000000 05 6163746f72 0300000000000000"
                   "03 01000000 02000000 2c010000 01 40000000 c8000000");
    expect_encoded(&ok, 5, "08 07000000 00");
    expect_encoded(&error, 5, "08 07000000 02 03 626164");
}

/* v4 bytes become v5 bytes and back: another tag in front, the same bytes behind it, and the member
 * of that name on the way. */
static void expect_moved(enum envoy_root root, const char *member, uint8_t tag_v4, uint8_t tag_v5,
                         const char *rest)
{
    struct bytes tail = bytes_of_hex(rest), v4 = bytes_of_hex(rest);
    struct bare_arena arena = { 0 };
    struct bare_writer up = { 0 }, down = { 0 };
    struct envoy_message message;
    struct envoy_why why;

    v4.data = realloc(v4.data, v4.len + 1);
    cr_assert(v4.data);
    v4.data[0] = tag_v4;
    memcpy(v4.data + 1, tail.data, tail.len);
    v4.len++;
    cr_assert_eq(envoy_decode(&message, root, 4, slice_of(v4), &arena, &why), ENVOY_OK, "%s",
                 why.text);
    cr_expect_eq(bare_load_tag(&message.as), tag_v5);
    cr_expect_str_eq(envoy_protocol.roots[root].types[4]->fields[tag_v5].name, member);
    cr_assert_eq(envoy_encode(&up, &message, 5, &why), ENVOY_OK);
    cr_expect_eq(up.buf[0], tag_v5);
    cr_expect(up.len == v4.len && memcmp(up.buf + 1, tail.data, tail.len) == 0);
    cr_assert_eq(envoy_encode(&down, &message, 4, &why), ENVOY_OK);
    cr_expect(down.len == v4.len && memcmp(down.buf, v4.data, v4.len) == 0);
    bare_writer_free(&up);
    bare_writer_free(&down);
    bare_arena_free(&arena);
    bytes_free(&tail);
    bytes_free(&v4);
}

Test(envoy, tag_of_ToRivetSqliteExecRequest_moves_from_9_to_10)
{
    expect_moved(ENVOY_ROOT_TO_RIVET, "ToRivetSqliteExecRequest", 9, 10,
                 "2a000000 026e73 056163746f72 0500000000000000 0873656c6563742031");
}

Test(envoy, tag_of_ToRivetSqliteExecuteRequest_moves_from_10_to_11)
{
    expect_moved(ENVOY_ROOT_TO_RIVET, "ToRivetSqliteExecuteRequest", 10, 11,
                 "2a000000 026e73 056163746f72 0500000000000000 0873656c6563742031"
                 "01 02 01 0700000000000000 03 0161");
}

Test(envoy, tag_of_ToRivetSqliteExecuteWriteRequest_moves_from_11_to_12)
{
    expect_moved(ENVOY_ROOT_TO_RIVET, "ToRivetSqliteExecuteWriteRequest", 11, 12,
                 "2a000000 026e73 056163746f72 0500000000000000 0873656c6563742031 00");
}

Test(envoy, tag_of_ToEnvoySqliteExecResponse_moves_from_8_to_9)
{
    expect_moved(ENVOY_ROOT_TO_ENVOY, "ToEnvoySqliteExecResponse", 8, 9,
                 "2a000000 00 01 0163 01 01 01 0700000000000000");
}

Test(envoy, tag_of_ToEnvoySqliteExecuteResponse_moves_from_9_to_10)
{
    expect_moved(ENVOY_ROOT_TO_ENVOY, "ToEnvoySqliteExecuteResponse", 9, 10,
                 "2a000000 00 00 00 0100000000000000 01 0900000000000000 01");
}

Test(envoy, tag_of_ToEnvoySqliteExecuteWriteResponse_moves_from_10_to_11)
{
    expect_moved(ENVOY_ROOT_TO_ENVOY, "ToEnvoySqliteExecuteWriteResponse", 10, 11,
                 "2a000000 01 03626164");
}

/* The bug that the law is against: these v4 bytes read as v5 are a hint request. */
Test(envoy, a_v4_exec_request_is_never_a_hint_request)
{
    struct bytes v4 = bytes_of_hex("09 01000000 0161 0162 0300000000000000 0131");
    struct bare_arena arena = { 0 };
    struct envoy_message message;
    struct envoy_why why;
    const struct envoy_sqlite_exec_request *exec =
        &message.as.to_rivet.as.to_rivet_sqlite_exec_request.data;

    cr_assert_eq(envoy_decode(&message, ENVOY_ROOT_TO_RIVET, 4, slice_of(v4), &arena, &why), 0);
    cr_assert_eq(message.as.to_rivet.tag, ENVOY_TO_RIVET_TO_RIVET_SQLITE_EXEC_REQUEST);
    cr_expect(bare_slice_equal(exec->namespace_id, bare_slice_of("a")));
    cr_expect(bare_slice_equal(exec->actor_id, bare_slice_of("b")));
    cr_expect_eq(exec->generation, 3);
    cr_expect(bare_slice_equal(exec->sql, bare_slice_of("1")));
    bare_arena_free(&arena);
    bytes_free(&v4);
}

static const struct refusal_case {
    enum envoy_root root;
    unsigned from, to;
    const char *hex, *text;
} refusal_cases[] = {
    { ENVOY_ROOT_TO_RIVET, 5, 4, "09 07000000 00 0300000000000000 00 00",
      "sqlite preload hint requests require envoy-protocol v5 but the target is v4" },
    { ENVOY_ROOT_TO_RIVET, 5, 1, "09 07000000 00 0300000000000000 00 00",
      "sqlite preload hint requests require envoy-protocol v5 but the target is v1" },
    { ENVOY_ROOT_TO_ENVOY, 5, 2, "08 07000000 00",
      "sqlite preload hint responses require envoy-protocol v5 but the target is v2" },
    { ENVOY_ROOT_TO_RIVET, 4, 3, "09 01000000 0161 0162 0300000000000000 0131",
      "remote sqlite requests require envoy-protocol v4 but the target is v3" },
    { ENVOY_ROOT_TO_ENVOY, 4, 1, "08 01000000 01 00",
      "remote sqlite responses require envoy-protocol v4 but the target is v1" },
    { ENVOY_ROOT_TO_RIVET, 3, 2, "07 01000000 0161 00 00 00",
      "sqlite page requests require envoy-protocol v3 but the target is v2" },
    { ENVOY_ROOT_TO_ENVOY, 5, 1, "07 01000000 00",
      "sqlite page responses require envoy-protocol v3 but the target is v1" },
    { ENVOY_ROOT_TO_RIVET, 2, 1, "07 01000000 0161 0300000000000000 00",
      "legacy sqlite requests require envoy-protocol v2 but the target is v5" },
    { ENVOY_ROOT_TO_ENVOY, 2, 3, "08 01000000 00 0100000000000000",
      "legacy sqlite responses require envoy-protocol v2 but the target is v5" },
};

Test(envoy, a_refusal_says_what_needs_which_version)
{
    for (size_t i = 0; i < COUNT(refusal_cases); i++) {
        const struct refusal_case *c = &refusal_cases[i];
        struct bytes bytes = bytes_of_hex(c->hex);
        struct bare_arena arena = { 0 };
        struct bare_writer out = { 0 };
        struct envoy_message message;
        struct envoy_why why;
        int rc = envoy_decode(&message, c->root, c->from, slice_of(bytes), &arena, &why);

        if (rc == ENVOY_OK) rc = envoy_encode(&out, &message, c->to, &why);
        cr_expect(rc == ENVOY_INCOMPATIBLE, "row %zu: %d %s", i, rc, why.text);
        cr_expect_str_eq(why.text, c->text, "row %zu: got %s", i, why.text);
        bare_writer_free(&out);
        bare_arena_free(&arena);
        bytes_free(&bytes);
    }
}

/* v2 data went away at v3, so only the single step can meet it. */
Test(envoy, startup_data_is_refused_by_the_step_from_v2_to_v1_unless_there_is_none)
{
    static const struct {
        const char *hex, *dropped;
        int rc;
    } cases[] = {
        { "00 0161 00 0000000000000000 00 00 00 00", NULL, CONVERT_OK },
        { "00 0161 00 0000000000000000 00 00 00 01 0100000000000000 0100000000000000"
          "0200000000000000 0300000000000000 04000000 05000000 0600000000000000 0700000000000000"
          "00",
          "CommandStartActor.sqliteStartupData", CONVERT_REFUSED },
    };
    const struct envoy_root_info *root = &envoy_protocol.roots[ENVOY_ROOT_ACTOR_COMMAND_KEY_DATA];

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bytes bytes = bytes_of_hex(cases[i].hex);
        struct bare_arena arena = { 0 };
        struct bare_fault fault;
        struct convert_report report = { 0 };
        struct envoy_message message;
        struct envoy_why why;
        void *v2 = bare_decode_new(root->types[1], slice_of(bytes), &arena, &fault);
        void *v1 = bare_arena_alloc(&arena, root->types[0]->size, 1);

        cr_assert(v2 && v1, "row %zu: %zu %s", i, fault.offset, fault.path);
        cr_expect_eq(convert_value(v1, v2, root->down[0], &arena, &report), cases[i].rc);
        if (report.refused) {
            cr_expect_str_eq(report.refused->name, "SqliteStartupData");
            cr_expect_eq(report.refused->needs, 2);
            cr_expect_str_eq(report.refused->subjects[1], "sqlite startup data requires");
        }
        cr_expect_eq(envoy_decode(&message, ENVOY_ROOT_ACTOR_COMMAND_KEY_DATA, 2, slice_of(bytes),
                                  &arena, &why),
                     ENVOY_OK);
        cr_expect(cases[i].dropped ? why.dropped && strcmp(why.dropped, cases[i].dropped) == 0
                                   : !why.dropped);
        bare_arena_free(&arena);
        bytes_free(&bytes);
    }
}

Test(envoy, a_malformed_message_is_refused_with_offset_path_and_reason)
{
    struct bytes bytes = bytes_of_hex("08 07000000 0161 02 01000000 01aa 02000000 05aa");
    struct bare_arena arena = { 0 };
    struct envoy_message message;
    struct envoy_why why;

    cr_expect_eq(envoy_decode(&message, ENVOY_ROOT_TO_RIVET, 3, slice_of(bytes), &arena, &why),
                 ENVOY_MALFORMED);
    cr_expect_eq(why.offset, 18);
    cr_expect_str_eq(why.path, "ToRivet.ToRivetSqliteCommitRequest.data.dirtyPages[1].bytes");
    cr_expect_str_eq(why.reason, "the input ends inside the value");
    cr_expect_str_eq(why.text, "ToRivet.ToRivetSqliteCommitRequest.data.dirtyPages[1].bytes, byte "
                               "18: the input ends inside the value");
    bare_arena_free(&arena);
    bytes_free(&bytes);
}

Test(envoy, a_message_with_a_tag_that_does_not_exist_is_not_encoded_for_any_version)
{
    struct envoy_message message = hint_response(9);
    struct bare_writer w = { 0 };
    struct envoy_why why;

    bare_put_uint(&w, 1);
    for (unsigned version = 1; version <= 5; version++) {
        int rc = envoy_encode(&w, &message, version, &why);
        cr_expect(rc == (version == 5 ? ENVOY_MALFORMED : ENVOY_INCOMPATIBLE), "v%u: %d", version,
                  rc);
    }
    message.as.to_envoy.tag = (enum envoy_to_envoy_tag)12;
    for (unsigned version = 1; version <= 5; version++)
        cr_expect_eq(envoy_encode(&w, &message, version, &why), ENVOY_MALFORMED);
    cr_expect_eq(w.len, 1);
    bare_writer_free(&w);
}

static const struct embedded_case {
    const char *hex;
    int rc;
    const char *text;
} embedded_cases[] = {
    { "", ENVOY_BAD_VERSION, "0 bytes are too few for an embedded version, which takes 2" },
    { "05", ENVOY_BAD_VERSION, "1 bytes are too few for an embedded version, which takes 2" },
    { "0000 03", ENVOY_BAD_VERSION, "envoy-protocol v0 is not known, v1 to v5 are" },
    { "0600 03", ENVOY_BAD_VERSION, "envoy-protocol v6 is not known, v1 to v5 are" },
    { "0101 03", ENVOY_BAD_VERSION, "envoy-protocol v257 is not known, v1 to v5 are" },
    { "0500", ENVOY_MALFORMED, "ToRivet, byte 2: the input ends inside the value" },
    { "0500 0300", ENVOY_MALFORMED, "ToRivet, byte 3: trailing bytes" },
    { "0500 03", ENVOY_OK, "" },
    { "0100 03", ENVOY_OK, "" },
};

Test(envoy, an_embedded_version_stands_before_the_message)
{
    for (size_t i = 0; i < COUNT(embedded_cases); i++) {
        struct bytes bytes = bytes_of_hex(embedded_cases[i].hex);
        struct bare_arena arena = { 0 };
        struct bare_writer out = { 0 };
        struct envoy_message message;
        struct envoy_why why;
        int rc =
            envoy_decode_embedded(&message, ENVOY_ROOT_TO_RIVET, slice_of(bytes), &arena, &why);

        cr_expect(rc == embedded_cases[i].rc, "row %zu: got %d", i, rc);
        cr_expect_str_eq(why.text, embedded_cases[i].text, "row %zu: got %s", i, why.text);
        if (rc == ENVOY_OK) {
            cr_expect_eq(message.as.to_rivet.tag, ENVOY_TO_RIVET_TO_RIVET_STOPPING);
            cr_expect_eq(envoy_encode_embedded(&out, &message, bytes.data[0], &why), ENVOY_OK);
            cr_expect(bare_slice_equal((struct bare_slice){ out.buf, out.len }, slice_of(bytes)));
        }
        bare_writer_free(&out);
        bare_arena_free(&arena);
        bytes_free(&bytes);
    }
}

Test(envoy, encoding_for_a_version_that_does_not_exist_says_so_and_writes_nothing)
{
    struct envoy_message message = hint_request();
    struct bare_writer w = { 0 };
    struct envoy_why why;

    cr_expect_eq(envoy_encode(&w, &message, 0, &why), ENVOY_BAD_VERSION);
    cr_expect_eq(envoy_encode_embedded(&w, &message, 6, &why), ENVOY_BAD_VERSION);
    cr_expect_eq(envoy_encode_embedded(&w, &message, 4, &why), ENVOY_INCOMPATIBLE);
    cr_expect_eq(w.len, 0);
    bare_writer_free(&w);
}

Test(envoy, the_protocol_is_version_5_with_six_roots)
{
    enum envoy_root root;

    cr_expect_eq(ENVOY_PROTOCOL_VERSION, 5);
    cr_expect_eq(envoy_protocol.latest, 5);
    cr_expect_eq(ENVOY_ROOT_COUNT, 6);
    for (size_t i = 0; i < ENVOY_ROOT_COUNT; i++) {
        cr_expect_eq(envoy_root_find(&root, envoy_root_name((enum envoy_root)i)), 0);
        cr_expect_eq(root, i);
    }
    cr_expect_eq(envoy_root_find(&root, "Nobody"), -1);
}

Test(envoy, a_dense_message_climbs_from_v1_within_the_law)
{
    struct bare_writer w = { 0 };
    struct bare_arena arena = { 0 };
    struct envoy_message message;
    struct envoy_why why;

    bare_put_fixed(&w, 5, 1);  /* ToRivetKvRequest */
    bare_put_fixed(&w, 0, 1);  /* actorId */
    bare_put_fixed(&w, 1, 4);  /* requestId */
    bare_put_fixed(&w, 0, 1);  /* KvGetRequest */
    bare_put_uint(&w, 100000); /* keys */
    for (size_t i = 0; i < 100000; i++)
        bare_put_fixed(&w, 0, 1);
    cr_expect_eq(envoy_decode(&message, ENVOY_ROOT_TO_RIVET, 1, (struct bare_slice){ w.buf, w.len },
                              &arena, &why),
                 ENVOY_OK, "%s", why.text);
    cr_expect_leq(arena.bytes, 4096 + 64 * w.len);
    bare_arena_free(&arena);
    bare_writer_free(&w);
}
