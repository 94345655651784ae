/* The model of a slow device. A file's residence is a table of times: 0 is absent, anything else is
 * when the unit arrives, which covers "in flight" and "resident" with one number. The device is a
 * table of channels, each busy until a time. */
#include "bench/kit/device.h"

#include "bench/kit/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_US UINT64_C(1000)

/* Later than this, and the processor was busy with something that everybody pays for. */
#define LATE_NS_MAX UINT64_C(200000)

/* A unit that is resident without ever having been in flight. */
#define SINCE_EVER UINT64_C(1)

/* 2^26 units are a table of 512 MiB: a sparse write far out must not take the machine's memory. */
#define UNITS_MAX (UINT64_C(1) << 26)

struct device_file {
    struct device_file *next;
    uint64_t *ready_ns; /* per unit */
    uint64_t len;
    struct device_counters counters;
    char name[];
};

/* Half-open. */
struct units {
    uint64_t first, end;
};

/* The kernel wakes a thread some 80 us late (its timer slack and the way back onto a processor),
 * which would make 1.08 ms of each millisecond. So the clock of a thread runs behind by what its
 * last wake-up was late, within reason: n requests in a row take n latencies and one lateness. */
static _Thread_local uint64_t late_ns;

static uint64_t real_now_ns(void *ctx)
{
    (void)ctx;
    return clock_now_ns() - late_ns;
}

static void real_sleep_until_ns(void *ctx, uint64_t deadline_ns)
{
    const struct timespec deadline = { .tv_sec = (time_t)(deadline_ns / NS_PER_S),
                                       .tv_nsec = (long)(deadline_ns % NS_PER_S) };
    uint64_t now_ns = clock_now_ns();

    (void)ctx;
    if (now_ns >= deadline_ns) return; /* what the base took is no lateness */
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL) == EINTR) {
    }
    now_ns = clock_now_ns();
    late_ns = now_ns - deadline_ns < LATE_NS_MAX ? now_ns - deadline_ns : LATE_NS_MAX;
}

static struct device_config normalised(const struct device_config *config)
{
    struct device_config out = *config;

    if (out.parallel == 0) out.parallel = 16;
    if (out.unit_bytes == 0) out.unit_bytes = DEVICE_UNIT_BYTES;
    if (out.clock.now_ns == NULL) out.clock.now_ns = real_now_ns;
    if (out.clock.sleep_until_ns == NULL) out.clock.sleep_until_ns = real_sleep_until_ns;
    assert(out.parallel <= DEVICE_PARALLEL_MAX);
    assert((out.unit_bytes & (out.unit_bytes - 1)) == 0);
    return out;
}

/* The clock may be another after device_configure(), and is called without the lock. */
static struct device_clock device_clock(struct device *device)
{
    struct device_clock clock;

    pthread_mutex_lock(&device->lock);
    clock = device->config.clock;
    pthread_mutex_unlock(&device->lock);
    return clock;
}

static uint64_t device_now(struct device *device)
{
    const struct device_clock clock = device_clock(device);

    return clock.now_ns(clock.ctx);
}

static struct units units_of(const struct device *device, uint64_t offset, uint64_t amount)
{
    const uint64_t unit = device->config.unit_bytes;
    struct units units = { offset / unit, offset / unit };

    if (amount > 0) units.end = (offset + amount - 1) / unit + 1;
    return units;
}

static struct device_file *find_file(const struct device *device, const char *name)
{
    struct device_file *file = device->files;

    while (file != NULL && strcmp(file->name, name) != 0) {
        file = file->next;
    }
    return file;
}

static void evict_file(struct device_file *file)
{
    if (file->len > 0) memset(file->ready_ns, 0, (size_t)file->len * sizeof(*file->ready_ns));
}

