#include "tests/proto/common.h"

#include "proto/codec.h"
#include "proto/keys.h"
#include "proto/protocol.h"
#include "proto/value.h"
#include "proto_gen/history.h"

static const struct fault_case {
    unsigned version;
    const char *type, *hex;
    size_t offset;
    const char *path;
    enum bare_error err;
} fault_cases[] = {
    { 5, "ToRivet", "", 0, "ToRivet", BARE_TRUNCATED },
    { 5, "ToRivet", "0d", 0, "ToRivet", BARE_BAD_TAG },
    { 5, "ToRivet", "8900", 0, "ToRivet", BARE_BAD_UINT },
    { 5, "ToRivet", "03 00", 1, "ToRivet", BARE_TRAILING },
    { 5, "ToRivet", "04 0102030405", 1, "ToRivet.ToRivetPong.ts", BARE_TRUNCATED },
    { 5, "ToRivet", "00 02", 1, "ToRivet.ToRivetMetadata.prepopulateActorNames", BARE_BAD_BOOL },
    { 5, "ToRivet", "00 01 02 0161 00 0161 00 00", 6,
      "ToRivet.ToRivetMetadata.prepopulateActorNames", BARE_DUPLICATE_KEY },
    { 5, "ToRivet", "00 01 02 0161 00 0162 01ff 00", 9,
      "ToRivet.ToRivetMetadata.prepopulateActorNames[1].value.metadata", BARE_BAD_UTF8 },
    { 5, "ToRivet", "00 01 01 02c328 00 00", 4,
      "ToRivet.ToRivetMetadata.prepopulateActorNames[0].key", BARE_BAD_UTF8 },
    { 5, "ToRivet", "01 ffffff7f", 1, "ToRivet.ToRivetEvents", BARE_BAD_COUNT },
    { 3, "ToRivet", "08 07000000 0161 02 01000000 01aa 02000000 05aa", 18,
      "ToRivet.ToRivetSqliteCommitRequest.data.dirtyPages[1].bytes", BARE_TRUNCATED },
    { 5, "ToRivet", "09 07000000 0161 0300000000000000 02 01000000", 15,
      "ToRivet.ToRivetSqlitePersistPreloadHintsRequest.data.hints.pgnos", BARE_BAD_COUNT },
    { 4, "ToEnvoy", "09 01000000 00 00 00 0000000000000000 00 03", 17,
      "ToEnvoy.ToEnvoySqliteExecuteResponse.data.SqliteExecuteOk.result.route", BARE_BAD_ENUM },
    { 4, "ToEnvoy", "09 01000000 00 00 01 02 00 05", 10,
      "ToEnvoy.ToEnvoySqliteExecuteResponse.data.SqliteExecuteOk.result.rows[0][1]", BARE_BAD_TAG },
    { 1, "bool", "02", 0, "", BARE_BAD_BOOL },
};

Test(codec, malformed_bytes_are_refused_with_offset_and_path)
{
    for (size_t i = 0; i < COUNT(fault_cases); i++) {
        const struct fault_case *c = &fault_cases[i];
        const struct bare_type *type =
            bare_schema_find(envoy_protocol.schemas[c->version - 1], c->type);
        struct bytes bytes = bytes_of_hex(c->hex);
        struct bare_arena arena = { 0 };
        struct bare_fault fault;

        if (type) {
            cr_expect_null(bare_decode_new(type, slice_of(bytes), &arena, &fault), "row %zu", i);
            cr_expect(fault.err == c->err, "row %zu: %s", i, bare_error_text(fault.err));
            cr_expect(fault.offset == c->offset, "row %zu: got offset %zu", i, fault.offset);
            cr_expect_str_eq(fault.path, c->path, "row %zu: got %s", i, fault.path);
        } else {
            cr_expect_str_eq(c->type, "bool", "row %zu: no type %s", i, c->type);
        }
        bare_arena_free(&arena);
        bytes_free(&bytes);
    }
}

