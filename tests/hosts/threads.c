/* What a host sees of our threads: none when nothing is open, none at all where it wants none, and
 * none of its standard streams kept. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/hosts/host.h"

#define PATIENCE_MS 30000
#define TRIES       20

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Beside the caller's. A sanitizer has one of its own, from the first thread that is started on. */
static unsigned threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    unsigned count = 0;

    HOST_CHECK(tasks, "errno %d", errno);
    while (readdir(tasks))
        count++;
    (void)closedir(tasks);
    return count - 3;
}

static void use(void)
{
    sqlite3 *db = host_open("file:x.db?preload_sync=20000", "preload");

    host_run(db, "SELECT count(body) FROM t");
    HOST_CHECK(threads() > 0, "no worker, so nothing is tried");
    host_close(db);
}

static void wait_until_alone(void)
{
    long began_ms = now_ms();

    while (threads() > 0) {
        HOST_CHECK(now_ms() - began_ms < PATIENCE_MS, "%u threads stay", threads());
        (void)usleep(1000);
    }
}

/* On a busy machine a thread that is due to leave may be late: the best of some counts. */
static void none_is_left_100_ms_after_the_last_close(void)
{
    long best_ms = PATIENCE_MS;

    host_learn();
    for (int i = 0; i < TRIES && best_ms >= 100; i++) {
        long closed_ms;

        use();
        closed_ms = now_ms();
        wait_until_alone();
        if (now_ms() - closed_ms < best_ms) best_ms = now_ms() - closed_ms;
    }
    HOST_CHECK(best_ms < 100, "%ld ms", best_ms);
}

/* Containers: the kernel refuses it to a process with threads. */
static bool may_unshare(void)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0) _exit(unshare(CLONE_NEWUSER) == 0 ? 0 : 1);
    (void)waitpid(child, &status, 0);
    return status == 0;
}

static void a_user_namespace_can_be_entered_after_the_last_close(void)
{
    bool may = may_unshare();

    host_learn();
    use();
    wait_until_alone();
    if (may) HOST_CHECK(unshare(CLONE_NEWUSER) == 0, "errno %d", errno);
}

static void without_workers_there_is_never_a_thread(void)
{
    sqlite3 *db;

    HOST_CHECK(setenv("SQLITE_PRELOAD_WORKERS", "0", 1) == 0, "errno %d", errno);
    host_learn();
    for (int i = 0; i < 5; i++) {
        db = host_open("file:x.db?preload_sync=20000&preload_save_ms=10", "preload");
        HOST_CHECK(threads() == 0, "%u after the open", threads());
        host_run(db, "SELECT count(body) FROM t");
        (void)usleep(20000);
        HOST_CHECK(threads() == 0, "%u while it is open", threads());
        host_close(db);
        HOST_CHECK(threads() == 0, "%u after the close", threads());
    }
    HOST_CHECK(access("x.db-preload", F_OK) == 0, "nothing was saved");
}

#if defined(__SANITIZE_ADDRESS__)
#define SPACE_TELLS false /* it sets terabytes aside itself */
#else
#define SPACE_TELLS true
#endif

static long kib_of(const char *name)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    long kib = 0;

    HOST_CHECK(status, "errno %d", errno);
    while (fgets(line, sizeof line, status))
        if (strncmp(line, name, strlen(name)) == 0) kib = strtol(line + strlen(name), NULL, 10);
    (void)fclose(status);
    return kib;
}

/* Many databases at once, so that there are as many workers as there may be. */
static void use_many(unsigned count)
{
    sqlite3 *dbs[8];
    char name[64];

    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "file:x%u.db?preload_save_ms=10", i);
        dbs[i] = host_open(name, "preload");
        host_run(dbs[i], "SELECT count(body) FROM t");
    }
    (void)usleep(200000);
    for (unsigned i = 0; i < count; i++) {
        HOST_CHECK(preload_flush(dbs[i], NULL) == SQLITE_OK, "not saved");
        host_close(dbs[i]);
    }
}

static void learn_many(unsigned count)
{
    char name[64];

    host_learn();
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "VACUUM INTO 'x%u.db'", i);
        host_run(host_open("x.db", "unix"), name);
    }
    use_many(count);
}

/* With what a process has that uses SQLite, but without workers, for a measure. */
static void workers_take_2_mib_of_address_space_each(void)
{
    long before_kib;

    if (!SPACE_TELLS) return;
    HOST_CHECK(preload_configure("workers", "0") == SQLITE_OK, "not configured");
    learn_many(8);
    before_kib = kib_of("VmPeak:");
    HOST_CHECK(preload_configure("workers", "4") == SQLITE_OK, "not configured");
    use_many(8);
    HOST_CHECK(kib_of("VmPeak:") - before_kib <= 4 * 2048, "%ld KiB more",
               kib_of("VmPeak:") - before_kib);
    wait_until_alone();
    HOST_CHECK(kib_of("VmSize:") - before_kib <= 4 * 300, "%ld KiB stay",
               kib_of("VmSize:") - before_kib);
}

