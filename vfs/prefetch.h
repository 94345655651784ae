/* Fetching what a plan names, ahead of the program.
 *
 * Two backends. *Advise*, over the operating system's own VFS: a worker opens the file in its own
 * descriptor table and asks the kernel for the pages (posix_fadvise WILLNEED); no bytes are moved.
 * *Read*, over any other base: workers read into scratch, through up to 16 handles that the
 * connection's thread opens with the base, and closes only while it holds a lock or in xClose,
 * because os_unix may drop a lock that another thread takes while a handle closes.
 *
 * A prefetch belongs to one database. Start, poll and cancel: one thread at a time, the database's
 * lock held or its creator; state and counts: any thread. */
#ifndef VFS_PREFETCH_H
#define VFS_PREFETCH_H

#include <stdatomic.h>

#include "hints/plan.h"
#include "vfs/identity.h"
#include "vfs/pool.h"
#include "vfs/sqlite.h"

#define PREFETCH_HANDLES_MAX 16

/* Linux truncates one WILLNEED silently to max(read_ahead_kb, max_sectors_kb); 128 KiB is the
 * smallest default. */
#define PREFETCH_PIECE_BYTES ((uint32_t)128 << 10)

struct prefetch;

/* A reader's seat: a handle of the base and the task that reads through it. */
struct prefetch_reader {
    struct pool_task task;
    struct prefetch *prefetch;
    sqlite3_file *handle;
};

struct prefetch {
    _Atomic int state; /* enum preload_state */
    atomic_bool cancelled;
    atomic_size_t queued_runs; /* of `queue`, that may be begun */
    atomic_size_t issued_runs; /* of these, that were begun */
    atomic_bool held;          /* no more are begun for the time being */
    atomic_uint_fast64_t issued_pages;
    atomic_uint_fast64_t issued_requests;
    atomic_uint_fast64_t issued_bytes;
    atomic_uint_fast64_t ended_us; /* preload_pool_now_us(); 0 before */

    struct hint_plan plan;
    struct hint_run *queue; /* the plan's runs in the order in which they are fetched */
    bool *released;         /* a group: it is in the queue */
    uint32_t page_size;

    /* The read backend's. */
    struct prefetch_reader readers[PREFETCH_HANDLES_MAX];
    unsigned reader_count;
    atomic_uint readers_busy;
    char *handle_name; /* sqlite3_create_filename */
};

/* Frees the plan. Cancelled or done, and its handles closed. */
void preload_prefetch_free(struct prefetch *prefetch);

/* Once the plan is made, before any of the following. False: no memory. */
bool preload_prefetch_prepare(struct prefetch *prefetch);

/* Queues those of the plan's first `groups` groups (more than it has: all) that are due after so
 * many touches of the session, in the plan's order. One thread at a time. */
void preload_prefetch_release(struct prefetch *prefetch, size_t groups, uint64_t touches);

/* Whether the whole plan is queued. */
bool preload_prefetch_is_released(const struct prefetch *prefetch);

/* Runs of the queue that may be begun. Any thread. */
size_t preload_prefetch_runs_free(const struct prefetch *prefetch);

/* Advises the runs that may be begun and were not, on the calling worker, through a descriptor that
 * it opened itself. The state is final when the whole plan was. */
void preload_prefetch_advise(struct prefetch *prefetch, int fd);

/* Opens up to `handles_max` handles of `base` on the file that `name` (as xOpen got it) names and
 * sets workers reading. On the connection's thread. False when nothing could be started: state is
 * FAILED, logged. */
bool preload_prefetch_read(struct prefetch *prefetch, sqlite3_vfs *base, const char *name,
                           unsigned handles_max);

/* Sets the workers reading again when runs may be begun and none reads. Not while the handles are
 * being closed. */
void preload_prefetch_read_on(struct prefetch *prefetch);

/* Waits until no worker reads for it any more; a run that is being read is finished. */
void preload_prefetch_stop_readers(struct prefetch *prefetch);

/* Closes the handles; on the connection's thread, while it holds a lock or in xClose, and only
 * after the readers stopped. */
void preload_prefetch_close_handles(struct prefetch *prefetch);

/* The pages of the runs that were begun, gaps included; the plan is ready. Replaces what `out`
 * held. HINT_NOMEM. Any thread. */
int preload_prefetch_fetched(struct hint_runs *out, const struct prefetch *prefetch);

/* Counts one issued request. */
void preload_prefetch_count(struct prefetch *prefetch, uint64_t bytes);

/* Sets a final state, unless there is one, and the time. */
void preload_prefetch_end(struct prefetch *prefetch, int state);

#endif
