/* Files are kept whole: they are small, and so equal means equal byte for byte. */
#include "tests/differential/transcript.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_BEFORE 60
#define WORDS_SHOWN  160

void transcript_free(struct transcript *transcript)
{
    for (size_t i = 0; i < transcript->line_count; i++)
        sqlite3_free(transcript->lines[i]);
    for (size_t i = 0; i < transcript->file_count; i++) {
        free(transcript->files[i].name);
        free(transcript->files[i].bytes);
    }
    memset(transcript, 0, sizeof *transcript);
}

void transcript_add(struct transcript *transcript, char *line)
{
    if (!line || transcript->line_count >= TRANSCRIPT_LINES_MAX) abort();
    transcript->lines[transcript->line_count++] = line;
}

static bool read_whole(struct image *image, const char *path)
{
    FILE *file = fopen(path, "rb");
    long len = -1;

    if (!file) return false;
    if (fseek(file, 0, SEEK_END) == 0) len = ftell(file);
    rewind(file);
    if (len >= 0) {
        image->len = (size_t)len;
        image->bytes = malloc(image->len + 1);
    }
    if (image->bytes && fread(image->bytes, 1, image->len, file) != image->len) {
        free(image->bytes);
        image->bytes = NULL;
    }
    (void)fclose(file);
    return image->bytes != NULL;
}

static bool is_preloads_own(const char *name)
{
    static const char *const suffixes[] = { "-preload", "-preload-tmp" };
    size_t len = strlen(name);

    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        size_t suffix = strlen(suffixes[i]);

        if (len > suffix && strcmp(name + len - suffix, suffixes[i]) == 0) return true;
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct image *)a)->name, ((const struct image *)b)->name);
}

static bool take_file(struct transcript *transcript, const char *folder, const char *name)
{
    struct image image = { 0 };
    char path[4096];

    if (name[0] == '.' || is_preloads_own(name)) return true;
    if (transcript->file_count >= TRANSCRIPT_FILES_MAX ||
        snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path ||
        !read_whole(&image, path))
        return false;
    image.name = strdup(name);
    transcript->files[transcript->file_count++] = image;
    return image.name != NULL;
}

bool transcript_take_files(struct transcript *transcript, const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    bool good = dir != NULL;

    while (good && (entry = readdir(dir)))
        good = take_file(transcript, folder, entry->d_name);
    if (dir) closedir(dir);
    qsort(transcript->files, transcript->file_count, sizeof transcript->files[0], by_name);
    return good;
}

static void print_step(const struct script *script, size_t line, FILE *out)
{
    if (line == 0)
        (void)fprintf(out, "prologue: %s\n", script->prologue);
    else if (line <= script->len)
        (void)fprintf(out, "step %zu, connection %u, %s: %s\n", line - 1,
                      script->ops[line - 1].connection, feature_name(script->ops[line - 1].feature),
                      script->ops[line - 1].text);
    else
        (void)fprintf(out, "close\n");
}

static void print_from(const char *arm, const char *line, size_t at, FILE *out)
{
    size_t from = at > WORDS_BEFORE ? at - WORDS_BEFORE : 0;

    (void)fprintf(out, "  %-8s%s%.*s%s\n", arm, from ? "..." : "", WORDS_SHOWN, line + from,
                  strlen(line + from) > WORDS_SHOWN ? "..." : "");
}

static bool compare_lines(const struct transcript *base, const struct transcript *preload,
                          const struct script *script, FILE *out)
{
    size_t count = base->line_count < preload->line_count ? base->line_count : preload->line_count;

    for (size_t i = 0; i < count; i++) {
        const char *a = base->lines[i];
        const char *b = preload->lines[i];
        size_t at = 0;

        if (strcmp(a, b) == 0) continue;
        while (a[at] == b[at])
            at++;
        print_step(script, i, out);
        print_from("base", a, at, out);
        print_from("preload", b, at, out);
        return false;
    }
    return base->line_count == preload->line_count;
}

static bool compare_images(const struct image *base, const struct image *preload, FILE *out)
{
    size_t count = base->len < preload->len ? base->len : preload->len;
    size_t at = 0;

    if (base->len == preload->len && memcmp(base->bytes, preload->bytes, count) == 0) return true;
    while (at < count && base->bytes[at] == preload->bytes[at])
        at++;
    (void)fprintf(out, "file %s: %zu bytes under base, %zu under preload; first at offset %zu\n",
                  base->name, base->len, preload->len, at);
    return false;
}

static bool compare_files(const struct transcript *base, const struct transcript *preload,
                          FILE *out)
{
    for (size_t i = 0; i < base->file_count || i < preload->file_count; i++) {
        const char *a = i < base->file_count ? base->files[i].name : "~";
        const char *b = i < preload->file_count ? preload->files[i].name : "~";

        if (strcmp(a, b) != 0) {
            (void)fprintf(out, "file %s: under %s alone\n", strcmp(a, b) < 0 ? a : b,
                          strcmp(a, b) < 0 ? "base" : "preload");
            return false;
        }
        if (!compare_images(&base->files[i], &preload->files[i], out)) return false;
    }
    return true;
}

bool transcript_compare(const struct transcript *base, const struct transcript *preload,
                        const struct script *script, FILE *out)
{
    return compare_lines(base, preload, script, out) && compare_files(base, preload, out);
}

void transcript_print(const struct transcript *transcript, const struct script *script, FILE *out)
{
    for (size_t i = 0; i < transcript->line_count; i++) {
        print_step(script, i, out);
        print_from("", transcript->lines[i], 0, out);
    }
    for (size_t i = 0; i < transcript->file_count; i++)
        (void)fprintf(out, "file %s: %zu bytes\n", transcript->files[i].name,
                      transcript->files[i].len);
}
