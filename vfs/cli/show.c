/* A sidecar as text: what it was learnt on, its sessions, and a line a page in usual order. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vfs/cli/command.h"
#include "vfs/sidecar_format.h"

#define PAGES_MAX ((size_t)1 << 20)

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
    const struct hint_page *x = a;
    const struct hint_page *y = b;

    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    return x->pgno < y->pgno ? -1 : x->pgno > y->pgno;
}

static void print_history(struct hint_history *history, const struct store_evidence *evidence)
{
    printf("page size %" PRIu32 ", pages %" PRIu32 ", schema cookie %" PRIu32
           ", generation %" PRIu64 "\n",
           evidence->page_size, evidence->page_count, evidence->schema_cookie,
           evidence->generation);
    printf("sessions %" PRIu64 ", remembered %" PRIu32 ", hint pages %zu\n", history->folded,
           history->session_count, history->len);
    for (uint32_t i = 0; i < history->session_count; i++)
        printf("session %" PRIu32 ": began %" PRId64 ", pages %" PRIu32 "\n", i,
               history->sessions[i].began_s, history->sessions[i].pages);
    if (history->len > 0) qsort(history->pages, history->len, sizeof *history->pages, by_rank);
    for (size_t i = 0; i < history->len; i++) {
        const struct hint_page *page = &history->pages[i];

        printf("page %" PRIu32 " p %.3f rank %" PRIu32 " %s\n", page->pgno,
               hint_page_probability_ppm(*page) / 1e6, page->rank, class_names[page->page_class]);
    }
}

int command_show(int argc, char **argv)
{
    struct hint_history history = { 0 };
    struct store_evidence evidence = { 0 };
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
              : preload_sidecar_decode(&history, &evidence, bytes, len, PAGES_MAX);
    free(bytes);
    if (why)
        fprintf(stderr, "%s: %s\n", argv[0], why);
    else
        print_history(&history, &evidence);
    hint_history_free(&history);
    return why ? 1 : 0;
}
