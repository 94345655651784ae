/* Counts what followed upon each kind of past, then looks each page's own past up.
 *
 * A past is a word of outcomes, bit 0 the latest, without the sessions that had no say. How many
 * were before the first use in it makes no difference. */
#include "hints/forecast.h"

#include <assert.h>
#include <string.h>

#include "hints/memory.h"

#define FORECAST_PPM UINT32_C(1000000)

/* The kinds of past: sessions since the last use (7 classes) x uses in a row up to then (1, 2, 3 or
 * more) x uses before that row (0, 1, 2 or more). */
#define AGE_CLASSES 7
#define KINDS       (AGE_CLASSES * 3 * 3)

/* What p = .8 p + .2 used counts for, in cases. */
#define PRIOR_CASES 15

/* A case of i sessions ago weighs .9^i, in units of 1/1024. */
#define CASE_WEIGHT 1024
static const uint16_t case_weight[HINT_HISTORY_SESSIONS] = {
    1024, 922, 829, 746, 672, 605, 544, 490, 441, 397, 357, 321, 289, 260, 234, 211,
    190,  171, 154, 138, 124, 112, 101, 91,  82,  74,  66,  60,  54,  48,  43,  39,
};

/* A replay is useless when less than a thirty-second of it was used. */
#define USELESS_PARTS 32

/* One kind of past: weighed cases, and those of them after which the page was used. */
struct cases {
    uint64_t all;
    uint64_t used;
};

/* Pages that stand together mostly have the same past: what was found for the last one is kept. */
struct experience {
    struct cases kinds[KINDS];
    uint32_t useless; /* bit i: hardly anything that was prefetched for session i was used */
    uint32_t pages;   /* all sessions touched so many at least */
    uint32_t last;    /* past */
    uint32_t last_ppm;
};

/* Number of zeroes below the lowest one, of a word that has one. */
static uint32_t zeroes_below(uint32_t word)
{
    return (uint32_t)__builtin_ctz(word);
}

static uint32_t ones_in(uint32_t word)
{
    return (uint32_t)__builtin_popcount(word);
}

static uint32_t age_class(uint32_t age)
{
    if (age <= 3) return age;
    if (age <= 5) return 4;
    return age <= 8 ? 5 : 6;
}

/* The kind of a past that has a use in it. */
static uint32_t kind_of(uint32_t outcomes)
{
    uint32_t age = zeroes_below(outcomes);
    uint32_t from_last = outcomes >> age;
    uint32_t row = ~from_last ? zeroes_below(~from_last) : HINT_HISTORY_SESSIONS;
    uint32_t before = ones_in(outcomes) - row;

    if (row > 3) row = 3;
    if (before > 2) before = 2;
    return (age_class(age) * 3 + row - 1) * 3 + before;
}

static uint32_t shortest_of(const struct hint_history *history)
{
    uint32_t pages = UINT32_MAX;

    for (uint32_t i = 0; i < history->session_count; i++)
        if (history->sessions[i].pages < pages) pages = history->sessions[i].pages;
    return pages;
}

/* The sessions that had a say about the page, squeezed together; all had whose place all reached.
 */
static uint32_t past_of(const struct experience *experience, const struct hint_history *history,
                        const struct hint_page *page)
{
    uint32_t past = 0;
    uint32_t len = 0;

    if (page->rank < experience->pages) return page->seen;
    for (uint32_t i = 0; i < history->session_count; i++) {
        uint32_t used = page->seen >> i & 1;

        if (used || history->sessions[i].pages > page->rank) past |= used << len++;
    }
    return past;
}

/* Which replays were useless, as far as their sessions came to the pages' places. */
static uint32_t useless_of(const struct hint_history *history)
{
    uint64_t fetched[HINT_HISTORY_SESSIONS] = { 0 };
    uint64_t used[HINT_HISTORY_SESSIONS] = { 0 };
    uint32_t useless = 0;

    for (size_t k = 0; k < history->len; k++) {
        const struct hint_page *page = &history->pages[k];

        for (uint32_t left = page->fetched; left; left &= left - 1) {
            const uint32_t i = zeroes_below(left);

            if (page->rank >= history->sessions[i].pages) continue;
            fetched[i]++;
            used[i] += page->seen >> i & 1;
        }
    }
    for (uint32_t i = 0; i < history->session_count; i++)
        if (used[i] * USELESS_PARTS < fetched[i]) useless |= UINT32_C(1) << i;
    return useless;
}

