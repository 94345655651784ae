/* No lock is lost: while workers open, advise (or read) and close a database, this process runs
 * transactions on it, and a child asks the kernel, twice a transaction, for every POSIX lock that
 * SQLite must hold at that moment.
 *
 * A neighbour thread opens and closes connections under preload, so that a replay runs nearly all
 * the time; or, in the arms called `own`, the transactions run on the very connection that replays.
 *
 * os_unix itself drops locks when one thread closes a connection while another takes its lock: it
 * looks whether locks are held, leaves the mutex that guards them, and then closes. That is not
 * what is tested here, so the neighbour closes only while a transaction holds its locks. What the
 * workers do is not held back by anything.
 *
 * usage: locks [TRANSACTIONS] */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/torture/torture.h"
#include "vfs/preload.h"

#define ROWS          800
#define OWN_SESSION   20 /* transactions between two opens in the arms called `own` */
#define QUESTIONS     2  /* a transaction */
#define PENDING_BYTE  0x40000000
#define RESERVED_BYTE (PENDING_BYTE + 1)
#define SHARED_FIRST  (PENDING_BYTE + 2)
#define SHARED_SIZE   510

enum lock_bit {
    LOCK_SHARED = 1, /* a read lock on the shared range, or a write lock */
    LOCK_RESERVED = 2,
    LOCK_PENDING = 4,
    LOCK_EXCLUSIVE = 8, /* a write lock on the shared range */
};

static const struct arm {
    const char *name;
    const char *journal;
    const char *vfs;
    bool own;
    int percent; /* of the transactions asked for */
} arms[] = {
    { "advise-delete-neighbour", "delete", "preload", false, 100 },
    { "read-delete-neighbour", "delete", "preload-through", false, 100 },
    { "advise-wal-neighbour", "wal", "preload", false, 25 },
    { "read-wal-neighbour", "wal", "preload-through", false, 25 },
    { "advise-delete-own", "delete", "preload", true, 25 },
    { "read-delete-own", "delete", "preload-through", true, 25 },
};

static const struct transaction {
    const char *begin;
    const char *work;
    unsigned locks; /* in rollback mode; with a WAL it is the shared lock alone */
} transactions[] = {
    { "BEGIN", "SELECT n FROM t WHERE id = 7", LOCK_SHARED },
    { "BEGIN IMMEDIATE", "UPDATE t SET n = n + 1 WHERE id = 7", LOCK_SHARED | LOCK_RESERVED },
    { "BEGIN", "SELECT n FROM t WHERE id = 700", LOCK_SHARED },
    { "BEGIN EXCLUSIVE", "UPDATE t SET n = n + 1 WHERE id = 700",
      LOCK_SHARED | LOCK_RESERVED | LOCK_PENDING | LOCK_EXCLUSIVE },
};

struct run {
    const struct arm *arm;
    char uri[TORTURE_TEXT_MAX];
    uint64_t seed;
    uint64_t lost;
    atomic_bool stop;
};

/* Held by the transactions' thread except while it holds locks; taken shared to close. */
static pthread_rwlock_t close_gate = PTHREAD_RWLOCK_INITIALIZER;

static int question_pipe[2];
static int answer_pipe[2];

static void path_of(char path[TORTURE_TEXT_MAX], const char *scratch, const struct arm *arm)
{
    torture_print(path, TORTURE_TEXT_MAX, "%s/%s.db", scratch, arm->name);
}

/* The asker */

/* The kind of lock that the parent holds in the range; F_UNLCK when none. */
static int held(int fd, off_t start, off_t len, pid_t parent)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = len };

    if (fcntl(fd, F_GETLK, &lock) != 0) torture_fail("F_GETLK: %s", strerror(errno));
    return lock.l_pid == parent ? lock.l_type : F_UNLCK;
}

