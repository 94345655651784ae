/* Complaints, memory and names. */
#include "text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void complain(struct complaint *complaint, const char *file, int line, const char *format, ...)
{
    va_list args;
    int len;

    if (complaint->any) return;
    complaint->any = true;
    len = snprintf(complaint->text, sizeof complaint->text, "%s:%d: ", file, line);
    if (len < 0 || (size_t)len >= sizeof complaint->text) return;
    va_start(args, format);
    (void)vsnprintf(complaint->text + len, sizeof complaint->text - (size_t)len, format, args);
    va_end(args);
}

void *text_alloc(struct bare_arena *arena, size_t size, size_t count)
{
    void *items = bare_arena_alloc(arena, size, count);

    if (items) return items;
    (void)fputs("barec: out of memory\n", stderr);
    abort();
}

void *text_grown(struct bare_arena *arena, const void *items, size_t count, size_t size)
{
    bool full = count == 0 || (count >= 4 && (count & (count - 1)) == 0);
    union {
        const void *read;
        void *write;
    } same = { items };
    void *grown;

    if (!full) return same.write;
    grown = text_alloc(arena, size, count ? 2 * count : 4);
    if (count > 0) memcpy(grown, items, count * size);
    return grown;
}

char *text_print(struct bare_arena *arena, const char *format, ...)
{
    va_list args;
    char *text;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) return text_copy(arena, "", 0);
    text = text_alloc(arena, 1, (size_t)len + 1);
    va_start(args, format);
    (void)vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return text;
}

char *text_copy(struct bare_arena *arena, const char *bytes, size_t len)
{
    char *text = text_alloc(arena, 1, len + 1);

    if (len > 0) memcpy(text, bytes, len);
    return text;
}

/* Words of C11 and C++ that a schema could use for a field. */
static bool is_keyword(const char *word)
{
    static const char words[] =
        " alignas alignof and asm auto bool break case catch char class compl const constexpr"
        " continue decltype default delete do double else enum explicit export extern false float"
        " for friend goto if inline int long mutable namespace new noexcept not nullptr operator"
        " or private protected public register restrict return short signed sizeof static struct"
        " switch template this throw true try typedef typeid typename union unsigned using virtual"
        " void volatile while xor ";
    const char *found = words;
    size_t len = strlen(word);

    while ((found = strstr(found, word))) {
        if (found[-1] == ' ' && found[len] == ' ') return true;
        found++;
    }
    return false;
}

/* A word begins at a capital that follows a small letter or a digit, or that comes before one. */
static bool word_begins(const char *name, size_t i)
{
    if (i == 0 || !isupper((unsigned char)name[i])) return false;
    return !isupper((unsigned char)name[i - 1]) || islower((unsigned char)name[i + 1]);
}

char *text_snake(struct bare_arena *arena, const char *name)
{
    size_t len = strlen(name), out = 0;
    char *snake = text_alloc(arena, 1, 5 * len + 2);

    for (size_t i = 0; i < len; i++) {
        bool wordy = isalnum((unsigned char)name[i]) || name[i] == '_';
        if (name[i] == '<') {
            for (const char *of = "_of_"; *of; of++)
                snake[out++] = *of;
            continue;
        }
        if (!wordy && name[i] != '[') continue;
        if ((name[i] == '[' || word_begins(name, i)) && out > 0 && snake[out - 1] != '_')
            snake[out++] = '_';
        if (wordy) snake[out++] = (char)tolower((unsigned char)name[i]);
    }
    if (is_keyword(snake)) snake[out] = '_';
    return snake;
}

char *text_upper(struct bare_arena *arena, const char *snake)
{
    char *upper = text_copy(arena, snake, strlen(snake));

    for (char *p = upper; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return upper;
}
