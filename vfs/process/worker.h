/* The thread of a worker: what it does not take over from the thread that starts it.
 *
 * It takes no signal, no real-time scheduling, no priority above the normal one, and it runs where
 * the process's first thread may run (taskset, a container), not where the opener was pinned. Its
 * stack is small. A *private* one leaves the process's descriptor table for one of its own, whose
 * numbers 0, 1 and 2 are no file: otherwise it would keep the host's pipes and sockets open. */
#ifndef VFS_WORKER_H
#define VFS_WORKER_H

#include <pthread.h>
#include <stdbool.h>

/* Address space that a worker takes, more only where the program has much thread-local storage. The
 * sanitizers' builds need more. */
#ifndef WORKER_STACK_KIB
#define WORKER_STACK_KIB 256
#endif

/* Whether a worker can have a descriptor table of its own here, and advise from there. Found out at
 * the first call (Linux 5.9; a seccomp filter may deny it), and kept. A thread of the host. */
bool preload_worker_tables_work(void);

/* Starts a thread. False: none is to be had. */
bool preload_worker_start(pthread_t *out, void *(*run)(void *), void *arg);

/* The first thing that the thread does. Whether it has a descriptor table of its own: false unless
 * `is_private`, and where none is to be had. */
bool preload_worker_settle(bool is_private);

#endif
