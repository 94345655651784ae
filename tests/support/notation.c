/* Sessions, histories and plans from text and to text. */
#include "tests/support/notation.h"

#include <stdlib.h>
#include <string.h>

static const char class_letters[] = { '\0', 'i', 'l', 'o' };

static void *list_alloc(const char *text, size_t size)
{
    void *list = calloc(strlen(text) + 1, size);

    if (!list) abort();
    return list;
}

/* Reads a page number and its class. */
static uint32_t page_parse(const char **text, enum hint_class *page_class)
{
    char *at;
    uint32_t pgno = (uint32_t)strtoul(*text, &at, 10);

    if (at == *text) abort();
    *page_class = HINT_CLASS_UNKNOWN;
    for (size_t i = 1; i < sizeof(class_letters); i++) {
        if (*at != class_letters[i]) continue;
        *page_class = (enum hint_class)i;
        at++;
        break;
    }
    *text = at;
    return pgno;
}

struct hint_session session_of(char name, const char *touches)
{
    struct hint_session session = { .touches = list_alloc(touches, sizeof(struct hint_touch)) };
    uint32_t us = 0;

    session.id.bytes[0] = (uint8_t)name;
    session.began_s = (uint8_t)name;
    while (*(touches += strspn(touches, " ")) && *touches != '+') {
        enum hint_class page_class;
        uint32_t pgno = page_parse(&touches, &page_class);
        char *at;

        if (*touches == '@') {
            us = (uint32_t)strtoul(touches + 1, &at, 10);
            touches = at;
        }
        session.touches[session.len++] =
            (struct hint_touch){ pgno, us / 8 << 3 | (uint32_t)page_class };
    }
    if (*touches == '+') session.fetched = runs_of(touches + 1);
    return session;
}

static void page_print(struct text *text, uint32_t pgno, unsigned page_class)
{
    text_add(text, *text->s ? " %u" : "%u", pgno);
    if (page_class >= sizeof(class_letters))
        text_add(text, "?");
    else if (class_letters[page_class])
        text_add(text, "%c", class_letters[page_class]);
}

struct text session_text(const struct hint_session *session)
{
    struct text text = { "" };

    for (size_t i = 0; i < session->len; i++)
        page_print(&text, session->touches[i].pgno, hint_touch_class(session->touches[i]));
    return text;
}

/* Bit 0 first. */
static uint32_t bits_parse(const char **text)
{
    uint32_t bits = 0;

    for (uint32_t i = 0; **text == '0' || **text == '1'; i++, ++*text)
        if (**text == '1') bits |= UINT32_C(1) << i;
    return bits;
}

static void bits_print(struct text *text, uint32_t bits, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < HINT_HISTORY_SESSIONS; i++)
        text_add(text, "%u", bits >> i & 1);
}

struct hint_history history_of(uint32_t session_count, const char *pages)
{
    struct hint_history history = { .folded = session_count, .session_count = session_count };

    history.pages = list_alloc(pages, sizeof(*history.pages));
    for (uint32_t i = 0; i < session_count; i++) {
        history.sessions[i].id.bytes[0] = (uint8_t)('a' + i);
        history.sessions[i].began_s = 'a' + (int64_t)i;
        history.sessions[i].sessions = 1;
    }
    while (*(pages += strspn(pages, " "))) {
        struct hint_page *page = &history.pages[history.len++];
        enum hint_class page_class;
        char *at;

        page->pgno = page_parse(&pages, &page_class);
        page->page_class = (uint8_t)page_class;
        if (*pages++ != ':') abort();
        page->seen = bits_parse(&pages);
        if (*pages == '/') {
            pages++;
            page->fetched = bits_parse(&pages);
        }
        for (uint32_t i = 0; i < HINT_HISTORY_SESSIONS; i++)
            history.sessions[i].pages += page->seen >> i & 1;
        if (*pages++ != '@') abort();
        page->rank = (uint32_t)strtoul(pages, &at, 10);
        pages = at;
    }
    return history;
}

struct text history_text(const struct hint_history *history)
{
    struct text text = { "" };

    for (size_t i = 0; i < history->len; i++) {
        const struct hint_page *page = &history->pages[i];

        page_print(&text, page->pgno, page->page_class);
        text_add(&text, ":");
        bits_print(&text, page->seen, history->session_count);
        if (page->fetched) {
            text_add(&text, "/");
            bits_print(&text, page->fetched, history->session_count);
        }
        text_add(&text, "@%u", page->rank);
    }
    return text;
}

struct hint_forecast forecast_of(uint32_t usual_pages, const char *pages)
{
    struct hint_forecast forecast = { .usual_pages = usual_pages };

    forecast.pages = list_alloc(pages, sizeof(*forecast.pages));
    while (*(pages += strspn(pages, " "))) {
        struct hint_guess *guess = &forecast.pages[forecast.len++];
        enum hint_class page_class;
        char *at;

        guess->pgno = page_parse(&pages, &page_class);
        guess->page_class = (uint8_t)page_class;
        if (*pages++ != ':') abort();
        guess->ppm = (uint32_t)strtoul(pages, &at, 10) * 1000;
        if (*at++ != '@') abort();
        guess->rank = (uint32_t)strtoul(at, &at, 10);
        pages = at;
    }
    return forecast;
}

struct text forecast_text(const struct hint_forecast *forecast)
{
    struct text text = { "" };

    for (size_t i = 0; i < forecast->len; i++) {
        const struct hint_guess *guess = &forecast->pages[i];

        page_print(&text, guess->pgno, guess->page_class);
        text_add(&text, ":%u@%u", (guess->ppm + 500) / 1000, guess->rank);
    }
    return text;
}

struct text plan_text(const struct hint_plan *plan)
{
    struct text text = { "" };

    for (size_t i = 0; i < plan->group_count; i++) {
        const struct hint_group *group = &plan->groups[i];
        struct hint_runs runs = { plan->runs + group->first, group->len, group->len };

        if (i > 0 || plan->proven_from == 0)
            text_add(&text, "%s%s ", i > 0 ? " " : "", i == plan->proven_from ? "||" : "|");
        if (group->due > 0) text_add(&text, "@%u ", group->due);
        text_add(&text, "%s", runs_text(&runs).s);
    }
    return text;
}
