/* Who handles what: one function per member of ToRivet and of ToEnvoy.
 *
 * Fill the tables with ENVOY_TO_RIVET_HANDLERS(prefix) or ENVOY_TO_ENVOY_HANDLERS(prefix), which
 * name a function for every member (`prefix` + the member's field name); a function that does not
 * exist, or takes another member's struct, does not compile:
 *
 *     static int engine_to_rivet_stopping(void *ctx, struct envoy_answer *answer);
 *     static int engine_to_rivet_pong(void *ctx, const struct envoy_to_rivet_pong *pong,
 *                                     struct envoy_answer *answer);
 *     ...
 *     static const struct envoy_to_rivet_handlers engine = ENVOY_TO_RIVET_HANDLERS(engine_);
 *
 * A handler that has nothing to say to a member returns ENVOY_UNHANDLED. For an SQLite request this
 * means an answer all the same, a SqliteErrorResponse, so that no actor waits for ever. Pure; the
 * caller's thread calls the handlers. */
#ifndef PROTO_DISPATCH_H
#define PROTO_DISPATCH_H

#include "proto/envoy.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ENVOY_UNHANDLED = 1 };

/* What goes back. A handler that answers sets `message` and `has`; memory for lists may come from
 * `arena`. */
struct envoy_answer {
    bool has;
    struct envoy_message message;
    struct bare_arena *arena;
};

/* Calls the handler of the message's member and returns what it returns: 0, ENVOY_UNHANDLED or the
 * host's own error. After ENVOY_UNHANDLED `answer->has` says whether the message was an SQLite
 * request and got its error response. `answer` is zeroed but for its arena. */
int envoy_dispatch_to_rivet(const struct envoy_to_rivet_handlers *handlers, void *ctx,
                            const struct envoy_to_rivet *message, struct envoy_answer *answer);
int envoy_dispatch_to_envoy(const struct envoy_to_envoy_handlers *handlers, void *ctx,
                            const struct envoy_to_envoy *message, struct envoy_answer *answer);

/* Answers the SQLite request with a SqliteErrorResponse that carries `text` (borrowed). 0, or -1:
 * the message is no SQLite request, and `answer` has nothing. */
int envoy_answer_error(struct envoy_answer *answer, const struct envoy_to_rivet *request,
                       const char *text);

#ifdef __cplusplus
}
#endif

#endif
