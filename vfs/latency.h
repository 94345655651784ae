/* What a request to a base takes, as workers have measured it in this process: the operating
 * system's own VFS and all others are told apart. A host that opens many databases plans by its own
 * device from the second one on. *Any thread.* */
#ifndef VFS_LATENCY_H
#define VFS_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

/* Until something is measured: a local disk, a network disk. */
#define LATENCY_NS_OS      UINT64_C(100000)
#define LATENCY_NS_FOREIGN UINT64_C(1000000)

/* A read that took less found its page in memory, and says nothing of the device. */
#define LATENCY_NS_LEAST UINT64_C(20000)

/* One that took more waited for something else, too. */
#define LATENCY_NS_MOST UINT64_C(1000000000)

/* Nanoseconds of a clock that never jumps. */
uint64_t preload_latency_now_ns(void);

/* A read of one request, by a worker. */
void preload_latency_saw(bool base_is_os, uint64_t ns);

/* Of a request now: each one seen moves it by an eighth. */
uint64_t preload_latency_ns(bool base_is_os);

#endif
