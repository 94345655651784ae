/* One replay: what it is for, what it works with, how far it is. The steps of a replay share it;
 * replay.h is what the rest of the house calls.
 *
 * A replay is a task that a worker runs again and again until the prefetch has a final state. Where
 * a call says nothing else it is for the thread that has that task. */
#ifndef VFS_COURSE_H
#define VFS_COURSE_H

#include "vfs/file/device.h"
#include "vfs/file/identity.h"
#include "vfs/process/base.h"
#include "vfs/process/config.h"
#include "vfs/replay/looks.h"
#include "vfs/replay/prefetch.h"
#include "vfs/replay/trial.h"
#include "vfs/store/keeper.h"

struct course;

/* A way to fetch: by advice, by reading. */
struct backend {
    enum device_kind device;
    uint32_t requests_first; /* in flight */
    uint32_t requests_most;  /* 0: as the option `requests` says */
    /* Fetches what may be fetched now. */
    void (*fetch)(struct course *course);
};

struct course {
    struct pool_task task; /* first */
    const struct base *base;
    const struct named_file *file;
    const struct config *config;
    struct session *session;
    struct keeper *keeper;
    const struct backend *_Atomic backend; /* asked by any thread */
    struct prefetch prefetch;
    struct progress progress;
    struct trial trial;
    struct looks looks;
    unsigned postponed;     /* looks at a session that ran ahead, before the plan was made */
    atomic_bool plan_ready; /* the plan and its page size stay as they are from then on */
    atomic_bool is_refused; /* no worker may open the file: a connection begins anew by reading */
};

/* The program, for the prefetch. */
struct prefetch_program preload_course_program(struct course *course);

/* The touches up to which the plan is due, where the session has made `touches`: where nothing is
 * recorded nobody knows how far it has come, and where the opener waits it has not begun, so that
 * all is due at once. */
uint64_t preload_course_due(const struct course *course, uint64_t touches);

/* Whether the record window is over: nothing more is recorded, so nothing more comes due. */
bool preload_course_window_is_over(const struct course *course);

/* A look at the session; what may be fetched now is, by the backend; then again later, or the end.
 * The task's run, once the plan is made. */
void preload_course_go_on(struct pool_task *task);

/* Has the task go on after a pause, on one of `threads_max` workers. False: no thread. */
bool preload_course_again(struct course *course, unsigned threads_max);

/* Sets a final state unless there is one; frees what only a running replay needs. */
void preload_course_finish(struct course *course, enum preload_state state,
                           enum preload_reason reason);

#endif
