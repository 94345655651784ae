/* Prefetches a list of pages that is known in advance. Threads of its own issue the requests in
 * the order of the list, while another thread opens the database and runs a session.
 *
 * On a disk one thread advises (posix_fadvise, which does not wait). Through a VFS, which can only
 * be read, sixteen threads each read the next request. Start and stop belong to one thread. */
#ifndef BENCH_FETCH_H
#define BENCH_FETCH_H

#include "bench/coldstart/fetch_list.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>

#define FETCH_THREADS_MAX 16u

struct fetch {
    const struct fetch_list *list; /* borrowed */
    atomic_size_t next;            /* request to be issued; beyond the end: none */
    atomic_bool stopping;
    int fd;             /* of the disk, or -1 */
    sqlite3_file *file; /* of the VFS, or NULL */
    const char *name;   /* of that file */
    pthread_t threads[FETCH_THREADS_MAX];
    unsigned thread_count;
};

/* What was issued so far; requests are issued in order. */
struct fetch_progress {
    uint64_t requests, pages;
};

/* Begins; `vfs` NULL is the disk. An SQLite result code. Whatever it is, fetch_stop() is next. */
int fetch_start(struct fetch *fetch, const struct fetch_list *list, const char *path,
                const char *vfs);

struct fetch_progress fetch_look(struct fetch *fetch);

/* Ends it, done or not. Only when the database is closed: closing a descriptor of a file drops the
 * locks that the process has on it. Twice is harmless. */
void fetch_stop(struct fetch *fetch);

#endif