static unsigned locks_on(int fd, pid_t parent)
{
    int shared = held(fd, SHARED_FIRST, SHARED_SIZE, parent);
    unsigned found = 0;

    if (shared != F_UNLCK) found |= LOCK_SHARED;
    if (shared == F_WRLCK) found |= LOCK_EXCLUSIVE;
    if (held(fd, RESERVED_BYTE, 1, parent) == F_WRLCK) found |= LOCK_RESERVED;
    if (held(fd, PENDING_BYTE, 1, parent) == F_WRLCK) found |= LOCK_PENDING;
    return found;
}

/* Answers until the pipe closes: the question is an arm's number. */
static void asker_main(const char *scratch)
{
    const pid_t parent = getppid();
    int fds[COUNT(arms)];
    unsigned char question;

    for (size_t i = 0; i < COUNT(arms); i++) {
        char path[TORTURE_TEXT_MAX];

        path_of(path, scratch, &arms[i]);
        fds[i] = open(path, O_RDWR | O_CLOEXEC);
        if (fds[i] < 0) torture_fail("%s: %s", path, strerror(errno));
    }
    while (read(question_pipe[0], &question, 1) == 1) {
        unsigned char answer = (unsigned char)locks_on(fds[question], parent);

        if (write(answer_pipe[1], &answer, 1) != 1) torture_fail("the asker's parent is gone");
    }
}

static unsigned ask(const struct arm *arm)
{
    unsigned char question = (unsigned char)(arm - arms);
    unsigned char answer = 0;

    if (write(question_pipe[1], &question, 1) != 1 || read(answer_pipe[0], &answer, 1) != 1)
        torture_fail("the asker is gone");
    return answer;
}

/* The neighbour */

static void wait_for_replay(sqlite3 *db)
{
    struct preload_stats stats;

    do {
        if (preload_stats_of(db, NULL, &stats) != SQLITE_OK) torture_fail("not under preload");
    } while (stats.state == PRELOAD_STATE_LOADING);
}

static void *neighbour_main(void *argument)
{
    struct run *run = argument;
    uint64_t random = run->seed;

    while (!atomic_load(&run->stop)) {
        sqlite3 *db = torture_open(run->uri);
        char sql[96];

        torture_print(sql, sizeof sql, "SELECT sum(length(body)) FROM t WHERE id = %u",
                      torture_random(&random, ROWS / 8) * 8);
        (void)torture_try(db, sql);
        if (torture_random(&random, 2)) wait_for_replay(db);
        (void)pthread_rwlock_rdlock(&close_gate);
        (void)sqlite3_close(db);
        (void)pthread_rwlock_unlock(&close_gate);
    }
    return NULL;
}

/* The transactions */

static void run_transaction(struct run *run, sqlite3 *db, const struct transaction *transaction)
{
    bool wal = strcmp(run->arm->journal, "wal") == 0;
    unsigned wanted = wal ? LOCK_SHARED : transaction->locks;

    torture_exec(db, transaction->begin);
    torture_exec(db, transaction->work);
    (void)pthread_rwlock_unlock(&close_gate);
    for (int i = 0; i < QUESTIONS; i++) {
        unsigned found = ask(run->arm);

        if ((found & wanted) == wanted) continue;
        if (run->lost++ == 0)
            (void)fprintf(stderr, "%s: %s: locks %#x wanted, %#x found\n", run->arm->name,
                          transaction->begin, wanted, found);
    }
    (void)pthread_rwlock_wrlock(&close_gate);
    torture_exec(db, "COMMIT");
}

static sqlite3 *open_for_transactions(const struct run *run, const char *path)
{
    char uri[TORTURE_TEXT_MAX];
    sqlite3 *db;

    torture_print(uri, sizeof uri, "file:%s?vfs=unix", path);
    db = torture_open(run->arm->own ? run->uri : uri);
    torture_exec(db, "PRAGMA synchronous = OFF");
    return db;
}

