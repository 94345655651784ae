/* Any bytes as a trace. One that is accepted is printed, and what is printed is read back as the
 * same trace. */
#include "bench/kit/trace.h"

#include <stdlib.h>
#include <string.h>

#define REQUIRE(fact)                                                                              \
    do {                                                                                           \
        if (!(fact)) abort();                                                                      \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static char *print(const struct trace *trace)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    REQUIRE(out);
    REQUIRE(trace_print(trace, out) == TRACE_OK);
    REQUIRE(fclose(out) == 0 && strlen(text) == len);
    return text;
}

static void require_rules(const struct trace *trace)
{
    for (size_t i = 0; i < trace->len; i++) {
        const struct trace_session *session = &trace->sessions[i];

        REQUIRE(session->page_count <= HINT_PGNO_MAX);
        REQUIRE(!session->profile || *session->profile != '\0');
        for (size_t k = 0; k < session->len; k++)
            REQUIRE(session->touches[k].pgno >= 1 && session->touches[k].pgno <= HINT_PGNO_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct trace trace = { 0 };
    struct trace_error error;
    char *once, *twice;
    int rc = trace_parse(&trace, (const char *)bytes, len, &error);

    if (rc != TRACE_OK) {
        REQUIRE(rc == TRACE_INVALID && error.line > 0 && error.why && trace.len == 0);
        return 0;
    }
    require_rules(&trace);
    once = print(&trace);
    REQUIRE(trace_parse(&trace, once, strlen(once), &error) == TRACE_OK);
    twice = print(&trace);
    REQUIRE(strcmp(once, twice) == 0);
    free(once);
    free(twice);
    trace_free(&trace);
    return 0;
}