/* Each session is a case for what was known before it, of `pages` pages with that past. */
static void experience_add(struct experience *experience, uint32_t past, uint64_t pages)
{
    uint32_t before = past >> 1;

    for (uint32_t i = 0; before != 0; i++, before >>= 1) {
        struct cases *cases = &experience->kinds[kind_of(before)];

        cases->all += case_weight[i] * pages;
        if (past >> i & 1) cases->used += case_weight[i] * pages;
    }
}

static void experience_make(struct experience *experience, const struct hint_history *history)
{
    uint32_t last = 0;
    uint64_t pages = 0;

    experience->useless = useless_of(history);
    experience->pages = shortest_of(history);
    for (size_t i = 0; i < history->len; i++) {
        const uint32_t past = past_of(experience, history, &history->pages[i]);

        if (past != last) {
            experience_add(experience, last, pages);
            pages = 0;
        }
        last = past;
        pages++;
    }
    experience_add(experience, last, pages);
}

static uint32_t past_ppm(struct experience *experience, uint32_t past)
{
    const struct cases *cases;
    uint64_t prior = (uint64_t)PRIOR_CASES * CASE_WEIGHT;

    if (past == experience->last) return experience->last_ppm;
    cases = &experience->kinds[kind_of(past)];
    experience->last = past;
    experience->last_ppm =
        (uint32_t)((cases->used * FORECAST_PPM + prior * hint_decayed_ppm(past)) /
                   (cases->all + prior));
    return experience->last_ppm;
}

/* One useless replay may be an odd session. Each further one since its last use leaves a page an
 * eighth of its probability, whether it was among those fetched or not: the budget would but have
 * come to it next. So a history that names all pages wears off before each kind of past was
 * refuted. */
static uint32_t probability_ppm(struct experience *experience, const struct hint_history *history,
                                const struct hint_page *page)
{
    uint32_t ppm = past_ppm(experience, past_of(experience, history, page));
    uint32_t in_vain = 0;

    if (experience->useless == 0) return ppm;
    for (uint32_t i = 0; i < zeroes_below(page->seen); i++)
        if (experience->useless >> i & 1) in_vain += history->sessions[i].sessions;
    if (in_vain < 2) return ppm;
    return in_vain < 9 ? ppm >> 3 * (in_vain - 1) : 0;
}

/* One guess a page of the history, and room for so many more; NULL when memory runs out. */
static struct hint_guess *guesses_of(const struct hint_history *history, size_t more)
{
    struct hint_guess *guesses = hint_malloc((history->len + more + 1) * sizeof(*guesses));
    struct experience *experience = hint_calloc(1, sizeof(*experience));

    if (guesses && experience) {
        experience_make(experience, history);
        for (size_t i = 0; i < history->len; i++) {
            const struct hint_page *page = &history->pages[i];

            guesses[i] = (struct hint_guess){
                .pgno = page->pgno,
                .ppm = probability_ppm(experience, history, page),
                .rank = page->rank,
                .page_class = page->page_class,
            };
        }
    } else {
        hint_free(guesses);
        guesses = NULL;
    }
    hint_free(experience);
    return guesses;
}

/* A profile's few sessions say more than as many of everybody's: one of its uses counts for three.
 */
static uint32_t own_ppm(uint32_t ppm)
{
    uint64_t not_used = FORECAST_PPM - ppm;

    return (uint32_t)(FORECAST_PPM - not_used * not_used / FORECAST_PPM * not_used / FORECAST_PPM);
}

/* The profile's guess at a page that everybody's history may know, too. */
static struct hint_guess guess_join(const struct hint_guess *shared, struct hint_guess own)
{
    own.ppm = own_ppm(own.ppm);
    if (!shared) return own;
    if (shared->ppm > own.ppm) own.ppm = shared->ppm;
    if (own.page_class == HINT_CLASS_UNKNOWN) own.page_class = shared->page_class;
    return own;
}

/* The union of both lists, which ascend by page; `out` has room for it. */
static size_t guesses_merge(struct hint_guess *out, const struct hint_guess *shared,
                            size_t shared_len, const struct hint_guess *own, size_t own_len)
{
    size_t len = 0;
    size_t i = 0;
    size_t j = 0;

    while (i < shared_len || j < own_len) {
        if (j == own_len || (i < shared_len && shared[i].pgno < own[j].pgno)) {
            out[len++] = shared[i++];
            continue;
        }
        out[len++] = guess_join(
            i < shared_len && shared[i].pgno == own[j].pgno ? &shared[i++] : NULL, own[j]);
        j++;
    }
    return len;
}

