/* A model of a slow device behind a page cache. It decides when a read is done and which pages are
 * in memory. It moves no bytes.
 *
 * Of each file it knows which units (pages of 4,096 bytes) are in memory. A read of units that are
 * all resident is free. A read that covers at least one that is not is one request: it costs the
 * latency, plus what the missing bytes take on the device's link, and makes its units resident. At
 * most `parallel` requests are served at once; the next waits for the first that ends. A unit that
 * is in flight for somebody else is waited for, never paid twice.
 *
 * A request is booked, not acted out: device_read() answers the time at which it will be done and
 * device_wait() sleeps until then. So a late wake-up delays one reader and never the device, the
 * caller can do its real I/O between the two, and on a virtual clock everything is exact.
 *
 * Any thread may call anything, except device_init() and device_free(). */
#ifndef BENCH_DEVICE_H
#define BENCH_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define DEVICE_PARALLEL_MAX 256u
#define DEVICE_UNIT_BYTES   4096u

/* Where time comes from; it is never 0 there. Both functions are called from any thread, without a
 * lock held. */
struct device_clock {
    uint64_t (*now_ns)(void *ctx);
    void (*sleep_until_ns)(void *ctx, uint64_t deadline_ns);
    void *ctx;
};

/* Zeroed means: no latency, 16 at once, infinite bandwidth, units of 4,096 bytes, a cache, real
 * time. */
struct device_config {
    uint64_t latency_us;        /* of each request */
    uint64_t bandwidth_bytes_s; /* of the link that all requests share; 0: infinite */
    uint32_t parallel;          /* 0: 16; at most DEVICE_PARALLEL_MAX */
    uint32_t unit_bytes;        /* 0: DEVICE_UNIT_BYTES; a power of two */
    bool cache_off;             /* nothing stays resident: each read is a request */
    struct device_clock clock;  /* functions NULL: CLOCK_MONOTONIC */
};

struct device_counters {
    uint64_t reads;        /* calls of device_read() */
    uint64_t requests;     /* reads that the device was asked for */
    uint64_t pages;        /* units that these fetched */
    uint64_t hits;         /* reads of resident units alone */
    uint64_t joined;       /* reads that only waited for units in flight */
    uint64_t most_at_once; /* requests served at the same time, at most */
};

/* One file's residence and counters. Lives as long as its device. */
struct device_file;

struct device {
    pthread_mutex_t lock;
    struct device_config config; /* normalised: no zeroes that stand for a default */
    uint64_t busy_until_ns[DEVICE_PARALLEL_MAX];
    uint64_t link_until_ns;
    struct device_file *files;
};

/* Neither fails. A unit size that is no power of two or too much parallelism is the caller's error
 * (asserted). */
void device_init(struct device *device, const struct device_config *config);
void device_free(struct device *device);

/* Changes the device for requests from now on. Another unit size evicts everything. */
void device_configure(struct device *device, const struct device_config *config);

/* The file of that name, made on first sight. NULL: no memory. */
struct device_file *device_open(struct device *device, const char *name);

/* Books a read of [offset, offset + amount) and returns when it is done, in the clock's
 * nanoseconds; 0: now. When there is no memory to remember a unit, it stays absent and costs again.
 */
uint64_t device_read(struct device *device, struct device_file *file, uint64_t offset,
                     uint64_t amount);

/* Sleeps until the deadline; 0 returns at once. */
void device_wait(struct device *device, uint64_t deadline_ns);

/* What was written is resident, at no cost: a write-through page cache. */
void device_write(struct device *device, struct device_file *file, uint64_t offset,
                  uint64_t amount);

/* Forgets the units that lie wholly past the new size. */
void device_truncate(struct device *device, struct device_file *file, uint64_t size);

/* Forgets every unit: of one file, or of all when `file` is NULL. */
void device_evict(struct device *device, struct device_file *file);

/* Forgets every unit of the file of that name, if there is one: it was deleted. */
void device_forget(struct device *device, const char *name);

/* Copies the counters; resets them to zero. */
void device_counters(struct device *device, const struct device_file *file,
                     struct device_counters *out);
void device_reset(struct device *device, struct device_file *file);

/* Units of the file that are resident now. */
uint64_t device_resident(struct device *device, const struct device_file *file);

#endif
