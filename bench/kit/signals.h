/* Notes SIGINT and SIGTERM, so that a benchmark that is interrupted stops in order. A run takes
 * minutes, and its user may press ^C. The program asks after each trial whether a signal came,
 * stops, and removes its files. One thread at a time. */
#ifndef BENCH_SIGNALS_H
#define BENCH_SIGNALS_H

#include <stdbool.h>

/* From now on both signals are noted. A system call that one interrupts is started again. */
void signals_watch(void);

/* Whether one came. It stays so. */
bool signals_came(void);

#endif