/* Joins the profile's guesses to `*guesses`, everybody's, and keeps room for so many more. */
static int guesses_join(struct hint_guess **guesses, size_t *len, const struct hint_history *own,
                        size_t more)
{
    struct hint_guess *of_own = guesses_of(own, 0);
    struct hint_guess *joined = hint_malloc((*len + own->len + more + 1) * sizeof(*joined));
    int rc = HINT_NOMEM;

    if (of_own && joined) {
        struct hint_guess *shared = *guesses;

        *len = guesses_merge(joined, shared, *len, of_own, own->len);
        *guesses = joined;
        joined = shared;
        rc = HINT_OK;
    }
    hint_free(joined);
    hint_free(of_own);
    return rc;
}

/* How much of what was appended is wanted, as far as it was seen. */
struct growth {
    uint32_t first; /* pgno */
    uint32_t count; /* pages */
    uint32_t ppm;
    uint32_t rank;
};

/* The pages appended since the last session, the newest `pages_max` of them. */
static struct growth growth_of(const struct hint_history *history, uint32_t page_count,
                               uint32_t pages_max)
{
    struct growth growth = { 0, 0, 0, UINT32_MAX };
    uint64_t offered = 0;
    uint64_t used = 0;
    uint32_t known = history->session_count > 0 ? history->sessions[0].db_pages : 0;

    if (known == 0 || page_count <= known) return growth;
    for (uint32_t i = 0; i < history->session_count; i++) {
        const struct hint_session_mark *mark = &history->sessions[i];

        offered += (uint64_t)mark->tail_pages * case_weight[i];
        used += (uint64_t)mark->tail_used * case_weight[i];
        if (mark->tail_used > 0 && mark->tail_rank < growth.rank) growth.rank = mark->tail_rank;
    }
    if (used == 0) return growth;
    growth.ppm = (uint32_t)(used * FORECAST_PPM / offered);
    growth.count = page_count - known < pages_max ? page_count - known : pages_max;
    growth.first = page_count - growth.count + 1;
    return growth;
}

/* The pages of the growth that the history does not know; they follow those that it does. */
static size_t guesses_grow(struct hint_guess *out, size_t len, struct growth growth)
{
    uint32_t next = growth.first;

    if (len > 0 && out[len - 1].pgno >= next) next = out[len - 1].pgno + 1;
    for (; next < growth.first + growth.count; next++)
        out[len++] = (struct hint_guess){ next, growth.ppm, growth.rank, HINT_CLASS_UNKNOWN };
    return len;
}

/* The profile's history where it says more than everybody's. */
static const struct hint_history *profile_of(const struct hint_book *book, const char *name)
{
    const struct hint_history *own = hint_book_profile(book, name);

    return own && own->session_count < book->shared.session_count ? own : NULL;
}

void hint_forecast_free(struct hint_forecast *forecast)
{
    hint_free(forecast->pages);
    *forecast = (struct hint_forecast){ 0 };
}

int hint_forecast_make(struct hint_forecast *out, const struct hint_book *book, const char *profile,
                       uint32_t page_count)
{
    const struct hint_history *shared = &book->shared;
    const struct hint_history *own = profile_of(book, profile);
    const uint32_t usual = hint_history_usual_pages(own ? own : shared);
    const struct growth growth = growth_of(shared, page_count, usual / 2 + 1);
    struct hint_guess *pages = guesses_of(shared, growth.count);
    size_t len = shared->len;
    int rc = pages ? HINT_OK : HINT_NOMEM;

    if (rc == HINT_OK && own) rc = guesses_join(&pages, &len, own, growth.count);
    if (rc != HINT_OK) {
        hint_free(pages);
        return rc;
    }
    hint_forecast_free(out);
    *out = (struct hint_forecast){ pages, guesses_grow(pages, len, growth), usual };
    return HINT_OK;
}

const struct hint_guess *hint_forecast_find(const struct hint_forecast *forecast, uint32_t pgno)
{
    size_t low = 0;
    size_t high = forecast->len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (forecast->pages[middle].pgno < pgno)
            low = middle + 1;
        else
            high = middle;
    }
    return low < forecast->len && forecast->pages[low].pgno == pgno ? &forecast->pages[low] : NULL;
}
