/* A task of the pool for its tests: it counts its runs, and may wait for a gate, ask for another
 * run, or look around. */
#ifndef TESTS_VFS_JOB_H
#define TESTS_VFS_JOB_H

#include <stdatomic.h>

#include "tests/vfs/common.h"
#include "vfs/process/clock.h"
#include "vfs/process/pool.h"

struct job {
    struct pool_task task; /* first */
    atomic_uint runs;
    atomic_uint inside;
    atomic_bool *gate; /* waited for, unless NULL */
    unsigned again;    /* so many more runs are asked for */
    uint64_t again_in_us;
    atomic_uint_fast64_t ran_us;
    void (*look)(struct job *job);
    const char *path;
    int answer;
};

/* What `task.run` is set to. */
void job_run(struct pool_task *task);

/* For wait_until; `job` is a struct job. */
bool job_has_run(void *job);
bool job_is_inside(void *job);

#endif
