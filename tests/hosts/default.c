/* The default VFS stays with the one who stands above. */
#include <stdio.h>
#include <string.h>

#include "tests/hosts/host.h"
#include "tests/hosts/veil.h"

static sqlite3_vfs third; /* a copy of some VFS under a name of its own */

static const char *default_name(void)
{
    return sqlite3_vfs_find(NULL)->zName;
}

/* The connection writes a row and reads all that connections before it have written. */
static void expect_rows(sqlite3 *db, int rows)
{
    char want[16];

    host_run(db, "CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES(randomblob(5000))");
    (void)snprintf(want, sizeof want, "%d", rows);
    HOST_CHECK(strcmp(host_text(db, "SELECT count(*) FROM t"), want) == 0, "%s",
               host_text(db, "SELECT count(*) FROM t"));
    HOST_CHECK(strcmp(host_text(db, "PRAGMA integrity_check"), "ok") == 0, "%s",
               host_text(db, "PRAGMA integrity_check"));
}

static void expect_chain(sqlite3 *db, const char *want)
{
    HOST_CHECK(strcmp(host_chain(db), want) == 0, "%s, not %s", host_chain(db), want);
}

/* From here on connections open on the chain that the first one made. */
static void use_thrice(void (*load)(sqlite3 *db), const char *chain)
{
    sqlite3 *db = host_open("x.db", "unix");

    load(db);
    host_close(db);
    for (int i = 1; i <= 3; i++) {
        db = host_open("x.db", NULL);
        expect_chain(db, chain);
        load(db);
        expect_rows(db, i);
        host_close(db);
    }
}

static void load_beneath(sqlite3 *db)
{
    host_load(db, true);
    veil_load();
}

static void another_shim_above_us_stays(void)
{
    use_thrice(load_beneath, "veil/preload/unix");
}

static void load_above(sqlite3 *db)
{
    veil_load();
    host_load(db, true);
}

static void another_shim_beneath_us_stays(void)
{
    use_thrice(load_above, "preload/veil/unix");
}

static void load_both_ways(sqlite3 *db)
{
    host_load(db, false);
    veil_load();
    host_load(db, true);
}

/* It came between: what names no VFS goes through it on, and through us. */
static void another_shim_beside_us_stays(void)
{
    use_thrice(load_both_ways, "preload/veil/unix");
}

static void load_without_default(sqlite3 *db)
{
    veil_load();
    host_load(db, false);
}

static void without_being_asked_nothing_becomes_the_default(void)
{
    use_thrice(load_without_default, "veil/unix");
}

static void after_a_shutdown_we_are_the_default_again(void)
{
    sqlite3 *db = host_open("x.db", NULL);

    host_load(db, true);
    host_close(db);
    HOST_CHECK(sqlite3_shutdown() == SQLITE_OK && sqlite3_initialize() == SQLITE_OK, "shutdown");
    HOST_CHECK(strcmp(default_name(), "unix") == 0, "%s", default_name());
    db = host_open("x.db", NULL);
    host_load(db, true);
    host_close(db);
    db = host_open("x.db", NULL);
    expect_chain(db, "preload/unix");
    host_close(db);
}

/* A shutdown between: the chain that was the default comes back whole. */
static void after_a_shutdown_another_shim_beneath_us_is_there_again(void)
{
    sqlite3 *db = host_open("x.db", "unix");

    load_both_ways(db);
    host_close(db);
    db = host_open("x.db", NULL);
    expect_rows(db, 1);
    host_close(db);
    HOST_CHECK(sqlite3_shutdown() == SQLITE_OK && sqlite3_initialize() == SQLITE_OK, "shutdown");
    db = host_open(":memory:", NULL);
    host_load(db, true);
    host_close(db);
    db = host_open("x.db", NULL);
    expect_chain(db, "preload/veil/unix");
    expect_rows(db, 2);
    host_close(db);
}

static void let_be_default(const char *name)
{
    HOST_CHECK(sqlite3_vfs_register(sqlite3_vfs_find(name), 1) == SQLITE_OK, "%s", name);
}

/* A host that locks by files of its own would lose that. */
static void another_way_of_locking_stays(void)
{
    sqlite3 *db = host_open("x.db", NULL);

    host_load(db, false);
    let_be_default("unix-dotfile");
    host_load(db, true);
    HOST_CHECK(strcmp(default_name(), "preload-unix-dotfile") == 0, "%s", default_name());
    let_be_default("unix-none");
    host_load(db, true);
    HOST_CHECK(strcmp(default_name(), "unix-none") == 0, "%s", default_name());
    host_close(db);
}

