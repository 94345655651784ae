/* SIGINT and SIGTERM end a benchmark in order. A run takes minutes, and the reader of a progress
 * line presses ^C. The signal is only noted: the program asks after each trial whether one came,
 * stops, and removes its files. One thread at a time. */
#ifndef BENCH_SIGNALS_H
#define BENCH_SIGNALS_H

#include <stdbool.h>

/* From now on both signals are noted. System calls that they interrupt are started again. */
void signals_watch(void);

/* Whether one came. It stays so. */
bool signals_came(void);

#endif
