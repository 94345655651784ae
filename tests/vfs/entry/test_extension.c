/* Registration, and the public calls of preload.h. */
#include <stdio.h>

#include "tests/vfs/job.h"
#include "tests/vfs/witness.h"
#include "vfs/entry/shim_vfs.h"
#include "vfs/process/log.h"
#include "vfs/process/pool.h"

TestSuite(extension, .init = scratch_begin, .fini = scratch_end);

static unsigned count_vfs(void)
{
    unsigned count = 0;

    for (sqlite3_vfs *vfs = sqlite3_vfs_find(NULL); vfs; vfs = vfs->pNext)
        count += preload_instance_of(vfs) != NULL;
    return count;
}

static const char *default_vfs(void)
{
    return sqlite3_vfs_find(NULL)->zName;
}

/* Whether new connections have our functions. */
static bool has_functions(void)
{
    sqlite3 *db = db_open(":memory:", "unix");
    struct text version = db_text(db, "SELECT preload_version()");

    db_close(db);
    return strcmp(version.s, PRELOAD_VERSION) == 0;
}

Test(extension, registering_twice_is_registering_once)
{
    cr_expect_eq(preload_register(NULL), SQLITE_OK);
    cr_expect_eq(preload_register(NULL), SQLITE_OK);
    cr_expect_eq(count_vfs(), 1);
    cr_expect_str_eq(default_vfs(), "unix");
    cr_expect(has_functions());
    /* As the default it is not taken for its own base. */
    cr_expect_eq(preload_register(&(struct preload_config){ .make_default = 1 }), SQLITE_OK);
    cr_expect_str_eq(default_vfs(), "preload");
    cr_expect_eq(preload_register(&(struct preload_config){ .make_default = 1 }), SQLITE_OK);
    cr_expect_eq(preload_register(NULL), SQLITE_OK);
    cr_expect_eq(count_vfs(), 1);
    cr_expect_str_eq(default_vfs(), "preload");
    cr_expect_str_eq(((struct instance *)sqlite3_vfs_find("preload"))->base.vfs->zName, "unix");
}

Test(extension, a_base_that_is_not_there_is_an_error)
{
    cr_expect_eq(preload_register(&(struct preload_config){ .base = "nowhere" }), SQLITE_ERROR);
    cr_expect_null(sqlite3_vfs_find("preload"));
    cr_expect_eq(count_vfs(), 0);
    cr_expect_eq(preload_register(NULL), SQLITE_OK);
}

Test(extension, a_base_that_is_one_of_ours_is_refused)
{
    register_over(NULL);
    cr_expect_eq(preload_register(&(struct preload_config){ .base = "preload" }), SQLITE_ERROR);
    register_over("unix-none");
    cr_expect_eq(preload_register(&(struct preload_config){ .base = "preload-unix-none" }),
                 SQLITE_ERROR);
    cr_expect_eq(count_vfs(), 2);
}

Test(extension, several_bases_have_an_instance_each)
{
    struct path path = scratch("x.db");
    sqlite3 *a;
    sqlite3 *b;

    register_over("unix-excl");
    register_over("unix-dotfile");
    register_over("unix-excl");
    register_over("unix-dotfile");
    cr_expect_eq(count_vfs(), 2);
    cr_expect_str_eq(((struct instance *)sqlite3_vfs_find("preload"))->base.vfs->zName,
                     "unix-excl");
    cr_assert_not_null(sqlite3_vfs_find("preload-unix-dotfile"));
    a = db_open(path.s, "preload");
    db_run(a, "CREATE TABLE t(x)");
    db_close(a);
    b = db_open(path.s, "preload-unix-dotfile");
    expect_text(0, db_text(b, "SELECT count(*) FROM t"), "0");
    db_close(b);
}

#define LONG_NAME "a-base-whose-name-goes-on-for-longer-than-many-a-buffer-would-hold"