static void make_third(const char *of, const char *name)
{
    third = *sqlite3_vfs_find(of);
    third.pNext = NULL;
    third.zName = name;
    HOST_CHECK(sqlite3_vfs_register(&third, 1) == SQLITE_OK, "%s", name);
}

static void a_copy_of_ours_stays(void)
{
    sqlite3 *db = host_open("x.db", NULL);

    host_load(db, true);
    make_third(NULL, "copy");
    host_load(db, true);
    HOST_CHECK(sqlite3_vfs_find(NULL) == &third, "%s", default_name());
    host_close(db);
}

/* A copy keeps its name where the host does not think of one. */
static void a_copy_of_ours_of_the_same_name_stays(void)
{
    sqlite3 *db = host_open("x.db", NULL);

    host_load(db, true);
    make_third(NULL, "preload");
    host_load(db, true);
    HOST_CHECK(sqlite3_vfs_find(NULL) == &third, "%s", default_name());
    host_close(db);
}

#ifndef HOST_LOADS

static int take_default(const char *base)
{
    return preload_register(&(struct preload_config){ .base = base, .make_default = 1 });
}

static void the_host_is_obeyed_the_first_time_it_asks(void)
{
    HOST_CHECK(preload_register(NULL) == SQLITE_OK, "registers");
    make_third("unix", "third");
    HOST_CHECK(take_default("unix") == SQLITE_OK, "takes");
    HOST_CHECK(strcmp(default_name(), "preload") == 0, "%s", default_name());
    /* Whoever takes its place then keeps it. */
    HOST_CHECK(sqlite3_vfs_register(&third, 1) == SQLITE_OK, "third");
    HOST_CHECK(take_default("unix") == SQLITE_OK, "takes");
    HOST_CHECK(strcmp(default_name(), "third") == 0, "%s", default_name());
    HOST_CHECK(take_default(NULL) == SQLITE_OK, "takes");
    HOST_CHECK(strcmp(default_name(), "third") == 0, "%s", default_name());
    /* Each of ours may ask once. */
    HOST_CHECK(take_default("unix-none") == SQLITE_OK, "takes");
    HOST_CHECK(strcmp(default_name(), "preload-unix-none") == 0, "%s", default_name());
    HOST_CHECK(take_default("unix") == SQLITE_OK, "takes");
    HOST_CHECK(strcmp(default_name(), "preload") == 0, "%s", default_name());
}

static void a_new_registration_may_ask_again(void)
{
    HOST_CHECK(take_default(NULL) == SQLITE_OK, "takes");
    HOST_CHECK(preload_unregister() == SQLITE_OK, "unregisters");
    HOST_CHECK(strcmp(default_name(), "unix") == 0, "%s", default_name());
    make_third("unix", "third");
    HOST_CHECK(take_default("unix") == SQLITE_OK, "takes");
    HOST_CHECK(strcmp(default_name(), "preload") == 0, "%s", default_name());
}

static void a_base_that_leads_to_us_is_refused(void)
{
    HOST_CHECK(take_default(NULL) == SQLITE_OK, "takes");
    veil_load_over("preload", 0);
    HOST_CHECK(take_default("veil") == SQLITE_ERROR, "over the veil");
    HOST_CHECK(!sqlite3_vfs_find("preload-veil"), "registered");
    HOST_CHECK(strcmp(default_name(), "preload") == 0, "%s", default_name());
    make_third("preload", "copy");
    HOST_CHECK(take_default("copy") == SQLITE_ERROR, "over the copy");
    HOST_CHECK(sqlite3_vfs_find(NULL) == &third, "%s", default_name());
}

/* A VFS that asks for the default at each call. */
static int ask_default_time(sqlite3_vfs *vfs, double *out)
{
    sqlite3_vfs *now = sqlite3_vfs_find(NULL);

    (void)vfs;
    return now->xCurrentTime(now, out);
}

static void a_base_that_asks_for_the_default_is_not_made_one(void)
{
    third = *sqlite3_vfs_find("unix");
    third.pNext = NULL;
    third.zName = "asking";
    third.iVersion = 1;
    third.xCurrentTime = ask_default_time;
    HOST_CHECK(sqlite3_vfs_register(&third, 0) == SQLITE_OK, "third");
    HOST_CHECK(take_default("asking") == SQLITE_ERROR, "takes");
    HOST_CHECK(strcmp(default_name(), "unix") == 0, "%s", default_name());
    host_close(host_open("x.db", NULL));
    host_close(host_open("x.db", "preload"));
}

