/* A world that is the same for both arms: what the operating system's VFS says of chance and time
 * follows from the seed, sleeping takes no time, and syncing is counted and not done.
 *
 * Journals and logs carry random numbers, so without this no two runs leave equal files. The
 * methods are set in the VFS objects themselves, because preload tells the operating system's VFS
 * by its object. Any thread may sync; the rest is for one thread. */
#ifndef TESTS_DIFFERENTIAL_STEADY_H
#define TESTS_DIFFERENTIAL_STEADY_H

#include <stdint.h>

/* Once, before the first connection. */
void steady_install(void);

/* Starts chance anew from the seed, SQLite's own generator included. */
void steady_begin(uint64_t seed);

/* fsync() and fdatasync() since steady_begin(). */
unsigned steady_syncs(void);

#endif