/* Makes room for units up to `end`; without memory the table stays as it is. */
static void grow(struct device_file *file, uint64_t end)
{
    uint64_t len = file->len < 1024 ? 1024 : file->len;
    uint64_t *ready_ns;

    if (end <= file->len || end > UNITS_MAX) return;
    while (len < end) {
        len *= 2;
    }
    ready_ns = realloc(file->ready_ns, (size_t)len * sizeof(*ready_ns));
    if (ready_ns == NULL) return;
    memset(ready_ns + file->len, 0, (size_t)(len - file->len) * sizeof(*ready_ns));
    file->ready_ns = ready_ns;
    file->len = len;
}

static uint64_t ready_ns(const struct device_file *file, uint64_t unit)
{
    return unit < file->len ? file->ready_ns[unit] : 0;
}

/* The channel that a request of this moment takes: the one that has been free for the shortest
 * time, else the first to be free. Under real time any free one would do; on a clock per thread
 * this choice keeps the idle past of the other channels for threads whose time is earlier. */
static uint32_t channel_at(const struct device *device, uint64_t now_ns)
{
    const uint64_t *busy = device->busy_until_ns;
    uint32_t best = 0;

    for (uint32_t i = 1; i < device->config.parallel; i++) {
        const bool free_i = busy[i] <= now_ns;
        const bool free_best = busy[best] <= now_ns;

        if (free_i != free_best ? free_i : (busy[i] > busy[best]) == free_i) best = i;
    }
    return best;
}

static uint64_t served_at(const struct device *device, uint64_t when_ns)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < device->config.parallel; i++) {
        count += device->busy_until_ns[i] > when_ns;
    }
    return count;
}

/* Books one request and returns when it is done. */
static uint64_t book(struct device *device, struct device_file *file, uint64_t now_ns,
                     uint64_t pages)
{
    const struct device_config *config = &device->config;
    const uint32_t channel = channel_at(device, now_ns);
    const uint64_t busy_ns = device->busy_until_ns[channel];
    const uint64_t start_ns = busy_ns > now_ns ? busy_ns : now_ns;
    uint64_t done_ns = start_ns + config->latency_us * NS_PER_US;
    uint64_t at_once;

    if (config->bandwidth_bytes_s > 0) {
        if (device->link_until_ns > done_ns) done_ns = device->link_until_ns;
        done_ns += pages * config->unit_bytes * NS_PER_S / config->bandwidth_bytes_s;
        device->link_until_ns = done_ns;
    }
    device->busy_until_ns[channel] = done_ns;

    at_once = served_at(device, start_ns);
    if (at_once > file->counters.most_at_once) file->counters.most_at_once = at_once;
    file->counters.requests++;
    file->counters.pages += pages;
    return done_ns;
}

void device_init(struct device *device, const struct device_config *config)
{
    memset(device, 0, sizeof(*device));
    pthread_mutex_init(&device->lock, NULL);
    device->config = normalised(config);
}

void device_free(struct device *device)
{
    while (device->files != NULL) {
        struct device_file *file = device->files;

        device->files = file->next;
        free(file->ready_ns);
        free(file);
    }
    pthread_mutex_destroy(&device->lock);
}

void device_configure(struct device *device, const struct device_config *config)
{
    const struct device_config next = normalised(config);

    pthread_mutex_lock(&device->lock);
    for (struct device_file *file = device->files; file != NULL; file = file->next) {
        if (next.unit_bytes != device->config.unit_bytes) evict_file(file);
    }
    device->config = next;
    pthread_mutex_unlock(&device->lock);
}

struct device_file *device_open(struct device *device, const char *name)
{
    const size_t size = strlen(name) + 1;
    struct device_file *file;

    pthread_mutex_lock(&device->lock);
    file = find_file(device, name);
    if (file == NULL) {
        file = calloc(1, sizeof(*file) + size);
        if (file != NULL) {
            memcpy(file->name, name, size);
            file->next = device->files;
            device->files = file;
        }
    }
    pthread_mutex_unlock(&device->lock);
    return file;
}