/* The base of an instance that was taken out may be gone since, or another one in its place. */
static void a_base_that_is_gone_is_not_taken_again(void)
{
    static sqlite3_vfs base;
    sqlite3 *db;

    base = *sqlite3_vfs_find("unix");
    base.pNext = NULL;
    base.zName = "base";
    HOST_CHECK(sqlite3_vfs_register(&base, 0) == SQLITE_OK, "base");
    HOST_CHECK(take_default("base") == SQLITE_OK, "takes");
    HOST_CHECK(preload_unregister() == SQLITE_OK, "unregisters");
    HOST_CHECK(sqlite3_vfs_unregister(&base) == SQLITE_OK, "base");
    memset(&base, 0, sizeof base);
    HOST_CHECK(take_default(NULL) == SQLITE_OK, "takes");
    db = host_open("x.db", NULL);
    expect_chain(db, "preload/unix");
    expect_rows(db, 1);
    host_close(db);
    HOST_CHECK(preload_unregister() == SQLITE_OK, "unregisters");
    /* In its place, with a larger file object. */
    base = *sqlite3_vfs_find("unix");
    base.pNext = NULL;
    base.zName = "base";
    base.szOsFile += 256;
    HOST_CHECK(sqlite3_vfs_register(&base, 0) == SQLITE_OK, "base");
    HOST_CHECK(take_default("base") == SQLITE_OK, "takes");
    HOST_CHECK(sqlite3_vfs_find(NULL)->szOsFile >= base.szOsFile, "too small a file object");
}

#ifdef PRELOAD_BUILD
/* The first copy serves, and what stands above it stays. */
static void a_second_copy_steals_no_default(void)
{
    char *error = NULL;
    sqlite3 *db = host_open("x.db", NULL);

    HOST_CHECK(take_default(NULL) == SQLITE_OK, "takes");
    veil_load();
    for (int i = 0; i < 2; i++) {
        HOST_CHECK(host_load_from(db, PRELOAD_BUILD "/preloaddefault", NULL, &error) == SQLITE_OK,
                   "%s", error ? error : "");
        HOST_CHECK(strcmp(default_name(), "veil") == 0, "%s", default_name());
    }
    host_close(db);
}

static void a_second_copy_makes_the_first_the_default(void)
{
    char *error = NULL;
    sqlite3 *db = host_open("x.db", NULL);

    HOST_CHECK(preload_register(NULL) == SQLITE_OK, "registers");
    HOST_CHECK(host_load_from(db, PRELOAD_BUILD "/preloaddefault", NULL, &error) == SQLITE_OK, "%s",
               error ? error : "");
    HOST_CHECK(strcmp(default_name(), "preload") == 0, "%s", default_name());
    host_close(db);
}
#endif
#endif

static const struct host_case cases[] = {
    { "another_shim_above_us_stays", another_shim_above_us_stays },
    { "another_shim_beneath_us_stays", another_shim_beneath_us_stays },
    { "another_shim_beside_us_stays", another_shim_beside_us_stays },
    { "without_being_asked_nothing_becomes_the_default",
      without_being_asked_nothing_becomes_the_default },
    { "after_a_shutdown_we_are_the_default_again", after_a_shutdown_we_are_the_default_again },
    { "after_a_shutdown_another_shim_beneath_us_is_there_again",
      after_a_shutdown_another_shim_beneath_us_is_there_again },
    { "another_way_of_locking_stays", another_way_of_locking_stays },
    { "a_copy_of_ours_stays", a_copy_of_ours_stays },
    { "a_copy_of_ours_of_the_same_name_stays", a_copy_of_ours_of_the_same_name_stays },
#ifndef HOST_LOADS
    { "the_host_is_obeyed_the_first_time_it_asks", the_host_is_obeyed_the_first_time_it_asks },
    { "a_new_registration_may_ask_again", a_new_registration_may_ask_again },
    { "a_base_that_leads_to_us_is_refused", a_base_that_leads_to_us_is_refused },
    { "a_base_that_asks_for_the_default_is_not_made_one",
      a_base_that_asks_for_the_default_is_not_made_one },
    { "a_base_that_is_gone_is_not_taken_again", a_base_that_is_gone_is_not_taken_again },
#ifdef PRELOAD_BUILD
    { "a_second_copy_steals_no_default", a_second_copy_steals_no_default },
    { "a_second_copy_makes_the_first_the_default", a_second_copy_makes_the_first_the_default },
#endif
#endif
};

HOST_MAIN(cases)
