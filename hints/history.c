/* Folds sessions into what the history knows of each page.
 *
 * Both the history's pages and a session's, once sorted, ascend by page number, so a fold is one
 * merge of two lists into a fresh one; only when that is complete does it take the old one's
 * place. */
#include "hints/history.h"

#include <assert.h>
#include <string.h>

#include "hints/memory.h"
#include "hints/sort.h"
#include "hints/sweep.h"

_Static_assert(HINT_HISTORY_SESSIONS == 32, "hint_page.seen has a bit for each session");

/* A long session of which less than a sixteenth was known is like nothing before. */
#define ODD_PARTS 16

/* Fewer sessions than this do not say what is usual. */
#define ODD_SESSIONS_MIN 3

#define USUAL_MOST (UINT64_C(1) << 24)

/* So many first touches of a session are always taken. */
#define TOUCHES_TAKEN_MIN 1024

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
    hint_free(history->pages);
    memset(history, 0, sizeof(*history));
}

bool hint_history_is_normal(const struct hint_history *history)
{
    uint32_t count = history->session_count;
    uint32_t known = count < HINT_HISTORY_SESSIONS ? (UINT32_C(1) << count) - 1 : UINT32_MAX;
    uint32_t before = 0;

    if (count > HINT_HISTORY_SESSIONS) return false;
    for (uint32_t i = 0; i < count; i++)
        if (history->sessions[i].sessions < 1 || history->sessions[i].sessions > HINT_SHARED_MAX)
            return false;
    for (size_t i = 0; i < history->len; i++) {
        struct hint_page page = history->pages[i];

        if (page.pgno <= before || page.pgno > HINT_PGNO_MAX) return false;
        if (page.seen == 0 || (page.seen | page.fetched) & ~known) return false;
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
        pages = hint_calloc(history->len, sizeof(*pages));
        if (!pages) return HINT_NOMEM;
        memcpy(pages, history->pages, history->len * sizeof(*pages));
    }
    hint_free(out->pages);
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

/* How a fold changes the bits of the pages that are known. */
struct ageing {
    uint32_t slot;
    bool is_new;
};

/* Fills in a session's pages by page number, each once, as a history that knows only this session
 * would have them; returns how many. `pages` has room for its touches. */
static size_t pages_of_session(struct hint_page *pages, const struct hint_session *session,
                               uint32_t seen)
{
    size_t len = 0;

    for (size_t i = 0; i < session->len; i++) {
        struct hint_touch touch = session->touches[i];

        assert(touch.pgno >= 1 && touch.pgno <= HINT_PGNO_MAX);
        pages[i].pgno = touch.pgno;
        pages[i].seen = seen;
        pages[i].fetched = hint_runs_contains(&session->fetched, touch.pgno) ? seen : 0;
        pages[i].rank = (uint32_t)i;
        pages[i].page_class = (uint8_t)hint_touch_class(touch);
    }
    hint_sort(pages, session->len, sizeof(*pages), compare_touched);
    for (size_t i = 0; i < session->len; i++)
        if (len == 0 || pages[len - 1].pgno != pages[i].pgno) pages[len++] = pages[i];
    return len;
}

/* A page that the history knows (its bits aged, at least one left) and the session touched. */
static struct hint_page page_fold(struct hint_page known, struct hint_page touched)
{
    if (touched.rank < known.rank) known.rank = touched.rank;
    known.seen |= touched.seen;
    known.fetched |= touched.fetched;
    if (known.page_class == HINT_CLASS_UNKNOWN) known.page_class = touched.page_class;
    return known;
}

/* The page's bits once the session has its slot. */
static struct hint_page page_aged(struct hint_page page, struct ageing ageing)
{
    if (ageing.is_new) {
        page.seen <<= 1;
        page.fetched <<= 1;
    }
    page.fetched &= ~(UINT32_C(1) << ageing.slot);
    return page;
}

/* A page that the session did not touch. */
static struct hint_page page_missed(struct hint_page page, const struct hint_session *session,
                                    struct ageing ageing)
{
    uint32_t bit = UINT32_C(1) << ageing.slot;

    page.seen &= ~bit;
    if (hint_runs_contains(&session->fetched, page.pgno)) page.fetched |= bit;
    return page;
}

/* Merges the session's pages into the history's; returns how many there are in `out`, which has
 * room for all. */
static size_t pages_merge(struct hint_page *out, const struct hint_history *history,
                          const struct hint_session *session, const struct hint_page *touched,
                          size_t touched_len, struct ageing ageing)
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
        page = page_aged(*known++, ageing);
        if (touched < touched_end && touched->pgno == page.pgno) {
            /* With no bit left the page is gone, so it comes back as a page never seen. */
            out[len++] = page.seen ? page_fold(page, *touched) : *touched;
            touched++;
        } else {
            page = page_missed(page, session, ageing);
            if (page.seen) out[len++] = page;
        }
    }
    return len;
}

