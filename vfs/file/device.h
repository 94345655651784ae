/* The device under a base VFS, as workers have measured it in this process.
 *
 * Two kinds are told apart: what the operating system's own VFS reads from, and what all others do.
 * A host that opens many databases plans by its own device from the second one on. What a replay's
 * first requests take adapts that replay by its pace (vfs/replay/prefetch_pace.h). Each measurement
 * moves a mean by an eighth. *Any thread.* */
#ifndef VFS_DEVICE_H
#define VFS_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "hints/plan.h"

enum device_kind {
    DEVICE_LOCAL,   /* under the operating system's own VFS */
    DEVICE_FOREIGN, /* under another base */
};

/* Linux truncates one WILLNEED silently to max(read_ahead_kb, max_sectors_kb); 128 KiB is the
 * smallest default. */
#define DEVICE_PIECE_BYTES ((uint32_t)128 << 10)

/* Until something is measured: a local disk, a network disk; a gigabyte a second, and so many
 * requests served at once. */
#define DEVICE_LATENCY_NS_OS      UINT64_C(100000)
#define DEVICE_LATENCY_NS_FOREIGN UINT64_C(1000000)
#define DEVICE_NS_A_KIB           UINT64_C(1024)
#define DEVICE_PARALLEL           16

/* What is believed: a device that seems to serve one at a time may have been busy otherwise, and
 * hints are worth something there, too. */
#define DEVICE_PARALLEL_LEAST 4
#define DEVICE_PARALLEL_MOST  64

/* A read that took less found its page in memory, and says nothing of the device. */
#define DEVICE_NS_LEAST UINT64_C(20000)

/* One that took more waited for something else, too. */
#define DEVICE_NS_MOST UINT64_C(1000000000)

/* Requests of at least that many bytes on average tell the bandwidth, smaller ones how many are
 * served at once. */
#define DEVICE_BYTES_LARGE UINT64_C(65536)

/* A read of one request, by a worker, with nothing else of ours in flight. */
void preload_device_saw_request(enum device_kind kind, uint64_t ns);

/* So many requests were served in `ns`, while `in_flight` of ours were. A device that had less to
 * do than it is thought to serve at once does not show that it serves fewer. */
void preload_device_saw_batch(enum device_kind kind, uint64_t in_flight, uint64_t requests,
                              uint64_t bytes, uint64_t ns);

/* The device as it is known now, in pages of `page_size` bytes. */
struct hint_device preload_device_of(enum device_kind kind, uint32_t page_size);

#endif
