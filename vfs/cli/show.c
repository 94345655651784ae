/* A sidecar as text: what it was learnt on; of each history its sessions, and a line a page in
 * usual order. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hints/forecast.h"
#include "vfs/cli/command.h"
#include "vfs/store/sidecar_format.h"

#define PAGES_MAX ((size_t)1 << 21)

static const char *const class_names[] = { "unknown", "interior", "leaf", "overflow" };

/* Reads at most one byte more than a sidecar may have. */
static uint8_t *read_whole(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rbe");
    uint8_t *bytes = malloc(SIDECAR_BYTES_MAX + 1);

    if (!file || !bytes) {
        perror(path);
        free(bytes);
        if (file) (void)fclose(file);
        return NULL;
    }
    *len = fread(bytes, 1, SIDECAR_BYTES_MAX + 1, file);
    (void)fclose(file);
    return bytes;
}

static int by_rank(const void *a, const void *b)
{
    const struct hint_guess *x = a;
    const struct hint_guess *y = b;

    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    return x->pgno < y->pgno ? -1 : x->pgno > y->pgno;
}

static void print_pages(const struct hint_history *history)
{
    const struct hint_book alone = { .shared = *history };
    struct hint_forecast forecast = { 0 };

    if (hint_forecast_make(&forecast, &alone, NULL, 0) != HINT_OK) {
        fputs("out of memory\n", stderr);
        return;
    }
    if (forecast.len > 0) qsort(forecast.pages, forecast.len, sizeof *forecast.pages, by_rank);
    for (size_t i = 0; i < forecast.len; i++) {
        const struct hint_guess *guess = &forecast.pages[i];

        printf("page %" PRIu32 " p %.3f rank %" PRIu32 " %s\n", guess->pgno, guess->ppm / 1e6,
               guess->rank, class_names[guess->page_class]);
    }
    hint_forecast_free(&forecast);
}

static void print_history(const struct hint_history *history)
{
    printf("sessions %" PRIu64 ", remembered %" PRIu32 ", hint pages %zu\n", history->folded,
           history->session_count, history->len);
    for (uint32_t i = 0; i < history->session_count; i++) {
        const struct hint_session_mark *mark = &history->sessions[i];

        printf("session %" PRIu32 ": began %" PRId64 ", pages %" PRIu32 " of %" PRIu32
               ", of %" PRIu32 " appended %" PRIu32 "\n",
               i, mark->began_s, mark->pages, mark->db_pages, mark->tail_pages, mark->tail_used);
    }
    print_pages(history);
}

/* A name is any bytes; a terminal gets those that are text. */
static void print_name(const char *name)
{
    printf("profile ");
    for (; *name; name++)
        putchar((unsigned char)*name >= ' ' && *name != 0x7f ? *name : '?');
    putchar('\n');
}

static void print_book(const struct hint_book *book, uint64_t generation)
{
    const struct hint_evidence *evidence = &book->evidence;

    printf("page size %" PRIu32 ", pages %" PRIu32 ", schema cookie %" PRIu32
           ", schema hash %016" PRIx64 ", generation %" PRIu64 "\n",
           evidence->page_size, evidence->page_count, evidence->schema_cookie,
           evidence->schema_hash, generation);
    print_history(&book->shared);
    for (size_t i = 0; i < book->profile_count; i++) {
        print_name(book->profiles[i].name);
        print_history(&book->profiles[i].history);
    }
}

int command_show(int argc, char **argv)
{
    struct hint_book book = { 0 };
    uint64_t generation = 0;
    const char *why;
    uint8_t *bytes;
    size_t len = 0;

    if (argc != 1) {
        fputs("usage: sqlite-preload show SIDECAR\n", stderr);
        return 2;
    }
    bytes = read_whole(argv[0], &len);
    if (!bytes) return 1;
    why = len > SIDECAR_BYTES_MAX
              ? "larger than any sidecar"
              : preload_sidecar_decode(&book, &generation, bytes, len, PAGES_MAX);
    free(bytes);
    if (why)
        fprintf(stderr, "%s: %s\n", argv[0], why);
    else
        print_book(&book, generation);
    hint_book_free(&book);
    return why ? 1 : 0;
}
