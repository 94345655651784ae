/* A history is what several sessions have taught: for each page in which of the last 32 sessions it
 * was touched, and its usual rank in the first-touch order.
 *
 * The probability that the next session needs a page is p = .8 p + .2 used, session by session,
 * which is the sum of .2 * .8^i over the sessions i back that touched it. Terms past the 32nd add
 * up to less than .001, so the bits are the whole state: sessions can be replaced while they run,
 * and two histories agree bit by bit when they saw the same sessions. Pure; memory belongs to the
 * history. */
#ifndef HINTS_HISTORY_H
#define HINTS_HISTORY_H

#include "hints/session.h"

#define HINT_HISTORY_SESSIONS 32

struct hint_page {
    uint32_t pgno;
    uint32_t seen;      /* bit i: touched in sessions[i]; never 0 */
    uint32_t rank;      /* usual place in the first-touch order, 0 is first */
    uint8_t page_class; /* enum hint_class */
};

struct hint_session_mark {
    struct hint_session_id id;
    int64_t began_s;
    uint32_t pages; /* touched in that session */
};

/* Zeroed is a valid empty history. */
struct hint_history {
    uint64_t folded;                                          /* sessions ever folded in */
    struct hint_session_mark sessions[HINT_HISTORY_SESSIONS]; /* newest first */
    uint32_t session_count;
    struct hint_page *pages; /* by pgno, each once */
    size_t len;
};

void hint_history_free(struct hint_history *history);

/* Whether the arrays keep the rules above. For assertions, and for what a store brought. */
bool hint_history_is_normal(const struct hint_history *history);

/* out = a deep copy of history; what `out` held is replaced. HINT_NOMEM. */
int hint_history_copy(struct hint_history *out, const struct hint_history *history);

/* Folds a session in. One whose id the history knows is replaced: its bits become exactly the
 * session's pages, and a page keeps the rank that it had from it. A new one becomes the newest:
 * every page ages by one place, and a page that no remembered session touched is gone. An empty
 * session changes nothing. HINT_NOMEM: the history is as it was. */
int hint_history_fold(struct hint_history *history, const struct hint_session *session);

/* Whether a session with this id is among the remembered ones. */
bool hint_history_knows(const struct hint_history *history, const struct hint_session_id *id);

/* Keeps the `pages_max` most useful pages: the most probable, at equal probability the earliest.
 * HINT_NOMEM. */
int hint_history_prune(struct hint_history *history, size_t pages_max);

/* Probability in parts per million. */
uint32_t hint_page_probability_ppm(struct hint_page page);

/* Mean of the pages touched in the remembered sessions, rounded up; 0 when there are none. */
uint32_t hint_history_usual_pages(const struct hint_history *history);

#endif
