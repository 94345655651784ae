/* A book is all that is known of one database: the history that every session teaches, and one more
 * for each named profile (a tenant, a route), so that a file of many tenants does not average them
 * away. With it goes the evidence of the database that it was learnt on. Pure; memory belongs to
 * the book. */
#ifndef HINTS_BOOK_H
#define HINTS_BOOK_H

#include "hints/history.h"

#define HINT_PROFILE_NAME_MAX 64 /* bytes, without the end */
#define HINT_PROFILES_MAX     256

struct hint_profile {
    char name[HINT_PROFILE_NAME_MAX + 1]; /* not empty */
    struct hint_history history;
};

/* Zeroed is a valid empty book. */
struct hint_book {
    struct hint_evidence evidence; /* as of the last session that was found to fit */
    struct hint_history shared;
    struct hint_profile *profiles; /* the one folded last comes first; names are distinct */
    size_t profile_count;
};

struct hint_book_cap {
    size_t pages_max;    /* of each history */
    size_t profiles_max; /* at most HINT_PROFILES_MAX; the one folded longest ago goes first */
};

void hint_book_free(struct hint_book *book);

bool hint_book_is_normal(const struct hint_book *book);

/* out = a deep copy; what `out` held is replaced. HINT_NOMEM. */
int hint_book_copy(struct hint_book *out, const struct hint_book *book);

/* The profile's history; NULL: there is none of that name, or `name` is NULL or empty. */
const struct hint_history *hint_book_profile(const struct hint_book *book, const char *name);

/* Folds a session in, into the shared history and into that of the profile (NULL or empty: none;
 * a longer name than HINT_PROFILE_NAME_MAX is cut), and keeps the caps. When the session found
 * another database than the book was learnt on, its touches are the judge (hints/evidence.h): moved
 * pages make the book begin anew with this session; while it is open, and for a session that moved
 * the pages itself, the book keeps the evidence that it had. HINT_NOMEM: the book is as it was. */
int hint_book_fold(struct hint_book *book, const struct hint_session *session, const char *profile,
                   struct hint_book_cap cap);

/* out = what both books know, each history merged with its namesake; the evidence is that of the
 * book whose latest session began later. What `out` held is replaced; it is neither of them.
 * HINT_NOMEM. */
int hint_book_merge(struct hint_book *out, const struct hint_book *a, const struct hint_book *b,
                    struct hint_book_cap cap);

/* Pages and sessions ever, over all histories: what a host is told. */
size_t hint_book_pages(const struct hint_book *book);

#endif
