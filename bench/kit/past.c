/* A fold merges two lists that ascend by page number into a fresh one. */
#include "bench/kit/past.h"

#include <stdlib.h>

#define DECAY .8

void past_free(struct past *past)
{
    free(past->pages);
    *past = (struct past){ 0 };
}

static int compare_pgno(const void *a, const void *b)
{
    const struct past_page *x = a;
    const struct past_page *y = b;

    return (x->pgno > y->pgno) - (x->pgno < y->pgno);
}

/* The session's pages as a past that knows nothing else would have them; NULL: no memory. */
static struct past_page *pages_of(const struct trace_session *session)
{
    struct past_page *pages = calloc(session->len + 1, sizeof(*pages));

    if (!pages) return NULL;
    for (size_t i = 0; i < session->len; i++)
        pages[i] = (struct past_page){ .pgno = session->touches[i].pgno,
                                       .rank = (uint32_t)i,
                                       .sessions = 1,
                                       .seen = 1,
                                       .probability = 1 - DECAY,
                                       .page_class = session->touches[i].page_class };
    qsort(pages, session->len, sizeof(*pages), compare_pgno);
    return pages;
}

static struct past_page aged(struct past_page page)
{
    page.seen <<= 1;
    page.probability *= DECAY;
    return page;
}

/* A page of the past that the session touched, too. */
static struct past_page touched_again(struct past_page page, const struct past_page *touched)
{
    page = aged(page);
    page.rank = (uint32_t)(((uint64_t)page.rank + touched->rank) / 2);
    page.sessions++;
    page.seen |= 1;
    page.probability += 1 - DECAY;
    if (page.page_class == HINT_CLASS_UNKNOWN) page.page_class = touched->page_class;
    return page;
}

int past_fold(struct past *past, const struct trace_session *session)
{
    struct past_page *touched = pages_of(session);
    struct past_page *pages = calloc(past->len + session->len + 1, sizeof(*pages));
    size_t len = 0;
    size_t t = 0;

    if (!touched || !pages) {
        free(touched);
        free(pages);
        return PAST_NOMEM;
    }
    for (size_t k = 0; k < past->len; k++) {
        const struct past_page *known = &past->pages[k];

        while (t < session->len && touched[t].pgno < known->pgno)
            pages[len++] = touched[t++];
        if (t < session->len && touched[t].pgno == known->pgno)
            pages[len++] = touched_again(*known, &touched[t++]);
        else
            pages[len++] = aged(*known);
    }
    while (t < session->len)
        pages[len++] = touched[t++];
    free(touched);
    free(past->pages);
    *past = (struct past){ pages, len };
    return PAST_OK;
}
