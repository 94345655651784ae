/* A fold works on a copy, which takes the book's place when all of it succeeded. */
#include "hints/book.h"

#include <assert.h>
#include <string.h>

#include "hints/memory.h"
#include "hints/sort.h"

void hint_book_free(struct hint_book *book)
{
    hint_history_free(&book->shared);
    for (size_t i = 0; i < book->profile_count; i++)
        hint_history_free(&book->profiles[i].history);
    hint_free(book->profiles);
    *book = (struct hint_book){ 0 };
}

bool hint_book_is_normal(const struct hint_book *book)
{
    if (book->profile_count > HINT_PROFILES_MAX) return false;
    if (!hint_history_is_normal(&book->shared)) return false;
    for (size_t i = 0; i < book->profile_count; i++) {
        const struct hint_profile *profile = &book->profiles[i];

        if (profile->name[0] == '\0' || !memchr(profile->name, '\0', sizeof(profile->name)))
            return false;
        if (!hint_history_is_normal(&profile->history)) return false;
        for (size_t j = 0; j < i; j++)
            if (strcmp(book->profiles[j].name, profile->name) == 0) return false;
    }
    return true;
}

/* Makes room for `count` profiles, zeroed. */
static int profiles_reserve(struct hint_book *book, size_t count)
{
    if (count == 0) return HINT_OK;
    book->profiles = hint_calloc(count, sizeof(*book->profiles));
    return book->profiles ? HINT_OK : HINT_NOMEM;
}

/* Appends a profile whose history is a copy; there is room for it. */
static int profiles_append(struct hint_book *book, const struct hint_profile *profile)
{
    struct hint_profile *copy = &book->profiles[book->profile_count];
    int rc = hint_history_copy(&copy->history, &profile->history);

    if (rc != HINT_OK) return rc;
    memcpy(copy->name, profile->name, sizeof(copy->name));
    book->profile_count++;
    return HINT_OK;
}

/* A copy with room for one profile more. */
static int book_copy_with_room(struct hint_book *out, const struct hint_book *book)
{
    struct hint_book copy = { .evidence = book->evidence };
    int rc = hint_history_copy(&copy.shared, &book->shared);

    if (rc == HINT_OK) rc = profiles_reserve(&copy, book->profile_count + 1);
    for (size_t i = 0; rc == HINT_OK && i < book->profile_count; i++)
        rc = profiles_append(&copy, &book->profiles[i]);
    if (rc == HINT_OK) {
        hint_book_free(out);
        *out = copy;
    } else {
        hint_book_free(&copy);
    }
    return rc;
}

int hint_book_copy(struct hint_book *out, const struct hint_book *book)
{
    assert(out != book);
    return book_copy_with_room(out, book);
}

/* The place of a profile; profile_count when it is not there. */
static size_t profile_at(const struct hint_book *book, const char *name)
{
    size_t at = 0;

    while (at < book->profile_count &&
           strncmp(book->profiles[at].name, name, HINT_PROFILE_NAME_MAX) != 0)
        at++;
    return at;
}

const struct hint_history *hint_book_profile(const struct hint_book *book, const char *name)
{
    size_t at = name && name[0] ? profile_at(book, name) : book->profile_count;

    return at < book->profile_count ? &book->profiles[at].history : NULL;
}

/* The profile of that name, made if need be, moved to the front. There is room for it. */
static struct hint_profile *profile_touch(struct hint_book *book, const char *name)
{
    size_t at = profile_at(book, name);
    struct hint_profile profile = { .name = "" };

    if (at < book->profile_count) {
        profile = book->profiles[at];
    } else {
        strncpy(profile.name, name, HINT_PROFILE_NAME_MAX);
        book->profile_count++;
    }
    memmove(book->profiles + 1, book->profiles, at * sizeof(*book->profiles));
    book->profiles[0] = profile;
    return &book->profiles[0];
}

static int keep_caps(struct hint_book *book, struct hint_book_cap cap)
{
    int rc = hint_history_prune(&book->shared, cap.pages_max);

    while (book->profile_count > cap.profiles_max)
        hint_history_free(&book->profiles[--book->profile_count].history);
    for (size_t i = 0; rc == HINT_OK && i < book->profile_count; i++)
        rc = hint_history_prune(&book->profiles[i].history, cap.pages_max);
    return rc;
}

/* What the session says about a book that was learnt on other evidence. */
static enum hint_verdict judge(const struct hint_book *book, const struct hint_session *session)
{
    size_t touched = session->len < HINT_TRIAL_TOUCHES_MAX ? session->len : HINT_TRIAL_TOUCHES_MAX;

    if (book->shared.len == 0) return HINT_VERDICT_GOOD;
    switch (hint_trust_of(&book->evidence, &session->first)) {
    case HINT_TRUST_FULL:
        return HINT_VERDICT_GOOD;
    case HINT_TRUST_TRIAL:
    case HINT_TRUST_FLOOR:
        return hint_verdict_of(touched, hint_history_known(&book->shared, session, touched));
    case HINT_TRUST_NONE:
        break;
    }
    return HINT_VERDICT_MOVED;
}

static void book_begin_anew(struct hint_book *book)
{
    hint_history_free(&book->shared);
    while (book->profile_count > 0)
        hint_history_free(&book->profiles[--book->profile_count].history);
}

