/* Text is read a line and a word at a time, in place: a word is a slice, never a C string, so that
 * no byte is special. */
#include "bench/kit/trace.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hints/bitmap.h"

#define TOUCHES_A_LINE 16

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct slice {
    const char *at;
    size_t len;
};

struct parser {
    struct trace trace;
    struct hint_bitmap seen; /* pages of the session at hand */
    uint32_t page_size;
    struct trace_error error;
};

static const char class_letters[] = { 0, 'i', 'l', 'o' };

/* ---- the memory ---- */

void trace_free(struct trace *trace)
{
    for (size_t i = 0; i < trace->len; i++) {
        free(trace->sessions[i].profile);
        free(trace->sessions[i].touches);
    }
    free(trace->sessions);
    *trace = (struct trace){ 0 };
}

struct trace_session *trace_add_session(struct trace *trace, uint32_t page_count,
                                        const char *profile)
{
    char *copy = profile ? strdup(profile) : NULL;

    if (profile && !copy) return NULL;
    if (trace->len == trace->cap) {
        size_t cap = trace->cap ? trace->cap * 2 : 16;
        struct trace_session *sessions = realloc(trace->sessions, cap * sizeof(*sessions));

        if (!sessions) {
            free(copy);
            return NULL;
        }
        trace->sessions = sessions;
        trace->cap = cap;
    }
    trace->sessions[trace->len] =
        (struct trace_session){ .page_count = page_count, .profile = copy };
    return &trace->sessions[trace->len++];
}

int trace_session_add(struct trace_session *session, struct trace_touch touch)
{
    assert(touch.pgno >= 1 && touch.pgno <= HINT_PGNO_MAX);
    if (session->len == session->cap) {
        size_t cap = session->cap ? session->cap * 2 : 64;
        struct trace_touch *touches = realloc(session->touches, cap * sizeof(*touches));

        if (!touches) return TRACE_NOMEM;
        session->touches = touches;
        session->cap = cap;
    }
    session->touches[session->len++] = touch;
    return TRACE_OK;
}

uint32_t trace_page_size(const struct trace_session *session)
{
    return session->page_size ? session->page_size : TRACE_PAGE_SIZE_DEFAULT;
}

/* ---- reading ---- */

