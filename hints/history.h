/* A history is what several sessions have taught: for each page in which of the last 32 sessions it
 * was touched, in which it was prefetched, and its earliest place in the first-touch order.
 *
 * The bits are the whole state: a session can be replaced while it runs, and two histories agree
 * bit by bit when they saw the same sessions. What they mean for the next session is the
 * forecast's business (hints/forecast.h). Pure; memory belongs to the history. */
#ifndef HINTS_HISTORY_H
#define HINTS_HISTORY_H

#include "hints/session.h"

#define HINT_HISTORY_SESSIONS 32

/* So many very short sessions share a bit at most. */
#define HINT_SHARED_MAX 8

struct hint_page {
    uint32_t pgno;
    uint32_t seen;      /* bit i: touched in sessions[i]; never 0 */
    uint32_t fetched;   /* bit i: prefetched for sessions[i] */
    uint32_t rank;      /* earliest place in a session's first-touch order, 0 is first */
    uint8_t page_class; /* enum hint_class */
};

struct hint_session_mark {
    struct hint_session_id id;
    int64_t began_s;
    uint32_t sessions; /* that share its bit, 1..HINT_SHARED_MAX */
    uint32_t pages;    /* touched in that session; 0: an odd one, which had no say */
    uint32_t db_pages; /* in the database at its end; 0: unknown */
    /* Growth: the pages that others appended since the session before, how many of them this one
     * touched, and the earliest place of such a touch. */
    uint32_t tail_pages;
    uint32_t tail_used;
    uint32_t tail_rank;
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
 * session's pages. A new one becomes the newest:
 * every page ages by one bit, and a page that no remembered session touched is gone.
 *
 * Very short sessions (fewer pages than an eighth of the usual) that follow each other share a bit,
 * so that a row of them pushes little out. Of a very long one the first touches count, up to four
 * times the usual. One that is long and like nothing known is odd: it went through half of the
 * database at four times the usual (a backup, a check), or at twice the usual less than a sixteenth
 * of its pages was known to three sessions or more (a report). Its pages are not taken, unless the
 * one before it was such a one, too. An empty session changes nothing. HINT_NOMEM: the history is
 * as it was. */
int hint_history_fold(struct hint_history *history, const struct hint_session *session);

/* out = what both taught; what `out` held is replaced, and it is neither of them. Sessions are
 * ordered by when they began, the latest 32 stay. Commutative; merging a history whose sessions
 * are in that order with itself, or with a part of itself, changes nothing. HINT_NOMEM. */
int hint_history_merge(struct hint_history *out, const struct hint_history *a,
                       const struct hint_history *b);

/* Whether a session with this id is among the remembered ones. */
bool hint_history_knows(const struct hint_history *history, const struct hint_session_id *id);

/* The page's entry; NULL: the history does not know it. */
const struct hint_page *hint_history_find(const struct hint_history *history, uint32_t pgno);

/* How many of the session's first `touches_max` touches are of pages that other sessions of the
 * history touched: what was saved of it as it ran proves nothing. */
size_t hint_history_known(const struct hint_history *history, const struct hint_session *session,
                          size_t touches_max);

/* Keeps the `pages_max` most useful pages: the most probable by age and number of their bits, at
 * equal probability the earliest. HINT_NOMEM. */
int hint_history_prune(struct hint_history *history, size_t pages_max);

/* p = .8 p + .2 used over `outcomes`, bit 0 being the latest, in parts per million: what a page's
 * bits say without looking at other pages. */
uint32_t hint_decayed_ppm(uint32_t outcomes);

/* Pages of the session in which the usual page is touched: the mean of the remembered sessions,
 * each weighed by its own pages, so that many short ones do not hide the long ones. Rounded up; 0
 * when there are none. */
uint32_t hint_history_usual_pages(const struct hint_history *history);

#endif