struct probe {
    const char *name;
    const struct bare_type *type;
    unsigned version;
    uint64_t seed;
    void *value; /* in `arena` */
    struct bare_arena arena;
    struct bare_writer bytes; /* `value`, encoded */
};

static bool probe_start(struct probe *p, uint64_t seed)
{
    uint64_t state = seed ^ (uint64_t)p->version << 32;
    struct bare_fault fault;

    p->seed = seed;
    p->value = bare_arena_alloc(&p->arena, p->type->size ? p->type->size : 1, 1);
    return p->value && bare_value_random(p->value, p->type, &p->arena, &state) &&
           bare_encode(&p->bytes, p->type, p->value, &fault) == BARE_OK;
}

static void probe_free(struct probe *p)
{
    bare_writer_free(&p->bytes);
    bare_arena_free(&p->arena);
}

static void check_equal(struct probe *p)
{
    struct bytes bytes = bytes_copy(p->bytes.buf, p->bytes.len);
    struct bare_arena arena = { 0 };
    struct bare_writer again = { 0 };
    struct bare_fault fault;
    void *got = bare_decode_new(p->type, slice_of(bytes), &arena, &fault);

    cr_expect(got, "v%u %s seed %" PRIu64 ": %zu %s %s", p->version, p->name, p->seed, fault.offset,
              fault.path, bare_error_text(fault.err));
    if (got) {
        cr_expect(bare_value_equal(p->type, got, p->value), "v%u %s seed %" PRIu64, p->version,
                  p->name, p->seed);
        cr_expect(arena.bytes <= bare_decode_bytes_max(bytes.len));
        cr_expect(
            bare_encode(&again, p->type, got, &fault) == BARE_OK &&
                bare_slice_equal((struct bare_slice){ again.buf, again.len }, slice_of(bytes)),
            "v%u %s seed %" PRIu64, p->version, p->name, p->seed);
    }
    bare_writer_free(&again);
    bare_arena_free(&arena);
    bytes_free(&bytes);
}

static enum bare_error decode_only(const struct probe *p, struct bytes bytes)
{
    struct bare_arena arena = { 0 };
    struct bare_fault fault;

    (void)bare_decode_new(p->type, slice_of(bytes), &arena, &fault);
    cr_expect(arena.bytes <= bare_decode_bytes_max(bytes.len), "v%u %s seed %" PRIu64, p->version,
              p->name, p->seed);
    cr_expect(fault.err != BARE_NOMEM, "v%u %s seed %" PRIu64 ": the law is too strict", p->version,
              p->name, p->seed);
    cr_expect(fault.err == BARE_OK || fault.offset <= bytes.len);
    bare_arena_free(&arena);
    return fault.err;
}

static void check_prefixes(struct probe *p)
{
    for (size_t len = 0; len < p->bytes.len; len++) {
        struct bytes bytes = bytes_copy(p->bytes.buf, len);
        cr_expect(decode_only(p, bytes) != BARE_OK, "v%u %s seed %" PRIu64 ": prefix %zu of %zu",
                  p->version, p->name, p->seed, len, p->bytes.len);
        bytes_free(&bytes);
    }
}

static void check_one_more(struct probe *p)
{
    struct bytes bytes = bytes_copy(p->bytes.buf, p->bytes.len);
    uint8_t *longer = realloc(bytes.data, bytes.len + 1);

    if (longer) {
        longer[bytes.len] = 0;
        bytes = (struct bytes){ longer, bytes.len + 1 };
        cr_expect(decode_only(p, bytes) != BARE_OK, "v%u %s seed %" PRIu64, p->version, p->name,
                  p->seed);
    }
    bytes_free(&bytes);
}

/* Flipped bytes may still say something; they must neither crash, leak, nor break the law. */
static void check_flips(struct probe *p)
{
    struct bytes bytes = bytes_copy(p->bytes.buf, p->bytes.len);
    uint64_t state = p->seed;

    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t kept = bytes.data[i];
        bytes.data[i] ^= (uint8_t)(1 + bare_random(&state) % 255);
        (void)decode_only(p, bytes);
        bytes.data[i] = kept;
    }
    bytes_free(&bytes);
}

