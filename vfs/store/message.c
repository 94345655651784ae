/* Straight from one set of structs to the other. */
#include "vfs/store/message.h"

#include <stdio.h>

#include "hints/format/bytes.h"
#include "hints/memory.h"
#include "hints/set.h"
#include "proto/envoy.h"

#define FNV_PRIME UINT64_C(1099511628211)
#define FNV_BASIS UINT64_C(14695981039346656037)

static int pages_above(struct hint_runs *out, const struct hint_forecast *forecast,
                       uint32_t probability_min_ppm)
{
    int rc = HINT_OK;

    for (size_t i = 0; rc == HINT_OK && i < forecast->len; i++) {
        if (forecast->pages[i].ppm > probability_min_ppm)
            rc = hint_runs_add(out, (struct hint_run){ forecast->pages[i].pgno, 1 });
    }
    return rc;
}

static bool encode_set(uint8_t **out, size_t *out_len, const struct hint_set *set,
                       const struct envoy_sqlite_preload_hint_range *ranges,
                       struct message_head head)
{
    struct envoy_message message = {
        .root = ENVOY_ROOT_TO_RIVET,
        .as.to_rivet = {
            .tag = ENVOY_TO_RIVET_TO_RIVET_SQLITE_PERSIST_PRELOAD_HINTS_REQUEST,
            .as.to_rivet_sqlite_persist_preload_hints_request.data = {
                .actor_id = bare_slice_of(head.actor),
                .generation = head.generation,
                .hints = { .pgnos = { set->pgnos, set->pgno_count }, .ranges = { ranges, set->range_count } },
            },
        },
    };
    struct bare_writer writer = { 0 };
    struct envoy_why why;

    if (envoy_encode(&writer, &message, ENVOY_PROTOCOL_VERSION, &why) != ENVOY_OK) {
        bare_writer_free(&writer);
        return false;
    }
    *out = writer.buf;
    *out_len = writer.len;
    return true;
}

bool preload_message_encode(uint8_t **out, size_t *out_len, const struct hint_forecast *forecast,
                            uint32_t probability_min_ppm, struct message_head head)
{
    struct envoy_sqlite_preload_hint_range *ranges = NULL;
    struct hint_runs runs = { 0 };
    struct hint_set set = { 0 };
    bool done = false;
    int rc;

    rc = pages_above(&runs, forecast, probability_min_ppm);
    if (rc == HINT_OK) rc = hint_set_of_runs(&set, &runs);
    if (rc == HINT_OK) ranges = hint_calloc(set.range_count + 1, sizeof *ranges);
    if (ranges) {
        for (size_t i = 0; i < set.range_count; i++) {
            ranges[i].start_pgno = set.ranges[i].first;
            ranges[i].page_count = set.ranges[i].count;
        }
        done = encode_set(out, out_len, &set, ranges, head);
    }
    hint_free(ranges);
    hint_set_free(&set);
    hint_runs_free(&runs);
    return done;
}

/* Copies what was decoded, which borrows from an arena, into a set of our own. */
static bool copy_set(struct hint_set *set, const struct envoy_sqlite_preload_hints *hints)
{
    set->pgnos = hint_calloc(hints->pgnos.count + 1, sizeof *set->pgnos);
    set->ranges = hint_calloc(hints->ranges.count + 1, sizeof *set->ranges);
    if (!set->pgnos || !set->ranges) return false;
    set->pgno_count = hints->pgnos.count;
    set->range_count = hints->ranges.count;
    for (size_t i = 0; i < set->pgno_count; i++)
        set->pgnos[i] = hints->pgnos.items[i];
    for (size_t i = 0; i < set->range_count; i++) {
        set->ranges[i].first = hints->ranges.items[i].start_pgno;
        set->ranges[i].count = hints->ranges.items[i].page_count;
    }
    return true;
}

/* FNV-1a, once from either end: the same message has the same id, and no two in practice share one.
 */
static struct hint_session_id id_of(const uint8_t *bytes, size_t len)
{
    uint64_t forward = FNV_BASIS;
    uint64_t backward = FNV_BASIS;
    struct hint_session_id id;

    for (size_t i = 0; i < len; i++) {
        forward = (forward ^ bytes[i]) * FNV_PRIME;
        backward = (backward ^ bytes[len - 1 - i]) * FNV_PRIME;
    }
    bytes_put_le(id.bytes, forward, 8);
    bytes_put_le(id.bytes + 8, backward, 8);
    return id;
}

static const char *session_of_runs(struct hint_session *session, const struct hint_runs *runs,
                                   size_t pages_max)
{
    uint64_t pages = hint_runs_pages(runs);

    if (pages > pages_max) return "more pages than a history holds";
    session->touches = hint_calloc((size_t)pages + 1, sizeof *session->touches);
    if (!session->touches) return "out of memory";
    for (size_t i = 0; i < runs->len; i++) {
        for (uint32_t j = 0; j < runs->items[i].count; j++)
            session->touches[session->len++].pgno = runs->items[i].first + j;
    }
    return NULL;
}

static const char *session_of_hints(struct hint_session *session,
                                    const struct envoy_sqlite_preload_hints *hints,
                                    size_t pages_max)
{
    const struct hint_set_cap cap = { .pgnos_max = pages_max, .ranges_max = pages_max };
    struct hint_set set = { 0 };
    struct hint_runs runs = { 0 };
    const char *fault = "out of memory";

    if (copy_set(&set, hints) && hint_set_check(&set, cap, &fault) == HINT_OK) {
        fault = "out of memory";
        if (hint_set_to_runs(&runs, &set) == HINT_OK)
            fault = session_of_runs(session, &runs, pages_max);
    }
    hint_set_free(&set);
    hint_runs_free(&runs);
    return fault;
}

bool preload_message_decode(struct hint_session *session, uint64_t *generation,
                            const uint8_t *bytes, size_t len, size_t pages_max,
                            char why[MESSAGE_WHY_MAX])
{
    const struct envoy_sqlite_persist_preload_hints_request *request;
    struct bare_arena arena = { 0 };
    struct envoy_message message;
    struct envoy_why envoy_why;
    const char *fault = envoy_why.text;

    hint_session_free(session);
    if (envoy_decode(&message, ENVOY_ROOT_TO_RIVET, ENVOY_PROTOCOL_VERSION,
                     (struct bare_slice){ bytes, len }, &arena, &envoy_why) == ENVOY_OK) {
        request = &message.as.to_rivet.as.to_rivet_sqlite_persist_preload_hints_request.data;
        fault = "not a persist request for preload hints";
        if (message.as.to_rivet.tag ==
            ENVOY_TO_RIVET_TO_RIVET_SQLITE_PERSIST_PRELOAD_HINTS_REQUEST) {
            *generation = request->generation;
            session->id = id_of(bytes, len);
            fault = session_of_hints(session, &request->hints, pages_max);
        }
    }
    (void)snprintf(why, MESSAGE_WHY_MAX, "%s", fault ? fault : "");
    bare_arena_free(&arena);
    if (fault) hint_session_free(session);
    return fault == NULL;
}
