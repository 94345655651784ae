/* Header, 32 bytes: 0 magic, 8 page size, 16 two salts. Frame header, 24 bytes: 0 page number, 8
 * the same salts. The checksums are not followed: a torn frame at the end costs a page of prefetch
 * at most. */
#include "vfs/file/wal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vfs/bytes.h"
#include "vfs/session/wal_index.h"

#define WAL_FRAMES_MAX 65536

static bool is_log_of(const uint8_t header[WAL_HEADER_BYTES], uint32_t page_size)
{
    return (bytes_get_be32(header) & ~UINT32_C(1)) == 0x377f0682 &&
           bytes_get_be32(header + 8) == page_size;
}

static size_t read_frames(uint32_t *pgnos, int fd, const uint8_t header[WAL_HEADER_BYTES],
                          uint32_t page_size)
{
    uint8_t frame[WAL_FRAME_HEADER_BYTES];
    size_t count = 0;

    for (size_t i = 0; i < WAL_FRAMES_MAX; i++) {
        off_t offset = WAL_HEADER_BYTES + (off_t)i * (off_t)(WAL_FRAME_HEADER_BYTES + page_size);
        uint32_t pgno;

        if (pread(fd, frame, sizeof frame, offset) != (ssize_t)sizeof frame) break;
        if (memcmp(frame + 8, header + 16, 8) != 0) break;
        pgno = bytes_get_be32(frame);
        if (pgno >= 1 && pgno <= HINT_PGNO_MAX) pgnos[count++] = pgno;
    }
    return count;
}

int preload_wal_pages(struct hint_runs *out, int fd, uint32_t page_size)
{
    uint8_t header[WAL_HEADER_BYTES];
    uint32_t *pgnos;
    int rc;

    hint_runs_clear(out);
    if (pread(fd, header, sizeof header, 0) != (ssize_t)sizeof header ||
        !is_log_of(header, page_size))
        return HINT_OK;
    pgnos = malloc(WAL_FRAMES_MAX * sizeof *pgnos);
    if (!pgnos) return HINT_NOMEM;
    rc = hint_runs_of_pages(out, pgnos, read_frames(pgnos, fd, header, page_size));
    free(pgnos);
    return rc;
}