/* What is known now is what was known, with what is not known any more. */
static void take_evidence(struct hint_evidence *evidence, const struct hint_evidence *found)
{
    if (found->page_size) evidence->page_size = found->page_size;
    if (found->page_count) evidence->page_count = found->page_count;
    if (found->schema_cookie) evidence->schema_cookie = found->schema_cookie;
    if (found->schema_hash) evidence->schema_hash = found->schema_hash;
}

/* Folds into a book whose room is made. */
static int fold_here(struct hint_book *book, const struct hint_session *session,
                     const char *profile)
{
    enum hint_verdict verdict = judge(book, session);
    int rc;

    if (verdict == HINT_VERDICT_MOVED) book_begin_anew(book);
    rc = hint_history_fold(&book->shared, session);
    if (rc == HINT_OK && profile && profile[0])
        rc = hint_history_fold(&profile_touch(book, profile)->history, session);
    if (verdict != HINT_VERDICT_OPEN) take_evidence(&book->evidence, &session->last);
    return rc;
}

int hint_book_fold(struct hint_book *book, const struct hint_session *session, const char *profile,
                   struct hint_book_cap cap)
{
    struct hint_book folded = { 0 };
    int rc;

    assert(cap.profiles_max <= HINT_PROFILES_MAX);
    if (session->len == 0) return HINT_OK;
    /* Its pages have moved since, so that its touches, before and after, are in two numberings; the
     * next session judges. */
    if (session->moved && book->shared.len > 0) return HINT_OK;
    rc = book_copy_with_room(&folded, book);
    if (rc == HINT_OK) rc = fold_here(&folded, session, profile);
    if (rc == HINT_OK) rc = keep_caps(&folded, cap);
    if (rc == HINT_OK) {
        struct hint_book old = *book;

        *book = folded;
        folded = old;
    }
    hint_book_free(&folded);
    assert(hint_book_is_normal(book));
    return rc;
}

/* When the newest session of the book began. */
static int64_t latest_s(const struct hint_book *book)
{
    return book->shared.session_count > 0 ? book->shared.sessions[0].began_s : INT64_MIN;
}

/* The order of a merged book's profiles: the later session first, then by name. */
static int compare_profiles(const void *a, const void *b)
{
    const struct hint_profile *x = a;
    const struct hint_profile *y = b;
    int64_t x_s = x->history.session_count > 0 ? x->history.sessions[0].began_s : INT64_MIN;
    int64_t y_s = y->history.session_count > 0 ? y->history.sessions[0].began_s : INT64_MIN;

    if (x_s != y_s) return x_s > y_s ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Adds b's profiles to those of a that are in `out` already; there is room for them. */
static int merge_profiles(struct hint_book *out, const struct hint_book *b)
{
    int rc = HINT_OK;

    for (size_t i = 0; rc == HINT_OK && i < b->profile_count; i++) {
        size_t at = profile_at(out, b->profiles[i].name);
        struct hint_history merged = { 0 };

        if (at == out->profile_count) {
            rc = profiles_append(out, &b->profiles[i]);
            continue;
        }
        rc = hint_history_merge(&merged, &out->profiles[at].history, &b->profiles[i].history);
        if (rc != HINT_OK) break;
        hint_history_free(&out->profiles[at].history);
        out->profiles[at].history = merged;
    }
    if (rc == HINT_OK && out->profile_count > 1)
        hint_sort(out->profiles, out->profile_count, sizeof(*out->profiles), compare_profiles);
    return rc;
}

/* Of books that are equally late the one whose evidence is the larger, so that their order does
 * not matter. */
static bool is_later(const struct hint_book *a, const struct hint_book *b)
{
    if (latest_s(a) != latest_s(b)) return latest_s(a) > latest_s(b);
    if (a->evidence.schema_cookie != b->evidence.schema_cookie)
        return a->evidence.schema_cookie > b->evidence.schema_cookie;
    if (a->evidence.page_count != b->evidence.page_count)
        return a->evidence.page_count > b->evidence.page_count;
    return a->evidence.schema_hash > b->evidence.schema_hash;
}

int hint_book_merge(struct hint_book *out, const struct hint_book *a, const struct hint_book *b,
                    struct hint_book_cap cap)
{
    struct hint_book merged = { .evidence = is_later(a, b) ? a->evidence : b->evidence };
    int rc;

    assert(out != a && out != b);
    rc = hint_history_merge(&merged.shared, &a->shared, &b->shared);
    if (rc == HINT_OK) rc = profiles_reserve(&merged, a->profile_count + b->profile_count);
    for (size_t i = 0; rc == HINT_OK && i < a->profile_count; i++)
        rc = profiles_append(&merged, &a->profiles[i]);
    if (rc == HINT_OK) rc = merge_profiles(&merged, b);
    if (rc == HINT_OK) rc = keep_caps(&merged, cap);
    if (rc == HINT_OK) {
        struct hint_book old = *out;

        assert(hint_book_is_normal(&merged));
        *out = merged;
        merged = old;
    }
    hint_book_free(&merged);
    return rc;
}

size_t hint_book_pages(const struct hint_book *book)
{
    size_t pages = book->shared.len;

    for (size_t i = 0; i < book->profile_count; i++)
        pages += book->profiles[i].history.len;
    return pages;
}