static int invalid(struct parser *parser, const char *why)
{
    parser->error.why = why;
    return TRACE_INVALID;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* Takes the next word off the line; false at its end, or where a comment begins. */
static bool take_word(struct slice *word, struct slice *line)
{
    while (line->len > 0 && is_blank(*line->at)) {
        line->at++;
        line->len--;
    }
    *word = (struct slice){ line->at, 0 };
    while (word->len < line->len && !is_blank(line->at[word->len]))
        word->len++;
    line->at += word->len;
    line->len -= word->len;
    return word->len > 0 && *word->at != '#';
}

static bool slice_is(struct slice slice, const char *text)
{
    return slice.len == strlen(text) && memcmp(slice.at, text, slice.len) == 0;
}

/* Splits at the first `separator`; `tail` is what comes after it, its `at` NULL without one. */
static void split(struct slice *head, struct slice *tail, struct slice slice, char separator)
{
    const char *at = memchr(slice.at, separator, slice.len);

    *head = slice;
    *tail = (struct slice){ NULL, 0 };
    if (!at) return;
    head->len = (size_t)(at - slice.at);
    *tail = (struct slice){ at + 1, slice.len - head->len - 1 };
}

/* A decimal number of at most `most`. */
static bool parse_number(uint64_t *out, struct slice digits, uint64_t most)
{
    uint64_t number = 0;

    if (digits.len == 0) return false;
    for (size_t i = 0; i < digits.len; i++) {
        uint64_t digit = (uint64_t)(unsigned char)digits.at[i] - '0';

        if (digit > 9 || digit > most || number > (most - digit) / 10) return false;
        number = number * 10 + digit;
    }
    *out = number;
    return true;
}

static int parse_page_size(struct parser *parser, struct slice line)
{
    struct slice word;
    uint64_t size = 0;

    if (!take_word(&word, &line) || !parse_number(&size, word, 65536) || size < 512 ||
        (size & (size - 1)) != 0)
        return invalid(parser, "page_size wants a power of two from 512 to 65536");
    parser->page_size = (uint32_t)size;
    return TRACE_OK;
}

static int parse_profile(struct parser *parser, struct trace_session *session, struct slice value)
{
    size_t len = strnlen(value.at, value.len);

    (void)parser;
    free(session->profile);
    session->profile = len > 0 ? strndup(value.at, len) : NULL;
    return len == 0 || session->profile ? TRACE_OK : TRACE_NOMEM;
}

static int parse_cookie(struct parser *parser, struct trace_session *session, struct slice value)
{
    uint64_t cookie;

    if (!parse_number(&cookie, value, UINT32_MAX)) return invalid(parser, "cookie wants a number");
    session->cookie = (uint32_t)cookie;
    session->has_cookie = true;
    return TRACE_OK;
}

static int parse_tested(struct parser *parser, struct trace_session *session, struct slice value)
{
    uint64_t tested;

    if (!parse_number(&tested, value, 1)) return invalid(parser, "tested wants 0 or 1");
    session->is_maintenance = tested == 0;
    return TRACE_OK;
}

static const struct session_key {
    const char *name;
    int (*parse)(struct parser *parser, struct trace_session *session, struct slice value);
} session_keys[] = {
    { "profile", parse_profile },
    { "cookie", parse_cookie },
    { "tested", parse_tested },
};

static int parse_key(struct parser *parser, struct trace_session *session, struct slice word)
{
    struct slice name, value;

    split(&name, &value, word, '=');
    for (size_t i = 0; i < COUNT(session_keys) && value.at; i++)
        if (slice_is(name, session_keys[i].name))
            return session_keys[i].parse(parser, session, value);
    return TRACE_OK;
}

static int parse_session(struct parser *parser, struct slice line)
{
    struct trace_session *session;
    struct slice word;
    uint64_t pages;
    int rc = TRACE_OK;

    if (!take_word(&word, &line) || !parse_number(&pages, word, HINT_PGNO_MAX))
        return invalid(parser, "session wants the number of pages");
    session = trace_add_session(&parser->trace, (uint32_t)pages, NULL);
    if (!session) return TRACE_NOMEM;
    session->page_size = parser->page_size;
    hint_bitmap_free(&parser->seen);
    while (rc == TRACE_OK && take_word(&word, &line))
        rc = parse_key(parser, session, word);
    return rc;
}

static enum hint_class class_of(struct slice letter)
{
    for (size_t i = 1; i < COUNT(class_letters); i++)
        if (letter.len == 1 && *letter.at == class_letters[i]) return (enum hint_class)i;
    return HINT_CLASS_UNKNOWN;
}

static int parse_touch(struct parser *parser, struct slice word, enum hint_how how)
{
    struct trace_touch touch = { .how = how, .us = TRACE_US_UNKNOWN };
    struct slice number, time, letter;
    uint64_t pgno;

    split(&number, &letter, word, ':');
    split(&number, &time, number, '@');
    if (!parse_number(&pgno, number, HINT_PGNO_MAX) || pgno == 0)
        return invalid(parser, "a touch wants a page number");
    if (time.at && !parse_number(&touch.us, time, TRACE_US_UNKNOWN - 1))
        return invalid(parser, "a touch wants microseconds behind the @");
    touch.pgno = (uint32_t)pgno;
    touch.page_class = class_of(letter);
    if (hint_bitmap_has(&parser->seen, touch.pgno)) return TRACE_OK;
    if (hint_bitmap_add(&parser->seen, touch.pgno) != HINT_OK) return TRACE_NOMEM;
    return trace_session_add(&parser->trace.sessions[parser->trace.len - 1], touch);
}

static int parse_touches(struct parser *parser, struct slice line, enum hint_how how)
{
    struct slice word;
    int rc = TRACE_OK;

    if (parser->trace.len == 0) return invalid(parser, "a touch wants a session before it");
    while (rc == TRACE_OK && take_word(&word, &line))
        rc = parse_touch(parser, word, how);
    return rc;
}

static int parse_read(struct parser *parser, struct slice line)
{
    return parse_touches(parser, line, HINT_READ);
}

static int parse_write(struct parser *parser, struct slice line)
{
    return parse_touches(parser, line, HINT_WRITTEN);
}

static const struct line_kind {
    const char *word;
    int (*parse)(struct parser *parser, struct slice line);
} line_kinds[] = {
    { "page_size", parse_page_size },
    { "session", parse_session },
    { "read", parse_read },
    { "write", parse_write },
};

static int parse_line(struct parser *parser, struct slice line)
{
    struct slice word;

    if (!take_word(&word, &line)) return TRACE_OK;
    for (size_t i = 0; i < COUNT(line_kinds); i++)
        if (slice_is(word, line_kinds[i].word)) return line_kinds[i].parse(parser, line);
    return TRACE_OK;
}

int trace_parse(struct trace *out, const char *text, size_t len, struct trace_error *error)
{
    struct parser parser = { 0 };
    struct slice rest = { text, len };
    int rc = TRACE_OK;

    while (rc == TRACE_OK && rest.len > 0) {
        struct slice line, tail;

        split(&line, &tail, rest, '\n');
        parser.error.line++;
        rc = parse_line(&parser, line);
        rest = tail;
    }
    hint_bitmap_free(&parser.seen);
    if (rc == TRACE_NOMEM) parser.error = (struct trace_error){ 0, "no memory" };
    *error = rc == TRACE_OK ? (struct trace_error){ 0 } : parser.error;
    if (rc != TRACE_OK) trace_free(&parser.trace);
    trace_free(out);
    *out = parser.trace;
    return rc;
}

/* Reads a file to its end; the caller frees the text, also on failure. */
static int read_file(char **text, size_t *len, const char *path)
{
    FILE *in = fopen(path, "rb");
    size_t cap = 0;
    int rc = in ? TRACE_OK : TRACE_IO;

    while (rc == TRACE_OK && !feof(in)) {
        if (*len == cap) {
            char *longer = realloc(*text, cap ? cap * 2 : 65536);

            if (!longer) {
                rc = TRACE_NOMEM;
                break;
            }
            *text = longer;
            cap = cap ? cap * 2 : 65536;
        }
        *len += fread(*text + *len, 1, cap - *len, in);
        if (ferror(in)) rc = TRACE_IO;
    }
    if (in) (void)fclose(in);
    return rc;
}

int trace_load(struct trace *out, const char *path, struct trace_error *error)
{
    char *text = NULL;
    size_t len = 0;
    int rc = read_file(&text, &len, path);

    if (rc == TRACE_OK) {
        rc = trace_parse(out, text, len, error);
    } else {
        trace_free(out);
        *error = (struct trace_error){ 0, rc == TRACE_IO ? "cannot be read" : "no memory" };
    }
    free(text);
    return rc;
}

/* ---- writing ---- */

static void print_head(const struct trace_session *session, FILE *out)
{
    fprintf(out, "session %" PRIu32, session->page_count);
    if (session->profile) fprintf(out, " profile=%s", session->profile);
    if (session->has_cookie) fprintf(out, " cookie=%" PRIu32, session->cookie);
    if (session->is_maintenance) fputs(" tested=0", out);
}

static void print_touch(const struct trace_touch *touch, FILE *out)
{
    fprintf(out, " %" PRIu32, touch->pgno);
    if (touch->us != TRACE_US_UNKNOWN) fprintf(out, "@%" PRIu64, touch->us);
    if (touch->page_class != HINT_CLASS_UNKNOWN)
        fprintf(out, ":%c", class_letters[touch->page_class]);
}

static void print_session(const struct trace_session *session, FILE *out)
{
    size_t place = 0;

    print_head(session, out);
    for (size_t i = 0; i < session->len; i++) {
        const struct trace_touch *touch = &session->touches[i];

        if (i > 0 && touch->how != touch[-1].how) place = 0;
        if (place == 0) fputs(touch->how == HINT_WRITTEN ? "\nwrite" : "\nread", out);
        print_touch(touch, out);
        place = (place + 1) % TOUCHES_A_LINE;
    }
    fputc('\n', out);
}

int trace_print(const struct trace *trace, FILE *out)
{
    uint32_t page_size = 0;

    for (size_t i = 0; i < trace->len; i++) {
        const struct trace_session *session = &trace->sessions[i];

        if (session->page_size != page_size) {
            page_size = session->page_size;
            fprintf(out, "page_size %" PRIu32 "\n", page_size);
        }
        print_session(session, out);
    }
    return ferror(out) ? TRACE_IO : TRACE_OK;
}
