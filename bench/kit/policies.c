/* A policy chooses pages of the past, and one function orders and groups them. */
#include "bench/kit/policies.h"

#include <stdlib.h>

#define PREFIX_BYTES    2097152
#define FIRST_PAGES     128
#define HOT_PAGES       128
#define RANGES          16
#define LAST_FIVE       0x1fu
#define PROBABILITY_MIN .1

/* A page and the place that it takes in a plan. */
struct choice {
    uint32_t pgno;
    uint32_t rank;
};

#define RANK_LAST UINT32_MAX

static int compare_choices(const void *a, const void *b)
{
    const struct choice *x = a;
    const struct choice *y = b;

    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    return (x->pgno > y->pgno) - (x->pgno < y->pgno);
}

/* Plans the choices, which it sorts. */
static int plan_choices(struct replay_plan *out, struct choice *choices, size_t count)
{
    uint32_t *pgnos = calloc(count + 1, sizeof(*pgnos));
    int rc = REPLAY_NOMEM;

    if (pgnos) {
        qsort(choices, count, sizeof(*choices), compare_choices);
        for (size_t i = 0; i < count; i++)
            pgnos[i] = choices[i].pgno;
        rc = replay_plan_add_in_order(out, pgnos, count);
    }
    free(pgnos);
    return rc;
}

/* How many pages of the past lie in the database. */
static size_t pages_inside(const struct policy_question *question)
{
    const struct past *past = question->past;
    size_t len = past->len;

    while (len > 0 && past->pages[len - 1].pgno > question->facts.page_count)
        len--;
    return len;
}

/* Plans those pages of the past of which `wants` says so. */
static int plan_past(struct replay_plan *out, const struct policy_question *question,
                     bool (*wants)(const struct past_page *page))
{
    const struct past_page *pages = question->past->pages;
    size_t len = pages_inside(question);
    struct choice *choices = calloc(len + 1, sizeof(*choices));
    size_t count = 0;
    int rc;

    if (!choices) return REPLAY_NOMEM;
    for (size_t i = 0; i < len; i++)
        if (wants(&pages[i])) choices[count++] = (struct choice){ pages[i].pgno, pages[i].rank };
    rc = plan_choices(out, choices, count);
    free(choices);
    return rc;
}

/* One group of the pages 1..count. */
static int plan_prefix(struct replay_plan *out, const struct policy_question *question,
                       uint32_t count)
{
    uint32_t *pgnos = calloc((size_t)count + 1, sizeof(*pgnos));
    int rc;

    if (!pgnos) return REPLAY_NOMEM;
    if (count > question->facts.page_count) count = question->facts.page_count;
    for (uint32_t i = 0; i < count; i++)
        pgnos[i] = i + 1;
    rc = replay_plan_add(out, pgnos, count, 0);
    free(pgnos);
    return rc;
}

static int plan_none(struct replay_plan *out, const struct policy_question *question)
{
    (void)out;
    (void)question;
    return REPLAY_OK;
}

static int plan_first_pages(struct replay_plan *out, const struct policy_question *question)
{
    return plan_prefix(out, question, FIRST_PAGES);
}

static int plan_prefix_bytes(struct replay_plan *out, const struct policy_question *question)
{
    return plan_prefix(out, question, PREFIX_BYTES / question->facts.page_size);
}

static bool is_interior(const struct past_page *page)
{
    return page->page_class == HINT_CLASS_INTERIOR;
}

static int plan_interior(struct replay_plan *out, const struct policy_question *question)
{
    return plan_past(out, question, is_interior);
}

/* ---- hot pages, ranges and the first pages ---- */

/* Pages [first, first + len) of the past, which are consecutive in the database. */
struct stretch {
    size_t first;
    size_t len;
};