/* What the session says of the pages that were appended between the session before it and its own
 * beginning. */
static void mark_tail(struct hint_session_mark *mark, const struct hint_session_mark *before,
                      uint32_t page_count, const struct hint_page *touched, size_t touched_len)
{
    mark->tail_pages = 0;
    mark->tail_used = 0;
    mark->tail_rank = 0;
    if (!before || before->db_pages == 0 || page_count <= before->db_pages) return;
    mark->tail_pages = page_count - before->db_pages;
    for (size_t i = 0; i < touched_len; i++) {
        if (touched[i].pgno <= before->db_pages || touched[i].pgno > page_count) continue;
        if (mark->tail_used++ == 0 || touched[i].rank < mark->tail_rank)
            mark->tail_rank = touched[i].rank;
    }
}

/* Notes the session at its slot, the new ones moving the others up. */
static void history_mark(struct hint_history *history, const struct hint_session *session,
                         struct ageing ageing, const struct hint_page *touched, size_t touched_len)
{
    struct hint_session_mark *mark = &history->sessions[ageing.slot];

    if (ageing.is_new) {
        if (history->session_count < HINT_HISTORY_SESSIONS) history->session_count++;
        memmove(history->sessions + 1, history->sessions,
                (history->session_count - 1) * sizeof(*history->sessions));
        history->folded++;
    }
    if (ageing.is_new) mark->sessions = 1;
    mark->id = session->id;
    mark->began_s = session->began_s;
    mark->pages = (uint32_t)touched_len;
    mark->db_pages = session->last.page_count;
    mark_tail(mark, ageing.slot + 1 < history->session_count ? mark + 1 : NULL,
              session->first.page_count, touched, touched_len);
}

/* The sessions that had a say, but for the one that is folded. */
static uint32_t count_without(const struct hint_history *history, struct ageing ageing)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < history->session_count; i++)
        count += history->sessions[i].pages > 0 && (ageing.is_new || i != ageing.slot);
    return count;
}

/* Mean of their pages, rounded up. */
static uint64_t mean_without(const struct hint_history *history, struct ageing ageing)
{
    uint64_t count = count_without(history, ageing);
    uint64_t pages = 0;

    for (uint32_t i = 0; i < history->session_count; i++)
        if (ageing.is_new || i != ageing.slot) pages += history->sessions[i].pages;
    return count ? (pages + count - 1) / count : 0;
}

static struct ageing ageing_of(const struct hint_history *history,
                               const struct hint_session *session)
{
    uint32_t slot = slot_of(history, &session->id);

    if (slot < history->session_count) return (struct ageing){ slot, false };
    return (struct ageing){ 0, true };
}

static bool is_very_short(struct hint_session_mark mark, uint64_t usual)
{
    return mark.pages > 0 && mark.pages * UINT64_C(8) < usual;
}

static uint32_t bits_joined(uint32_t bits)
{
    return bits >> 1 | (bits & 1);
}

/* Before a new session comes: where the last two were very short, they share a bit from now on. */
static void join_short(struct hint_history *history)
{
    uint64_t usual = mean_without(history, (struct ageing){ 0, true });
    struct hint_session_mark *marks = history->sessions;

    if (history->session_count < 2 || !is_very_short(marks[0], usual) ||
        !is_very_short(marks[1], usual) || marks[0].sessions + marks[1].sessions > HINT_SHARED_MAX)
        return;
    marks[0].sessions += marks[1].sessions;
    if (marks[1].pages > marks[0].pages) marks[0].pages = marks[1].pages;
    history->session_count--;
    memmove(marks + 1, marks + 2, (history->session_count - 1) * sizeof(*marks));
    for (size_t i = 0; i < history->len; i++) {
        history->pages[i].seen = bits_joined(history->pages[i].seen);
        history->pages[i].fetched = bits_joined(history->pages[i].fetched);
    }
}

const struct hint_page *hint_history_find(const struct hint_history *history, uint32_t pgno)
{
    size_t low = 0;
    size_t high = history->len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (history->pages[middle].pgno < pgno)
            low = middle + 1;
        else
            high = middle;
    }
    return low < history->len && history->pages[low].pgno == pgno ? &history->pages[low] : NULL;
}

size_t hint_history_known(const struct hint_history *history, const struct hint_session *session,
                          size_t touches_max)
{
    const uint32_t slot = slot_of(history, &session->id);
    const uint32_t others = slot < history->session_count ? ~(UINT32_C(1) << slot) : UINT32_MAX;
    const size_t count = session->len < touches_max ? session->len : touches_max;
    size_t known = 0;

    for (size_t i = 0; i < count; i++) {
        const struct hint_page *page = hint_history_find(history, session->touches[i].pgno);

        if (page && page->seen & others) known++;
    }
    return known;
}

