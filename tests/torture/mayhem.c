/* Many processes on two databases under preload, and any of them is killed at any moment.
 *
 * Writers, readers, checkpointers and processes that only open and close work on a database with a
 * rollback journal and on one with a write-ahead log, half of them where preload advises, half
 * where it reads through the base; each opens its database again and again, so that replays start
 * and end all the time. The parent kills one after the other with SIGKILL and starts it anew. It
 * shows:
 *
 * - No commit is lost: a writer notes each row before and after its commit in a file of its own;
 * all that were acknowledged are there in the end, and nothing that was never begun.
 * - No lock is lost: a writer says in shared memory while it holds the write lock; one process asks
 *   the kernel (F_GETLK) whether it does. It and the parent open no database meanwhile.
 * - integrity_check is content, and each sidecar is valid or absent.
 *
 * Each process has one thread of its own beside preload's workers: os_unix may drop a lock when one
 * thread closes a connection while another locks, which is not what is tested here. The parent has
 * one thread and no database while it forks, so that the thread sanitizer follows into the
 * children.
 *
 * usage: mayhem [SECONDS] */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/rng.h"
#include "tests/torture/mayhem.h"
#include "vfs/preload.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define SECONDS_DEFAULT  15
#define ROWS             1500
#define BUSY_MS          20000
#define KILL_US_MAX      25000
#define SESSION_WORK_MAX 12 /* statements between an open and a close, at most */

const struct mayhem_target mayhem_targets[MAYHEM_DATABASES] = {
    { "rollback.db", "delete", "rollback.db", 0x40000001 },
    { "wal.db", "wal", "wal.db-shm", 120 },
};

const struct mayhem_slot mayhem_slots[MAYHEM_SLOTS] = {
    { WRITER, 0, "preload" },
    { WRITER, 0, "preload-through" },
    { WRITER, 1, "preload" },
    { WRITER, 1, "preload-through" },
    { READER, 0, "preload" },
    { READER, 0, "preload-through" },
    { READER, 1, "preload" },
    { READER, 1, "preload-through" },
    { CHECKPOINTER, 1, "preload" },
    { CHECKPOINTER, 1, "preload-through" },
    { OPENER, 0, "preload" },
    { OPENER, 1, "preload-through" },
    { ASKER, 0, NULL },
};

/* Shared by all processes. `turn` grows when a writer says that it holds the lock and when it is
 * about to give it back: odd, it holds it. `doomed`: the parent may kill it from now on. */
static struct shared {
    atomic_bool stop;
    atomic_uint opens;
    atomic_uint commits;
    atomic_uint prefetches;
    atomic_uint saves;
    atomic_uint asked;
    atomic_uint lost;
    struct {
        atomic_int pid;
        atomic_uint turn;
        atomic_bool doomed;
    } holders[(size_t)MAYHEM_SLOTS];
} * shared;

static char scratch[MAYHEM_TEXT];

void mayhem_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "mayhem: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    _exit(1);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void pause_us(uint32_t us)
{
    const struct timespec pause = { .tv_nsec = (long)us * 1000 };

    nanosleep(&pause, NULL);
}

static uint64_t seed_of(size_t slot, uint64_t life)
{
    return rng_start().seed + slot * 1000003 + life * 7919;
}

/* SQLite */

static bool is_busy(int rc)
{
    return (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED ||
           (rc & 0xff) == SQLITE_PROTOCOL;
}

/* Runs SQL; false when the database was busy. */
static bool try_sql(sqlite3 *db, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool try_sql(sqlite3 *db, const char *format, ...)
{
    char sql[MAYHEM_TEXT];
    va_list args;
    int rc;

    va_start(args, format);
    (void)vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK && !is_busy(rc))
        mayhem_fail("%s: %s (%d)", sql, sqlite3_errmsg(db), sqlite3_extended_errcode(db));
    return rc == SQLITE_OK;
}

sqlite3 *mayhem_open(const struct mayhem_target *target, const char *vfs)
{
    sqlite3 *db;
    int rc = sqlite3_open_v2(target->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs);

    if (rc != SQLITE_OK) mayhem_fail("%s: cannot be opened: %d", target->path, rc);
    (void)sqlite3_busy_timeout(db, BUSY_MS);
    /* What a killed process wrote survives it; only the machine's end would lose it. */
    (void)try_sql(db, "PRAGMA synchronous = OFF");
    (void)try_sql(db, "PRAGMA cache_size = 20");
    return db;
}

/* A base that is not the operating system's, as the library sees it: preload reads through it. */
static int through_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                        int *out_flags)
{
    sqlite3_vfs *os = sqlite3_vfs_find("unix");

    (void)vfs;
    return os->xOpen(os, name, file, flags, out_flags);
}

