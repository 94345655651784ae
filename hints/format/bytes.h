/* Integers of a file format, read and written byte by byte, so that neither alignment nor the
 * machine's byte order matters. SQLite's files are big-endian
 * (https://www.sqlite.org/fileformat2.html), ours are little-endian. Pure. */
#ifndef HINTS_FORMAT_BYTES_H
#define HINTS_FORMAT_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t bytes_get_be16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

static inline uint32_t bytes_get_be32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* `width` is in bytes, at most 8. */
static inline uint64_t bytes_get_le(const uint8_t *bytes, size_t width)
{
    uint64_t value = 0;

    for (size_t i = 0; i < width; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static inline void bytes_put_le(uint8_t *bytes, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

#endif
