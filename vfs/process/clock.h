/* A clock that never jumps (CLOCK_MONOTONIC). *Any thread.* */
#ifndef VFS_CLOCK_H
#define VFS_CLOCK_H

#include <stdint.h>

uint64_t preload_clock_ns(void);

static inline uint64_t preload_clock_us(void)
{
    return preload_clock_ns() / 1000;
}

static inline uint64_t preload_clock_ms(void)
{
    return preload_clock_ns() / 1000000;
}

#endif
