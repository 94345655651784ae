/* Fetching what a queue names, ahead of the program.
 *
 * Two backends. *Advise*, where the base shows files: a worker opens the file in its own descriptor
 * table and asks the kernel for the pages (posix_fadvise WILLNEED); no bytes are moved. *Read*,
 * over any other base: workers read into scratch, through up to 16 handles that the connection's
 * thread opens with the base, and closes only while it holds a lock or in xClose, because os_unix
 * may drop a lock that another thread takes while a handle closes.
 *
 * Where a call says nothing else it is for one thread at a time, the worker that has the replay's
 * task. State and counts: any thread. */
#ifndef VFS_PREFETCH_H
#define VFS_PREFETCH_H

#include <pthread.h>
#include <stdatomic.h>

#include "vfs/preload.h"
#include "vfs/process/base.h"
#include "vfs/process/pool.h"
#include "vfs/replay/prefetch_pace.h"
#include "vfs/replay/queue.h"
#include "vfs/sqlite.h"

#define PREFETCH_HANDLES_MAX        16
#define PREFETCH_SYSTEM_HANDLES_MAX 4 /* of a process, over the operating system's VFS */

struct prefetch;

/* The program that pages are fetched for, asked on workers; NULL: there is none to give way to. */
struct prefetch_program {
    void *ctx;
    /* Brings the touches in `pace` up to date and queues what has come due. The advise backend's:
     * the read backend's owner does it. */
    void (*look)(void *ctx);
    bool (*has_read)(void *ctx, struct hint_run run); /* all of its pages */
    bool (*waits)(void *ctx);                         /* for a page that it has not read before */
    enum preload_reason (*stop_reason)(void *ctx);    /* why the plan holds no more */
    uint64_t (*now_us)(void);                         /* NULL: preload_clock_us */
};

struct prefetch_counts {
    atomic_uint_fast64_t issued_pages;
    atomic_uint_fast64_t issued_requests;
    atomic_uint_fast64_t issued_bytes;
    atomic_uint_fast64_t resident_pages; /* issued, without a request: found in memory */
    atomic_uint_fast64_t late_pages;     /* planned, and touched before they were fetched */
    atomic_uint_fast64_t passed_pages;   /* of the plan, that need nothing more */
    atomic_uint_fast64_t tenth_us[10];   /* by the program's clock, when so much was passed */
};

/* What was seen of the program's reading. Times are by its clock. */
struct prefetch_watch {
    uint64_t began_us;
    uint64_t deadline_us; /* 0: none */
    uint64_t changed_us;  /* when its touches changed, or the wait for that gave credit */
    uint64_t touched;     /* of them, then */
    uint64_t looked_us;   /* when it was last asked whether it runs ahead; 0: never */
    uint64_t unserved;    /* its touches that found nothing fetched, then */
    bool is_uncredited;   /* while the plan is certain no credit is asked for */
};

/* A batch of requests that may still be in flight. */
struct prefetch_flight {
    uint64_t offset; /* in its last page */
    uint64_t bytes;
    uint32_t requests;
    uint64_t begun_us;
};

#define PREFETCH_FLIGHTS 64

/* Where the advise backend stands. Its worker's alone. */
struct prefetch_advice {
    const char *path; /* of the database; NULL: residency is not asked for */

    struct prefetch_flight flights[PREFETCH_FLIGHTS]; /* a ring */
    unsigned first_flight;
    unsigned flight_count;
    uint32_t in_flight;  /* requests */
    uint64_t arrived_us; /* when one arrived that was waited for; 0: the one before was not */

    uint32_t unasked;     /* requests to pass before residency is asked for again */
    uint32_t pause;       /* as many the next time */
    uint64_t catch_up_at; /* late pages before it is asked again whether to catch up */
};

/* A reader's seat: a handle of the base and the task that reads through it. */
struct prefetch_reader {
    struct pool_task task; /* first */
    struct prefetch *prefetch;
    sqlite3_file *handle;
    bool busy; /* its task is submitted or runs */
};

/* Where the read backend stands. */
struct prefetch_reading {
    pthread_mutex_t lock; /* what follows, and `pace` */
    uint32_t reads;       /* in flight */
    unsigned busy;
    struct prefetch_reader readers[PREFETCH_HANDLES_MAX];
    unsigned reader_count;
    bool counted;      /* the handles count against PREFETCH_SYSTEM_HANDLES_MAX */
    char *handle_name; /* sqlite3_create_filename */
};

