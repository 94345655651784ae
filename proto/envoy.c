/* Roots and versions: the chain of steps around the codec. */
#include "proto/envoy.h"

#include "proto/codec.h"
#include "proto/protocol.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

_Static_assert((int)ENVOY_PATH_MAX >= (int)BARE_PATH_MAX, "a path fits");

static int why_malformed(struct envoy_why *why, const struct bare_fault *fault, size_t offset)
{
    if (fault->err == BARE_NOMEM) {
        (void)snprintf(why->text, sizeof why->text, "out of memory");
        return ENVOY_NOMEM;
    }
    why->offset = fault->offset + offset;
    memcpy(why->path, fault->path, sizeof fault->path);
    why->reason = bare_error_text(fault->err);
    (void)snprintf(why->text, sizeof why->text, "%s, byte %zu: %s", why->path, why->offset,
                   why->reason);
    return ENVOY_MALFORMED;
}

static int why_incompatible(struct envoy_why *why, const struct envoy_root_info *root,
                            const struct convert_feature *feature, unsigned target)
{
    why->feature = feature->name;
    why->direction = (enum envoy_direction)root->direction;
    why->needs = feature->needs;
    why->target = target;
    (void)snprintf(why->text, sizeof why->text, "%s envoy-protocol v%u but the target is v%u",
                   feature->subjects[root->direction], feature->needs, target);
    return ENVOY_INCOMPATIBLE;
}

static int why_bad_version(struct envoy_why *why, unsigned version)
{
    (void)snprintf(why->text, sizeof why->text, "envoy-protocol v%u is not known, v1 to v%u are",
                   version, envoy_protocol.latest);
    return ENVOY_BAD_VERSION;
}

static const struct envoy_root_info *root_info(enum envoy_root root)
{
    assert(root < envoy_protocol.root_count);
    return &envoy_protocol.roots[root];
}

static bool version_is_known(unsigned version)
{
    return version >= 1 && version <= envoy_protocol.latest;
}

/* A message on its way: its value at one version, and where its lists live. */
struct leg {
    const void *value;
    unsigned version;
    struct bare_arena arena;
};

struct chain {
    const struct envoy_root_info *root;
    struct convert_report report;
    size_t bytes_max; /* of both versions of a step together; 0: no limit */
};

/* From `leg` to its neighbour, built in `target` or, when that is NULL, in the new leg's arena. The
 * leg before is let go at once: more than two versions of a message never live together. */
static int chain_step(struct chain *chain, struct leg *leg, unsigned version, void *target)
{
    const struct convert_plan *plan =
        version > leg->version ? chain->root->up[leg->version - 1] : chain->root->down[version - 1];
    struct leg next = { .version = version };
    int rc = CONVERT_NOMEM;

    if (chain->bytes_max) next.arena.bytes_max = chain->bytes_max - leg->arena.bytes;
    if (!target) target = bare_arena_alloc(&next.arena, plan->to->size, 1);
    next.value = target;
    if (target) rc = convert_value(target, leg->value, plan, &next.arena, &chain->report);
    bare_arena_free(&leg->arena);
    *leg = next;
    return rc;
}

/* Walks `leg` to `version`, one neighbour at a time. `target`, when not NULL, is where the value at
 * `version` goes. */
static int chain_walk(struct chain *chain, struct leg *leg, unsigned version, void *target)
{
    int rc = CONVERT_OK;

    while (leg->version != version && rc == CONVERT_OK) {
        unsigned next = leg->version < version ? leg->version + 1 : leg->version - 1;
        rc = chain_step(chain, leg, next, next == version ? target : NULL);
    }
    return rc;
}

static int chain_status(const struct chain *chain, int rc, unsigned target, struct envoy_why *why)
{
    struct bare_fault fault = { .err = BARE_NOMEM };

    if (rc == CONVERT_REFUSED)
        return why_incompatible(why, chain->root, chain->report.refused, target);
    if (rc == CONVERT_NOMEM) return why_malformed(why, &fault, 0);
    if (rc == CONVERT_INVALID) {
        fault.err = BARE_BAD_TAG;
        (void)snprintf(fault.path, sizeof fault.path, "%s", chain->root->name);
        return why_malformed(why, &fault, 0);
    }
    why->dropped = chain->report.dropped;
    return ENVOY_OK;
}

