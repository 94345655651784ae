/* The checksums are not followed: a torn frame at the end costs a page of prefetch at most. */
#include "vfs/file/wal.h"

#include <unistd.h>

#include "hints/format/wal.h"
#include "hints/memory.h"

/* Frames between two looks whether to go on. */
#define FRAMES_A_LOOK 64

static size_t frames_most(uint32_t page_size)
{
    return (size_t)(WAL_BYTES_MOST / (page_size + HINT_WAL_FRAME_HEADER_BYTES));
}

static size_t read_frames(uint32_t *pgnos, int fd, const uint8_t header[HINT_WAL_HEADER_BYTES],
                          uint32_t page_size, const atomic_int *cancelled)
{
    const size_t most = frames_most(page_size);
    uint8_t frame[HINT_WAL_FRAME_HEADER_BYTES];
    size_t count = 0;

    for (uint64_t number = 1; number <= most; number++) {
        off_t offset = (off_t)hint_wal_frame_offset(number, page_size);
        uint32_t pgno;

        if (number % FRAMES_A_LOOK == 0 && cancelled && atomic_load(cancelled) != 0) break;
        if (pread(fd, frame, sizeof frame, offset) != (ssize_t)sizeof frame) break;
        if (!hint_wal_frame_is_of(frame, header)) break;
        pgno = hint_wal_frame_pgno(frame);
        if (pgno >= 1 && pgno <= HINT_PGNO_MAX) pgnos[count++] = pgno;
    }
    return count;
}

int preload_wal_pages(struct hint_runs *out, int fd, uint32_t page_size,
                      const atomic_int *cancelled)
{
    uint8_t header[HINT_WAL_HEADER_BYTES];
    uint32_t *pgnos;
    int rc;

    hint_runs_clear(out);
    if (pread(fd, header, sizeof header, 0) != (ssize_t)sizeof header ||
        !hint_wal_is_of(header, page_size))
        return HINT_OK;
    pgnos = hint_malloc(frames_most(page_size) * sizeof *pgnos);
    if (!pgnos) return HINT_NOMEM;
    rc = hint_runs_of_pages(out, pgnos, read_frames(pgnos, fd, header, page_size, cancelled));
    hint_free(pgnos);
    return rc;
}
