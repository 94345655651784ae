/* Load, plan, open handles, read. */
#include "vfs/replay/by_reading.h"

#include "hints/format/header.h"
#include "vfs/process/log.h"
#include "vfs/replay/planning.h"

#define READERS_FIRST 4

static void read_more(struct course *course)
{
    preload_prefetch_read_on(&course->prefetch);
}

const struct backend preload_by_reading = {
    .device = DEVICE_FOREIGN,
    .requests_first = READERS_FIRST,
    .fetch = read_more,
};

/* Of the file only the size is known: page 1 is the connection's to read, and the first look that
 * finds it read goes by that. */
static enum preload_state read_with(struct course *course, const struct hint_book *book,
                                    uint64_t bytes, const char *uri_name)
{
    const uint32_t page_size = book->evidence.page_size;
    const struct hint_evidence found = { page_size, (uint32_t)(bytes / page_size), 0, 0 };

    if (!preload_planning_make(course, book, &found, bytes, NULL)) return PRELOAD_STATE_FAILED;
    if (course->prefetch.queue.plan.run_count == 0) return PRELOAD_STATE_DONE;
    if (!preload_prefetch_read(&course->prefetch, course->base, course->file->path, uri_name,
                               (unsigned)course->config->requests))
        return PRELOAD_STATE_FAILED;
    course->task.kind = POOL_SHARING; /* it starts readers */
    (void)preload_course_again(course, POOL_THREADS_MAX);
    return PRELOAD_STATE_LOADING;
}

/* A page of another size would be more than one of the database's, or a part of one. What SQLite
 * asks for first, too. */
static bool has_page_size(const struct course *course, sqlite3_file *main, uint32_t page_size)
{
    uint8_t header[HINT_HEADER_BYTES];
    struct hint_header geometry = { 0 };
    bool same;

    if (main->pMethods->xRead(main, header, sizeof header, 0) != SQLITE_OK ||
        !hint_header_read(&geometry, header))
        return false;
    same = geometry.page_size == page_size;
    if (!same)
        preload_log_note("hints not used: pages are %u bytes, the hints are for %u: %s",
                         (unsigned)geometry.page_size, (unsigned)page_size, course->file->path);
    return same;
}

bool preload_by_reading_begin(struct course *course, sqlite3_file *main, const char *uri_name,
                              bool by_page)
{
    struct hint_book book = { 0 };
    sqlite3_int64 bytes = 0;
    enum preload_state state = PRELOAD_STATE_NONE;
    enum preload_reason reason = PRELOAD_REASON_NONE;

    course->backend = &preload_by_reading;
    course->prefetch.queue.by_page = by_page;
    if (preload_keeper_load(course->keeper, &book) && main->pMethods->xFileSize &&
        main->pMethods->xFileSize(main, &bytes) == SQLITE_OK && bytes > 0) {
        if (by_page && !has_page_size(course, main, book.evidence.page_size))
            reason = PRELOAD_REASON_PAGE_SIZE;
        else
            state = read_with(course, &book, (uint64_t)bytes, uri_name);
        if (state == PRELOAD_STATE_LOADING || state == PRELOAD_STATE_DONE)
            preload_keeper_take(course->keeper, &book);
    }
    if (state == PRELOAD_STATE_FAILED) reason = PRELOAD_REASON_MEMORY;
    if (state != PRELOAD_STATE_LOADING) preload_course_finish(course, state, reason);
    hint_book_free(&book);
    return course->prefetch.reading.handle_name != NULL;
}