/* Whether the session is long and like nothing that is known: it went through most of the database
 * (a backup, a check), or through pages that hardly any session touched (a report). Then its pages
 * are not taken, once. */
static bool is_odd(const struct hint_history *history, const struct hint_session *session,
                   struct ageing ageing)
{
    uint32_t before = ageing.is_new ? 0 : ageing.slot + 1;
    uint64_t usual = mean_without(history, ageing);

    if (session->len < HINT_SWEEP_PAGES_MIN || usual == 0 || session->len < usual * 2) return false;
    if (before < history->session_count && history->sessions[before].pages == 0) return false;
    if (session->len >= usual * 4 && session->last.page_count > 0 &&
        session->len * 2 >= session->last.page_count)
        return true;
    return count_without(history, ageing) >= ODD_SESSIONS_MIN &&
           hint_history_known(history, session, session->len) * ODD_PARTS < session->len;
}

/* How many of its touches count: one long session must not make all that is known look rare, yet
 * sessions may grow. */
static size_t touches_taken(const struct hint_history *history, const struct hint_session *session,
                            struct ageing ageing)
{
    uint64_t usual = mean_without(history, ageing);
    uint64_t most = usual * 4 < TOUCHES_TAKEN_MIN ? TOUCHES_TAKEN_MIN : usual * 4;

    if (usual == 0 || session->len < most) return session->len;
    return (size_t)most;
}

int hint_history_fold(struct hint_history *history, const struct hint_session *session)
{
    struct ageing ageing = ageing_of(history, session);
    struct hint_session taken = *session;
    struct hint_page *touched;
    struct hint_page *pages;
    size_t touched_len;

    assert(hint_history_is_normal(history));
    if (session->len == 0) return HINT_OK;
    touched = hint_calloc(session->len, sizeof(*touched));
    pages = hint_calloc(history->len + session->len, sizeof(*pages));
    if (!touched || !pages) {
        hint_free(touched);
        hint_free(pages);
        return HINT_NOMEM;
    }
    if (ageing.is_new) join_short(history);
    taken.len = is_odd(history, session, ageing) ? 0 : touches_taken(history, session, ageing);
    touched_len = pages_of_session(touched, &taken, UINT32_C(1) << ageing.slot);
    history->len = pages_merge(pages, history, &taken, touched, touched_len, ageing);
    hint_free(history->pages);
    history->pages = pages;
    history_mark(history, &taken, ageing, touched, touched_len);
    hint_free(touched);
    assert(hint_history_is_normal(history));
    return HINT_OK;
}

/* Where the sessions of one history are in the merged one; HINT_HISTORY_SESSIONS: nowhere. */
struct places {
    uint32_t of[HINT_HISTORY_SESSIONS];
};

/* The later session first; of two that began at once, by id. */
static bool mark_comes_before(const struct hint_session_mark *a, const struct hint_session_mark *b)
{
    if (a->began_s != b->began_s) return a->began_s > b->began_s;
    return memcmp(&a->id, &b->id, sizeof(a->id)) > 0;
}

/* Both saw the session, one of them perhaps less of it. */
static void mark_join(struct hint_session_mark *mark, const struct hint_session_mark *other)
{
    if (other->sessions > mark->sessions) mark->sessions = other->sessions;
    if (other->pages > mark->pages) mark->pages = other->pages;
    if (other->db_pages > mark->db_pages) mark->db_pages = other->db_pages;
    if (other->tail_used > mark->tail_used ||
        (other->tail_used == mark->tail_used && other->tail_pages > mark->tail_pages)) {
        mark->tail_pages = other->tail_pages;
        mark->tail_used = other->tail_used;
        mark->tail_rank = other->tail_rank;
    }
}

/* Puts the marks of a history into `out` in their order, and says where each one went. */
static void merge_marks(struct hint_history *out, const struct hint_history *history)
{
    for (uint32_t i = 0; i < history->session_count; i++) {
        const struct hint_session_mark *mark = &history->sessions[i];
        uint32_t slot = slot_of(out, &mark->id);

        if (slot < out->session_count) {
            mark_join(&out->sessions[slot], mark);
            continue;
        }
        slot = 0;
        while (slot < out->session_count && mark_comes_before(&out->sessions[slot], mark))
            slot++;
        if (slot == HINT_HISTORY_SESSIONS) continue;
        if (out->session_count < HINT_HISTORY_SESSIONS) out->session_count++;
        memmove(out->sessions + slot + 1, out->sessions + slot,
                (out->session_count - 1 - slot) * sizeof(*out->sessions));
        out->sessions[slot] = *mark;
    }
}