/* Zeroed memory is one that has not begun. */
struct prefetch {
    _Atomic int state;     /* enum preload_state */
    _Atomic int reason;    /* enum preload_reason */
    _Atomic int cancelled; /* enum preload_reason; NONE: not */
    atomic_bool awaited;   /* the opener waits for what may be begun: no credit is asked for */
    atomic_uint_fast64_t ended_us; /* by the program's clock; 0 before */
    struct queue queue;
    struct prefetch_counts counts;
    struct prefetch_program program;
    struct prefetch_watch watch;
    struct prefetch_pace pace;
    struct prefetch_advice advice;
    struct prefetch_reading reading;
};

/* Frees the plan. Cancelled or done, and its handles closed. */
void preload_prefetch_free(struct prefetch *prefetch);

/* Once the plan is made, before any of the following; at most `requests_most` will be in flight.
 * False: no memory. */
bool preload_prefetch_prepare(struct prefetch *prefetch, uint32_t requests_first,
                              uint32_t requests_most);

/* What may be spent now, in the pace's measure: 0 while there is nothing to be spent on, or the
 * program has to show first that it needs what was fetched. `reading.lock` held where readers read.
 */
uint64_t preload_prefetch_credit(const struct prefetch *prefetch);

/* A program that asks for nothing, its credit used up, gets more. As above. */
void preload_prefetch_credit_idle(struct prefetch *prefetch);

/* What the program has read, `touched` in all. As above. */
void preload_prefetch_saw(struct prefetch *prefetch, struct pace_touches touches, uint64_t touched);

/* By the program's clock. Any thread. */
uint64_t preload_prefetch_now_us(const struct prefetch *prefetch);

/* Whether the program runs ahead without us: since the last call, or its beginning, it made first
 * touches that found nothing fetched faster than any disk would let it; `unserved` is how many it
 * made in all. */
bool preload_prefetch_runs_ahead(struct prefetch *prefetch, uint64_t unserved);

/* Why no more may be begun; NONE: it may. Any thread. */
enum preload_reason preload_prefetch_over(const struct prefetch *prefetch);

/* Advises what may be advised now, on the calling worker, through a descriptor that it opened
 * itself. The state is final when the whole plan was. */
void preload_prefetch_advise(struct prefetch *prefetch, int fd);

/* Opens up to `handles_max` handles of `base` on the file at `path`, with the parameters of
 * `uri_name` (as xOpen got it with SQLITE_OPEN_URI, or NULL), and sets workers reading. On the
 * connection's thread. False when nothing could be started: state is FAILED, logged. */
bool preload_prefetch_read(struct prefetch *prefetch, const struct base *base, const char *path,
                           const char *uri_name, unsigned handles_max);

/* fork(): the child has none of the parent's handles. */
void preload_prefetch_after_fork_in_child(void);

/* Sets workers reading again when requests may be begun. Not while the handles are being closed. */
void preload_prefetch_read_on(struct prefetch *prefetch);

/* Waits until no worker reads for it any more; a request that is being read is finished. */
void preload_prefetch_stop_readers(struct prefetch *prefetch);

/* Closes the handles; on the connection's thread, while it holds a lock or in xClose, and only
 * after the readers stopped. */
void preload_prefetch_close_handles(struct prefetch *prefetch);

/* Counts one issued request. Any thread. */
void preload_prefetch_count(struct prefetch *prefetch, uint64_t bytes);

/* Counts pages that need no request: found in memory, or the program has read them itself. Any
 * thread. */
void preload_prefetch_count_resident(struct prefetch *prefetch, uint32_t pages);
void preload_prefetch_count_spared(struct prefetch *prefetch, size_t request);

/* Makes it end soon, for this reason unless there was one before. Any thread. */
void preload_prefetch_cancel(struct prefetch *prefetch, enum preload_reason reason);

/* Sets a final state and its reason, unless there is one, and the time. Any thread. */
void preload_prefetch_end(struct prefetch *prefetch, enum preload_state state,
                          enum preload_reason reason);

#endif
