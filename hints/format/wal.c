/* Index: the header of 48 bytes twice, in native byte order (0 version, 12 initialised, 14 page
 * size, 16 frames); 96 frames backfilled. Log's header: 0 magic, 8 page size, 16 two salts. Frame
 * header: 0 page number, 8 the same salts. */
#include "hints/format/wal.h"

#include <string.h>

/* Its lowest bit is the byte order of the checksums. */
#define MAGIC UINT32_C(0x377f0682)

#define INDEX_VERSION 3007000
#define INDEX_COPY    48

static uint32_t native32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return value;
}

/* A page size of 65536 is written as 1. */
bool hint_wal_index_read(struct hint_wal_index *out,
                         const uint8_t header[HINT_WAL_INDEX_HEADER_BYTES])
{
    uint16_t page_size;

    memcpy(&page_size, header + 14, sizeof page_size);
    *out = (struct hint_wal_index){
        .page_size = page_size == 1 ? 65536 : page_size,
        .frames = native32(header + 16),
        .backfilled = native32(header + 96),
    };
    return memcmp(header, header + INDEX_COPY, INDEX_COPY) == 0 &&
           native32(header) == INDEX_VERSION && header[12] != 0;
}

bool hint_wal_is_of(const uint8_t header[HINT_WAL_HEADER_BYTES], uint32_t page_size)
{
    return (bytes_get_be32(header) & ~UINT32_C(1)) == MAGIC &&
           bytes_get_be32(header + 8) == page_size;
}

bool hint_wal_frame_is_of(const uint8_t frame[HINT_WAL_FRAME_HEADER_BYTES],
                          const uint8_t header[HINT_WAL_HEADER_BYTES])
{
    return memcmp(frame + 8, header + 16, 8) == 0;
}

uint64_t hint_wal_frame_at(uint64_t offset, uint32_t page_size)
{
    uint64_t frame_bytes = HINT_WAL_FRAME_HEADER_BYTES + (uint64_t)page_size;

    if (offset < HINT_WAL_HEADER_BYTES || (offset - HINT_WAL_HEADER_BYTES) % frame_bytes != 0)
        return 0;
    return (offset - HINT_WAL_HEADER_BYTES) / frame_bytes + 1;
}
