/* Handlers for every member of both directions, as a host writes them. The test that leaves one out
 * defines LEAVE_OUT_STOPPING or LEAVE_OUT_PING and must not compile. */
#ifndef TESTS_PROTO_DISPATCH_ALL_H
#define TESTS_PROTO_DISPATCH_ALL_H

#include "proto/dispatch.h"

/* What the last handler was. */
struct seen {
    const char *member;
    const void *value;
    int rc; /* what the handlers return */
};

#define SEEN_VALUE(prefix, field, type)                                                            \
    static int prefix##field(void *ctx, const type *value, struct envoy_answer *answer)            \
    {                                                                                              \
        struct seen *seen = ctx;                                                                   \
        (void)answer;                                                                              \
        seen->member = #field;                                                                     \
        seen->value = value;                                                                       \
        return seen->rc;                                                                           \
    }
#define SEEN_EMPTY(prefix, field)                                                                  \
    static int prefix##field(void *ctx, struct envoy_answer *answer)                               \
    {                                                                                              \
        struct seen *seen = ctx;                                                                   \
        (void)answer;                                                                              \
        seen->member = #field;                                                                     \
        seen->value = NULL;                                                                        \
        return seen->rc;                                                                           \
    }

SEEN_VALUE(engine_, to_rivet_metadata, struct envoy_to_rivet_metadata)
SEEN_VALUE(engine_, to_rivet_events, struct envoy_list_of_event_wrapper)
SEEN_VALUE(engine_, to_rivet_ack_commands, struct envoy_to_rivet_ack_commands)
#ifndef LEAVE_OUT_STOPPING
SEEN_EMPTY(engine_, to_rivet_stopping)
#endif
SEEN_VALUE(engine_, to_rivet_pong, struct envoy_to_rivet_pong)
SEEN_VALUE(engine_, to_rivet_kv_request, struct envoy_to_rivet_kv_request)
SEEN_VALUE(engine_, to_rivet_tunnel_message, struct envoy_to_rivet_tunnel_message)
SEEN_VALUE(engine_, to_rivet_sqlite_get_pages_request,
           struct envoy_to_rivet_sqlite_get_pages_request)
SEEN_VALUE(engine_, to_rivet_sqlite_commit_request, struct envoy_to_rivet_sqlite_commit_request)
SEEN_VALUE(engine_, to_rivet_sqlite_persist_preload_hints_request,
           struct envoy_to_rivet_sqlite_persist_preload_hints_request)
SEEN_VALUE(engine_, to_rivet_sqlite_exec_request, struct envoy_to_rivet_sqlite_exec_request)
SEEN_VALUE(engine_, to_rivet_sqlite_execute_request, struct envoy_to_rivet_sqlite_execute_request)
SEEN_VALUE(engine_, to_rivet_sqlite_execute_write_request,
           struct envoy_to_rivet_sqlite_execute_write_request)

SEEN_VALUE(host_, to_envoy_init, struct envoy_to_envoy_init)
SEEN_VALUE(host_, to_envoy_commands, struct envoy_list_of_command_wrapper)
SEEN_VALUE(host_, to_envoy_ack_events, struct envoy_to_envoy_ack_events)
SEEN_VALUE(host_, to_envoy_kv_response, struct envoy_to_envoy_kv_response)
SEEN_VALUE(host_, to_envoy_tunnel_message, struct envoy_to_envoy_tunnel_message)
#ifndef LEAVE_OUT_PING
SEEN_VALUE(host_, to_envoy_ping, struct envoy_to_envoy_ping)
#endif
SEEN_VALUE(host_, to_envoy_sqlite_get_pages_response,
           struct envoy_to_envoy_sqlite_get_pages_response)
SEEN_VALUE(host_, to_envoy_sqlite_commit_response, struct envoy_to_envoy_sqlite_commit_response)
SEEN_VALUE(host_, to_envoy_sqlite_persist_preload_hints_response,
           struct envoy_to_envoy_sqlite_persist_preload_hints_response)
SEEN_VALUE(host_, to_envoy_sqlite_exec_response, struct envoy_to_envoy_sqlite_exec_response)
SEEN_VALUE(host_, to_envoy_sqlite_execute_response, struct envoy_to_envoy_sqlite_execute_response)
SEEN_VALUE(host_, to_envoy_sqlite_execute_write_response,
           struct envoy_to_envoy_sqlite_execute_write_response)

static const struct envoy_to_rivet_handlers engine = ENVOY_TO_RIVET_HANDLERS(engine_);
static const struct envoy_to_envoy_handlers host = ENVOY_TO_ENVOY_HANDLERS(host_);

#endif
