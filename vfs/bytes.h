/* Integers as file formats store them, byte by byte. *Pure*. */
#ifndef VFS_BYTES_H
#define VFS_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* SQLite's files are big-endian. */
static inline uint32_t bytes_get_be32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Ours are little-endian. */
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