/* ulimit -v: no allocation of the host's fails for us. */
static void a_host_with_little_address_space_has_it_for_itself(void)
{
    struct rlimit limit;
    void *large;

    if (!SPACE_TELLS) return;
    learn_many(2);
    HOST_CHECK(getrlimit(RLIMIT_AS, &limit) == 0, "errno %d", errno);
    limit.rlim_cur = (rlim_t)(kib_of("VmSize:") + 48 * 1024) << 10;
    HOST_CHECK(setrlimit(RLIMIT_AS, &limit) == 0, "errno %d", errno);
    use_many(2);
    large = malloc((size_t)32 << 20);
    HOST_CHECK(large, "nothing is left for the host");
    free(large);
}

/* SQLite goes by the size in the header; what asks the kernel about the file goes by its own. */
static void a_large_database_takes_no_more_than_a_small_one(void)
{
    long before_kib;

    if (!SPACE_TELLS) return;
    host_learn();
    HOST_CHECK(truncate("x.db", (off_t)1 << 30) == 0, "errno %d", errno);
    before_kib = kib_of("VmPeak:");
    use();
    use();
    HOST_CHECK(kib_of("VmPeak:") - before_kib <= 4 * 2048, "%ld KiB more",
               kib_of("VmPeak:") - before_kib);
}

/* As inetd, or a shell with a pipe: the reader waits until the last copy of the stream is closed,
 * which is the host's own. */
static void a_closed_stream_ends_while_a_database_is_open(void)
{
    struct pollfd reader = { .events = POLLIN };
    int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
    int ends[2];
    sqlite3 *db;
    int ready;

    host_learn();
    HOST_CHECK(kept >= 0 && pipe2(ends, O_CLOEXEC) == 0, "errno %d", errno);
    HOST_CHECK(dup2(ends[1], STDOUT_FILENO) >= 0, "errno %d", errno);
    (void)close(ends[1]);
    db = host_open("file:x.db?preload_sync=20000", "preload");
    (void)dup2(kept, STDOUT_FILENO);
    HOST_CHECK(threads() > 0, "no worker, so nothing is tried");
    reader.fd = ends[0];
    ready = poll(&reader, 1, PATIENCE_MS);
    HOST_CHECK(ready == 1 && reader.revents & POLLHUP, "%d, events %d", ready, reader.revents);
    host_close(db);
}

static atomic_int lowest = INT_MAX; /* of the descriptors that were locked or advised */

static void note(int fd)
{
    int before = atomic_load(&lowest);

    while (fd < before && !atomic_compare_exchange_weak(&lowest, &before, fd)) {
    }
}

/* The library finds these. */
int flock(int fd, int operation)
{
    note(fd);
    return (int)syscall(SYS_flock, fd, operation);
}

int posix_fadvise(int fd, off_t offset, off_t len, int advice)
{
    note(fd);
    return syscall(SYS_fadvise64, fd, offset, len, advice) == 0 ? 0 : errno;
}

/* As a daemon; SQLite itself puts something into their place. */
static void a_host_without_streams_gets_no_file_of_ours_in_their_place(void)
{
    int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
    sqlite3 *db;
    int flushed;

    host_learn();
    db = host_open("file:x.db?preload_sync=20000", "preload");
    host_run(db, "SELECT count(body) FROM t");
    atomic_store(&lowest, INT_MAX);
    for (int fd = 0; fd < 3; fd++)
        (void)close(fd);
    flushed = preload_flush(db, NULL);
    host_close(db);
    use();
    (void)dup2(kept, STDOUT_FILENO);
    HOST_CHECK(flushed == SQLITE_OK, "%d", flushed);
    HOST_CHECK(atomic_load(&lowest) >= 3, "descriptor %d", atomic_load(&lowest));
    HOST_CHECK(atomic_load(&lowest) < INT_MAX, "nothing was locked or advised");
}

static const struct host_case cases[] = {
    { "none_is_left_100_ms_after_the_last_close", none_is_left_100_ms_after_the_last_close },
    { "a_user_namespace_can_be_entered_after_the_last_close",
      a_user_namespace_can_be_entered_after_the_last_close },
    { "without_workers_there_is_never_a_thread", without_workers_there_is_never_a_thread },
    { "workers_take_2_mib_of_address_space_each", workers_take_2_mib_of_address_space_each },
    { "a_host_with_little_address_space_has_it_for_itself",
      a_host_with_little_address_space_has_it_for_itself },
    { "a_large_database_takes_no_more_than_a_small_one",
      a_large_database_takes_no_more_than_a_small_one },
    { "a_closed_stream_ends_while_a_database_is_open",
      a_closed_stream_ends_while_a_database_is_open },
    { "a_host_without_streams_gets_no_file_of_ours_in_their_place",
      a_host_without_streams_gets_no_file_of_ours_in_their_place },
};

HOST_MAIN(cases)
