/* What a host gets that takes us out, and what it gets when it registers us again. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hosts/host.h"
#include "tests/hosts/initialize.h"

#define ROUNDS 20000

static sqlite3_vfs base, other;

static void make_vfs(sqlite3_vfs *vfs, const char *of, const char *name, int larger)
{
    *vfs = *sqlite3_vfs_find(of);
    vfs->pNext = NULL;
    vfs->zName = name;
    vfs->szOsFile += larger;
    HOST_CHECK(sqlite3_vfs_register(vfs, 0) == SQLITE_OK, "%s", name);
}

static void take(const char *over, int make_default)
{
    int rc =
        preload_register(&(struct preload_config){ .base = over, .make_default = make_default });

    HOST_CHECK(rc == SQLITE_OK, "%d", rc);
}

static void leave(void)
{
    int rc = preload_unregister();

    HOST_CHECK(rc == SQLITE_OK, "%d", rc);
    HOST_CHECK(!sqlite3_vfs_find("preload"), "its VFS stayed");
}

static void expect_default(const char *name)
{
    HOST_CHECK(strcmp(sqlite3_vfs_find(NULL)->zName, name) == 0, "%s, not %s",
               sqlite3_vfs_find(NULL)->zName, name);
}

static void the_base_is_the_default_again(void)
{
    take(NULL, 1);
    make_vfs(&other, "unix-none", "other", 0);
    leave();
    expect_default("unix");
    make_vfs(&base, "unix", "base", 0);
    take("base", 1);
    HOST_CHECK(sqlite3_vfs_register(&other, 0) == SQLITE_OK, "other");
    leave();
    expect_default("base");
}

static void where_the_base_has_gone_the_default_is_what_sqlite_starts_with(void)
{
    make_vfs(&base, "unix", "base", 0);
    take("base", 1);
    make_vfs(&other, "unix-none", "other", 0);
    HOST_CHECK(sqlite3_vfs_unregister(&base) == SQLITE_OK, "base");
    memset(&base, 0, sizeof base);
    leave();
    expect_default("unix");
}

static int refuse(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    (void)vfs, (void)name, (void)file, (void)flags, (void)out_flags;
    return SQLITE_CANTOPEN;
}

static void expect_no_methods(const char *name, const char *path, int flags)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(name);
    sqlite3_file *file = malloc((size_t)vfs->szOsFile);
    sqlite3_filename names =
        sqlite3_create_filename(path, "/nowhere/x-journal", "/nowhere/x-wal", 0, NULL);
    int rc;

    HOST_CHECK(file && names, "no memory");
    memset(file, 0xaa, (size_t)vfs->szOsFile);
    rc = vfs->xOpen(vfs, names, file, flags | SQLITE_OPEN_READWRITE, NULL);
    HOST_CHECK(rc == SQLITE_CANTOPEN, "%d", rc);
    HOST_CHECK(!file->pMethods, "%s, flags %x: methods are left", name, flags);
    sqlite3_free_filename(names);
    free(file);
}

/* A host closes what has methods. */
static void an_open_that_fails_leaves_no_methods(void)
{
    static const int kinds[] = { SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_URI,
                                 SQLITE_OPEN_MAIN_JOURNAL, SQLITE_OPEN_WAL,
                                 SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_DELETEONCLOSE };

    take("unix", 0);
    make_vfs(&base, "unix", "refusing", 0);
    base.xOpen = refuse;
    take("refusing", 0);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        expect_no_methods("preload", "/nowhere/x", kinds[i]);
        expect_no_methods("preload-refusing", "x.db", kinds[i]);
    }
}

static atomic_bool enough;

/* As a connection does that runs on another thread: its VFS is there, and whole. */
static void *look_at(void *vfs)
{
    const volatile sqlite3_vfs *used = vfs;
    bool is_whole = true;

    while (is_whole && !atomic_load(&enough))
        is_whole = used->iVersion && used->szOsFile && used->xOpen && used->xCurrentTimeInt64;
    return is_whole ? vfs : NULL;
}

static void a_vfs_in_use_stays_as_it_is(void)
{
    void *answer = NULL;
    pthread_t thread;

    take(NULL, 1);
    HOST_CHECK(pthread_create(&thread, NULL, look_at, sqlite3_vfs_find(NULL)) == 0, "thread");
    for (int i = 0; i < ROUNDS; i++) {
        leave();
        take(NULL, 1);
    }
    atomic_store(&enough, true);
    (void)pthread_join(thread, &answer);
    HOST_CHECK(answer, "it was empty for a moment");
}

