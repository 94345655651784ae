/* Three means a device. Of two workers that see something at once one may be lost; a mean does not
 * mind. */
#include "vfs/file/device.h"

#include <stdatomic.h>

static struct means {
    atomic_uint_fast64_t latency_ns;
    atomic_uint_fast64_t slot_ns; /* a request, where many are in flight */
    atomic_uint_fast64_t ns_a_kib;
} devices[] = {
    [DEVICE_LOCAL] = { DEVICE_LATENCY_NS_OS, DEVICE_LATENCY_NS_OS / DEVICE_PARALLEL,
                       DEVICE_NS_A_KIB },
    [DEVICE_FOREIGN] = { DEVICE_LATENCY_NS_FOREIGN, DEVICE_LATENCY_NS_FOREIGN / DEVICE_PARALLEL,
                         DEVICE_NS_A_KIB },
};

static uint64_t get(const atomic_uint_fast64_t *mean)
{
    return atomic_load_explicit(mean, memory_order_relaxed);
}

static void move(atomic_uint_fast64_t *mean, uint64_t to)
{
    uint64_t before = get(mean);

    atomic_store_explicit(mean, before - before / 8 + to / 8, memory_order_relaxed);
}

/* How many are served at once is the device's own, and stays when it becomes slower or faster. */
void preload_device_saw_request(enum device_kind kind, uint64_t ns)
{
    struct means *means = &devices[kind];
    uint64_t before_ns = get(&means->latency_ns);
    uint64_t slot_ns = get(&means->slot_ns);

    if (ns < DEVICE_NS_LEAST || ns > DEVICE_NS_MOST) return;
    move(&means->latency_ns, ns);
    atomic_store_explicit(&means->slot_ns, slot_ns * get(&means->latency_ns) / before_ns,
                          memory_order_relaxed);
}

void preload_device_saw_batch(enum device_kind kind, uint64_t in_flight, uint64_t requests,
                              uint64_t bytes, uint64_t ns)
{
    struct means *means = &devices[kind];
    const uint64_t latency_ns = get(&means->latency_ns);
    const uint64_t before_ns = get(&means->slot_ns);
    uint64_t slot_ns;

    if (requests == 0 || ns < DEVICE_NS_LEAST || ns > DEVICE_NS_MOST) return;
    if (bytes / requests >= DEVICE_BYTES_LARGE) {
        move(&means->ns_a_kib, ns * 1024 / bytes);
        return;
    }
    slot_ns = ns / requests < latency_ns ? ns / requests : latency_ns;
    if (slot_ns < before_ns || in_flight * before_ns >= latency_ns) move(&means->slot_ns, slot_ns);
}

struct hint_device preload_device_of(enum device_kind kind, uint32_t page_size)
{
    const struct means *means = &devices[kind];
    const uint64_t slot_ns = get(&means->slot_ns);
    struct hint_device out = {
        .latency_ns = get(&means->latency_ns),
        .page_ns = get(&means->ns_a_kib) * page_size / 1024,
    };
    uint64_t parallel = slot_ns > 0 ? out.latency_ns / slot_ns : DEVICE_PARALLEL_MOST;

    if (parallel < DEVICE_PARALLEL_LEAST) parallel = DEVICE_PARALLEL_LEAST;
    out.parallel = (uint32_t)(parallel < DEVICE_PARALLEL_MOST ? parallel : DEVICE_PARALLEL_MOST);
    return out;
}