static void register_preload(void)
{
    static sqlite3_vfs through;
    char store[MAYHEM_TEXT + 32];
    const sqlite3_vfs *os;

    if (sqlite3_initialize() != SQLITE_OK) mayhem_fail("SQLite does not start");
    os = sqlite3_vfs_find("unix");
    through = *os;
    through.zName = "through";
    through.pNext = NULL;
    through.xOpen = through_open;
    (void)snprintf(store, sizeof store, "sidecar:%s/hints", scratch);
    if (sqlite3_vfs_register(&through, 0) != SQLITE_OK ||
        preload_register(&(struct preload_config){ .base = "unix" }) != SQLITE_OK ||
        preload_register(&(struct preload_config){ .base = "through" }) != SQLITE_OK ||
        preload_configure("read_through", "1") != SQLITE_OK ||
        preload_configure("store", store) != SQLITE_OK)
        mayhem_fail("preload cannot be registered");
}

/* The processes */

static bool is_over(void)
{
    return atomic_load(&shared->stop);
}

int mayhem_open_notes(size_t slot)
{
    char path[MAYHEM_TEXT];
    int fd;

    (void)snprintf(path, sizeof path, "notes.%zu", slot);
    fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) mayhem_fail("%s: %s", path, strerror(errno));
    return fd;
}

static void note(int fd, int64_t number)
{
    if (write(fd, &number, sizeof number) != (ssize_t)sizeof number)
        mayhem_fail("notes: %s", strerror(errno));
}

/* The last number that this writer began, in whichever life. */
static int64_t last_begun(int fd)
{
    int64_t last = 0;
    int64_t number;

    for (off_t at = 0; pread(fd, &number, sizeof number, at) == (ssize_t)sizeof number;
         at += (off_t)sizeof number) {
        if (number > last) last = number;
    }
    return last;
}

static void hold(size_t slot, bool holds)
{
    unsigned turn = atomic_load(&shared->holders[slot].turn);

    if (holds != (turn % 2 == 1)) atomic_store(&shared->holders[slot].turn, turn + 1);
}

/* One transaction: a row of its own, a row of the table, some reads while the lock is held. */
static void write_one(sqlite3 *db, size_t slot, int notes, int64_t sequence, struct rng *rng)
{
    if (!try_sql(db, "BEGIN IMMEDIATE")) return;
    hold(slot, true);
    note(notes, sequence);
    if (!try_sql(db, "INSERT INTO log VALUES (%zu, %" PRId64 ")", slot, sequence) ||
        !try_sql(db, "UPDATE t SET n = n + 1 WHERE id = %u", rng_below(rng, ROWS) + 1) ||
        !try_sql(db, "SELECT sum(length(body)) FROM t WHERE id > %u LIMIT 20",
                 rng_below(rng, ROWS)))
        mayhem_fail("busy inside a transaction");
    hold(slot, false);
    if (rng_below(rng, 16) == 0) {
        if (!try_sql(db, "ROLLBACK")) mayhem_fail("busy at a rollback");
        return;
    }
    /* Readers of a rollback journal may be in the way of a commit for long: then it is none. */
    if (!try_sql(db, "COMMIT")) {
        (void)try_sql(db, "ROLLBACK");
        return;
    }
    note(notes, -sequence);
    atomic_fetch_add(&shared->commits, 1);
}

static void read_some(sqlite3 *db, struct rng *rng)
{
    uint32_t first = rng_below(rng, ROWS);

    if (rng_below(rng, 8) == 0)
        (void)try_sql(db, "SELECT count(*), max(sequence) FROM log");
    else
        (void)try_sql(db, "SELECT sum(length(body)) FROM t WHERE id BETWEEN %u AND %u", first,
                      first + 5);
}

static void checkpoint(sqlite3 *db, struct rng *rng)
{
    static const char *const kinds[] = { "PASSIVE", "FULL", "RESTART", "TRUNCATE" };

    (void)sqlite3_busy_timeout(db, 50);
    (void)try_sql(db, "PRAGMA wal_checkpoint(%s)", kinds[rng_below(rng, COUNT(kinds))]);
    pause_us(rng_below(rng, 20000));
}

/* From an open to its close. */
static void session(size_t slot, int notes, int64_t *sequence, struct rng *rng)
{
    sqlite3 *db = mayhem_open(&mayhem_targets[mayhem_slots[slot].target], mayhem_slots[slot].vfs);
    uint32_t work = mayhem_slots[slot].role == OPENER ? 1 : 1 + rng_below(rng, SESSION_WORK_MAX);

    for (uint32_t i = 0; i < work && !is_over(); i++) {
        if (mayhem_slots[slot].role == WRITER)
            write_one(db, slot, notes, ++*sequence, rng);
        else if (mayhem_slots[slot].role == CHECKPOINTER)
            checkpoint(db, rng);
        else
            read_some(db, rng);
    }
    if (sqlite3_close(db) != SQLITE_OK) mayhem_fail("a connection cannot be closed");
    atomic_fetch_add(&shared->opens, 1);
}