static void expect_room(const char *name, const sqlite3_vfs *over)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(name);
    sqlite3 *db;

    HOST_CHECK(vfs, "%s is not there", name);
    HOST_CHECK(vfs->szOsFile >= over->szOsFile, "%d bytes of %d", vfs->szOsFile, over->szOsFile);
    db = host_open("x.db", name);
    host_run(db, "CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES(1)");
    host_close(db);
}

static void go(sqlite3_vfs *vfs)
{
    HOST_CHECK(sqlite3_vfs_unregister(vfs) == SQLITE_OK, "%s", vfs->zName);
    memset(vfs, 0, sizeof *vfs);
}

static void another_base_in_the_same_place_is_another_base(void)
{
    take(NULL, 1);
    make_vfs(&base, "unix", "base", 0);
    take("base", 0);
    go(&base);
    make_vfs(&base, "unix", "two", 4096);
    take("two", 0);
    expect_room("preload-two", &base);
    HOST_CHECK(!sqlite3_vfs_find("preload-base"), "it stands over nothing");
    expect_default("preload");
}

static void the_same_base_in_another_size_is_another_base(void)
{
    make_vfs(&base, "unix", "base", 0);
    take("base", 1);
    for (int i = 1; i < 4; i++) {
        go(&base);
        make_vfs(&base, "unix", "base", i * 1024);
        take("base", 0);
        expect_room("preload", &base);
        expect_default("preload");
    }
    go(&base);
    make_vfs(&base, "unix", "base", 0);
    base.xOpen = refuse;
    take("base", 0);
    expect_no_methods("preload", "x.db", SQLITE_OPEN_MAIN_DB);
}

static void a_base_that_has_moved_is_another_base(void)
{
    sqlite3_vfs *before;

    take(NULL, 0);
    make_vfs(&base, "unix", "base", 0);
    take("base", 1);
    before = sqlite3_vfs_find("preload-base");
    go(&base);
    make_vfs(&other, "unix", "base", 1024);
    take("base", 0);
    expect_room("preload-base", &other);
    HOST_CHECK(sqlite3_vfs_find("preload-base") != before, "it stands over nothing");
    expect_default("preload-base");
    leave();
    expect_default("base");
}

/* Whichever was first before. */
static void the_first_one_has_the_short_name(void)
{
    static const char *const names[] = { "unix", "unix-none", "unix-dotfile", "unix" };
    char name[64];

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++) {
            take(names[i], 0);
            HOST_CHECK(sqlite3_vfs_find("preload"), "there is none");
            (void)snprintf(name, sizeof name, "preload-%s", names[i + 1]);
            take(names[i + 1], 0);
            HOST_CHECK(sqlite3_vfs_find(name), "%s", name);
            leave();
            HOST_CHECK(!sqlite3_vfs_find(name), "%s", name);
        }
    }
}

/* A base that nobody knows of is not called. */
static void what_went_with_its_base_does_not_come_back(void)
{
    sqlite3_vfs *ours;

    make_vfs(&base, "unix", "base", 0);
    take("base", 1);
    ours = sqlite3_vfs_find("preload");
    go(&base);
    HOST_CHECK(sqlite3_vfs_unregister(ours) == SQLITE_OK, "ours");
    take(NULL, 1);
    HOST_CHECK(sqlite3_vfs_find("preload") != ours, "over nothing");
    expect_default("preload");
    host_close(host_open("x.db", NULL));
}

/* Hosts hook what is there: that is no other base. */
static int open_hooked(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                       int *out_flags)
{
    return base.xOpen(vfs, name, file, flags, out_flags);
}

static void a_base_that_is_hooked_is_the_same_base(void)
{
    sqlite3_vfs *ours, *system = sqlite3_vfs_find("unix");

    take(NULL, 1);
    ours = sqlite3_vfs_find("preload");
    base = *system;
    system->xOpen = open_hooked;
    take(NULL, 1);
    HOST_CHECK(sqlite3_vfs_find(NULL) == ours, "another one");
    host_close(host_open("x.db", NULL));
    system->xOpen = base.xOpen;
}

/* What a host registers by SQLite's own call is ours all the same. */
static void our_own_vfs_is_no_other_copy(void)
{
    sqlite3_vfs *ours;

    take(NULL, 0);
    ours = sqlite3_vfs_find("preload");
    leave();
    HOST_CHECK(sqlite3_vfs_register(ours, 0) == SQLITE_OK, "registers");
    HOST_CHECK(preload_configure("walk", "0") == SQLITE_OK, "configures");
    take("unix-none", 0);
    HOST_CHECK(sqlite3_vfs_find("preload-unix-none"), "not registered");
    leave();
    HOST_CHECK(sqlite3_vfs_register(ours, 1) == SQLITE_OK, "registers");
    take("unix", 0);
    expect_default("preload");
    leave();
    expect_default("unix");
}

