/* A batch is advised whole, then read page by page: so a device gets requests to serve at once, and
 * none beyond what the walk asked for. */
#include "vfs/replay/explore.h"

#include <fcntl.h>
#include <unistd.h>

#include "hints/memory.h"
#include "hints/walk.h"
#include "vfs/process/config.h"

#define BATCH_PAGES 32

struct explorer {
    struct hint_walk walk;
    struct prefetch *prefetch;
    const struct hint_runs *in_log;
    int fd;
    uint8_t *page;
    struct hint_run *runs; /* of one page each, in the order of the walk */
    size_t run_count;
};

static off_t offset_of(const struct explorer *explorer, uint32_t pgno)
{
    return (off_t)(pgno - 1) * (off_t)explorer->prefetch->queue.page_size;
}

/* The page's bytes; NULL: they are not to be had here. */
static const uint8_t *read_page(struct explorer *explorer, uint32_t pgno)
{
    const uint32_t page_size = explorer->prefetch->queue.page_size;

    if (preload_prefetch_over(explorer->prefetch) != PRELOAD_REASON_NONE) return NULL;
    if (pgno > 1 && hint_runs_contains(explorer->in_log, pgno)) return NULL;
    if (pread(explorer->fd, explorer->page, page_size, offset_of(explorer, pgno)) !=
        (ssize_t)page_size)
        return NULL;
    explorer->runs[explorer->run_count++] = (struct hint_run){ pgno, 1 };
    preload_prefetch_count(explorer->prefetch, page_size);
    return explorer->page;
}

static void walk_on(struct explorer *explorer)
{
    uint32_t pgnos[BATCH_PAGES];
    size_t count;

    while ((count = hint_walk_next(&explorer->walk, pgnos, BATCH_PAGES)) > 0) {
        for (size_t i = 1; i < count; i++)
            (void)posix_fadvise(explorer->fd, offset_of(explorer, pgnos[i]),
                                (off_t)explorer->prefetch->queue.page_size, POSIX_FADV_WILLNEED);
        for (size_t i = 0; i < count; i++)
            (void)hint_walk_give(&explorer->walk, read_page(explorer, pgnos[i]));
    }
}

static uint32_t pages_allowed(uint64_t bytes_max, uint32_t page_size)
{
    uint64_t most = EXPLORE_PAGES_MAX;

    if (bytes_max != CONFIG_AUTO && bytes_max / page_size < most) most = bytes_max / page_size;
    return (uint32_t)most;
}

void preload_explore(struct prefetch *prefetch, int fd, struct hint_database found,
                     uint64_t bytes_max, const struct hint_runs *in_log)
{
    uint32_t pages_max = pages_allowed(bytes_max, found.page_size);
    struct explorer explorer = { .prefetch = prefetch, .in_log = in_log, .fd = fd };

    /* Without it the kernel reads leaves along with each page. */
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
    prefetch->queue.page_size = found.page_size;
    explorer.page = hint_malloc(found.page_size);
    explorer.runs = hint_calloc(pages_max + 1, sizeof *explorer.runs);
    if (explorer.page && explorer.runs &&
        hint_walk_init(&explorer.walk, found, pages_max) == HINT_OK)
        walk_on(&explorer);
    hint_walk_free(&explorer.walk);
    hint_free(explorer.page);
    preload_queue_set_fetched(&prefetch->queue, explorer.runs, explorer.run_count);
}

void preload_explore_whole(struct prefetch *prefetch, struct hint_database found)
{
    struct hint_run *runs = hint_calloc(1, sizeof *runs);

    prefetch->queue.page_size = found.page_size;
    if (runs) *runs = (struct hint_run){ 1, found.page_count };
    preload_queue_set_fetched(&prefetch->queue, runs, runs != NULL);
    preload_prefetch_count(prefetch, (uint64_t)found.page_count * found.page_size);
}
