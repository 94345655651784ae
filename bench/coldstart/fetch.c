/* Threads that take the next request from one counter. */
#include "bench/coldstart/fetch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Takes the next request; false: there is none, or the end was asked for. */
static bool take(struct fetch *fetch, struct fetch_request *out)
{
    size_t next;

    if (atomic_load(&fetch->stopping)) return false;
    next = atomic_fetch_add(&fetch->next, 1);
    if (next >= fetch->list->len) return false;
    *out = fetch->list->items[next];
    return true;
}

static void *advise(void *ctx)
{
    struct fetch *fetch = ctx;
    const off_t page_size = (off_t)fetch->list->page_size;
    struct fetch_request request;

    while (take(fetch, &request)) {
        (void)posix_fadvise(fetch->fd, (off_t)(request.first - 1) * page_size,
                            (off_t)request.count * page_size, POSIX_FADV_WILLNEED);
    }
    return NULL;
}

/* A page that cannot be read is the session's to find. */
static void *read_ahead(void *ctx)
{
    struct fetch *fetch = ctx;
    const sqlite3_int64 page_size = fetch->list->page_size;
    void *bytes = malloc(FETCH_REQUEST_BYTES_MAX);
    struct fetch_request request;

    while (bytes != NULL && take(fetch, &request)) {
        (void)fetch->file->pMethods->xRead(fetch->file, bytes, (int)(request.count * page_size),
                                           (request.first - 1) * page_size);
    }
    free(bytes);
    return NULL;
}

static int open_disk(struct fetch *fetch, const char *path)
{
    fetch->fd = open(path, O_RDONLY | O_CLOEXEC);
    return fetch->fd >= 0 ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int open_vfs(struct fetch *fetch, const char *path, sqlite3_vfs *vfs)
{
    char *full;
    int rc;

    if (vfs == NULL) return SQLITE_ERROR;
    full = sqlite3_malloc(vfs->mxPathname + 1);
    rc = full != NULL ? SQLITE_OK : SQLITE_NOMEM;
    if (rc == SQLITE_OK) rc = vfs->xFullPathname(vfs, path, vfs->mxPathname + 1, full);
    if (rc == SQLITE_OK) fetch->name = sqlite3_create_filename(full, "", "", 0, NULL);
    sqlite3_free(full);
    if (rc != SQLITE_OK) return rc;
    fetch->file = calloc(1, (size_t)vfs->szOsFile);
    if (fetch->file == NULL || fetch->name == NULL) return SQLITE_NOMEM;
    return vfs->xOpen(vfs, fetch->name, fetch->file, SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB,
                      NULL);
}

int fetch_start(struct fetch *fetch, const struct fetch_list *list, const char *path,
                const char *vfs)
{
    const unsigned wanted = vfs != NULL ? FETCH_THREADS_MAX : 1;
    int rc;

    *fetch = (struct fetch){ .list = list, .fd = -1 };
    rc = vfs != NULL ? open_vfs(fetch, path, sqlite3_vfs_find(vfs)) : open_disk(fetch, path);
    while (rc == SQLITE_OK && fetch->thread_count < wanted) {
        if (pthread_create(&fetch->threads[fetch->thread_count], NULL,
                           vfs != NULL ? read_ahead : advise, fetch) != 0) {
            rc = SQLITE_NOMEM;
        } else {
            fetch->thread_count++;
        }
    }
    return rc;
}

struct fetch_progress fetch_look(struct fetch *fetch)
{
    const size_t next = atomic_load(&fetch->next);
    struct fetch_progress progress = { 0 };

    for (size_t i = 0; i < next && i < fetch->list->len; i++) {
        progress.requests++;
        progress.pages += fetch->list->items[i].count;
    }
    return progress;
}

void fetch_stop(struct fetch *fetch)
{
    atomic_store(&fetch->stopping, true);
    while (fetch->thread_count > 0) {
        pthread_join(fetch->threads[--fetch->thread_count], NULL);
    }
    if (fetch->file != NULL) {
        if (fetch->file->pMethods != NULL) fetch->file->pMethods->xClose(fetch->file);
        free(fetch->file);
        fetch->file = NULL;
    }
    if (fetch->fd >= 0) close(fetch->fd);
    fetch->fd = -1;
    sqlite3_free_filename((char *)fetch->name);
    fetch->name = NULL;
}