/* A copy keeps its name where the host does not think of one. */
static void a_copy_of_our_vfs_is_no_other_copy(void)
{
    take(NULL, 0);
    other = *sqlite3_vfs_find("preload");
    leave();
    HOST_CHECK(sqlite3_vfs_register(&other, 0) == SQLITE_OK, "registers");
    HOST_CHECK(preload_configure("walk", "0") == SQLITE_OK, "configures");
    other.pAppData = NULL;
    HOST_CHECK(preload_configure("walk", "1") == SQLITE_OK, "configures");
    take("unix-none", 0);
    HOST_CHECK(sqlite3_vfs_find("preload") != &other, "not registered");
}

/* As with -DSQLITE_EXTRA_INIT=preload_extra_init. */
static void a_sqlite_that_registers_us_lets_us_leave(void)
{
    if (!initialize_calls(preload_extra_init)) return;
    host_close(host_open(":memory:", NULL));
    expect_default("preload");
    for (int i = 0; i < 3; i++) {
        HOST_CHECK(sqlite3_shutdown() == SQLITE_OK, "shutdown");
        leave();
        expect_default("unix");
        HOST_CHECK(sqlite3_shutdown() == SQLITE_OK, "shutdown");
        HOST_CHECK(preload_register(NULL) == SQLITE_OK, "registers");
        expect_default("preload");
        HOST_CHECK(sqlite3_shutdown() == SQLITE_OK, "shutdown");
        HOST_CHECK(preload_configure("walk", "0") == SQLITE_OK, "configures");
    }
}

static void expect_to_stay(const char *why)
{
    int rc = preload_unregister();

    HOST_CHECK(rc == SQLITE_BUSY, "%s: %d", why, rc);
    HOST_CHECK(sqlite3_vfs_find("preload"), "%s: its VFS went", why);
}

static void what_a_connection_may_call_stays(void)
{
    static const char *const names[] = { ":memory:", "", "file:x.db?preload=off", "x.db" };

    take(NULL, 1);
    for (size_t i = 0; i < 2 * sizeof names / sizeof names[0]; i++) {
        sqlite3 *db = host_open(names[i / 2], i % 2 ? "unix" : NULL);

        expect_to_stay(names[i / 2]);
        HOST_CHECK(strcmp(host_text(db, "SELECT preload_version()"), PRELOAD_VERSION) == 0, "%s",
                   names[i / 2]);
        host_close(db);
        leave();
        take(NULL, 1);
    }
}

static void answer(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count, (void)values;
    sqlite3_result_int(context, 1);
}

/* Whatever of ours the host has replaced, or was not given, the connection has our VFS. */
static void what_a_connection_has_left_stays(void)
{
    sqlite3 *db;

    take(NULL, 1);
    db = host_open(":memory:", NULL);
    HOST_CHECK(sqlite3_create_function(db, "preload_version", 0, SQLITE_UTF8, NULL, answer, NULL,
                                       NULL) == SQLITE_OK,
               "function");
    HOST_CHECK(sqlite3_drop_modules(db, NULL) == SQLITE_OK, "modules");
    expect_to_stay("a function of the host's");
    host_load(db, true);
    expect_to_stay("loaded twice");
    host_close(db);
    leave();
}

static int deny(void *unused, int action, const char *a, const char *b, const char *c,
                const char *d)
{
    (void)unused, (void)action, (void)a, (void)b, (void)c, (void)d;
    return SQLITE_DENY;
}

static int deny_all(sqlite3 *db, char **error, const void *api)
{
    (void)error, (void)api;
    return sqlite3_set_authorizer(db, deny, NULL);
}

static void a_connection_without_our_functions_counts(void)
{
    sqlite3 *db;

    HOST_CHECK(sqlite3_auto_extension((void (*)(void))deny_all) == SQLITE_OK, "extension");
    take(NULL, 1);
    db = host_open(":memory:", NULL);
    expect_to_stay("authorizer");
    host_close(db);
    leave();
}

static sqlite3_mem_methods memory;
static bool has_memory = true;

static void *allocate(int bytes)
{
    return has_memory ? memory.xMalloc(bytes) : NULL;
}

static int run_out_of_memory(sqlite3 *db, char **error, const void *api)
{
    (void)db, (void)error, (void)api;
    has_memory = false;
    return SQLITE_OK;
}

