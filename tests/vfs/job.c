#include "tests/vfs/job.h"

void job_run(struct pool_task *task)
{
    struct job *job = (struct job *)task;

    atomic_fetch_add(&job->inside, 1);
    while (job->gate && !atomic_load(job->gate))
        sleep_ms(1);
    if (job->look) job->look(job);
    if (job->again > 0) {
        job->again--;
        (void)preload_pool_submit(task, preload_clock_us() + job->again_in_us, 4);
    }
    atomic_store(&job->ran_us, preload_clock_us());
    atomic_fetch_add(&job->runs, 1);
}

bool job_has_run(void *job)
{
    return atomic_load(&((struct job *)job)->runs) > 0;
}

bool job_is_inside(void *job)
{
    return atomic_load(&((struct job *)job)->inside) > 0;
}