/* Reads an older version into `leg` and walks it to the latest; lists end up in the leg's arena. */
static int decode_older(struct envoy_message *out, struct bare_slice bytes, struct leg *leg,
                        struct envoy_why *why)
{
    struct chain chain = { .root = root_info(out->root) };
    struct bare_fault fault;
    int rc;

    leg->value = bare_decode_new(chain.root->types[leg->version - 1], bytes, &leg->arena, &fault);
    if (!leg->value) return why_malformed(why, &fault, 0);
    chain.bytes_max = bare_decode_bytes_max(bytes.len);
    rc = chain_walk(&chain, leg, envoy_protocol.latest, &out->as);
    return chain_status(&chain, rc, envoy_protocol.latest, why);
}

int envoy_decode(struct envoy_message *out, enum envoy_root root, unsigned version,
                 struct bare_slice bytes, struct bare_arena *arena, struct envoy_why *why)
{
    const struct envoy_root_info *info = root_info(root);
    struct leg leg = { .version = version };
    struct bare_fault fault;
    int rc;

    memset(why, 0, sizeof *why);
    memset(out, 0, sizeof *out);
    out->root = root;
    if (!version_is_known(version)) return why_bad_version(why, version);
    if (version == envoy_protocol.latest) {
        if (bare_decode(&out->as, info->types[version - 1], bytes, arena, &fault) == BARE_OK)
            return ENVOY_OK;
        return why_malformed(why, &fault, 0);
    }
    rc = decode_older(out, bytes, &leg, why);
    if (rc == ENVOY_OK) bare_arena_adopt(arena, &leg.arena);
    bare_arena_free(&leg.arena);
    return rc;
}

int envoy_decode_embedded(struct envoy_message *out, enum envoy_root root, struct bare_slice bytes,
                          struct bare_arena *arena, struct envoy_why *why)
{
    unsigned version;
    int rc;

    if (bytes.len < 2) {
        memset(why, 0, sizeof *why);
        (void)snprintf(why->text, sizeof why->text,
                       "%zu bytes are too few for an embedded version, which takes 2", bytes.len);
        return ENVOY_BAD_VERSION;
    }
    version = (unsigned)bytes.data[0] | (unsigned)bytes.data[1] << 8;
    bytes = (struct bare_slice){ bytes.data + 2, bytes.len - 2 };
    rc = envoy_decode(out, root, version, bytes, arena, why);
    if (rc == ENVOY_MALFORMED) {
        why->offset += 2;
        (void)snprintf(why->text, sizeof why->text, "%s, byte %zu: %s", why->path, why->offset,
                       why->reason);
    }
    return rc;
}

static int encode_value(struct bare_writer *out, const struct bare_type *type, const void *value,
                        struct envoy_why *why)
{
    struct bare_fault fault;

    if (bare_encode(out, type, value, &fault) == BARE_OK) return ENVOY_OK;
    return why_malformed(why, &fault, 0);
}

int envoy_encode(struct bare_writer *out, const struct envoy_message *message, unsigned version,
                 struct envoy_why *why)
{
    struct chain chain = { .root = root_info(message->root) };
    struct leg leg = { .value = &message->as, .version = envoy_protocol.latest };
    int rc;

    memset(why, 0, sizeof *why);
    if (!version_is_known(version)) return why_bad_version(why, version);
    rc = chain_walk(&chain, &leg, version, NULL);
    rc = chain_status(&chain, rc, version, why);
    if (rc == ENVOY_OK) rc = encode_value(out, chain.root->types[version - 1], leg.value, why);
    bare_arena_free(&leg.arena);
    return rc;
}

int envoy_encode_embedded(struct bare_writer *out, const struct envoy_message *message,
                          unsigned version, struct envoy_why *why)
{
    size_t before = out->len;
    int rc;

    bare_put_fixed(out, version & 0xFFFF, 2);
    rc = envoy_encode(out, message, version, why);
    if (rc != ENVOY_OK) out->len = before;
    return rc;
}

const char *envoy_root_name(enum envoy_root root)
{
    return root_info(root)->name;
}

int envoy_root_find(enum envoy_root *root, const char *name)
{
    for (size_t i = 0; i < envoy_protocol.root_count; i++) {
        if (strcmp(envoy_protocol.roots[i].name, name) != 0) continue;
        *root = (enum envoy_root)i;
        return 0;
    }
    return -1;
}

const char *envoy_direction_name(enum envoy_direction direction)
{
    return direction == ENVOY_DIRECTION_TO_RIVET ? "ToRivet" : "ToEnvoy";
}
