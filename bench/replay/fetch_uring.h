/* A small io_uring: advice and buffered reads of one file, at most `depth` in flight. It makes the
 * system calls itself, as nothing else here needs the library. One thread at a time; Linux. */
#ifndef BENCH_FETCH_URING_H
#define BENCH_FETCH_URING_H

#include <linux/io_uring.h>
#include <stddef.h>
#include <stdint.h>

#define FETCH_URING_DEPTH_MAX 256u

struct fetch_uring {
    int fd;
    uint32_t depth;
    uint32_t queued; /* and not submitted yet */
    uint32_t in_flight;
    void *rings;
    size_t rings_bytes;
    struct io_uring_sqe *entries;
    size_t entries_bytes;
    uint32_t *tail, *mask, *array;
    uint32_t *done_head, *done_tail;
};

/* 0, or -1: the kernel, or a filter, gives none. */
int fetch_uring_init(struct fetch_uring *ring, uint32_t depth);

/* Queues WILLNEED, or a read into `scratch`. Waits while `depth` are in flight. -1: trouble. */
int fetch_uring_advise(struct fetch_uring *ring, int file, uint64_t offset, uint32_t bytes);
int fetch_uring_read(struct fetch_uring *ring, int file, uint64_t offset, uint32_t bytes,
                     void *scratch);

/* Waits for all of them. -1: trouble. */
int fetch_uring_drain(struct fetch_uring *ring);

void fetch_uring_free(struct fetch_uring *ring);

#endif
