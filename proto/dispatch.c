/* Dispatch, and the answer to a request that nobody handles. The answer is built by names through
 * the descriptors: which SQLite requests there are is the schema's business. */
#include "proto/dispatch.h"

#include "proto/protocol.h"

#include <stdio.h>
#include <string.h>

static const struct bare_type *latest_type(enum envoy_root root)
{
    return envoy_protocol.roots[root].types[envoy_protocol.latest - 1];
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* The field of this name and kind, or NULL; `index` may be NULL. */
static const struct bare_field *field_of(const struct bare_type *type, const char *name,
                                         enum bare_kind kind, uint32_t *index)
{
    for (size_t i = 0; i < type->count; i++) {
        if (strcmp(type->fields[i].name, name) != 0) continue;
        if (index) *index = (uint32_t)i;
        return type->fields[i].type->kind == kind ? &type->fields[i] : NULL;
    }
    return NULL;
}

/* "ToRivetSqliteExecRequest" is answered by "ToEnvoySqliteExecResponse". */
static const struct bare_field *response_to(const char *request, uint32_t *tag)
{
    static const char start[] = "ToRivetSqlite", end[] = "Request";
    size_t len = strlen(request);
    char name[128];

    if (!starts_with(request, start) || len < sizeof end || len > sizeof name - 8) return NULL;
    if (strcmp(request + len - (sizeof end - 1), end) != 0) return NULL;
    (void)snprintf(name, sizeof name, "ToEnvoy%.*sResponse",
                   (int)(len - strlen("ToRivet") - (sizeof end - 1)), request + strlen("ToRivet"));
    return field_of(latest_type(ENVOY_ROOT_TO_ENVOY), name, BARE_STRUCT, tag);
}

static unsigned char *at(void *value, const struct bare_field *field)
{
    return (unsigned char *)value + field->offset;
}

/* Fills the `data` union of a response with SqliteErrorResponse{ message: text }. */
static int put_error(void *data, const struct bare_type *type, const char *text)
{
    const struct bare_slice slice = bare_slice_of(text);
    const struct bare_field *error, *message = NULL;
    uint32_t tag = 0;

    error = field_of(type, "SqliteErrorResponse", BARE_STRUCT, &tag);
    if (error) message = field_of(error->type, "message", BARE_STR, NULL);
    if (!message) return -1;
    bare_store_tag(data, tag);
    memcpy(at(at(data, error), message), &slice, sizeof slice);
    return 0;
}

int envoy_answer_error(struct envoy_answer *answer, const struct envoy_to_rivet *request,
                       const char *text)
{
    const struct bare_type *requests = latest_type(ENVOY_ROOT_TO_RIVET);
    const struct bare_field *asked, *given, *id_asked = NULL, *id_given = NULL, *data = NULL;
    struct envoy_to_envoy *out = &answer->message.as.to_envoy;
    uint32_t tag = 0;

    if (bare_load_tag(request) >= requests->count) return -1;
    asked = &requests->fields[bare_load_tag(request)];
    given = response_to(asked->name, &tag);
    if (given && asked->type->kind == BARE_STRUCT) {
        id_asked = field_of(asked->type, "requestId", BARE_U32, NULL);
        id_given = field_of(given->type, "requestId", BARE_U32, NULL);
        data = field_of(given->type, "data", BARE_UNION, NULL);
    }
    if (!id_asked || !id_given || !data) return -1;
    memset(&answer->message, 0, sizeof answer->message);
    answer->message.root = ENVOY_ROOT_TO_ENVOY;
    bare_store_tag(out, tag);
    bare_store_fixed(
        at(at(out, given), id_given),
        bare_load_fixed((const unsigned char *)request + asked->offset + id_asked->offset, 4), 4);
    if (put_error(at(at(out, given), data), data->type, text) != 0) return -1;
    answer->has = true;
    return 0;
}

#define VALUE_CASE(tag_name, field)                                                                \
    case tag_name:                                                                                 \
        return handlers->field(ctx, &message->as.field, answer);
#define EMPTY_CASE(tag_name, field)                                                                \
    case tag_name:                                                                                 \
        return handlers->field(ctx, answer);

static int call_to_rivet(const struct envoy_to_rivet_handlers *handlers, void *ctx,
                         const struct envoy_to_rivet *message, struct envoy_answer *answer)
{
    switch (message->tag) {
        ENVOY_TO_RIVET_MEMBERS(VALUE_CASE, EMPTY_CASE)
    }
    return ENVOY_UNHANDLED;
}

int envoy_dispatch_to_rivet(const struct envoy_to_rivet_handlers *handlers, void *ctx,
                            const struct envoy_to_rivet *message, struct envoy_answer *answer)
{
    int rc = call_to_rivet(handlers, ctx, message, answer);

    if (rc == ENVOY_UNHANDLED && !answer->has)
        (void)envoy_answer_error(answer, message, "this host does not handle the request");
    return rc;
}

int envoy_dispatch_to_envoy(const struct envoy_to_envoy_handlers *handlers, void *ctx,
                            const struct envoy_to_envoy *message, struct envoy_answer *answer)
{
    switch (message->tag) {
        ENVOY_TO_ENVOY_MEMBERS(VALUE_CASE, EMPTY_CASE)
    }
    return ENVOY_UNHANDLED;
}
