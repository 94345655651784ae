/* A group is a copy that is sorted; the file is text, a request a line. */
#include "bench/coldstart/fetch_list.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_pgno(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a;
    const uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static int append(struct fetch_list *list, struct fetch_request request)
{
    if (list->len == list->cap) {
        const size_t cap = list->cap == 0 ? 256 : list->cap * 2;
        struct fetch_request *items = realloc(list->items, cap * sizeof(*items));

        if (items == NULL) return FETCH_NOMEM;
        list->items = items;
        list->cap = cap;
    }
    list->items[list->len++] = request;
    return FETCH_OK;
}

static int add_sorted(struct fetch_list *list, const uint32_t *pgnos, size_t count)
{
    const uint32_t most = FETCH_REQUEST_BYTES_MAX / list->page_size;
    int rc = FETCH_OK;

    for (size_t i = 0; i < count && rc == FETCH_OK;) {
        struct fetch_request request = { pgnos[i++], 1 };

        while (i < count && request.count < most && pgnos[i] == request.first + request.count) {
            request.count++;
            i++;
        }
        rc = append(list, request);
    }
    return rc;
}

int fetch_list_add(struct fetch_list *list, const uint32_t *pgnos, size_t count)
{
    uint32_t group[FETCH_GROUP_PAGES];
    int rc = FETCH_OK;

    assert(list->page_size > 0 && list->page_size <= FETCH_REQUEST_BYTES_MAX);
    for (size_t i = 0; i < count && rc == FETCH_OK;) {
        const size_t len = count - i < FETCH_GROUP_PAGES ? count - i : FETCH_GROUP_PAGES;

        memcpy(group, pgnos + i, len * sizeof(*group));
        qsort(group, len, sizeof(*group), by_pgno);
        rc = add_sorted(list, group, len);
        i += len;
    }
    return rc;
}

uint64_t fetch_list_pages(const struct fetch_list *list)
{
    uint64_t pages = 0;

    for (size_t i = 0; i < list->len; i++) {
        pages += list->items[i].count;
    }
    return pages;
}

int fetch_list_save(const struct fetch_list *list, const char *path)
{
    FILE *out = fopen(path, "w");
    int failed;

    if (out == NULL) return FETCH_IO;
    fprintf(out, "%" PRIu32 "\n", list->page_size);
    for (size_t i = 0; i < list->len; i++) {
        fprintf(out, "%" PRIu32 " %" PRIu32 "\n", list->items[i].first, list->items[i].count);
    }
    failed = ferror(out);
    failed |= fclose(out);
    return failed != 0 ? FETCH_IO : FETCH_OK;
}

static int parse_request(const char *line, uint32_t page_size, struct fetch_request *out)
{
    char *end = NULL;
    const unsigned long first = strtoul(line, &end, 10);
    const unsigned long count = strtoul(end, &end, 10);

    if (*end != '\n' || first == 0 || first > UINT32_MAX) return FETCH_IO;
    if (count == 0 || count > FETCH_REQUEST_BYTES_MAX / page_size) return FETCH_IO;
    *out = (struct fetch_request){ (uint32_t)first, (uint32_t)count };
    return FETCH_OK;
}

static int load(struct fetch_list *list, FILE *in)
{
    struct fetch_request request;
    char line[64];
    int rc = FETCH_OK;

    if (fgets(line, sizeof(line), in) == NULL) return FETCH_IO;
    list->page_size = (uint32_t)strtoul(line, NULL, 10);
    if (list->page_size < 512 || list->page_size > 65536) return FETCH_IO;
    while (rc == FETCH_OK && fgets(line, sizeof(line), in) != NULL) {
        rc = parse_request(line, list->page_size, &request);
        if (rc == FETCH_OK) rc = append(list, request);
    }
    return ferror(in) != 0 ? FETCH_IO : rc;
}

int fetch_list_load(struct fetch_list *list, const char *path)
{
    struct fetch_list loaded = { 0 };
    FILE *in = fopen(path, "r");
    int rc = FETCH_IO;

    if (in != NULL) {
        rc = load(&loaded, in);
        fclose(in);
    }
    if (rc != FETCH_OK) fetch_list_free(&loaded);
    fetch_list_free(list);
    *list = loaded;
    return rc;
}

void fetch_list_free(struct fetch_list *list)
{
    free(list->items);
    *list = (struct fetch_list){ 0 };
}
