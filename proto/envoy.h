/* The envoy protocol: what an actor host needs to talk to the engine in any published version.
 *
 * A caller holds messages of the latest version alone (ENVOY_PROTOCOL_VERSION; the structs are in
 * proto_gen/types.h, written from proto/schema). Decoding version n walks n -> n+1 -> ... ->
 * latest, encoding for n walks the other way; each step builds its target field by field. What a
 * version has no meaning for is refused by name, never guessed.
 *
 * Pure; any thread, one at a time per arena and writer. */
#ifndef PROTO_ENVOY_H
#define PROTO_ENVOY_H

#include "proto_gen/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum envoy_status {
    ENVOY_OK = 0,
    ENVOY_NOMEM = -1,
    ENVOY_MALFORMED = -2,    /* the bytes (or, encoding, the value) break the encoding: `path` */
    ENVOY_INCOMPATIBLE = -3, /* the target version lacks something: `feature` */
    ENVOY_BAD_VERSION = -4,  /* no such version, or no room for one in the bytes */
};

enum envoy_direction {
    ENVOY_DIRECTION_TO_RIVET = 0,
    ENVOY_DIRECTION_TO_ENVOY = 1,
};

enum { ENVOY_PATH_MAX = 256, ENVOY_TEXT_MAX = 384 };

/* Why a call failed, and what was lost in one that did not. Filled by every call. */
struct envoy_why {
    char text[ENVOY_TEXT_MAX]; /* a sentence for people; "" after ENVOY_OK */

    /* ENVOY_MALFORMED */
    size_t offset;             /* in the bytes that were given; 0 when encoding */
    char path[ENVOY_PATH_MAX]; /* "ToRivet.ToRivetSqliteCommitRequest.data.dirtyPages[3].bytes" */
    const char *reason;        /* a constant: "invalid UTF-8" */

    /* ENVOY_INCOMPATIBLE */
    const char *feature; /* a constant: "SqlitePreloadHints" */
    enum envoy_direction direction;
    unsigned needs;  /* the version that has it */
    unsigned target; /* the version that was asked for: the latest when decoding */

    /* ENVOY_OK: the first field that had a value and was dropped, or NULL:
     * "CommandStartActor.sqliteStartupData" */
    const char *dropped;
};

/* Reads a message of `version` and brings it to the latest. Strings and data in `*out` borrow from
 * `bytes`, lists live in `arena` (a zeroed one will do): both have to outlive `*out`. Takes no more
 * than 4 KiB + 64 x bytes.len from malloc at any time. On an error `*out` is not to be used. Any
 * status. */
int envoy_decode(struct envoy_message *out, enum envoy_root root, unsigned version,
                 struct bare_slice bytes, struct bare_arena *arena, struct envoy_why *why);

/* Brings the message to `version` and appends its bytes to `out`; after an error `out` is as long
 * as before. Any status. */
int envoy_encode(struct bare_writer *out, const struct envoy_message *message, unsigned version,
                 struct envoy_why *why);

/* The same for stored and queued messages, which begin with their version, a little-endian u16. */
int envoy_decode_embedded(struct envoy_message *out, enum envoy_root root, struct bare_slice bytes,
                          struct bare_arena *arena, struct envoy_why *why);
int envoy_encode_embedded(struct bare_writer *out, const struct envoy_message *message,
                          unsigned version, struct envoy_why *why);

/* "ToRivet". */
const char *envoy_root_name(enum envoy_root root);
/* 0 and `*root`, or -1: no root has this name. */
int envoy_root_find(enum envoy_root *root, const char *name);
/* "ToRivet" or "ToEnvoy". */
const char *envoy_direction_name(enum envoy_direction direction);

#ifdef __cplusplus
}
#endif

#endif
