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
    while (*(touches += strspn(touches, " "))) {
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

struct hint_history history_of(uint32_t session_count, const char *pages)
{
    struct hint_history history = { .folded = session_count, .session_count = session_count };

    history.pages = list_alloc(pages, sizeof(*history.pages));
    for (uint32_t i = 0; i < session_count; i++) {
        history.sessions[i].id.bytes[0] = (uint8_t)('a' + i);
        history.sessions[i].began_s = 'a' + (int64_t)i;
    }
    while (*(pages += strspn(pages, " "))) {
        struct hint_page *page = &history.pages[history.len++];
        enum hint_class page_class;
        char *at;

        page->pgno = page_parse(&pages, &page_class);
        page->page_class = (uint8_t)page_class;
        if (*pages++ != ':') abort();
        for (uint32_t i = 0; *pages == '0' || *pages == '1'; i++, pages++) {
            if (*pages == '0') continue;
            page->seen |= UINT32_C(1) << i;
            history.sessions[i].pages++;
        }
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
        for (uint32_t bit = 0; bit < history->session_count && bit < HINT_HISTORY_SESSIONS; bit++)
            text_add(&text, "%u", page->seen >> bit & 1);
        text_add(&text, "@%u", page->rank);
    }
    return text;
}

struct text plan_text(const struct hint_plan *plan)
{
    struct text text = { "" };

    for (size_t i = 0; i < plan->group_count; i++) {
        const struct hint_group *group = &plan->groups[i];
        struct hint_runs runs = { plan->runs + group->first, group->len, group->len };

        text_add(&text, i > 0 ? " | %s" : "%s", runs_text(&runs).s);
    }
    return text;
}
