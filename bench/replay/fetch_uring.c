/* The ring's layout is that of io_uring(7). */
#include "bench/replay/fetch_uring.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As many are handed over at once. */
#define SUBMIT_AT 32u

static int enter(struct fetch_uring *ring, uint32_t wait_for)
{
    const uint32_t flags = wait_for > 0 ? IORING_ENTER_GETEVENTS : 0;
    const long rc = syscall(SYS_io_uring_enter, ring->fd, ring->queued, wait_for, flags, NULL, 0);

    if (rc < 0) return -1;
    ring->queued -= (uint32_t)rc;
    return 0;
}

static void reap(struct fetch_uring *ring)
{
    const uint32_t tail = __atomic_load_n(ring->done_tail, __ATOMIC_ACQUIRE);

    ring->in_flight -= tail - *ring->done_head;
    __atomic_store_n(ring->done_head, tail, __ATOMIC_RELEASE);
}

int fetch_uring_init(struct fetch_uring *ring, uint32_t depth)
{
    struct io_uring_params params;
    char *rings;

    memset(ring, 0, sizeof(*ring));
    memset(&params, 0, sizeof(params));
    ring->depth = depth;
    ring->fd = (int)syscall(SYS_io_uring_setup, FETCH_URING_DEPTH_MAX, &params);
    if (ring->fd < 0) return -1;
    ring->rings_bytes = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
    if (ring->rings_bytes < params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe))
        ring->rings_bytes = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
    ring->entries_bytes = params.sq_entries * sizeof(struct io_uring_sqe);
    ring->rings = mmap(NULL, ring->rings_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
                       IORING_OFF_SQ_RING);
    ring->entries = mmap(NULL, ring->entries_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
                         IORING_OFF_SQES);
    if (ring->rings == MAP_FAILED || ring->entries == MAP_FAILED ||
        !(params.features & IORING_FEAT_SINGLE_MMAP)) {
        fetch_uring_free(ring);
        return -1;
    }
    rings = ring->rings;
    ring->tail = (uint32_t *)(void *)(rings + params.sq_off.tail);
    ring->mask = (uint32_t *)(void *)(rings + params.sq_off.ring_mask);
    ring->array = (uint32_t *)(void *)(rings + params.sq_off.array);
    ring->done_head = (uint32_t *)(void *)(rings + params.cq_off.head);
    ring->done_tail = (uint32_t *)(void *)(rings + params.cq_off.tail);
    return 0;
}

static int queue(struct fetch_uring *ring, const struct io_uring_sqe *entry)
{
    const uint32_t tail = *ring->tail;
    const uint32_t at = tail & *ring->mask;

    while (ring->in_flight >= ring->depth) {
        if (enter(ring, 1) != 0) return -1;
        reap(ring);
    }
    ring->entries[at] = *entry;
    ring->array[at] = at;
    __atomic_store_n(ring->tail, tail + 1, __ATOMIC_RELEASE);
    ring->in_flight++;
    if (++ring->queued < SUBMIT_AT) return 0;
    return enter(ring, 0);
}

int fetch_uring_advise(struct fetch_uring *ring, int file, uint64_t offset, uint32_t bytes)
{
    const struct io_uring_sqe entry = { .opcode = IORING_OP_FADVISE,
                                        .fd = file,
                                        .off = offset,
                                        .len = bytes,
                                        .fadvise_advice = POSIX_FADV_WILLNEED };

    return queue(ring, &entry);
}

int fetch_uring_read(struct fetch_uring *ring, int file, uint64_t offset, uint32_t bytes,
                     void *scratch)
{
    const struct io_uring_sqe entry = { .opcode = IORING_OP_READ,
                                        .fd = file,
                                        .off = offset,
                                        .addr = (uintptr_t)scratch,
                                        .len = bytes };

    return queue(ring, &entry);
}

int fetch_uring_drain(struct fetch_uring *ring)
{
    while (ring->in_flight > 0) {
        if (enter(ring, 1) != 0) return -1;
        reap(ring);
    }
    return 0;
}

void fetch_uring_free(struct fetch_uring *ring)
{
    if (ring->rings != NULL && ring->rings != MAP_FAILED) munmap(ring->rings, ring->rings_bytes);
    if (ring->entries != NULL && ring->entries != MAP_FAILED)
        munmap(ring->entries, ring->entries_bytes);
    if (ring->fd > 0) close(ring->fd);
    memset(ring, 0, sizeof(*ring));
}
