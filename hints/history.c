/* Folds sessions into what the history knows of each page.
 *
 * Both the history's pages and a session's, once sorted, ascend by page number, so a fold is one
 * merge of two lists into a fresh one; only when that is complete does it take the old one's
 * place. */
#include "hints/history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(HINT_HISTORY_SESSIONS == 32, "hint_page.seen has a bit for each session");

/* .2 * .8^i in parts per million, rounded down. */
static const uint32_t weight_ppm[HINT_HISTORY_SESSIONS] = {
    200000, 160000, 128000, 102400, 81920, 65536, 52428, 41943, 33554, 26843, 21474,
    17179,  13743,  10995,  8796,   7036,  5629,  4503,  3602,  2882,  2305,  1844,
    1475,   1180,   944,    755,    604,   483,   386,   309,   247,   198,
};

/* The place of a session among the remembered ones; session_count when it is not there. */
static uint32_t slot_of(const struct hint_history *history, const struct hint_session_id *id)
{
    uint32_t slot = 0;

    while (slot < history->session_count &&
           memcmp(&history->sessions[slot].id, id, sizeof(*id)) != 0)
        slot++;
    return slot;
}

void hint_history_free(struct hint_history *history)
{
    free(history->pages);
    memset(history, 0, sizeof(*history));
}

bool hint_history_is_normal(const struct hint_history *history)
{
    uint32_t count = history->session_count;
    uint32_t known = count < HINT_HISTORY_SESSIONS ? (UINT32_C(1) << count) - 1 : UINT32_MAX;
    uint32_t before = 0;

    if (count > HINT_HISTORY_SESSIONS) return false;
    for (size_t i = 0; i < history->len; i++) {
        struct hint_page page = history->pages[i];

        if (page.pgno <= before || page.pgno > HINT_PGNO_MAX) return false;
        if (page.seen == 0 || page.seen & ~known) return false;
        if (page.page_class > HINT_CLASS_OVERFLOW) return false;
        before = page.pgno;
    }
    return true;
}

int hint_history_copy(struct hint_history *out, const struct hint_history *history)
{
    struct hint_page *pages = NULL;

    assert(out != history);
    if (history->len > 0) {
        pages = calloc(history->len, sizeof(*pages));
        if (!pages) return HINT_NOMEM;
        memcpy(pages, history->pages, history->len * sizeof(*pages));
    }
    free(out->pages);
    *out = *history;
    out->pages = pages;
    return HINT_OK;
}

