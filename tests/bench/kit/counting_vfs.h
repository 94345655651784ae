/* A VFS that counts what reaches its base, to hold other counters against. It registers as
 * "counting" over "unix" and counts main databases, all of them together. One thread at a time. */
#ifndef TESTS_BENCH_COUNTING_VFS_H
#define TESTS_BENCH_COUNTING_VFS_H

#include <stdbool.h>
#include <stdint.h>

#define COUNTING_PAGES 8192u /* pages of 4,096 bytes that are told apart; further ones abort */

struct counting {
    uint64_t reads;   /* xRead */
    uint64_t fetches; /* xFetch that mapped something */
    uint64_t pages;   /* different pages that xRead or xFetch covered */
    bool seen[COUNTING_PAGES];
};

/* Of everything since counting_vfs_register() or the last reset. */
extern struct counting counting;

/* An SQLite result code. */
int counting_vfs_register(void);
void counting_vfs_reset(void);

#endif
