/* Everything that preload asks of the C library, of zstd and of SQLite's allocator fails, call by
 * call, while it opens, reads, saves, closes and replays: SQLite sees what it sees without preload,
 * and what is stored afterwards are valid hints or none. One call that fails costs one session's
 * learning at most, unless it says that the file is bad; what a file system may refuse for good
 * costs nothing. A memory leak shows at the end.
 *
 * Workers run beside SQLite, so which call is the nth differs a little from run to run; every
 * function fails at 0, 1, 2 ... until a run gets by without that call. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/faults/libc.h"
#include "tests/faults/scene.h"
#include "vfs/preload.h"

#define ONCE    1U
#define LASTING 1000000U

static const struct fault_row {
    enum libc_call call;
    int error;
} rows[] = {
    { LIBC_malloc, ENOMEM },
    { LIBC_calloc, ENOMEM },
    { LIBC_realloc, ENOMEM },
    { LIBC_strdup, ENOMEM },
    { LIBC_sqlite3_create_filename, ENOMEM },
    { LIBC_sqlite3_mutex_alloc, ENOMEM },
    { LIBC_ZSTD_createCCtx_advanced, ENOMEM },
    { LIBC_ZSTD_createDCtx_advanced, ENOMEM },
    { LIBC_ZSTD_CCtx_setParameter, EINVAL },
    { LIBC_ZSTD_compress2, ENOMEM },
    { LIBC_ZSTD_decompressDCtx, ENOMEM },
    { LIBC_open, EMFILE },
    { LIBC_open, EACCES },
    { LIBC_open, EINTR },
    { LIBC_close, EIO },
    { LIBC_stat, EACCES },
    { LIBC_fstat, EIO },
    { LIBC_lstat, ENOENT },
    { LIBC_flock, EWOULDBLOCK },
    { LIBC_flock, ENOLCK },
    { LIBC_pread, EIO },
    { LIBC_pread, EINTR },
    { LIBC_pread, LIBC_HALF },
    { LIBC_pwrite, ENOSPC },
    { LIBC_pwrite, EINTR },
    { LIBC_pwrite, LIBC_HALF },
    { LIBC_write, ENOSPC },
    { LIBC_write, LIBC_HALF },
    { LIBC_ftruncate, EIO },
    { LIBC_fchmod, EPERM },
    { LIBC_fchown, EPERM },
    { LIBC_rename, EACCES },
    { LIBC_posix_fadvise, EBADF },
    { LIBC_getrandom, EAGAIN },
    { LIBC_getrlimit, EINVAL },
    { LIBC_nanosleep, EINTR },
    { LIBC_pthread_attr_init, ENOMEM },
    { LIBC_pthread_create, EAGAIN },
    /* Last, and lasting: a process that was denied a descriptor table once never asks again. */
    { LIBC_syscall, ENOSYS },
};

static struct {
    const struct fault_row *row;
    unsigned at;
    unsigned times;
} armed = { .row = rows };

static void begin(void)
{
    libc_begin(armed.row->call, armed.at, armed.times, armed.row->error);
}

static const struct scene scenes[] = {
    { "read", "plain-fault", "under-fault", WORKLOAD_BRIEF, begin, libc_end },
    { "advise", "plain-unix", "under-unix", WORKLOAD_BRIEF, begin, libc_end },
};

static struct outcome clean;
static struct outcome got;
static unsigned clean_sessions; /* stored when nothing fails */

struct tally {
    unsigned faults;
    unsigned same;
    unsigned kept; /* hints were stored afterwards */
};

static const char *text_of(int error)
{
    return error == LIBC_HALF ? "half" : strerrorname_np(error);
}

/* However often it fails, everything is stored. */
static bool costs_nothing(const struct fault_row *row)
{
    return row->call == LIBC_fchmod || row->call == LIBC_fchown ||
           (row->call == LIBC_flock && row->error == ENOLCK);
}

/* Returns false when the call was never made. */
static bool run_fault(struct tally *tally, const struct scene *scene, const struct fault_row *row,
                      unsigned at, unsigned times)
{
    char what[128];

    armed.row = row;
    armed.at = at;
    armed.times = times;
    scene_run(&got, scene, true, NULL);
    armed.times = 0;
    if (libc_failed() == 0) return false;
    (void)snprintf(what, sizeof what, "%s, %s at %u%s", libc_name(row->call), text_of(row->error),
                   at, times == ONCE ? "" : " and on");
    tally->faults++;
    tally->same += scene_same(scene, what, &clean, &got);
    tally->kept += got.hints.pages > 0;
    if (times == ONCE && row->error != EIO && got.hints.sessions + 1 < clean_sessions)
        scene_fail("%s, %s: %u sessions are remembered of %u, one call failed", scene->name, what,
                   got.hints.sessions, clean_sessions);
    if (costs_nothing(row) && got.hints.sessions < clean_sessions)
        scene_fail("%s, %s: %u sessions are remembered of %u", scene->name, what,
                   got.hints.sessions, clean_sessions);
    return true;
}

static void run_row(const struct scene *scene, const struct fault_row *row, unsigned calls)
{
    struct tally tally = { 0 };

    (void)run_fault(&tally, scene, row, 0, LASTING);
    for (unsigned at = 0; run_fault(&tally, scene, row, at, ONCE) || at < calls;)
        at++;
    if (tally.faults > 0)
        printf("%-24s %-12s %7u %7u %7u %7u %7u\n", libc_name(row->call), text_of(row->error),
               calls, tally.faults, tally.same, tally.kept, tally.faults - tally.kept);
}

static void run_scene(const struct scene *scene)
{
    static unsigned calls[LIBC_CALLS];

    scene_run(&clean, scene, false, NULL);
    scene_run(&got, scene, true, NULL);
    for (enum libc_call call = 0; call < LIBC_CALLS; call++)
        calls[call] = libc_count(call);
    clean_sessions = got.hints.sessions;
    (void)scene_same(scene, "without a fault", &clean, &got);
    if (got.transcript.replays == 0) scene_fail("%s: nothing was replayed", scene->name);
    if (got.hints.pages == 0) scene_fail("%s: nothing was learnt", scene->name);
    printf("\nbackend: %s\n%-24s %-12s %7s %7s %7s %7s %7s\n", scene->name, "function", "error",
           "calls", "faults", "same", "kept", "dropped");
    for (size_t i = 0; i < COUNT(rows); i++)
        run_row(scene, &rows[i], calls[rows[i].call]);
}

/* Messages and traces are written, too; among the hints, where files are not compared. */
static void write_everything(void)
{
    char path[512];
    char directory[384];

    if (!getcwd(directory, sizeof directory)) return;
    (void)snprintf(path, sizeof path, "%s/hints/log", directory);
    if (preload_configure("log", path) != SQLITE_OK) scene_fail("the log cannot be set");
    (void)snprintf(path, sizeof path, "%s/hints/trace", directory);
    if (preload_configure("trace", path) != SQLITE_OK) scene_fail("the trace cannot be set");
}

int main(void)
{
    static const char *const bases[] = { "fault", NULL };

    if (sqlite3_initialize() != SQLITE_OK || !watch_register_base("fault", 3)) return 1;
    scene_start("faults_own", bases);
    write_everything();
    if (!watch_register_top("plain-fault", "fault", true) ||
        !watch_register_top("under-fault", "preload-fault", true) ||
        !watch_register_top("plain-unix", "unix", false) ||
        !watch_register_top("under-unix", "preload", false))
        scene_fail("the layers cannot be registered");
    for (size_t i = 0; i < COUNT(scenes); i++)
        run_scene(&scenes[i]);
    return scene_finish();
}
