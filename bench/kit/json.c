/* Characters, numbers, and the brackets around them. */
#include "bench/kit/json.h"

#include <math.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Bytes of the UTF-8 character at `text`; 0 where there is none. */
static size_t character_len(const unsigned char *text)
{
    static const struct {
        unsigned char first, last; /* lead bytes */
        unsigned char least, most; /* the byte that follows */
        size_t len;
    } forms[] = {
        { 0x01, 0x7f, 0x00, 0xff, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };

    for (size_t i = 0; i < COUNT(forms); i++) {
        if (*text < forms[i].first || *text > forms[i].last) continue;
        if (forms[i].len == 1) return 1;
        if (text[1] < forms[i].least || text[1] > forms[i].most) return 0;
        for (size_t k = 2; k < forms[i].len; k++)
            if (text[k] < 0x80 || text[k] > 0xbf) return 0;
        return forms[i].len;
    }
    return 0;
}

void json_print_string(FILE *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    fputc('"', out);
    while (*at != '\0') {
        size_t len = character_len(at);

        if (len == 0 || *at < 0x20) {
            fprintf(out, "\\u%04x", len == 0 ? 0xfffdu : *at);
            at++;
            continue;
        }
        if (*at == '"' || *at == '\\') fputc('\\', out);
        fwrite(at, 1, len, out);
        at += len;
    }
    fputc('"', out);
}

void json_print_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, "%.9g", value);
    else
        fputs("null", out);
}

void json_print_list(FILE *out, size_t count, void (*print)(FILE *out, const void *ctx, size_t i),
                     const void *ctx)
{
    fputc('[', out);
    for (size_t i = 0; i < count; i++) {
        fputs(i == 0 ? "\n  " : ",\n  ", out);
        print(out, ctx, i);
    }
    fputs("\n]\n", out);
}

int json_save_list(const char *path, size_t count,
                   void (*print)(FILE *out, const void *ctx, size_t i), const void *ctx)
{
    const int standard = strcmp(path, "-") == 0;
    FILE *out = standard ? stdout : fopen(path, "w");
    int failed;

    if (!out) return -1;
    json_print_list(out, count, print, ctx);
    failed = ferror(out);
    failed |= standard ? fflush(out) : fclose(out);
    return failed ? -1 : 0;
}