static void add_statistics(struct preload_process_stats *before)
{
    struct preload_process_stats now;

    preload_process_stats(&now);
    atomic_fetch_add(&shared->prefetches, (unsigned)(now.prefetches - before->prefetches));
    atomic_fetch_add(&shared->saves, (unsigned)(now.saves - before->saves));
    *before = now;
}

static void work(size_t slot, struct rng *rng)
{
    struct preload_process_stats counted = { 0 };
    int notes = mayhem_open_notes(slot);
    int64_t sequence = last_begun(notes);

    register_preload();
    while (!is_over()) {
        session(slot, notes, &sequence, rng);
        add_statistics(&counted);
    }
    close(notes);
}

/* The asker */

/* Whether the descriptor still leads to the file of that name. */
static bool is_named(int fd, const char *path)
{
    struct stat named;
    struct stat opened;

    return stat(path, &named) == 0 && fstat(fd, &opened) == 0 && named.st_ino == opened.st_ino;
}

/* Which process holds the write lock; 0: none. */
static pid_t holder_of(int fd, off_t byte)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

    if (fcntl(fd, F_GETLK, &lock) != 0) mayhem_fail("F_GETLK: %s", strerror(errno));
    return lock.l_type == F_WRLCK ? lock.l_pid : 0;
}

/* Asked for a writer that says before and after the question, in the same breath, that it holds the
 * lock, and that nobody was about to kill. */
static void ask(size_t slot, const int *fds)
{
    const struct mayhem_target *target = &mayhem_targets[mayhem_slots[slot].target];
    int fd = fds[mayhem_slots[slot].target];
    unsigned turn = atomic_load(&shared->holders[slot].turn);
    int pid = atomic_load(&shared->holders[slot].pid);
    pid_t found;

    if (turn % 2 == 0) return;
    found = holder_of(fd, target->lock_byte);
    if (!is_named(fd, target->lock_path)) return;
    if (atomic_load(&shared->holders[slot].turn) != turn ||
        atomic_load(&shared->holders[slot].doomed) ||
        atomic_load(&shared->holders[slot].pid) != pid)
        return;
    atomic_fetch_add(&shared->asked, 1);
    if (found == pid) return;
    atomic_fetch_add(&shared->lost, 1);
    fprintf(stderr, "mayhem: %s: process %d holds the write lock, the kernel says %d\n",
            target->path, pid, (int)found);
}

/* The shared memory of a log goes with its last connection, and another file comes: so it is opened
 * anew each time. This process has no lock to lose. */
static void ask_all(void)
{
    while (!is_over()) {
        int fds[MAYHEM_DATABASES];
        bool good = true;

        for (size_t i = 0; i < MAYHEM_DATABASES; i++) {
            fds[i] = open(mayhem_targets[i].lock_path, O_RDWR | O_CLOEXEC);
            good = good && fds[i] >= 0;
        }
        for (int round = 0; good && round < 50; round++) {
            for (size_t slot = 0; slot < (size_t)MAYHEM_SLOTS; slot++) {
                if (mayhem_slots[slot].role == WRITER) ask(slot, fds);
            }
        }
        for (size_t i = 0; i < MAYHEM_DATABASES; i++) {
            if (fds[i] >= 0) close(fds[i]);
        }
    }
}

/* The parent */