/* By page number; of a page that is there twice the first touch first. */
static int compare_touched(const void *a, const void *b)
{
    const struct hint_page *x = a;
    const struct hint_page *y = b;

    if (x->pgno != y->pgno) return x->pgno < y->pgno ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

/* A session's pages by page number, each once, as a history that knows only this session would have
 * them; NULL when memory runs out. */
static struct hint_page *pages_of_session(const struct hint_session *session, uint32_t seen,
                                          size_t *len)
{
    struct hint_page *pages = calloc(session->len, sizeof(*pages));

    if (!pages) return NULL;
    for (size_t i = 0; i < session->len; i++) {
        struct hint_touch touch = session->touches[i];

        assert(touch.pgno >= 1 && touch.pgno <= HINT_PGNO_MAX);
        pages[i].pgno = touch.pgno;
        pages[i].seen = seen;
        pages[i].rank = (uint32_t)i;
        pages[i].page_class = (uint8_t)hint_touch_class(touch);
    }
    qsort(pages, session->len, sizeof(*pages), compare_touched);
    *len = 0;
    for (size_t i = 0; i < session->len; i++)
        if (*len == 0 || pages[*len - 1].pgno != pages[i].pgno) pages[(*len)++] = pages[i];
    return pages;
}

/* A page that the history knows (its bits aged, at least one left) and the session touched. */
static struct hint_page page_fold(struct hint_page known, struct hint_page touched)
{
    /* A later save of the same session finds the bit set, and its rank is in the mean already. */
    if (!(known.seen & touched.seen))
        known.rank = (uint32_t)(((uint64_t)known.rank + touched.rank) / 2);
    known.seen |= touched.seen;
    if (known.page_class == HINT_CLASS_UNKNOWN) known.page_class = touched.page_class;
    return known;
}

/* How a fold changes the bits of the pages that are known. */
struct ageing {
    uint32_t slot;
    bool is_new;
};

static uint32_t seen_aged(uint32_t seen, struct ageing ageing)
{
    return ageing.is_new ? seen << 1 : seen;
}

/* Merges the session's pages into the history's; returns how many there are in `out`, which has
 * room for all. */
static size_t pages_merge(struct hint_page *out, const struct hint_history *history,
                          const struct hint_page *touched, size_t touched_len, struct ageing ageing)
{
    const struct hint_page *known = history->pages;
    const struct hint_page *known_end = known + history->len;
    const struct hint_page *touched_end = touched + touched_len;
    size_t len = 0;

    while (known < known_end || touched < touched_end) {
        struct hint_page page;

        if (known == known_end || (touched < touched_end && touched->pgno < known->pgno)) {
            out[len++] = *touched++;
            continue;
        }
        page = *known++;
        page.seen = seen_aged(page.seen, ageing);
        if (touched < touched_end && touched->pgno == page.pgno) {
            /* With no bit left the page is gone, so it comes back as a page never seen. */
            out[len++] = page.seen ? page_fold(page, *touched) : *touched;
            touched++;
        } else {
            page.seen &= ~(UINT32_C(1) << ageing.slot);
            if (page.seen) out[len++] = page;
        }
    }
    return len;
}

/* Notes the session at its slot, the new ones moving the others up. */
static void history_mark(struct hint_history *history, const struct hint_session *session,
                         struct ageing ageing, size_t pages)
{
    if (ageing.is_new) {
        if (history->session_count < HINT_HISTORY_SESSIONS) history->session_count++;
        memmove(history->sessions + 1, history->sessions,
                (history->session_count - 1) * sizeof(*history->sessions));
        history->folded++;
    }
    history->sessions[ageing.slot] = (struct hint_session_mark){ .id = session->id,
                                                                 .began_s = session->began_s,
                                                                 .pages = (uint32_t)pages };
}

int hint_history_fold(struct hint_history *history, const struct hint_session *session)
{
    uint32_t slot = slot_of(history, &session->id);
    bool is_new = slot == history->session_count;
    struct ageing ageing = { is_new ? 0 : slot, is_new };
    struct hint_page *touched;
    struct hint_page *pages;
    size_t touched_len = 0;

    assert(hint_history_is_normal(history));
    if (session->len == 0) return HINT_OK;
    touched = pages_of_session(session, UINT32_C(1) << ageing.slot, &touched_len);
    if (!touched) return HINT_NOMEM;
    pages = calloc(history->len + touched_len, sizeof(*pages));
    if (!pages) {
        free(touched);
        return HINT_NOMEM;
    }
    history->len = pages_merge(pages, history, touched, touched_len, ageing);
    free(history->pages);
    history->pages = pages;
    history_mark(history, session, ageing, touched_len);
    free(touched);
    assert(hint_history_is_normal(history));
    return HINT_OK;
}

bool hint_history_knows(const struct hint_history *history, const struct hint_session_id *id)
{
    return slot_of(history, id) < history->session_count;
}

/* A page's claim to stay. */
struct claim {
    uint32_t probability_ppm;
    uint32_t rank;
    size_t index; /* in pages, so in order of page number */
};

/* The better claim first. */
static int compare_claims(const void *a, const void *b)
{
    const struct claim *x = a;
    const struct claim *y = b;

    if (x->probability_ppm != y->probability_ppm)
        return x->probability_ppm > y->probability_ppm ? -1 : 1;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

int hint_history_prune(struct hint_history *history, size_t pages_max)
{
    struct claim *claims;
    size_t len = 0;

    if (history->len <= pages_max) return HINT_OK;
    claims = calloc(history->len, sizeof(*claims));
    if (!claims) return HINT_NOMEM;
    for (size_t i = 0; i < history->len; i++) {
        struct hint_page page = history->pages[i];

        claims[i] = (struct claim){ hint_page_probability_ppm(page), page.rank, i };
    }
    qsort(claims, history->len, sizeof(*claims), compare_claims);
    for (size_t i = pages_max; i < history->len; i++)
        history->pages[claims[i].index].seen = 0;
    for (size_t i = 0; i < history->len; i++)
        if (history->pages[i].seen) history->pages[len++] = history->pages[i];
    history->len = len;
    free(claims);
    return HINT_OK;
}

uint32_t hint_page_probability_ppm(struct hint_page page)
{
    const uint32_t *weight = weight_ppm;
    uint32_t ppm = 0;

    for (uint32_t seen = page.seen; seen; seen >>= 1, weight++)
        if (seen & 1) ppm += *weight;
    return ppm;
}

uint32_t hint_history_usual_pages(const struct hint_history *history)
{
    uint64_t pages = 0;
    uint32_t count = history->session_count;

    if (count == 0) return 0;
    for (uint32_t i = 0; i < count; i++)
        pages += history->sessions[i].pages;
    return (uint32_t)((pages + count - 1) / count);
}
