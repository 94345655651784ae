/* Every system call of SQLite's own VFS fails, under preload and without: the same results, the
 * same files, the same system calls in the same order. Here preload advises, and it opens, reads
 * and saves by calls of its own, beside SQLite's.
 *
 * A fault is put at the first, the second, the middle and the last call; with an argument, at every
 * call.
 *
 * usage: faults_system [all] */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/faults/kernel.h"
#include "tests/faults/scene.h"

#define ONCE   1U
#define PLACES 4

static const struct fault_row {
    enum kernel_call call;
    int error;
} rows[] = {
    { KERNEL_open, EMFILE },
    { KERNEL_open, EINTR },
    { KERNEL_open, EACCES },
    { KERNEL_close, EIO },
    { KERNEL_access, EACCES },
    { KERNEL_stat, EACCES },
    { KERNEL_fstat, EIO },
    { KERNEL_lstat, EACCES },
    { KERNEL_ftruncate, EIO },
    { KERNEL_ftruncate, EINTR },
    { KERNEL_fcntl, EAGAIN },
    { KERNEL_fcntl, EIO },
    { KERNEL_read, EIO },
    { KERNEL_pread, EIO },
    { KERNEL_pread64, EIO },
    { KERNEL_pread64, EINTR },
    { KERNEL_pread64, KERNEL_HALF },
    { KERNEL_write, EIO },
    { KERNEL_pwrite, EIO },
    { KERNEL_pwrite64, EIO },
    { KERNEL_pwrite64, ENOSPC },
    { KERNEL_pwrite64, EINTR },
    { KERNEL_pwrite64, KERNEL_HALF },
    { KERNEL_fchmod, EPERM },
    { KERNEL_fchown, EPERM },
    { KERNEL_unlink, EACCES },
    { KERNEL_openDirectory, EACCES },
    { KERNEL_mmap, ENOMEM },
    { KERNEL_munmap, EINVAL },
    { KERNEL_mremap, ENOMEM },
    { KERNEL_readlink, EIO },
    { KERNEL_fsync, EIO },
    { KERNEL_fdatasync, EIO },
};

static struct {
    const struct fault_row *row;
    unsigned at;
    unsigned times;
} armed = { .row = rows };

static void begin(void)
{
    kernel_begin(armed.row->call, armed.at, armed.times, armed.row->error);
}

static const struct scene scene = {
    .name = "advise",
    .plain = "plain-unix",
    .preload = "under-unix",
    .begin = begin,
    .end = kernel_end,
};

static unsigned clean_counts[KERNEL_CALLS];
static struct outcome clean;
static struct outcome want;
static struct outcome got;

static void run_clean(void)
{
    uint64_t digest;

    scene_run(&clean, &scene, false, NULL);
    digest = kernel_digest();
    for (enum kernel_call call = 0; call < KERNEL_CALLS; call++)
        clean_counts[call] = kernel_count(call);
    scene_run(&got, &scene, true, NULL);
    (void)scene_same(&scene, "without a fault", &clean, &got);
    if (kernel_digest() != digest) scene_fail("without a fault: other system calls");
    if (got.transcript.replays == 0) scene_fail("nothing was replayed");
    if (got.hints.pages == 0) scene_fail("nothing was learnt");
}

static const char *text_of(int error)
{
    return error == KERNEL_HALF ? "half" : strerrorname_np(error);
}

/* Both arms under the armed fault: how many calls failed in the plain one, and what the calls were.
 */
static void run_arms(unsigned *failed, uint64_t *digest)
{
    for (int i = 0; i < SCENE_TRIES; i++) {
        armed.times = ONCE;
        scene_run(&want, &scene, false, NULL);
        *digest = kernel_digest();
        *failed = kernel_failed();
        scene_run(&got, &scene, true, NULL);
        armed.times = 0;
        if (scene_equal(&want, &got) && kernel_digest() == *digest) return;
    }
}

/* Returns whether SQLite noticed; *same, whether it noticed the same under preload. */
static bool run_fault(const struct fault_row *row, unsigned at, unsigned *same)
{
    char what[128];
    uint64_t digest;
    unsigned failed;

    (void)snprintf(what, sizeof what, "%s, %s at %u", kernel_name(row->call), text_of(row->error),
                   at);
    armed.row = row;
    armed.at = at;
    run_arms(&failed, &digest);
    if (failed == 0 || kernel_failed() != failed)
        scene_fail("%s: %u calls failed, under preload %u", what, failed, kernel_failed());
    if (kernel_digest() != digest) scene_fail("%s: other system calls", what);
    *same += scene_same(&scene, what, &want, &got);
    return strcmp(want.transcript.text, clean.transcript.text) != 0;
}

static bool choose_place(unsigned *place, unsigned count, unsigned i)
{
    const unsigned wanted[PLACES] = { 0, count - 1, 1, count / 2 };
    bool chosen = count > 0 && wanted[i] < count;

    for (unsigned j = 0; chosen && j < i; j++)
        chosen = wanted[j] != wanted[i];
    if (chosen) *place = wanted[i];
    return chosen;
}

static void run_row(const struct fault_row *row, bool all)
{
    unsigned count = clean_counts[row->call];
    unsigned faults = 0;
    unsigned seen = 0;
    unsigned same = 0;

    for (unsigned i = 0; i < (all ? count : PLACES); i++) {
        unsigned place = i;

        if (!all && !choose_place(&place, count, i)) continue;
        faults++;
        seen += run_fault(row, place, &same);
    }
    if (faults > 0)
        printf("%-16s %-8s %7u %7u %7u %7u %7u\n", kernel_name(row->call), text_of(row->error),
               count, faults, seen, faults - seen, same);
}

int main(int argc, char **argv)
{
    static const char *const no_more_bases[] = { NULL };
    bool all = argc > 1 && strcmp(argv[1], "all") == 0;

    if (sqlite3_initialize() != SQLITE_OK || !kernel_install()) return 1;
    scene_start("faults_system", no_more_bases);
    scene_hints_beside(true);
    if (!watch_register_top("plain-unix", "unix", false) ||
        !watch_register_top("under-unix", "preload", false))
        scene_fail("the layers cannot be registered");
    run_clean();
    printf("%-16s %-8s %7s %7s %7s %7s %7s\n", "system call", "error", "calls", "faults", "seen",
           "masked", "same");
    for (size_t i = 0; i < COUNT(rows); i++)
        run_row(&rows[i], all);
    return scene_finish();
}