static int have_memory(sqlite3 *db, char **error, const void *api)
{
    (void)db, (void)error, (void)api;
    has_memory = true;
    return SQLITE_OK;
}

/* SQLite had no memory to tell us when it ends. */
static void a_connection_that_cannot_be_counted_counts_for_good(void)
{
    sqlite3_mem_methods methods;
    sqlite3 *db;

    HOST_CHECK(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory) == SQLITE_OK, "memory");
    methods = memory;
    methods.xMalloc = allocate;
    HOST_CHECK(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK, "memory");
    for (int i = 0; i < 2; i++) {
        HOST_CHECK(sqlite3_auto_extension((void (*)(void))run_out_of_memory) == SQLITE_OK, "first");
        take(NULL, 1);
        HOST_CHECK(sqlite3_auto_extension((void (*)(void))have_memory) == SQLITE_OK, "last");
        db = host_open(":memory:", i ? NULL : "unix");
        HOST_CHECK(strncmp(host_text(db, "SELECT preload_version()"), "error", 5) == 0,
                   "functions");
        host_close(db);
        if (i == 0) leave();
        sqlite3_reset_auto_extension();
    }
    expect_to_stay("one that cannot be counted");
}

/* SQLite closes it when its last statement goes. */
static void a_connection_that_is_half_closed_counts(void)
{
    sqlite3_stmt *stmt = NULL;
    sqlite3 *db;

    take(NULL, 1);
    db = host_open(":memory:", NULL);
    HOST_CHECK(sqlite3_prepare_v2(db, "SELECT preload_version()", -1, &stmt, NULL) == SQLITE_OK,
               "prepare");
    HOST_CHECK(sqlite3_close_v2(db) == SQLITE_OK, "close");
    expect_to_stay("a statement");
    HOST_CHECK(sqlite3_finalize(stmt) == SQLITE_OK, "finalize");
    leave();
}

/* What it inherits is there, and what its parent does then is nothing to it. */
static void a_child_has_its_own_count(void)
{
    sqlite3 *db;
    int status = -1;

    take(NULL, 1);
    for (int i = 0; i < 2; i++) {
        db = i ? host_open(":memory:", NULL) : NULL;
        if (fork() == 0) _exit(preload_unregister() == (i ? SQLITE_BUSY : SQLITE_OK) ? 0 : 1);
        if (db) host_close(db);
        HOST_CHECK(wait(&status) > 0 && status == 0, "round %d: %d", i, status);
        HOST_CHECK(sqlite3_shutdown() == SQLITE_OK, "shutdown");
        leave();
        take(NULL, 1);
    }
}

static const struct host_case cases[] = {
    { "the_base_is_the_default_again", the_base_is_the_default_again },
    { "where_the_base_has_gone_the_default_is_what_sqlite_starts_with",
      where_the_base_has_gone_the_default_is_what_sqlite_starts_with },
    { "an_open_that_fails_leaves_no_methods", an_open_that_fails_leaves_no_methods },
    { "a_vfs_in_use_stays_as_it_is", a_vfs_in_use_stays_as_it_is },
    { "another_base_in_the_same_place_is_another_base",
      another_base_in_the_same_place_is_another_base },
    { "the_same_base_in_another_size_is_another_base",
      the_same_base_in_another_size_is_another_base },
    { "a_base_that_has_moved_is_another_base", a_base_that_has_moved_is_another_base },
    { "the_first_one_has_the_short_name", the_first_one_has_the_short_name },
    { "what_went_with_its_base_does_not_come_back", what_went_with_its_base_does_not_come_back },
    { "a_base_that_is_hooked_is_the_same_base", a_base_that_is_hooked_is_the_same_base },
    { "our_own_vfs_is_no_other_copy", our_own_vfs_is_no_other_copy },
    { "a_copy_of_our_vfs_is_no_other_copy", a_copy_of_our_vfs_is_no_other_copy },
    { "a_sqlite_that_registers_us_lets_us_leave", a_sqlite_that_registers_us_lets_us_leave },
    { "what_a_connection_may_call_stays", what_a_connection_may_call_stays },
    { "what_a_connection_has_left_stays", what_a_connection_has_left_stays },
    { "a_connection_without_our_functions_counts", a_connection_without_our_functions_counts },
    { "a_connection_that_cannot_be_counted_counts_for_good",
      a_connection_that_cannot_be_counted_counts_for_good },
    { "a_connection_that_is_half_closed_counts", a_connection_that_is_half_closed_counts },
    { "a_child_has_its_own_count", a_child_has_its_own_count },
};

HOST_MAIN(cases)
