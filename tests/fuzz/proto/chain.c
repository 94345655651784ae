/* Decode, up, down, encode: any bytes as any root of any version, brought to another one. What
 * arrives there arrives again, and the latest version is a fixed point. Three bytes of the input
 * choose the root and the versions. */
#include "proto/dispatch.h"
#include "proto/envoy.h"
#include "tests/fuzz/proto/fuzz.h"
#include "tests/proto/dispatch_all.h"

#include <string.h>

static struct bare_slice written(const struct bare_writer *w)
{
    return (struct bare_slice){ w->buf, w->len };
}

static void check_failure(int rc, const struct envoy_why *why, size_t len)
{
    REQUIRE(rc == ENVOY_MALFORMED || rc == ENVOY_INCOMPATIBLE);
    REQUIRE(why->text[0] != '\0');
    if (rc == ENVOY_MALFORMED) REQUIRE(why->offset <= len && why->path[0] && why->reason);
    if (rc == ENVOY_INCOMPATIBLE) REQUIRE(why->feature && why->needs && why->target);
}

/* The message's bytes in `version` come back as the same bytes. */
static void check_version(const struct envoy_message *message, unsigned version)
{
    struct bare_writer first = { 0 }, second = { 0 };
    struct bare_arena arena = { 0 };
    struct envoy_message again;
    struct envoy_why why;
    int rc = envoy_encode_embedded(&first, message, version, &why);

    if (rc == ENVOY_OK) {
        rc = envoy_decode_embedded(&again, message->root, written(&first), &arena, &why);
        REQUIRE(rc == ENVOY_OK && !why.dropped);
        REQUIRE(envoy_encode_embedded(&second, &again, version, &why) == ENVOY_OK);
        REQUIRE(bare_slice_equal(written(&first), written(&second)));
    } else {
        REQUIRE(rc == ENVOY_INCOMPATIBLE && version < ENVOY_PROTOCOL_VERSION);
        check_failure(rc, &why, 0);
    }
    bare_writer_free(&first);
    bare_writer_free(&second);
    bare_arena_free(&arena);
}

/* Hosts that handle nothing: a message finds its handler, an SQLite request its error response. */
static void check_dispatch(const struct envoy_message *message)
{
    struct envoy_answer answer = { .has = false };
    struct seen seen = { .rc = ENVOY_UNHANDLED };

    if (message->root == ENVOY_ROOT_TO_RIVET)
        REQUIRE(envoy_dispatch_to_rivet(&engine, &seen, &message->as.to_rivet, &answer) ==
                ENVOY_UNHANDLED);
    else if (message->root == ENVOY_ROOT_TO_ENVOY)
        REQUIRE(envoy_dispatch_to_envoy(&host, &seen, &message->as.to_envoy, &answer) ==
                ENVOY_UNHANDLED);
    else
        return;
    REQUIRE(seen.member);
    if (answer.has) check_version(&answer.message, ENVOY_PROTOCOL_VERSION);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bare_arena arena = { 0 };
    struct bare_slice bytes;
    struct envoy_message message;
    struct envoy_why why;
    enum envoy_root root;
    int rc;

    if (size < 3) return 0;
    root = (enum envoy_root)(data[0] % ENVOY_ROOT_COUNT);
    bytes = (struct bare_slice){ data + 3, size - 3 };
    rc = envoy_decode(&message, root, 1 + data[1] % ENVOY_PROTOCOL_VERSION, bytes, &arena, &why);
    REQUIRE(arena.bytes <= 4096 + 64 * bytes.len);
    if (rc == ENVOY_OK) {
        check_version(&message, 1 + data[2] % ENVOY_PROTOCOL_VERSION);
        check_version(&message, ENVOY_PROTOCOL_VERSION);
        check_dispatch(&message);
    } else {
        check_failure(rc, &why, bytes.len);
    }
    bare_arena_free(&arena);
    return 0;
}
