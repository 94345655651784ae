/* Header: 0 magic, 8 page size, 16 two salts. Frame header: 0 page number, 8 the same salts. */
#include "hints/format/wal.h"

#include <string.h>

/* Its lowest bit is the byte order of the checksums. */
#define MAGIC UINT32_C(0x377f0682)

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