Test(extension, bases_whose_names_begin_alike_have_an_instance_each)
{
    static sqlite3_vfs bases[2];
    static const char *const names[2] = { LONG_NAME "-1", LONG_NAME "-2" };

    register_over(NULL);
    for (int i = 0; i < 2; i++) {
        bases[i] = *sqlite3_vfs_find("unix");
        bases[i].pNext = NULL;
        bases[i].zName = names[i];
        cr_assert_eq(sqlite3_vfs_register(&bases[i], 0), SQLITE_OK);
        register_over(names[i]);
    }
    cr_expect_not_null(sqlite3_vfs_find("preload-" LONG_NAME "-1"));
    cr_expect_not_null(sqlite3_vfs_find("preload-" LONG_NAME "-2"));
}

Test(extension, the_environment_may_name_the_base)
{
    cr_assert_eq(setenv("SQLITE_PRELOAD_BASE", "unix-none", 1), 0);
    cr_expect_eq(preload_register(NULL), SQLITE_OK);
    cr_expect_str_eq(((struct instance *)sqlite3_vfs_find("preload"))->base.vfs->zName,
                     "unix-none");
    cr_expect_eq(preload_unregister(), SQLITE_OK);
    cr_expect_eq(preload_register(&(struct preload_config){ .base = "unix-excl" }), SQLITE_OK);
    cr_expect_str_eq(((struct instance *)sqlite3_vfs_find("preload"))->base.vfs->zName,
                     "unix-excl");
}

Test(extension, another_shim_may_be_above)
{
    struct path path = scratch("x.db");
    sqlite3 *db;

    register_over(NULL);
    witness_register((struct witness_shape){ .real = "preload" });
    db = db_open(path.s, "witness");
    db_run(db, "CREATE TABLE t(x); INSERT INTO t VALUES(1);");
    cr_expect(stats_of(db).state != PRELOAD_STATE_OFF);
    db_close(db);
    /* What is opened through the witness comes through us already. */
    cr_expect_eq(preload_register(&(struct preload_config){ .base = "witness" }), SQLITE_ERROR);
    cr_expect_eq(count_vfs(), 1);
}

Test(extension, another_shim_may_be_below)
{
    struct path path = scratch("x.db");
    sqlite3 *db;

    witness_register((struct witness_shape){ .real = NULL });
    register_over("witness");
    db = db_open(path.s, "preload");
    db_run(db, "CREATE TABLE t(x); INSERT INTO t VALUES(1);");
    expect_text(0, db_text(db, "SELECT x FROM t"), "1");
    db_close(db);
}

Test(extension, entry_points_take_null)
{
    cr_expect_eq(sqlite3_preload_init(NULL, NULL, NULL), SQLITE_OK);
    cr_expect_str_eq(default_vfs(), "unix");
    cr_assert_not_null(sqlite3_vfs_find("preload"));
    cr_expect(has_functions());
    cr_expect_eq(sqlite3_preloaddefault_init(NULL, NULL, NULL), SQLITE_OK);
    cr_expect_str_eq(default_vfs(), "preload");
    cr_expect_eq(count_vfs(), 1);
}

Test(extension, an_entry_point_serves_the_connection_that_calls_it)
{
    sqlite3 *db = db_open(":memory:", "unix");
    char *error = NULL;

    cr_expect_eq(sqlite3_preload_init(db, &error, NULL), SQLITE_OK);
    cr_expect_null(error);
    expect_text(0, db_text(db, "SELECT preload_version()"), PRELOAD_VERSION);
    cr_expect_eq(sqlite3_preload_init(db, &error, NULL), SQLITE_OK);
    db_close(db);
}

Test(extension, extra_init_makes_it_the_default)
{
    cr_expect_eq(preload_extra_init(NULL), SQLITE_OK);
    cr_expect_str_eq(default_vfs(), "preload");
    cr_expect(has_functions());
}

