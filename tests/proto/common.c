#include "tests/proto/common.h"

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct bytes bytes_of_hex(const char *hex)
{
    struct bytes bytes = { NULL, 0 };
    char *digits = calloc(strlen(hex) + 1, 1);
    size_t len = 0;

    for (; digits && *hex; hex++)
        if (digit(*hex) >= 0) digits[len++] = (char)digit(*hex);
    bytes.len = len / 2;
    bytes.data = malloc(bytes.len ? bytes.len : 1);
    for (size_t i = 0; digits && bytes.data && i < bytes.len; i++)
        bytes.data[i] = (uint8_t)(digits[2 * i] << 4 | digits[2 * i + 1]);
    free(digits);
    return bytes;
}

struct bytes bytes_copy(const uint8_t *data, size_t len)
{
    struct bytes bytes = { malloc(len ? len : 1), len };

    if (bytes.data && len > 0) memcpy(bytes.data, data, len);
    return bytes;
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){ NULL, 0 };
}

struct bare_slice slice_of(struct bytes bytes)
{
    return (struct bare_slice){ bytes.data, bytes.len };
}

char *hex_of(const uint8_t *data, size_t len)
{
    char *hex = calloc(2 * len + 1, 1);

    for (size_t i = 0; hex && i < len; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", data[i]);
    return hex;
}

uint64_t seed_start(void)
{
    const char *text = getenv("PRELOAD_SEED");

    return text ? strtoull(text, NULL, 0) : 20240607;
}

static char *read_whole(const char *path)
{
    FILE *in = fopen(path, "rb");
    char *text = NULL;
    long len = 0;

    if (!in) return NULL;
    if (fseek(in, 0, SEEK_END) == 0 && (len = ftell(in)) >= 0 && fseek(in, 0, SEEK_SET) == 0)
        text = calloc((size_t)len + 1, 1);
    if (text && fread(text, 1, (size_t)len, in) != (size_t)len) text[0] = '\0';
    (void)fclose(in);
    return text;
}

size_t tsv_each(const char *path, void (*row)(size_t line, char *fields[FIELDS_MAX]))
{
    char *text = read_whole(path), *at = text;
    size_t lines = 0;

    while (at && *at) {
        char *fields[FIELDS_MAX] = { at }, *end = strchr(at, '\n');
        size_t count = 1;
        if (end) *end = '\0';
        for (char *tab = at; (tab = strchr(tab, '\t')) && count < FIELDS_MAX; count++) {
            *tab++ = '\0';
            fields[count] = tab;
        }
        row(++lines, fields);
        at = end ? end + 1 : NULL;
    }
    free(text);
    return lines;
}
