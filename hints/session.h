/* A session is what one process touched between the first open of a database and its last close:
 * the first touches of all its connections, merged into one order. It has an identity, so that it
 * is folded into a history once, however often it is saved. Pure; memory belongs to the session. */
#ifndef HINTS_SESSION_H
#define HINTS_SESSION_H

#include "hints/evidence.h"
#include "hints/recorder.h"

struct hint_session_id {
    uint8_t bytes[16]; /* random */
};

/* Zeroed is a valid empty session. */
struct hint_session {
    struct hint_session_id id;
    int64_t began_s;            /* seconds since 1970; orders sessions, nothing else */
    struct hint_touch *touches; /* by time, every page once */
    size_t len;
    struct hint_evidence first; /* the database as the session found it; zeroes where unknown */
    struct hint_evidence last;  /* and as it is now */
    bool moved;                 /* it moved the pages itself (VACUUM, restore) */
    struct hint_runs fetched;   /* what was prefetched for it */
};

void hint_session_free(struct hint_session *session);

/* Merges a list of touches (in order, as hint_recorder_copy gives them) into the session: by time,
 * stable, of a page's two touches the earlier one stays, and the more telling class. The session
 * never holds more than `pages_max` pages: the latest touches are left out. HINT_NOMEM. */
int hint_session_merge(struct hint_session *session, const struct hint_touch *touches, size_t count,
                       size_t pages_max);

#endif
