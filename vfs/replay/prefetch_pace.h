/* How far a replay may run ahead of the session, and how much of it may be in flight.
 *
 * A page that is fetched in vain is not free: while it is in flight, a page that the session waits
 * for takes longer. So a replay lives on credit: a few pages at once, then so many for each page
 * that the session found fetched, and for each that was planned but not there yet, so far as these
 * outnumber what was not planned: a history that names every page is right by chance. Hints that
 * nobody needs end with the first credit; good ones are never stopped by it. A session that asks
 * for nothing gives credit too, since nobody waits then.
 *
 * What is in flight is counted in requests, and adapts to the device: as many as arrive without
 * making a demand read wait for long. Pure; one thread at a time. */
#ifndef VFS_PREFETCH_PACE_H
#define VFS_PREFETCH_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* Credit is counted in requests. On a local disk one that was made in vain costs a session an
 * eighth of a demand read, and so do three more pages in the same request. */
#define PACE_CREDIT_FIRST     32
#define PACE_CREDIT_EACH_USED 16
#define PACE_CREDIT_EACH_LATE 16 /* beyond those that were not planned */
#define PACE_PAGES_A_REQUEST  3

/* Requests in flight. */
#define PACE_WINDOW_FIRST 32
#define PACE_WINDOW_MOST  256

/* Hints of which the session used so many pages are good: until then a demand read that waits has
 * half of the window for itself. */
#define PACE_PROVEN_USED 16

/* A demand read may come to stand behind that much, or behind twice a request's latency. */
#define PACE_QUEUE_US UINT64_C(1000)

/* Whoever made no first touch for that long, or for four times a request's latency, waits for
 * nothing. */
#define PACE_IDLE_US UINT64_C(2000)

/* Whoever touches pages that were not prefetched faster than that, one after the other, is served
 * by something else: readahead, or a warm cache. */
#define PACE_RACE_US    UINT64_C(50)
#define PACE_RACE_LEAST 8

/* First touches of the session that were reads. */
struct pace_touches {
    uint64_t used;   /* their page had been fetched */
    uint64_t late;   /* it was planned and had not been fetched */
    uint64_t demand; /* it was not planned */
};

/* So many planned pages that were read, and so many for each other one, make the rest of the plan
 * certain enough not to wait until it is due. */
#define PACE_CERTAIN_PLANNED    64
#define PACE_CERTAIN_A_DEMANDED 8

struct prefetch_pace {
    struct pace_touches touches;
    uint64_t granted;    /* credit, while the session asked for nothing */
    uint64_t latency_us; /* shortest time that a request took; 0: not known yet */
    uint32_t window;     /* requests that may be in flight */
    uint32_t window_most;
};

void preload_pace_init(struct prefetch_pace *pace, uint32_t window_first, uint32_t window_most);

/* A request that the worker waited for took `us`; 0: it was there already. */
void preload_pace_arrived(struct prefetch_pace *pace, uint64_t us);

/* Requests that may be in flight now. While a demand read waits and nothing shows yet that the
 * hints are good, half of the window: what more there is arrives before another is made. Never
 * none. */
uint32_t preload_pace_window(const struct prefetch_pace *pace, bool demand_waits);

/* The credit is used up, and the session has asked for nothing for `us`; true when that doubled it.
 */
bool preload_pace_idle(struct prefetch_pace *pace, uint64_t us);

/* What `requests` for `pages` in all cost. */
uint64_t preload_pace_cost(uint64_t requests, uint64_t pages);

/* What may have been spent by now, in all. */
uint64_t preload_pace_credit(const struct prefetch_pace *pace);

/* Touches whose page had not been fetched. */
uint64_t preload_pace_unserved(const struct prefetch_pace *pace);

/* Whether a session that made so many of them in `us` waits for no disk. */
bool preload_pace_is_overtaken(const struct prefetch_pace *pace, uint64_t unserved, uint64_t us);

/* Whether the plan is what the session reads. */
bool preload_pace_is_certain(const struct prefetch_pace *pace);

#endif