/* The read itself, under the lock. */
static uint64_t read_units(struct device *device, struct device_file *file, struct units units,
                           uint64_t now_ns)
{
    uint64_t absent = 0;
    uint64_t wait_ns = 0;

    if (device->config.cache_off) return book(device, file, now_ns, units.end - units.first);

    for (uint64_t unit = units.first; unit < units.end; unit++) {
        const uint64_t ready = ready_ns(file, unit);

        absent += ready == 0;
        if (ready > now_ns && ready > wait_ns) wait_ns = ready;
    }
    if (absent > 0) {
        const uint64_t done_ns = book(device, file, now_ns, absent);

        grow(file, units.end);
        for (uint64_t unit = units.first; unit < units.end && unit < file->len; unit++) {
            if (file->ready_ns[unit] == 0) file->ready_ns[unit] = done_ns;
        }
        if (done_ns > wait_ns) wait_ns = done_ns;
    } else if (wait_ns > 0) {
        file->counters.joined++;
    } else {
        file->counters.hits++;
    }
    return wait_ns;
}

uint64_t device_read(struct device *device, struct device_file *file, uint64_t offset,
                     uint64_t amount)
{
    const uint64_t now_ns = device_now(device);
    uint64_t done_ns = 0;
    struct units units;

    pthread_mutex_lock(&device->lock);
    units = units_of(device, offset, amount);
    file->counters.reads++;
    if (units.first < units.end) done_ns = read_units(device, file, units, now_ns);
    pthread_mutex_unlock(&device->lock);
    return done_ns;
}

void device_wait(struct device *device, uint64_t deadline_ns)
{
    struct device_clock clock;

    if (deadline_ns == 0) return;
    clock = device_clock(device);
    clock.sleep_until_ns(clock.ctx, deadline_ns);
}

void device_write(struct device *device, struct device_file *file, uint64_t offset, uint64_t amount)
{
    struct units units;

    pthread_mutex_lock(&device->lock);
    units = units_of(device, offset, amount);
    if (!device->config.cache_off) grow(file, units.end);
    for (uint64_t unit = units.first; unit < units.end && unit < file->len; unit++) {
        file->ready_ns[unit] = SINCE_EVER;
    }
    pthread_mutex_unlock(&device->lock);
}

void device_truncate(struct device *device, struct device_file *file, uint64_t size)
{
    pthread_mutex_lock(&device->lock);
    for (uint64_t unit = units_of(device, 0, size).end; unit < file->len; unit++) {
        file->ready_ns[unit] = 0;
    }
    pthread_mutex_unlock(&device->lock);
}

void device_evict(struct device *device, struct device_file *file)
{
    pthread_mutex_lock(&device->lock);
    for (struct device_file *each = device->files; each != NULL; each = each->next) {
        if (file == NULL || file == each) evict_file(each);
    }
    pthread_mutex_unlock(&device->lock);
}

void device_forget(struct device *device, const char *name)
{
    struct device_file *file;

    pthread_mutex_lock(&device->lock);
    file = find_file(device, name);
    if (file != NULL) evict_file(file);
    pthread_mutex_unlock(&device->lock);
}

void device_counters(struct device *device, const struct device_file *file,
                     struct device_counters *out)
{
    pthread_mutex_lock(&device->lock);
    *out = file->counters;
    pthread_mutex_unlock(&device->lock);
}

void device_reset(struct device *device, struct device_file *file)
{
    pthread_mutex_lock(&device->lock);
    file->counters = (struct device_counters){ 0 };
    pthread_mutex_unlock(&device->lock);
}

uint64_t device_resident(struct device *device, const struct device_file *file)
{
    const uint64_t now_ns = device_now(device);
    uint64_t count = 0;

    pthread_mutex_lock(&device->lock);
    for (uint64_t unit = 0; unit < file->len; unit++) {
        count += file->ready_ns[unit] != 0 && file->ready_ns[unit] <= now_ns;
    }
    pthread_mutex_unlock(&device->lock);
    return count;
}
