#include "vfs/process/own_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vfs/common.h"
#include "vfs/entry/say.h"
#include "vfs/process/config.h"
#include "vfs/process/log.h"
#include "vfs/process/pool.h"

/* Taken by SQLite in BEGIN IMMEDIATE. */
#define RESERVED_BYTE 0x40000001

static struct path other;
static sqlite3 *writer;

/* other.db with a transaction that is about to write, through SQLite alone. */
static void begin(void)
{
    scratch_begin();
    other = scratch("other.db");
    db_make(other.s, 3);
    writer = db_open(other.s, "unix");
    db_run(writer, "BEGIN IMMEDIATE");
}

static void end(void)
{
    db_close(writer);
    scratch_end();
}

TestSuite(own_file, .init = begin, .fini = end);

/* Another process asks whether this one has the lock. */
static bool is_locked(const char *path)
{
    pid_t parent = getpid();
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        struct flock lock = { .l_type = F_WRLCK, .l_start = RESERVED_BYTE, .l_len = 1 };
        int fd = open(path, O_RDWR | O_CLOEXEC);

        if (fd < 0 || fcntl(fd, F_GETLK, &lock) != 0) _exit(2);
        _exit(lock.l_type == F_WRLCK && lock.l_pid == parent ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    return status == 0;
}

static void expect_refused(size_t row, const char *path, int flags, int error)
{
    int fd;

    errno = 0;
    fd = preload_own_open(path, flags, 0600);
    cr_expect_eq(fd, -1, "row %zu: it is opened", row);
    cr_expect_eq(errno, error, "row %zu: %s", row, strerror(errno));
    cr_expect_eq(preload_own_is_foreign(errno), error != ENOENT && error != EPERM, "row %zu", row);
    if (fd >= 0) close(fd);
}

/* What it is built on, and the harm it prevents. */
Test(own_file, closing_a_descriptor_that_only_names_a_file_drops_no_lock)
{
    cr_assert(is_locked(other.s));
    close(open(other.s, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    cr_expect(is_locked(other.s));
    close(open(other.s, O_RDONLY | O_CLOEXEC));
    cr_expect_not(is_locked(other.s), "this kernel keeps locks, so that nothing here is tested");
}

static const int accesses[] = { O_RDONLY, O_RDWR, O_RDWR | O_CREAT, O_WRONLY | O_APPEND | O_CREAT };

Test(own_file, a_database_that_is_open_here_is_not_opened_and_keeps_its_lock)
{
    struct path moved = scratch("moved");

    cr_assert_eq(rename(other.s, moved.s), 0);
    for (size_t i = 0; i < COUNT(accesses); i++)
        expect_refused(i, moved.s, accesses[i], EBUSY);
    cr_expect(is_locked(moved.s));
}

Test(own_file, a_second_name_of_a_database_is_not_opened)
{
    struct path second = scratch("second");
    struct path soft = scratch("soft");

    cr_assert_eq(link(other.s, second.s), 0);
    cr_assert_eq(symlink("other.db", soft.s), 0);
    for (size_t i = 0; i < COUNT(accesses); i++) {
        expect_refused(i, second.s, accesses[i], EMLINK);
        expect_refused(i, soft.s, accesses[i], ELOOP);
    }
    cr_expect(is_locked(other.s));
}

Test(own_file, what_is_no_plain_file_is_not_opened)
{
    struct path fifo = scratch("fifo");
    struct path folder = scratch("folder");
    struct path dangling = scratch("dangling");

    cr_assert_eq(mkfifo(fifo.s, 0600), 0);
    cr_assert_eq(mkdir(folder.s, 0700), 0);
    cr_assert_eq(symlink("nowhere", dangling.s), 0);
    for (size_t i = 0; i < COUNT(accesses); i++) {
        expect_refused(i, fifo.s, accesses[i], ENOTSUP);
        expect_refused(i, folder.s, accesses[i], EISDIR);
        expect_refused(i, dangling.s, accesses[i], ELOOP);
    }
    expect_refused(0, scratch("nowhere").s, O_RDONLY, ENOENT);
    cr_expect_not(file_exists(scratch("nowhere").s));
}

/* The host may have named a database as its log. */
Test(own_file, nothing_is_appended_to_a_database_that_nobody_has_open)
{
    struct path closed = scratch("closed.db");
    int fd;

    db_make(closed.s, 3);
    expect_refused(0, closed.s, O_WRONLY | O_APPEND | O_CREAT, ENOTSUP);
    fd = preload_own_open(closed.s, O_RDONLY, 0);
    cr_expect_geq(fd, 3);
    close(fd);
}

Test(own_file, a_file_is_made_once_and_appended_to)
{
    struct path log = scratch("log");
    struct stat st;
    size_t len = 0;
    uint8_t *bytes;

    for (int i = 0; i < 2; i++) {
        int fd = preload_own_open(log.s, O_WRONLY | O_APPEND | O_CREAT, 0600);

        cr_assert_geq(fd, 3, "%s", strerror(errno));
        cr_expect_eq(write(fd, "line\n", 5), 5);
        cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        close(fd);
    }
    bytes = file_read(log.s, &len);
    cr_expect_eq(len, 10);
    free(bytes);
    cr_assert_eq(stat(log.s, &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0600);
    cr_expect_eq(preload_own_open(log.s, O_RDWR | O_CREAT | O_EXCL, 0600), -1);
    cr_expect_eq(errno, EEXIST);
}

Test(own_file, a_file_of_ours_may_be_open_twice)
{
    struct path log = scratch("log");
    int first = preload_own_open(log.s, O_RDWR | O_CREAT, 0600);
    int second = preload_own_open(log.s, O_RDONLY, 0);

    cr_expect_geq(first, 3);
    cr_expect_geq(second, 3);
    close(first);
    close(second);
}

Test(own_file, somebody_elses_file_is_not_written_to)
{
    struct path theirs = scratch("theirs");
    int fd;

    if (geteuid() != 0) cr_skip("only root can give files away");
    file_write(theirs.s, "x", 1);
    cr_assert_eq(chown(theirs.s, 1234, 1234), 0);
    expect_refused(0, theirs.s, O_RDWR, EPERM);
    expect_refused(1, theirs.s, O_WRONLY | O_APPEND | O_CREAT, EPERM);
    fd = preload_own_open(theirs.s, O_RDONLY, 0);
    cr_expect_geq(fd, 3);
    close(fd);
}

/* In a child, whose own messages need none of the three: 0 when all is as it should be. */
static int open_without_standard_files(const char *path)
{
    int fd;

    for (int i = 0; i < 3; i++)
        close(i);
    fd = preload_own_open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 3) return 1;
    for (int i = 0; i < 3; i++)
        if (fcntl(i, F_GETFD) >= 0) return 2;
    return 0;
}

Test(own_file, a_file_of_ours_is_never_standard_output)
{
    struct path log = scratch("log");
    int status = 0;

    for (int i = 0; i < 2; i++) {
        pid_t child = fork();

        if (child == 0) _exit(open_without_standard_files(log.s));
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_expect_eq(status, 0, "%s: status %d", i ? "there" : "made", WEXITSTATUS(status));
    }
}

struct opening {
    struct pool_task task;
    const char *path;
    atomic_int fd;
};

static void open_on_worker(struct pool_task *task)
{
    struct opening *opening = (struct opening *)(void *)task;
    int fd = preload_own_open(opening->path, O_RDONLY, 0);

    if (fd >= 0) close(fd);
    atomic_store(&opening->fd, fd);
}

/* It has a table of its own, so a close there drops none of the process's locks. */
Test(own_file, a_worker_may_open_what_the_process_has_open)
{
    struct opening opening = { .task.run = open_on_worker, .path = other.s, .fd = -1 };

    cr_assert(preload_pool_submit(&opening.task, 0, 1));
    for (int waited = 0; waited < PATIENCE_MS && atomic_load(&opening.fd) < 0; waited++)
        sleep_ms(1);
    cr_expect_geq(atomic_load(&opening.fd), 3);
    preload_pool_stop();
    cr_expect(is_locked(other.s));
}

/* ---- under preload ---- */

static void use_database(const char *path)
{
    sqlite3 *db = db_open(path, "preload");

    (void)wait_for_replay(db);
    db_visit(db, 1, 100);
    (void)preload_flush(db, "main");
    (void)db_text(db, "SELECT length(preload_export())");
    db_close(db);
}

/* What ends up under a name of ours: a second name of the database, or the database itself. */
static void put_there(const char *path, bool linked)
{
    cr_assert_eq(linked ? link(other.s, path) : rename(other.s, path), 0);
}

static const struct name_case {
    const char *name;
    bool linked;
} name_cases[] = {
    { "a.db-preload", true },  { "a.db-preload-tmp", true },  { "trace", true },  { "log", true },
    { "a.db-preload", false }, { "a.db-preload-tmp", false }, { "trace", false }, { "log", false },
};

Test(own_file, a_session_leaves_the_locks_of_a_database_under_any_name_of_ours)
{
    struct path path = scratch("a.db");
    struct path trace = scratch("trace");

    db_make(path.s, 50);
    register_over("unix");
    cr_assert_eq(preload_configure("trace", trace.s), SQLITE_OK);
    cr_assert_eq(preload_configure("log", scratch("log").s), SQLITE_OK);
    for (size_t i = 0; i < COUNT(name_cases); i++) {
        const struct name_case *row = &name_cases[i];
        struct path name = scratch(row->name);
        struct stat before;
        struct stat after;

        (void)remove(name.s);
        put_there(name.s, row->linked);
        cr_assert_eq(stat(name.s, &before), 0);
        preload_log_note("row %zu", i);
        use_database(path.s);
        preload_say();
        cr_assert_eq(stat(name.s, &after), 0);
        cr_expect(is_locked(name.s), "row %zu: the lock is lost", i);
        cr_expect_eq(after.st_ino, before.st_ino, "row %zu: replaced", i);
        cr_expect_eq(after.st_size, before.st_size, "row %zu: written to", i);
        cr_expect_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec, "row %zu: written to", i);
        cr_assert_eq(row->linked ? remove(name.s) : rename(name.s, other.s), 0);
    }
    db_run(writer, "UPDATE t SET body = body WHERE id = 1; COMMIT");
    cr_expect_eq(preload_unregister(), SQLITE_OK);
}