static void run_transactions(struct run *run, const char *path, int count)
{
    sqlite3 *db = NULL;

    (void)pthread_rwlock_wrlock(&close_gate);
    for (int i = 0; i < count; i++) {
        if (run->arm->own && i % OWN_SESSION == 0) {
            (void)sqlite3_close(db);
            db = NULL;
        }
        if (!db) db = open_for_transactions(run, path);
        run_transaction(run, db, &transactions[(size_t)i % COUNT(transactions)]);
    }
    (void)sqlite3_close(db);
    (void)pthread_rwlock_unlock(&close_gate);
}

static sqlite3_int64 prefetches(void)
{
    struct preload_process_stats stats;

    preload_process_stats(&stats);
    return stats.prefetches;
}

static uint64_t run_arm(const struct arm *arm, const char *scratch, uint64_t seed, int count)
{
    struct run run = { .arm = arm, .seed = seed };
    uint64_t began_ms = torture_now_ms();
    sqlite3_int64 before = prefetches();
    char path[TORTURE_TEXT_MAX];
    pthread_t neighbour;

    path_of(path, scratch, arm);
    /* What is opened for a few transactions begins its replay with them, and not after a while. */
    torture_print(run.uri, sizeof run.uri,
                  "file:%s?vfs=%s&preload_store=sidecar:%s&preload_pace=0&preload_sync=%d", path,
                  arm->vfs, scratch, arm->own ? 2 : 0);
    torture_learn(run.uri, ROWS, 8);
    if (!arm->own && pthread_create(&neighbour, NULL, neighbour_main, &run) != 0)
        torture_fail("no thread");
    run_transactions(&run, path, count);
    atomic_store(&run.stop, true);
    if (!arm->own) (void)pthread_join(neighbour, NULL);
    printf("%s: %d transactions, %d questions, %lld replays, %llu locks lost, %.1f s\n", arm->name,
           count, count * QUESTIONS, (long long)(prefetches() - before),
           (unsigned long long)run.lost, (double)(torture_now_ms() - began_ms) / 1000);
    (void)fflush(stdout);
    /* Without replays nothing was shown. */
    if (prefetches() - before < count / 200) torture_fail("%s: hardly any replay ran", arm->name);
    return run.lost;
}

static pid_t start_asker(const char *scratch)
{
    pid_t child;

    if (pipe(question_pipe) != 0 || pipe(answer_pipe) != 0) torture_fail("no pipe");
    child = fork();
    if (child != 0) {
        (void)close(question_pipe[0]);
        (void)close(answer_pipe[1]);
        return child;
    }
    (void)close(question_pipe[1]);
    (void)close(answer_pipe[0]);
    asker_main(scratch);
    exit(0);
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 20000;
    uint64_t seed = torture_seed("locks");
    char scratch[TORTURE_TEXT_MAX];
    uint64_t lost = 0;
    pid_t asker;

    torture_scratch(scratch, "locks");
    for (size_t i = 0; i < COUNT(arms); i++) {
        char path[TORTURE_TEXT_MAX];

        path_of(path, scratch, &arms[i]);
        torture_make_database(path, ROWS, arms[i].journal);
    }
    asker = start_asker(scratch);
    torture_register_through("through");
    if (preload_register(&(struct preload_config){ .base = "unix" }) != SQLITE_OK ||
        preload_register(&(struct preload_config){ .base = "through" }) != SQLITE_OK ||
        preload_configure("read_through", "1") != SQLITE_OK)
        torture_fail("not registered");
    for (size_t i = 0; i < COUNT(arms); i++)
        lost += run_arm(&arms[i], scratch, seed + i, count * arms[i].percent / 100);
    (void)close(question_pipe[1]);
    torture_join(asker, "asker");
    if (lost > 0) torture_fail("locks: %llu locks lost", (unsigned long long)lost);
    if (preload_unregister() != SQLITE_OK) torture_fail("files are still open");
    torture_remove_scratch(scratch);
    return 0;
}
