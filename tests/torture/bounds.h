/* What this process holds at a moment, for the programs that show that it is bounded: threads,
 * descriptors of the process and of the workers' own tables, bytes that our objects allocated.
 *
 * Allocations are counted by wrapping what our own objects call (the linker's --wrap), so that
 * SQLite's and zstd's are left out, and sanitizers disturb nothing. One thread at a time. */
#ifndef TESTS_TORTURE_BOUNDS_H
#define TESTS_TORTURE_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>

/* `workers`, its default: threads that advise and save. */
#define BOUNDS_WORKERS 4

/* `requests`, its cap: threads that read through a foreign base, and handles of a database. */
#define BOUNDS_READERS 16

/* A worker's own table: 0, 1 and 2, and while it works a database and a file beside it. */
#define BOUNDS_WORKER_IDLE 3
#define BOUNDS_WORKER_BUSY (BOUNDS_WORKER_IDLE + 2)

struct bounds {
    size_t threads;            /* those of the sanitizers left out */
    size_t descriptors;        /* of the process */
    size_t worker_descriptors; /* of the worker that has the most in a table of its own */
    size_t heap;               /* bytes */
};

/* After registering, whose instances stay for good, and before anything is opened: what is there
 * now is not counted. */
void bounds_begin(void);

/* Of a thread that has more than `worker_max` descriptors it is waited whether they become fewer:
 * one that has just started has the process's, and one may be at work. */
struct bounds bounds_look(size_t worker_max);

/* The same, where no worker has a table of its own. */
struct bounds bounds_look_shared(void);

/* Bytes held now, and the most since bounds_heap_restart. Any thread. */
size_t bounds_heap(void);
size_t bounds_heap_most(void);
void bounds_heap_restart(void);

/* The most memory that the process ever had resident, in bytes; 0 where a sanitizer's own memory
 * would be counted. */
size_t bounds_resident_most(void);

/* How much that has grown since it was `before`. The kernel counts on each processor by itself, and
 * what it adds up may fall a little. */
size_t bounds_resident_growth(size_t before);

/* Fails the program unless `value` is at most `most`. */
void bounds_expect(const char *what, size_t value, size_t most);

/* After everything was unregistered: fails the program unless threads, descriptors and bytes are as
 * they were at bounds_begin. */
void bounds_expect_nothing(void);

/* Raises the limit of descriptors as far as it goes; whether it is at least so many. */
bool bounds_allow_descriptors(size_t count);

#endif