Test(extension, options_are_applied_and_bad_ones_told)
{
    static const char *const good[] = { "save_ms=70", "mode=record", NULL };
    static const char *const bad[] = { "save_ms=soon", "mode=replay", NULL };
    static const char *const unknown[] = { "colour=blue", NULL };
    static const char *const none[] = { "save_ms", NULL };
    sqlite3 *db;

    cr_expect_eq(preload_register(&(struct preload_config){ .options = good }), SQLITE_OK);
    db = db_open(":memory:", NULL);
    expect_text(0, db_text(db, "SELECT preload_config('save_ms'), preload_config('mode')"),
                "70|record");
    cr_expect_eq(preload_register(&(struct preload_config){ .options = bad }), SQLITE_ERROR);
    expect_text(1, db_text(db, "SELECT preload_config('save_ms'), preload_config('mode')"),
                "70|replay");
    cr_expect_eq(preload_register(&(struct preload_config){ .options = unknown }), SQLITE_ERROR);
    cr_expect_eq(preload_register(&(struct preload_config){ .options = none }), SQLITE_ERROR);
    cr_expect_eq(count_vfs(), 1, "registered nevertheless");
    cr_expect_eq(preload_configure("mode", NULL), SQLITE_ERROR);
    cr_expect_eq(preload_configure(NULL, "on"), SQLITE_ERROR);
    cr_expect_eq(preload_configure("mode", "perhaps"), SQLITE_ERROR);
    cr_expect_eq(preload_configure("save_ms", "1"), SQLITE_OK, "cut to its least");
    db_close(db);
}

/* A worker in a system call that does not return: our code cannot go. */
Test(extension, unregistering_gives_up_on_a_worker_that_hangs_and_all_goes_on)
{
    atomic_bool gate = false;
    struct job hangs = { .task.run = job_run, .gate = &gate };

    cr_assert_eq(preload_register(&(struct preload_config){ .make_default = 1 }), SQLITE_OK);
    cr_assert(preload_pool_submit(&hangs.task, 0, 1));
    cr_assert(wait_until(job_is_inside, &hangs));
    cr_expect_eq(preload_unregister(), SQLITE_BUSY);
    cr_expect_eq(count_vfs(), 1);
    cr_expect_str_eq(default_vfs(), "preload");
    cr_expect(has_functions());
    atomic_store(&gate, true);
    cr_expect_eq(preload_unregister(), SQLITE_OK);
    cr_expect_eq(preload_pool_threads(), 0);
    cr_expect_eq(count_vfs(), 0);
    cr_expect_str_eq(default_vfs(), "unix");
}

Test(extension, unregistering_waits_for_open_files)
{
    struct path path = scratch("x.db");
    sqlite3 *db;

    cr_expect_eq(preload_unregister(), SQLITE_OK);
    register_over(NULL);
    db = db_open(path.s, "preload");
    db_run(db, "CREATE TABLE t(x)");
    cr_expect_eq(preload_unregister(), SQLITE_BUSY);
    cr_assert_not_null(sqlite3_vfs_find("preload"));
    cr_expect(has_functions());
    db_close(db);
    cr_expect_eq(preload_unregister(), SQLITE_OK);
    cr_expect_null(sqlite3_vfs_find("preload"));
    cr_expect_not(has_functions());
    cr_expect_eq(preload_pool_threads(), 0);
    cr_expect_eq(preload_unregister(), SQLITE_OK);
}

Test(extension, it_can_be_registered_again)
{
    struct path path = scratch("x.db");

    for (int i = 0; i < 5; i++) {
        sqlite3 *db;

        cr_expect_eq(preload_register(&(struct preload_config){ .make_default = 1 }), SQLITE_OK);
        register_over("unix-none");
        cr_expect_eq(count_vfs(), 2);
        cr_expect_str_eq(default_vfs(), "preload");
        db = db_open(path.s, NULL);
        db_run(db, "CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES(1)");
        cr_expect_eq(stats_of(db).touched_pages > 0, true, "round %d", i);
        db_close(db);
        cr_expect_eq(preload_unregister(), SQLITE_OK);
        cr_expect_eq(count_vfs(), 0);
        cr_expect_str_eq(default_vfs(), "unix");
    }
}

