/* Three means a medium. Two workers that see something at once may lose one of both; a mean does
 * not mind. */
#include "vfs/file/medium.h"

#include <stdatomic.h>

static struct medium {
    atomic_uint_fast64_t latency_ns;
    atomic_uint_fast64_t slot_ns; /* a request, where many are in flight */
    atomic_uint_fast64_t ns_a_kib;
} media[] = {
    { MEDIUM_LATENCY_NS_OS, MEDIUM_LATENCY_NS_OS / MEDIUM_PARALLEL, MEDIUM_NS_A_KIB },
    { MEDIUM_LATENCY_NS_FOREIGN, MEDIUM_LATENCY_NS_FOREIGN / MEDIUM_PARALLEL, MEDIUM_NS_A_KIB },
};

static struct medium *medium_of(bool base_is_os)
{
    return &media[base_is_os ? 0 : 1];
}

static uint64_t get(const atomic_uint_fast64_t *mean)
{
    return atomic_load_explicit(mean, memory_order_relaxed);
}

static void move(atomic_uint_fast64_t *mean, uint64_t to)
{
    uint64_t before = get(mean);

    atomic_store_explicit(mean, before - before / 8 + to / 8, memory_order_relaxed);
}

/* How many are served at once is the medium's own, and stays when it becomes slower or faster. */
void preload_medium_saw_request(bool base_is_os, uint64_t ns)
{
    struct medium *medium = medium_of(base_is_os);
    uint64_t before_ns = get(&medium->latency_ns);
    uint64_t slot_ns = get(&medium->slot_ns);

    if (ns < MEDIUM_NS_LEAST || ns > MEDIUM_NS_MOST) return;
    move(&medium->latency_ns, ns);
    atomic_store_explicit(&medium->slot_ns, slot_ns * get(&medium->latency_ns) / before_ns,
                          memory_order_relaxed);
}

void preload_medium_saw_batch(bool base_is_os, uint64_t in_flight, uint64_t requests,
                              uint64_t bytes, uint64_t ns)
{
    struct medium *medium = medium_of(base_is_os);
    const uint64_t latency_ns = get(&medium->latency_ns);
    const uint64_t before_ns = get(&medium->slot_ns);
    uint64_t slot_ns;

    if (requests == 0 || ns < MEDIUM_NS_LEAST || ns > MEDIUM_NS_MOST) return;
    if (bytes / requests >= MEDIUM_BYTES_LARGE) {
        move(&medium->ns_a_kib, ns * 1024 / bytes);
        return;
    }
    slot_ns = ns / requests < latency_ns ? ns / requests : latency_ns;
    if (slot_ns < before_ns || in_flight * before_ns >= latency_ns) move(&medium->slot_ns, slot_ns);
}

struct hint_device preload_medium_of(bool base_is_os, uint32_t page_size)
{
    const struct medium *medium = medium_of(base_is_os);
    const uint64_t slot_ns = get(&medium->slot_ns);
    struct hint_device out = {
        .latency_ns = get(&medium->latency_ns),
        .page_ns = get(&medium->ns_a_kib) * page_size / 1024,
    };
    uint64_t parallel = slot_ns > 0 ? out.latency_ns / slot_ns : MEDIUM_PARALLEL_MOST;

    if (parallel < MEDIUM_PARALLEL_LEAST) parallel = MEDIUM_PARALLEL_LEAST;
    out.parallel = (uint32_t)(parallel < MEDIUM_PARALLEL_MOST ? parallel : MEDIUM_PARALLEL_MOST);
    return out;
}
