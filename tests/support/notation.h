/* Sessions, histories and plans as text.
 *
 *     touches   "1i@0 7l@4 9"       page, class (i, l, o; none is unknown), time in us (as before
 *                                   where it is left out, at the start 0); "+3-5 9" at the end:
 *                                   what was prefetched
 *     history   "1i:11@0 7:01@4"    page, class, the sessions that touched it (the newest first),
 *                                   rank; "7:01/10@4" for those that it was prefetched for
 *     forecast  "1i:200@0 7:85@4"   page, class, probability in a thousand, rank
 *     plan      "1-3 7 | @40 20"    groups of runs, with the touches after which they are due
 *                                   where these are not 0; "||" before the first that waits for a
 *                                   verdict
 */
#ifndef TESTS_SUPPORT_NOTATION_H
#define TESTS_SUPPORT_NOTATION_H

#include "hints/plan.h"
#include "tests/support/runs.h"

/* A session whose id is the name's letter; the caller frees it. Aborts where the text is wrong. */
struct hint_session session_of(char name, const char *touches);

/* Without times. */
struct text session_text(const struct hint_session *session);

/* A history of `session_count` sessions named a, b, c ... from the newest; the caller frees it.
 * Aborts where the text is wrong. */
struct hint_history history_of(uint32_t session_count, const char *pages);

struct text history_text(const struct hint_history *history);

/* A forecast for sessions of `usual_pages`; the caller frees it. Aborts where the text is wrong. */
struct hint_forecast forecast_of(uint32_t usual_pages, const char *pages);

struct text forecast_text(const struct hint_forecast *forecast);

struct text plan_text(const struct hint_plan *plan);

#endif