/* The longest first, then the first one. */
static int compare_stretches(const void *a, const void *b)
{
    const struct stretch *x = a;
    const struct stretch *y = b;

    if (x->len != y->len) return x->len > y->len ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

/* How often and how early a page was touched. */
struct heat {
    uint32_t sessions;
    uint32_t rank;
    size_t index; /* in the past, so in order of page number */
};

/* The most often touched first, then the one that is touched earlier. */
static int compare_heat(const void *a, const void *b)
{
    const struct heat *x = a;
    const struct heat *y = b;

    if (x->sessions != y->sessions) return x->sessions > y->sessions ? -1 : 1;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static int mark_hot(bool *marks, const struct past_page *pages, size_t len)
{
    struct heat *heat = calloc(len + 1, sizeof(*heat));

    if (!heat) return REPLAY_NOMEM;
    for (size_t i = 0; i < len; i++)
        heat[i] = (struct heat){ pages[i].sessions, pages[i].rank, i };
    qsort(heat, len, sizeof(*heat), compare_heat);
    for (size_t i = 0; i < len && i < HOT_PAGES; i++)
        marks[heat[i].index] = true;
    free(heat);
    return REPLAY_OK;
}

static int mark_ranges(bool *marks, const struct past_page *pages, size_t len)
{
    struct stretch *stretches = calloc(len + 1, sizeof(*stretches));
    size_t count = 0;

    if (!stretches) return REPLAY_NOMEM;
    for (size_t i = 0; i < len; i++) {
        if (i == 0 || pages[i].pgno != pages[i - 1].pgno + 1) stretches[count++].first = i;
        stretches[count - 1].len++;
    }
    qsort(stretches, count, sizeof(*stretches), compare_stretches);
    for (size_t i = 0; i < count && i < RANGES; i++)
        for (size_t k = 0; k < stretches[i].len; k++)
            marks[stretches[i].first + k] = true;
    free(stretches);
    return REPLAY_OK;
}

/* The marked pages, and the first ones of the database, those that were never touched last. */
static size_t choose_marked(struct choice *choices, const bool *marks,
                            const struct policy_question *question, size_t len)
{
    const struct past_page *pages = question->past->pages;
    size_t count = 0;
    size_t i = 0;

    for (uint32_t pgno = 1; pgno <= FIRST_PAGES && pgno <= question->facts.page_count; pgno++) {
        if (i < len && pages[i].pgno == pgno)
            choices[count++] = (struct choice){ pgno, pages[i++].rank };
        else
            choices[count++] = (struct choice){ pgno, RANK_LAST };
    }
    for (; i < len; i++)
        if (marks[i]) choices[count++] = (struct choice){ pages[i].pgno, pages[i].rank };
    return count;
}

static int plan_hot_and_ranges(struct replay_plan *out, const struct policy_question *question)
{
    size_t len = pages_inside(question);
    bool *marks = calloc(len + 1, sizeof(*marks));
    struct choice *choices = calloc(len + FIRST_PAGES, sizeof(*choices));
    int rc = marks && choices ? REPLAY_OK : REPLAY_NOMEM;

    if (rc == REPLAY_OK) rc = mark_hot(marks, question->past->pages, len);
    if (rc == REPLAY_OK) rc = mark_ranges(marks, question->past->pages, len);
    if (rc == REPLAY_OK)
        rc = plan_choices(out, choices, choose_marked(choices, marks, question, len));
    free(choices);
    free(marks);
    return rc;
}

/* ---- whole sessions ---- */

static bool is_of_last_session(const struct past_page *page)
{
    return page->seen & 1;
}

static int plan_last(struct replay_plan *out, const struct policy_question *question)
{
    return plan_past(out, question, is_of_last_session);
}

static bool is_in_two_of_five(const struct past_page *page)
{
    uint32_t seen = page->seen & LAST_FIVE;

    return (seen & (seen - 1)) != 0;
}

static int plan_two_of_five(struct replay_plan *out, const struct policy_question *question)
{
    return plan_past(out, question, is_in_two_of_five);
}

static bool is_probable(const struct past_page *page)
{
    return page->probability > PROBABILITY_MIN;
}

static int plan_decayed(struct replay_plan *out, const struct policy_question *question)
{
    return plan_past(out, question, is_probable);
}

static bool is_known(const struct past_page *page)
{
    return page->sessions > 0;
}

static int plan_union(struct replay_plan *out, const struct policy_question *question)
{
    return plan_past(out, question, is_known);
}

static int plan_oracle(struct replay_plan *out, const struct policy_question *question)
{
    const struct trace_session *itself = question->itself;
    struct choice *choices = calloc(itself->len + 1, sizeof(*choices));
    size_t count = 0;
    int rc;

    if (!choices) return REPLAY_NOMEM;
    for (size_t i = 0; i < itself->len; i++)
        if (itself->touches[i].pgno <= question->facts.page_count)
            choices[count++] = (struct choice){ itself->touches[i].pgno, (uint32_t)i };
    rc = plan_choices(out, choices, count);
    free(choices);
    return rc;
}

const struct policy policies[] = {
    { "none", false, plan_none },
    { "first-128", false, plan_first_pages },
    { "prefix-2mib", false, plan_prefix_bytes },
    { "interior", false, plan_interior },
    { "hot-ranges", false, plan_hot_and_ranges },
    { "last", false, plan_last },
    { "two-of-five", false, plan_two_of_five },
    { "decayed", false, plan_decayed },
    { "union", false, plan_union },
    { "oracle", true, plan_oracle },
};

const size_t policies_count = sizeof policies / sizeof policies[0];

struct policy_facts policy_facts_of(const struct trace_session *session)
{
    return (struct policy_facts){ .page_size = trace_page_size(session),
                                  .page_count = session->page_count,
                                  .profile = session->profile,
                                  .cookie = session->cookie,
                                  .has_cookie = session->has_cookie };
}