/* A host that shuts SQLite down and starts it again; the VFS stays, the rest does not. */
Test(extension, after_a_shutdown_registering_brings_everything_back)
{
    struct path path = scratch("x.db");
    sqlite3 *db;

    cr_expect_eq(preload_extra_init(NULL), SQLITE_OK);
    db = db_open(path.s, NULL);
    db_run(db, "CREATE TABLE t(x); INSERT INTO t VALUES(zeroblob(100000))");
    db_close(db);
    cr_expect_eq(sqlite3_shutdown(), SQLITE_OK);
    cr_expect_eq(sqlite3_initialize(), SQLITE_OK);
    cr_expect_str_eq(default_vfs(), "unix");
    cr_expect_not(has_functions());
    cr_expect_eq(preload_extra_init(NULL), SQLITE_OK);
    cr_expect_str_eq(default_vfs(), "preload");
    cr_expect(has_functions());
    cr_expect_eq(count_vfs(), 1);
    db = db_open(path.s, NULL);
    cr_expect_eq(wait_for_replay(db), PRELOAD_STATE_DONE);
    db_close(db);
}

/* A second copy of the library, or somebody else's VFS of that name. */
Test(extension, a_foreign_vfs_of_our_name_is_left_alone)
{
    static sqlite3_vfs foreign;

    foreign = *sqlite3_vfs_find("unix");
    foreign.pNext = NULL;
    foreign.zName = "preload";
    cr_assert_eq(sqlite3_vfs_register(&foreign, 0), SQLITE_OK);
    cr_expect_eq(preload_register(NULL), SQLITE_OK);
    cr_expect_eq(sqlite3_preloaddefault_init(NULL, NULL, NULL), SQLITE_OK);
    cr_expect_eq(sqlite3_vfs_find("preload"), &foreign);
    cr_expect_eq(count_vfs(), 0);
    cr_expect_not(has_functions());
}

static const char *const foreign[] = { "plain", "memory", "temp", "nowhere", "" };

Test(extension, flush_and_stats_know_what_is_theirs)
{
    struct path path = scratch("x.db");
    struct path other = scratch("y.db");
    struct preload_stats stats;
    char sql[2000];
    sqlite3 *db;

    register_over(NULL);
    db = db_open(path.s, "preload");
    (void)snprintf(sql, sizeof sql,
                   "CREATE TABLE t(x); ATTACH 'file:%s?vfs=unix' AS plain; CREATE TABLE plain.u(x);"
                   "ATTACH ':memory:' AS memory; CREATE TABLE memory.v(x); CREATE TEMP TABLE w(x);",
                   other.s);
    db_run(db, sql);
    cr_expect_eq(preload_flush(db, NULL), SQLITE_OK);
    cr_expect_eq(preload_stats_of(db, "main", &stats), SQLITE_OK);
    for (size_t i = 0; i < COUNT(foreign); i++) {
        memset(&stats, 0x55, sizeof stats);
        cr_expect_eq(preload_stats_of(db, foreign[i], &stats), SQLITE_NOTFOUND, "row %zu", i);
        cr_expect_eq(stats.touched_pages, 0, "row %zu: not zeroed", i);
        cr_expect_eq(preload_flush(db, foreign[i]), SQLITE_NOTFOUND, "row %zu", i);
    }
    db_close(db);
}

Test(extension, the_process_is_counted)
{
    struct path path = scratch("x.db");
    struct preload_process_stats before;
    struct preload_process_stats after;
    sqlite3 *db;

    register_over(NULL);
    preload_process_stats(&before);
    db = db_open(path.s, "preload");
    db_run(db, "CREATE TABLE t(x); INSERT INTO t VALUES(zeroblob(100000));");
    db_close(db);
    preload_process_stats(&after);
    cr_expect(after.opens >= before.opens + 2, "the journal counts");
    cr_expect_eq(after.wrapped, before.wrapped + 1);
    cr_expect_eq(after.saves, before.saves + 1);
    cr_expect_eq(after.errors, before.errors);
}

Test(extension, without_memory_nothing_is_registered)
{
    int rc;

    for (size_t n = 0;; n++) {
        heap_fail_at(n);
        rc = preload_register(NULL);
        if (!heap_restore()) break;
        cr_expect_eq(rc, SQLITE_NOMEM, "n %zu", n);
        cr_expect_null(sqlite3_vfs_find("preload"));
    }
    cr_expect_eq(rc, SQLITE_OK);
}
