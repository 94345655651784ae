/* The checksums are not followed: a torn frame at the end costs a page of prefetch at most. */
#include "vfs/file/wal.h"

#include <unistd.h>

#include "hints/format/header.h"
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

#define INDEX_REGION_BYTES 32768U

/* Where the page number of a frame is, in bytes of the index. */
static off_t word_offset(uint64_t frame)
{
    const uint64_t word = HINT_WAL_INDEX_HEADER_WORDS + frame - 1;

    return (off_t)(word / HINT_WAL_INDEX_REGION_WORDS * INDEX_REGION_BYTES +
                   word % HINT_WAL_INDEX_REGION_WORDS * 4);
}

/* Frames from this one on whose page numbers stand behind each other. */
static uint64_t frames_together(uint64_t frame)
{
    const uint64_t word = HINT_WAL_INDEX_HEADER_WORDS + frame - 1;

    return HINT_WAL_INDEX_REGION_WORDS - word % HINT_WAL_INDEX_REGION_WORDS;
}

static size_t read_index(uint32_t *pgnos, int fd, uint64_t first, uint64_t last,
                         const atomic_int *cancelled)
{
    size_t count = 0;

    while (first <= last && (!cancelled || atomic_load(cancelled) == 0)) {
        uint64_t together = frames_together(first);
        size_t bytes;

        if (together > last - first + 1) together = last - first + 1;
        bytes = (size_t)together * sizeof *pgnos;
        if (pread(fd, pgnos + count, bytes, word_offset(first)) != (ssize_t)bytes) break;
        count += (size_t)together;
        first += together;
    }
    return count;
}

static size_t drop_impossible(uint32_t *pgnos, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (pgnos[i] >= 1 && pgnos[i] <= HINT_PGNO_MAX) pgnos[kept++] = pgnos[i];
    return kept;
}

int preload_wal_index_pages(struct hint_runs *out, int fd, const struct hint_wal_index *index,
                            const atomic_int *cancelled)
{
    uint64_t first = 1;
    uint32_t *pgnos;
    size_t count;
    int rc;

    hint_runs_clear(out);
    if (index->frames == 0 || index->backfilled >= index->frames) return HINT_OK;
    if (index->frames > WAL_INDEX_FRAMES_MAX) first = index->frames - WAL_INDEX_FRAMES_MAX + 1;
    pgnos = hint_malloc((size_t)(index->frames - first + 1) * sizeof *pgnos);
    if (!pgnos) return HINT_NOMEM;
    count = drop_impossible(pgnos, read_index(pgnos, fd, first, index->frames, cancelled));
    rc = hint_runs_of_pages(out, pgnos, count);
    hint_free(pgnos);
    return rc;
}

bool preload_wal_goes_on(int fd, uint64_t offset)
{
    uint8_t header[HINT_WAL_HEADER_BYTES];
    uint8_t frame[HINT_WAL_FRAME_HEADER_BYTES];
    uint32_t page_size;
    uint64_t number;

    if (pread(fd, header, sizeof header, 0) != (ssize_t)sizeof header) return false;
    page_size = bytes_get_be32(header + 8);
    if (!hint_is_page_size(page_size) || !hint_wal_is_of(header, page_size)) return false;
    if (offset <= HINT_WAL_HEADER_BYTES + HINT_WAL_FRAME_HEADER_BYTES) return true;
    number = (offset - HINT_WAL_HEADER_BYTES - HINT_WAL_FRAME_HEADER_BYTES) /
                 (HINT_WAL_FRAME_HEADER_BYTES + page_size) +
             1;
    return pread(fd, frame, sizeof frame, (off_t)hint_wal_frame_offset(number, page_size)) ==
               (ssize_t)sizeof frame &&
           hint_wal_frame_is_of(frame, header);
}
