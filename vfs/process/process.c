/* By the board. */
#include "vfs/process/process.h"

#include "vfs/process/board.h"

_Static_assert(PROCESS_COUNTERS <= BOARD_COUNTERS, "the board has room for them");

atomic_uint preload_process_notified;

void preload_process_count(enum process_counter counter)
{
    preload_board_count(counter);
}

uint64_t preload_process_counter(enum process_counter counter)
{
    return preload_board_counter(counter);
}

void preload_process_notify(void)
{
    atomic_fetch_add_explicit(&preload_process_notified, 1, memory_order_release);
}

void preload_process_listen(void)
{
    preload_board_listen(&preload_process_notified);
}

void preload_process_leave(void)
{
    preload_board_leave(&preload_process_notified);
}
