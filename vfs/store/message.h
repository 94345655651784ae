/* The bridge between what we learn and how it travels: a forecast as an envoy-protocol v5 persist
 * request, and a session back. The only file that knows both hints/ and proto/. *Pure*.
 *
 * A request carries page numbers and ranges, no probability and no order: what comes back is a
 * session that touched exactly those pages, in ascending order. */
#ifndef VFS_MESSAGE_H
#define VFS_MESSAGE_H

#include <stdbool.h>

#include "hints/forecast.h"

#define MESSAGE_WHY_MAX 384

/* What a request says beside the hints. */
struct message_head {
    const char *actor; /* UTF-8 */
    uint64_t generation;
};

/* Encodes the pages whose probability is above `probability_min_ppm` as a bare ToRivet message
 * of version 5, in the smallest encoding of pages and ranges; the caller frees `*out`. False: no
 * memory, or `actor` is not UTF-8. */
bool preload_message_encode(uint8_t **out, size_t *out_len, const struct hint_forecast *forecast,
                            uint32_t probability_min_ppm, struct message_head head);

/* Decodes such a message. The session's id comes from the bytes, so that the same message taken
 * twice is folded once; at most `pages_max` pages. False with a sentence in `why`: malformed (with
 * offset and path), another message, page numbers that break the rules (hints/set.h), more pages
 * than the cap, no memory. `session` is then empty. */
bool preload_message_decode(struct hint_session *session, uint64_t *generation,
                            const uint8_t *bytes, size_t len, size_t pages_max,
                            char why[MESSAGE_WHY_MAX]);

#endif