static size_t each_probe(size_t rounds, void (*check)(struct probe *p))
{
    size_t types = 0;

    for (unsigned version = 1; version <= envoy_protocol.latest; version++) {
        const struct bare_schema *schema = envoy_protocol.schemas[version - 1];
        for (size_t i = 0; i < schema->count; i++, types++) {
            for (size_t round = 0; round < rounds; round++) {
                struct probe p = {
                    schema->types[i].name, schema->types[i].type, version, 0, NULL, { 0 }, { 0 }
                };
                cr_assert(probe_start(&p, seed_start() + round));
                check(&p);
                probe_free(&p);
            }
        }
    }
    return types;
}

Test(codec, every_type_of_every_version_comes_back_equal)
{
    cr_expect_eq(each_probe(60, check_equal), 588);
}

Test(codec, every_strict_prefix_is_malformed)
{
    cr_expect_eq(each_probe(12, check_prefixes), 588);
}

Test(codec, one_byte_more_is_malformed)
{
    cr_expect_eq(each_probe(12, check_one_more), 588);
}

Test(codec, a_flipped_byte_neither_crashes_nor_leaks_nor_breaks_the_law)
{
    cr_expect_eq(each_probe(12, check_flips), 588);
}

/* The densest messages there are: as many items as the bytes can hold. */
static const struct dense_case {
    const char *type, *head; /* the bytes before the count */
    unsigned version;
    uint8_t item[4];
    size_t item_len;
    bool complete; /* nothing comes behind the list */
} dense_cases[] = {
    { "KvGetRequest", "", 1, { 0 }, 1, true },
    { "SqliteQueryResult", "00 01", 4, { 0 }, 1, true },
    { "SqliteQueryResult", "00", 4, { 1, 0 }, 2, true },
    { "SqliteQueryResult", "", 5, { 0 }, 1, false },
    { "PreloadedKv", "00 00", 2, { 0 }, 1, true },
    { "ToEnvoyCommands", "", 2, { 0 }, 1, false },
    { "ToRivetEvents", "", 5, { 0 }, 1, false },
};

Test(codec, dense_input_stays_within_the_law)
{
    for (size_t i = 0; i < COUNT(dense_cases); i++) {
        const struct dense_case *c = &dense_cases[i];
        const struct bare_type *type =
            bare_schema_find(envoy_protocol.schemas[c->version - 1], c->type);
        struct bytes head = bytes_of_hex(c->head);
        struct bare_writer w = { 0 };
        struct bare_arena arena = { 0 };
        struct bare_fault fault;

        bare_put_bytes(&w, slice_of(head));
        bare_put_uint(&w, 50000);
        for (size_t k = 0; k < 50000; k++)
            bare_put_bytes(&w, (struct bare_slice){ c->item, c->item_len });
        (void)bare_decode_new(type, (struct bare_slice){ w.buf, w.len }, &arena, &fault);
        cr_expect(fault.err != BARE_NOMEM && (fault.err == BARE_OK) == c->complete, "row %zu: %s",
                  i, bare_error_text(fault.err));
        cr_expect(arena.bytes <= 4096 + 64 * w.len, "row %zu: %zu bytes for %zu", i, arena.bytes,
                  w.len);
        bare_arena_free(&arena);
        bare_writer_free(&w);
        bytes_free(&head);
    }
}

Test(codec, the_first_repeated_key_is_found_among_many)
{
    struct bare_span spans[1000];
    uint8_t keys[2000];

    for (size_t i = 0; i < COUNT(spans); i++) {
        keys[2 * i] = (uint8_t)(i / 256);
        keys[2 * i + 1] = (uint8_t)(i % 256);
        spans[i] = (struct bare_span){ 2 * i, 2 };
    }
    cr_expect_eq(bare_keys_repeated(keys, spans, COUNT(spans)), SIZE_MAX);
    memcpy(keys + 1400, keys + 20, 2);
    memcpy(keys + 1800, keys + 30, 2);
    cr_expect_eq(bare_keys_repeated(keys, spans, COUNT(spans)), 1400);
    cr_expect_eq(bare_keys_repeated(keys, spans, 0), SIZE_MAX);
}