static struct places places_of(const struct hint_history *merged,
                               const struct hint_history *history)
{
    struct places places;

    for (uint32_t i = 0; i < HINT_HISTORY_SESSIONS; i++) {
        uint32_t slot = HINT_HISTORY_SESSIONS;

        if (i < history->session_count) slot = slot_of(merged, &history->sessions[i].id);
        places.of[i] = slot < merged->session_count ? slot : HINT_HISTORY_SESSIONS;
    }
    return places;
}

static uint32_t bits_placed(uint32_t bits, const struct places *places)
{
    uint32_t out = 0;

    for (uint32_t i = 0; bits; i++, bits >>= 1)
        if (bits & 1 && places->of[i] < HINT_HISTORY_SESSIONS) out |= UINT32_C(1) << places->of[i];
    return out;
}

static struct hint_page page_placed(struct hint_page page, const struct places *places)
{
    page.seen = bits_placed(page.seen, places);
    page.fetched = bits_placed(page.fetched, places);
    return page;
}

static struct hint_page page_join(struct hint_page a, struct hint_page b)
{
    a.seen |= b.seen;
    a.fetched |= b.fetched;
    if (b.rank < a.rank) a.rank = b.rank;
    if (b.page_class != HINT_CLASS_UNKNOWN &&
        (a.page_class == HINT_CLASS_UNKNOWN || b.page_class < a.page_class))
        a.page_class = b.page_class;
    return a;
}

/* `out` has the marks; its pages are those of both with the bits in their new places. */
static void merge_pages(struct hint_history *out, const struct hint_history *a,
                        const struct hint_history *b)
{
    const struct places places_a = places_of(out, a);
    const struct places places_b = places_of(out, b);
    size_t i = 0;
    size_t j = 0;

    while (i < a->len || j < b->len) {
        struct hint_page page;

        if (j == b->len || (i < a->len && a->pages[i].pgno < b->pages[j].pgno)) {
            page = page_placed(a->pages[i++], &places_a);
        } else if (i == a->len || b->pages[j].pgno < a->pages[i].pgno) {
            page = page_placed(b->pages[j++], &places_b);
        } else {
            page = page_join(page_placed(a->pages[i++], &places_a),
                             page_placed(b->pages[j++], &places_b));
        }
        if (page.seen) out->pages[out->len++] = page;
    }
}

int hint_history_merge(struct hint_history *out, const struct hint_history *a,
                       const struct hint_history *b)
{
    struct hint_history merged = { 0 };

    assert(out != a && out != b);
    merged.pages = hint_calloc(a->len + b->len + 1, sizeof(*merged.pages));
    if (!merged.pages) return HINT_NOMEM;
    merge_marks(&merged, a);
    merge_marks(&merged, b);
    merge_pages(&merged, a, b);
    merged.folded = a->folded > b->folded ? a->folded : b->folded;
    if (merged.folded < merged.session_count) merged.folded = merged.session_count;
    hint_history_free(out);
    *out = merged;
    assert(hint_history_is_normal(out));
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
    claims = hint_calloc(history->len, sizeof(*claims));
    if (!claims) return HINT_NOMEM;
    for (size_t i = 0; i < history->len; i++) {
        struct hint_page page = history->pages[i];

        claims[i] = (struct claim){ hint_decayed_ppm(page.seen), page.rank, i };
    }
    hint_sort(claims, history->len, sizeof(*claims), compare_claims);
    for (size_t i = pages_max; i < history->len; i++)
        history->pages[claims[i].index].seen = 0;
    for (size_t i = 0; i < history->len; i++)
        if (history->pages[i].seen) history->pages[len++] = history->pages[i];
    history->len = len;
    hint_free(claims);
    return HINT_OK;
}

uint32_t hint_decayed_ppm(uint32_t outcomes)
{
    const uint32_t *weight = weight_ppm;
    uint32_t ppm = 0;

    for (; outcomes; outcomes >>= 1, weight++)
        if (outcomes & 1) ppm += *weight;
    return ppm;
}

uint32_t hint_history_usual_pages(const struct hint_history *history)
{
    uint64_t pages = 0;
    uint64_t squares = 0;

    for (uint32_t i = 0; i < history->session_count; i++) {
        uint64_t touched = history->sessions[i].pages;

        /* No window is that long; a hostile record may say so. */
        if (touched > USUAL_MOST) touched = USUAL_MOST;
        pages += touched;
        squares += touched * touched;
    }
    return pages ? (uint32_t)((squares + pages - 1) / pages) : 0;
}
