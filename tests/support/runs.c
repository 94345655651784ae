/* Run lists from text and to text. */
#include "tests/support/runs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_add(struct text *text, const char *format, ...)
{
    size_t len = strlen(text->s);
    va_list args;
    int added;

    va_start(args, format);
    added = vsnprintf(text->s + len, sizeof(text->s) - len, format, args);
    va_end(args);
    if (added >= 0 && (size_t)added >= sizeof(text->s) - len)
        memcpy(text->s + sizeof(text->s) - 4, "...", 4);
}

struct hint_runs runs_of(const char *text)
{
    struct hint_runs runs = { 0 };
    char *at;

    runs.cap = strlen(text) + 1;
    runs.items = calloc(runs.cap, sizeof(*runs.items));
    if (!runs.items) abort();
    while (*(text += strspn(text, " "))) {
        uint32_t first = (uint32_t)strtoul(text, &at, 10);
        uint32_t last = *at == '-' ? (uint32_t)strtoul(at + 1, &at, 10) : first;

        if (at == text || last < first) abort();
        runs.items[runs.len++] = (struct hint_run){ first, last - first + 1 };
        text = at;
    }
    return runs;
}

struct text runs_text(const struct hint_runs *runs)
{
    struct text text = { "" };

    for (size_t i = 0; i < runs->len; i++) {
        struct hint_run run = runs->items[i];

        text_add(&text, i > 0 ? " %u" : "%u", run.first);
        if (run.count != 1) text_add(&text, "-%u", (uint32_t)(hint_run_end(run) - 1));
    }
    return text;
}
