/* What a child inherits over fork(): locks of the process, and connections, whose databases are the
 * parent's. At that moment a thread which the child does not have may hold any of them. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vfs/common.h"
#include "vfs/entry/instances.h"
#include "vfs/entry/shim_list.h"
#include "vfs/entry/shim_tables.h"
#include "vfs/process/heap.h"
#include "vfs/process/log.h"
#include "vfs/process/pool.h"

TestSuite(inherited, .init = scratch_begin, .fini = scratch_end);

#define CHILD_SECONDS 20

static struct database *database_of(sqlite3 *db)
{
    return preload_shim_of(db_file(db))->attachment.database;
}

static void hold_locks(struct database *database)
{
    pthread_mutex_lock(&database->saving.lock);
    pthread_mutex_lock(&database->session.lock);
    pthread_mutex_lock(&database->keeper.lock);
    pthread_mutex_lock(&database->replay.progress.lock);
    pthread_mutex_lock(&database->replay.prefetch.reading.lock);
}

static void give_locks(struct database *database)
{
    pthread_mutex_unlock(&database->replay.prefetch.reading.lock);
    pthread_mutex_unlock(&database->replay.progress.lock);
    pthread_mutex_unlock(&database->keeper.lock);
    pthread_mutex_unlock(&database->session.lock);
    pthread_mutex_unlock(&database->saving.lock);
}

/* Everything that a connection tells its database: pages, page 1, a check, another mode, a moved
 * file, what SQL asks, the end. In the child, which ends by a signal when it waits. */
static _Noreturn void use_in_child(sqlite3 *db)
{
    static const char *const statements[] = {
        "SELECT sum(length(body)) FROM t",
        "PRAGMA integrity_check",
        "SELECT count(*) FROM preload_stats",
        "SELECT preload_flush()",
        "SELECT preload_export()",
        "SELECT preload_config('mode', 'record')",
        "INSERT INTO t(body) VALUES (zeroblob(2000))",
        "SELECT preload_config('mode', 'on')",
        "CREATE TABLE IF NOT EXISTS another(x)",
        "PRAGMA wal_checkpoint",
        "DELETE FROM t WHERE id > 20",
        "VACUUM",
        "SELECT sum(length(body)) FROM t",
    };

    (void)alarm(CHILD_SECONDS);
    for (size_t i = 0; i < COUNT(statements); i++)
        if (sqlite3_exec(db, statements[i], NULL, NULL, NULL) != SQLITE_OK) _exit(1 + (int)i);
    _exit(sqlite3_close(db) == SQLITE_OK ? 0 : 100);
}

static void expect_child_ends(sqlite3 *db)
{
    pid_t child = fork();
    int status;

    if (child == 0) use_in_child(db);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(!WIFSIGNALED(status), "signal %d", WTERMSIG(status));
    cr_expect_eq(WEXITSTATUS(status), 0, "status %d", WEXITSTATUS(status));
}

/* Without workers: what a child of a process with threads inherits from a sanitizer is another
 * matter. */
static sqlite3 *open_and_read(const char *journal)
{
    char sql[64];
    sqlite3 *db;

    if (!file_exists(scratch("x.db").s)) db_make(scratch("x.db").s, 100);
    register_over(NULL);
    cr_assert_eq(preload_configure("workers", "0"), SQLITE_OK);
    db = db_open(scratch("x.db").s, "preload");
    (void)snprintf(sql, sizeof sql, "PRAGMA journal_mode = %s", journal);
    db_run(db, sql);
    db_visit(db, 1, 10);
    return db;
}

Test(inherited, a_child_waits_for_no_lock_of_the_parents_databases)
{
    static const char *const journals[] = { "delete", "wal" };

    for (size_t i = 0; i < COUNT(journals); i++) {
        sqlite3 *db = open_and_read(journals[i]);

        hold_locks(database_of(db));
        expect_child_ends(db);
        give_locks(database_of(db));
        db_close(db);
    }
}

/* A task that ran when the process was copied runs for ever in the copy. */
Test(inherited, a_child_waits_for_no_task_of_the_parents_replay)
{
    sqlite3 *db = open_and_read("delete");
    struct shim_file *shim = preload_shim_of(db_file(db));

    preload_connection_watch(&shim->attachment.connection, true);
    database_of(db)->replay.task.state = POOL_RUNNING;
    expect_child_ends(db);
    database_of(db)->replay.task.state = POOL_IDLE;
    db_close(db);
}

Test(inherited, what_a_child_reads_is_not_learnt_and_its_parent_learns_on)
{
    sqlite3 *db = open_and_read("delete");
    sqlite3_int64 before = stats_of(db).touched_pages;

    expect_child_ends(db);
    cr_expect_eq(stats_of(db).touched_pages, before);
    db_visit(db, 11, 20);
    cr_expect(stats_of(db).touched_pages > before);
    db_close(db);
    cr_expect(file_exists(scratch("x.db-preload").s));
}

/* Each takes one lock of the process, and allocates nothing from the C library. */

static void use_instances(void)
{
    preload_instances_lock();
    preload_instances_unlock();
}

static void use_list(void)
{
    (void)preload_shim_open_files();
}

/* Once there is no room, one that is not there is looked for under the lock. */
static void use_tables(void)
{
    static sqlite3_io_methods wanted;

    wanted.iVersion++;
    (void)preload_shim_table(&wanted);
}

static void use_registry(void)
{
    preload_database_forget_dormant();
}

static void use_pool(void)
{
    (void)preload_pool_threads();
}

static void use_config(void)
{
    (void)preload_config_workers();
}

static void use_log(void)
{
    preload_log_note("something to say");
}

static void use_heap(void)
{
    preload_heap_release(preload_heap_alloc(1000, true));
}

static struct {
    void (*use)(void);
    atomic_bool is_over;
} hammer;

static void *strike(void *unused)
{
    while (!atomic_load(&hammer.is_over))
        hammer.use();
    return unused;
}

static void fork_beside(void (*use)(void), unsigned place)
{
    pthread_t thread;

    hammer.use = use;
    atomic_store(&hammer.is_over, false);
    cr_assert_eq(pthread_create(&thread, NULL, strike, NULL), 0);
    for (unsigned i = 0; i < 100; i++) {
        pid_t child = fork();
        int status;

        if (child == 0) {
            (void)alarm(CHILD_SECONDS);
            use();
            _exit(0);
        }
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert_eq(status, 0, "lock %u: status %x", place, (unsigned)status);
    }
    atomic_store(&hammer.is_over, true);
    (void)pthread_join(thread, NULL);
}

Test(inherited, a_child_waits_for_no_lock_of_the_process)
{
    static void (*const uses[])(void) = {
        use_instances, use_list, use_tables, use_registry, use_pool, use_config, use_log, use_heap,
    };

    register_over(NULL);
    for (unsigned i = 0; i < COUNT(uses); i++)
        fork_beside(uses[i], i);
}
