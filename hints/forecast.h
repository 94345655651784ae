/* A forecast is what the next session will need, as far as a history says: each page with its
 * probability and its place.
 *
 * A page's past is the list of outcomes (touched or not) of the sessions that had a say. A session
 * that ended before it came to the page's usual place, and for which the page was not prefetched,
 * has none: short sessions and interrupted ones say nothing about what comes late. The probability
 * is what happened after pasts of the same kind (how long ago the last use, how many uses in a row,
 * how many before those), counted over all pages and sessions of the history; where there are few
 * such cases it leans on p = .8 p + .2 used. So it learns from each program how long its pages
 * live: on one public trace a page that was missed once comes back, on another never.
 *
 * Pure; memory belongs to the forecast. */
#ifndef HINTS_FORECAST_H
#define HINTS_FORECAST_H

#include "hints/book.h"

struct hint_guess {
    uint32_t pgno;
    uint32_t ppm;       /* probability that the next session needs it */
    uint32_t rank;      /* earliest place in a session's first-touch order, 0 is first */
    uint8_t page_class; /* enum hint_class */
};

/* Zeroed is a valid empty forecast. */
struct hint_forecast {
    struct hint_guess *pages; /* by pgno, each once */
    size_t len;
    uint32_t usual_pages; /* of a session; of the profile's where there is one */
};

void hint_forecast_free(struct hint_forecast *forecast);

/* Forecasts for a database of `page_count` pages; what `out` held is replaced. `profile` may be
 * NULL; one that the book does not know adds nothing. Pages that were appended since the last
 * session are offered when such pages were wanted before. HINT_NOMEM. */
int hint_forecast_make(struct hint_forecast *out, const struct hint_book *book, const char *profile,
                       uint32_t page_count);

/* The page's guess; NULL: it is not foreseen. */
const struct hint_guess *hint_forecast_find(const struct hint_forecast *forecast, uint32_t pgno);

#endif
