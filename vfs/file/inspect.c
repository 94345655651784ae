/* open, pread, close. */
#include "vfs/file/inspect.h"

#include <unistd.h>

#include "hints/memory.h"
#include "vfs/file/beside.h"
#include "vfs/file/device.h"
#include "vfs/file/logs.h"
#include "vfs/process/clock.h"
#include "vfs/process/log.h"

int preload_inspect_open(const struct named_file *file, struct stat *st)
{
    int fd = preload_beside_open(file, "", st);

    if (fd < 0) return -1;
    if (st->st_ino == file->identity.inode && st->st_dev == file->identity.device) return fd;
    close(fd);
    return -1;
}

bool preload_inspect_header(struct hint_header *geometry, int fd)
{
    uint8_t header[HINT_HEADER_BYTES];
    uint64_t before_ns = preload_clock_ns();

    *geometry = (struct hint_header){ 0 };
    if (pread(fd, header, sizeof header, 0) != (ssize_t)sizeof header) return false;
    preload_device_saw_request(DEVICE_LOCAL, preload_clock_ns() - before_ns);
    return hint_header_read(geometry, header);
}

/* Page 1 as the file has it, unless the log has a newer one: then its sizes and its schema are of
 * before. */
static void read_evidence(struct hint_evidence *out, int fd, const struct hint_header *geometry,
                          bool is_stale)
{
    uint8_t *page_1 = hint_malloc(geometry->page_size);

    *out = (struct hint_evidence){ .page_size = geometry->page_size };
    if (!is_stale) {
        out->page_count = geometry->page_count;
        out->schema_cookie = geometry->schema_cookie;
        if (page_1 && pread(fd, page_1, geometry->page_size, 0) == (ssize_t)geometry->page_size)
            out->schema_hash = hint_schema_hash(page_1, geometry->page_size);
    }
    hint_free(page_1);
}

bool preload_inspect_evidence(struct hint_evidence *out, const struct named_file *file, int fd,
                              struct hint_runs *in_log, const atomic_int *cancelled)
{
    struct hint_header geometry;
    bool stated = preload_inspect_header(&geometry, fd);

    if (stated && geometry.page_size != out->page_size) {
        preload_log_note("hints not used: pages are %u bytes, the hints are for %u: %s",
                         (unsigned)geometry.page_size, (unsigned)out->page_size, file->path);
        return false;
    }
    preload_logs_pages(in_log, file, out->page_size, cancelled);
    if (stated) read_evidence(out, fd, &geometry, hint_runs_contains(in_log, 1));
    return true;
}
