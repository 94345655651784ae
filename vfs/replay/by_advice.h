/* A replay where the file may be advised: a worker with a descriptor table of its own does all of
 * it, loading included. */
#ifndef VFS_BY_ADVICE_H
#define VFS_BY_ADVICE_H

#include "vfs/replay/course.h"

/* From the open until the hints are loaded, unless the opener waits for them or there is a log to
 * recover: a worker that loads and plans beside the first statement, as it does 1 ms after the
 * open, makes its first row come up to twice as late on a machine of two processors. After 2 ms the
 * row came no later than after 3 (bench/coldstart), and the session ends that much earlier. */
#define BY_ADVICE_START_US UINT64_C(2000)

extern const struct backend preload_by_advice;

/* Whether a worker has found that the kernel gives it no descriptor table of its own: then no file
 * may be advised. Any thread. */
bool preload_by_advice_is_denied(void);

/* Begins, on the opening connection's thread. False: no thread could be started. */
bool preload_by_advice_begin(struct course *course);

#endif
