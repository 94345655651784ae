/* The requests of a prefetch, in the order in which they are issued. A request names consecutive
 * pages, at most 128 KiB. A list can be saved to a file, from which another process loads it. One
 * thread at a time; memory belongs to the list. */
#ifndef BENCH_FETCH_LIST_H
#define BENCH_FETCH_LIST_H

#include <stddef.h>
#include <stdint.h>

#define FETCH_REQUEST_BYTES_MAX 131072u
#define FETCH_GROUP_PAGES       64u

enum fetch_status {
    FETCH_OK = 0,
    FETCH_NOMEM = -1,
    FETCH_IO = -2 /* the file cannot be written, read or understood */
};

/* Pages [first, first + count). */
struct fetch_request {
    uint32_t first, count;
};

/* Zeroed but for the page size is a valid empty list. */
struct fetch_list {
    uint32_t page_size; /* bytes */
    struct fetch_request *items;
    size_t len;
    size_t cap;
};

/* Appends pages in the order in which they are wanted: groups of FETCH_GROUP_PAGES, sorted and
 * merged inside, so that what is wanted first still comes first. No page is there twice.
 * FETCH_NOMEM.
 */
int fetch_list_add(struct fetch_list *list, const uint32_t *pgnos, size_t count);

/* Pages of all requests. */
uint64_t fetch_list_pages(const struct fetch_list *list);

/* FETCH_IO; loading replaces what the list held, and may say FETCH_NOMEM. */
int fetch_list_save(const struct fetch_list *list, const char *path);
int fetch_list_load(struct fetch_list *list, const char *path);

/* Leaves it empty; twice is harmless. */
void fetch_list_free(struct fetch_list *list);

#endif
