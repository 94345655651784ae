/* Credit and window. */
#include "vfs/replay/prefetch_pace.h"

static uint64_t longer(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void preload_pace_init(struct prefetch_pace *pace, uint32_t window_first, uint32_t window_most)
{
    *pace = (struct prefetch_pace){
        .window = window_first < window_most ? window_first : window_most,
        .window_most = window_most,
    };
}

/* Twice as many while they arrive in time, half as many when they stand in a long queue. */
void preload_pace_arrived(struct prefetch_pace *pace, uint64_t us)
{
    uint64_t queue_us;

    if (us > 0 && (pace->latency_us == 0 || us < pace->latency_us)) pace->latency_us = us;
    queue_us = longer(PACE_QUEUE_US, 2 * pace->latency_us);
    if (us <= queue_us)
        pace->window = pace->window * 2 < pace->window_most ? pace->window * 2 : pace->window_most;
    if (us > 2 * queue_us && pace->window > 1) pace->window /= 2;
}

uint32_t preload_pace_window(const struct prefetch_pace *pace, bool demand_waits)
{
    if (!demand_waits || pace->touches.used >= PACE_PROVEN_USED) return pace->window;
    return pace->window < 2 ? 1 : pace->window / 2;
}

/* An idle session is worth more the longer it lasts; nobody overtakes a plan that is fetched while
 * a program starts up. */
bool preload_pace_idle(struct prefetch_pace *pace, uint64_t us)
{
    if (us < longer(PACE_IDLE_US, 4 * pace->latency_us)) return false;
    pace->granted += preload_pace_credit(pace);
    return true;
}

uint64_t preload_pace_cost(uint64_t requests, uint64_t pages)
{
    return requests + (pages - requests) / PACE_PAGES_A_REQUEST;
}

uint64_t preload_pace_credit(const struct prefetch_pace *pace)
{
    const struct pace_touches *touches = &pace->touches;
    const uint64_t late = touches->late > touches->demand ? touches->late - touches->demand : 0;

    return PACE_CREDIT_FIRST + pace->granted + touches->used * PACE_CREDIT_EACH_USED +
           late * PACE_CREDIT_EACH_LATE;
}

uint64_t preload_pace_unserved(const struct prefetch_pace *pace)
{
    return pace->touches.late + pace->touches.demand;
}

bool preload_pace_is_overtaken(const struct prefetch_pace *pace, uint64_t unserved, uint64_t us)
{
    return unserved >= PACE_RACE_LEAST &&
           unserved * longer(PACE_RACE_US, pace->latency_us / 4) > us;
}

bool preload_pace_is_certain(const struct prefetch_pace *pace)
{
    const uint64_t planned = pace->touches.used + pace->touches.late;

    return planned >= PACE_CERTAIN_PLANNED &&
           planned >= PACE_CERTAIN_A_DEMANDED * pace->touches.demand;
}