static pid_t start(size_t slot, uint64_t life)
{
    pid_t child;
    struct rng rng = { .state = seed_of(slot, life) };

    atomic_store(&shared->holders[slot].turn, 0);
    child = fork();
    if (child < 0) mayhem_fail("fork: %s", strerror(errno));
    if (child == 0) {
        /* When the parent fails, nobody stays behind. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        atomic_store(&shared->holders[slot].pid, getpid());
        atomic_store(&shared->holders[slot].doomed, false);
        if (mayhem_slots[slot].role == ASKER)
            ask_all();
        else
            work(slot, &rng);
        _exit(0);
    }
    return child;
}

static void reap(pid_t child, size_t slot, bool killed)
{
    int status = 0;

    if (waitpid(child, &status, 0) != child) mayhem_fail("waitpid: %s", strerror(errno));
    if (killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        mayhem_fail("process of slot %zu ended with status %x", slot, (unsigned)status);
}

/* A process that ended by itself has said why. */
static void check_alive(const pid_t *children)
{
    int status = 0;

    for (size_t slot = 0; slot < (size_t)MAYHEM_SLOTS; slot++) {
        if (waitpid(children[slot], &status, WNOHANG) != 0)
            mayhem_fail("the process of slot %zu ended with status %x", slot, (unsigned)status);
    }
}

/* Returns the number of processes killed. */
static unsigned run(unsigned seconds)
{
    uint64_t end_ms = now_ms() + (uint64_t)seconds * 1000;
    struct rng rng = rng_start();
    pid_t children[(size_t)MAYHEM_SLOTS];
    unsigned kills = 0;

    for (size_t slot = 0; slot < (size_t)MAYHEM_SLOTS; slot++)
        children[slot] = start(slot, 0);
    while (now_ms() < end_ms) {
        size_t slot = rng_below(&rng, (size_t)MAYHEM_SLOTS - 1); /* the asker, who is last, stays */

        pause_us(rng_below(&rng, KILL_US_MAX));
        check_alive(children);
        atomic_store(&shared->holders[slot].doomed, true);
        if (kill(children[slot], SIGKILL) != 0) mayhem_fail("kill: %s", strerror(errno));
        reap(children[slot], slot, true);
        children[slot] = start(slot, ++kills);
    }
    atomic_store(&shared->stop, true);
    for (size_t slot = 0; slot < (size_t)MAYHEM_SLOTS; slot++)
        reap(children[slot], slot, false);
    return kills;
}

static void make_databases(void)
{
    for (size_t i = 0; i < MAYHEM_DATABASES; i++) {
        sqlite3 *db = mayhem_open(&mayhem_targets[i], "unix");

        if (!try_sql(db, "PRAGMA page_size = 1024") ||
            !try_sql(db, "PRAGMA journal_mode = %s", mayhem_targets[i].journal) ||
            !try_sql(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, n INT, body BLOB)") ||
            !try_sql(db, "CREATE TABLE log(writer INT, sequence INT, "
                         "PRIMARY KEY(writer, sequence)) WITHOUT ROWID") ||
            !try_sql(db,
                     "WITH RECURSIVE i(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < %d) "
                     "INSERT INTO t SELECT i, 0, randomblob(800) FROM i",
                     ROWS))
            mayhem_fail("%s cannot be made", mayhem_targets[i].path);
        if (sqlite3_close(db) != SQLITE_OK)
            mayhem_fail("%s cannot be closed", mayhem_targets[i].path);
    }
}

static void make_scratch(void)
{
    char name[64];

    (void)snprintf(name, sizeof name, "mayhem.%ld", (long)getpid());
    if (mkdir(name, 0700) != 0 || chdir(name) != 0 || mkdir("hints", 0700) != 0 ||
        !getcwd(scratch, sizeof scratch))
        mayhem_fail("%s: %s", name, strerror(errno));
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) mayhem_fail("mmap: %s", strerror(errno));
}

/* In a process of its own: the parent opens nothing before its last fork. */
static void in_child(void (*call)(void))
{
    pid_t child = fork();

    if (child < 0) mayhem_fail("fork: %s", strerror(errno));
    if (child == 0) {
        call();
        _exit(0);
    }
    reap(child, (size_t)MAYHEM_SLOTS, false);
}

/* The end */

static void remove_scratch(void)
{
    char command[MAYHEM_TEXT + 16];

    (void)chdir("..");
    (void)snprintf(command, sizeof command, "rm -r '%s'", scratch);
    if (system(command) != 0) mayhem_fail("%s is left", scratch); /* NOLINT: our own path */
}

/* What makes the run worth something. */
static bool check_counts(unsigned kills)
{
    unsigned asked = atomic_load(&shared->asked);
    unsigned commits = atomic_load(&shared->commits);
    unsigned prefetches = atomic_load(&shared->prefetches);

    printf("mayhem: %zu processes, %u killed; %u sessions, %u commits, %u replays, %u saves; asked "
           "for %u locks, %u lost\n",
           (size_t)MAYHEM_SLOTS, kills, atomic_load(&shared->opens), commits, prefetches,
           atomic_load(&shared->saves), asked, atomic_load(&shared->lost));
    if (kills < 20 || commits < 100 || prefetches < 20 || asked < 100) {
        fprintf(stderr, "mayhem: too little happened to show anything\n");
        return false;
    }
    return atomic_load(&shared->lost) == 0;
}

int main(int argc, char **argv)
{
    unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : SECONDS_DEFAULT;
    unsigned kills;
    bool good;

    make_scratch();
    in_child(make_databases);
    kills = run(seconds);
    good = check_counts(kills);
    good = mayhem_check_databases() && good;
    good = mayhem_check_sidecars() && good;
    if (good) remove_scratch();
    return good ? 0 : 1;
}
