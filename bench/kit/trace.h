/* A trace lists the pages that a program touched, session by session. Policies are tested on
 * traces. The library writes one when the option `trace` is set.
 *
 *     # a comment
 *     page_size 4096
 *     session 20954 profile=alice cookie=46
 *     read 1@0:i 18740@64:l 7
 *     write 9@1024:l
 *
 * `page_size` holds for the sessions after it. `session PAGES` has the size of the database in
 * pages; its keys are `profile` (for whom the program worked), `cookie` (the schema's) and
 * `tested=0`, for maintenance: a session that is learnt from and that nobody waits for. A touch is
 * a page, the microseconds since the session began, and i for an interior b-tree page, l for a
 * leaf, o for overflow. Lines, keys and classes that are not known are ignored; what is missing is
 * unknown. Only a page's first touch in a session counts. One thread at a time. */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include <stdio.h>

#include "hints/recorder.h"

enum trace_status {
    TRACE_OK = 0,
    TRACE_NOMEM = -1,
    TRACE_INVALID = -2, /* the text breaks a rule, which the error names */
    TRACE_IO = -3       /* the file cannot be read or written */
};

#define TRACE_US_UNKNOWN        UINT64_MAX
#define TRACE_PAGE_SIZE_DEFAULT 4096u

struct trace_touch {
    uint32_t pgno; /* 1..HINT_PGNO_MAX */
    enum hint_class page_class;
    enum hint_how how;
    uint64_t us; /* since the session began, or TRACE_US_UNKNOWN */
};

struct trace_session {
    uint32_t page_size; /* bytes: a power of two, 512..65536; 0 is unknown */
    uint32_t page_count;
    char *profile; /* NULL is unknown */
    uint32_t cookie;
    bool has_cookie;
    bool is_maintenance;
    struct trace_touch *touches; /* in order, every page once */
    size_t len;
    size_t cap;
};

/* Zeroed is a valid empty trace. */
struct trace {
    struct trace_session *sessions;
    size_t len;
    size_t cap;
};

struct trace_error {
    size_t line;     /* from 1; 0 where no line is to blame */
    const char *why; /* a constant sentence */
};

/* Leaves it empty; twice is harmless. */
void trace_free(struct trace *trace);

/* Reads a text; what `out` held is replaced. TRACE_INVALID, TRACE_NOMEM: `out` is empty and `error`
 * says why. */
int trace_parse(struct trace *out, const char *text, size_t len, struct trace_error *error);

/* The same of a file. TRACE_IO as well. */
int trace_load(struct trace *out, const char *path, struct trace_error *error);

/* Writes the text that trace_parse makes the same trace of. TRACE_IO. */
int trace_print(const struct trace *trace, FILE *out);

/* Appends a session without touches, which stays where it is until the next one is added. The
 * profile is copied, and may be NULL. NULL: no memory. */
struct trace_session *trace_add_session(struct trace *trace, uint32_t page_count,
                                        const char *profile);

/* Appends a touch of a page that the session has not touched yet. TRACE_NOMEM. */
int trace_session_add(struct trace_session *session, struct trace_touch touch);

/* Bytes of a page of this session: TRACE_PAGE_SIZE_DEFAULT where they are unknown. */
uint32_t trace_page_size(const struct trace_session *session);

#endif