Test(codec, a_value_that_cannot_be_read_back_is_not_written)
{
    const struct bare_type *reason = bare_schema_find(envoy_protocol.schemas[0], "StopActorReason");
    const struct bare_type *message =
        bare_schema_find(envoy_protocol.schemas[0], "KvErrorResponse");
    const struct bare_type *intent = bare_schema_find(envoy_protocol.schemas[0], "ActorIntent");
    const struct bare_slice bad = { (const uint8_t *)"ab\xFF", 3 };
    const uint32_t five = 5;
    struct bare_writer w = { 0 };
    struct bare_fault fault;

    bare_put_uint(&w, 1);
    cr_expect_eq(bare_encode(&w, reason, &five, &fault), BARE_BAD_ENUM);
    cr_expect_eq(bare_encode(&w, intent, &five, &fault), BARE_BAD_TAG);
    cr_expect_str_eq(fault.path, "ActorIntent");
    cr_expect_eq(bare_encode(&w, message, &bad, &fault), BARE_BAD_UTF8);
    cr_expect_str_eq(fault.path, "KvErrorResponse.message");
    cr_expect_eq(w.len, 1);
    cr_expect_eq(w.err, BARE_OK);
    bare_writer_free(&w);
}

Test(codec, a_map_that_has_a_key_twice_is_not_written)
{
    static const uint8_t key[] = { 'k' };
    const struct {
        struct bare_slice key, value;
    } pairs[] = { { { key, 1 }, { NULL, 0 } }, { { key, 1 }, { key, 1 } } };
    const struct {
        struct bare_slice actor_id, path;
        const void *items;
        size_t count;
    } open = { { NULL, 0 }, { NULL, 0 }, pairs, 2 };
    const struct bare_type *type =
        bare_schema_find(envoy_protocol.schemas[4], "ToEnvoyWebSocketOpen");
    struct bare_writer w = { 0 };
    struct bare_fault fault;

    cr_assert_eq(type->size, sizeof open);
    cr_expect_eq(bare_encode(&w, type, &open, &fault), BARE_DUPLICATE_KEY);
    cr_expect_str_eq(fault.path, "ToEnvoyWebSocketOpen.headers");
    cr_expect_eq(w.len, 0);
    bare_writer_free(&w);
}

Test(codec, the_history_record_has_the_bytes_of_its_format)
{
    static const char want[] = "0300000000000000"                 /* folded */
                               "01"                               /* sessions */
                               "000102030405060708090a0b0c0d0e0f" /* id */
                               "ffffffffffffffff"
                               "02000000" /* began, pages */
                               "02"
                               "01000000"
                               "2c010000" /* steps */
                               "02"
                               "01000000"
                               "03000000" /* seen */
                               "02"
                               "00000000"
                               "ffffffff" /* ranks */
                               "02"
                               "00"
                               "02"; /* classes */
    static const uint32_t steps[] = { 1, 300 }, seen[] = { 1, 3 }, ranks[] = { 0, UINT32_MAX };
    static const uint8_t classes[] = { 0, 2 };
    struct stored_session_mark mark = { .began = -1, .pages = 2 };
    struct stored_history history = { 3,           { &mark, 1 }, { steps, 2 },
                                      { seen, 2 }, { ranks, 2 }, { classes, 2 } };
    const struct bare_type *type = bare_schema_find(&stored_schema, "History");
    struct bare_writer w = { 0 };
    struct bare_fault fault;
    char *hex;

    for (uint8_t i = 0; i < 16; i++)
        mark.id.bytes[i] = i;
    cr_assert_eq(bare_encode(&w, type, &history, &fault), BARE_OK);
    hex = hex_of(w.buf, w.len);
    cr_expect_str_eq(hex, want);
    free(hex);
    bare_writer_free(&w);
}
