/* An application and a plugin that each bring an SQLite of their own, and load the extension, of
 * which there is one. */
#include <dlfcn.h>
#include <sqlite3ext.h>
#include <string.h>

#include "tests/hosts/brought.h"

static void both_work_and_the_second_is_idle(const char *entry, bool first_closes_first)
{
    struct copy a = { 0 };
    struct copy b = { 0 };

    bring_and_load(&a, "one.so", entry);
    bring_and_load(&b, "two.so", entry);
    for (int round = 0; round < 3; round++) {
        use_both(&a, &b);
        is_served(&a);
        is_idle(&b);
        CHECK(strcmp(b.find(NULL)->zName, "unix") == 0, "%s", b.find(NULL)->zName);
        CHECK(a.find("preload") != b.find("preload"), "one VFS in two lists");
        close_db(first_closes_first ? &a : &b);
        check_all(first_closes_first ? &b : &a);
        close_db(first_closes_first ? &b : &a);
        load(&b, entry); /* once more, on a connection of either */
        is_idle(&b);
        load(&a, entry);
        expect(&a, "SELECT preload_version()", PRELOAD_VERSION);
        close_db(&b);
        close_db(&a);
    }
}

static void by_either_entry_in_either_order(void)
{
    both_work_and_the_second_is_idle("sqlite3_preload_init", true);
}

static void the_second_closes_first(void)
{
    both_work_and_the_second_is_idle("sqlite3_preloaddefault_init", false);
}

/* While its rows are read. */
static void in_a_statement_the_second_loads_again(void)
{
    int (*allow)(sqlite3 *, int);
    struct copy a = { 0 };
    struct copy b = { 0 };

    bring_and_load(&a, "one.so", NULL);
    bring(&b, "two.so");
    load(&b, NULL);
    find_symbol(&allow, b.library, "sqlite3_enable_load_extension");
    CHECK(allow(b.db, 1) == SQLITE_OK, "load_extension()");
    expect(&b,
           "SELECT group_concat(name || (load_extension('" HOST_LOADS "/preload') IS NULL))"
           " FROM preload_stats",
           "state1,reason1");
    close_db(&b);
}

/* Both are used, and unloaded and loaded again: at the same place or, with something in between,
 * elsewhere. */
static void unloaded_and_loaded_again(void)
{
    struct copy a = { 0 };
    struct copy between[5] = { 0 };

    for (int round = 0; round < 5; round++) {
        char name[32];

        bring_and_load(&a, "one.so",
                       round % 2 ? "sqlite3_preload_init" : "sqlite3_preloaddefault_init");
        open_db(&a, "file:a.db?vfs=preload");
        write_some(&a);
        check_all(&a);
        is_served(&a);
        close_db(&a);
        CHECK(dlclose(a.library) == 0, "%s", dlerror());
        CHECK(!dlopen(a.path, RTLD_NOW | RTLD_NOLOAD), "it stayed, so nothing was tried");
        (void)snprintf(name, sizeof name, "between%d.so", round);
        bring(&between[round], name);
    }
}

/* The first goes while the second is there, and comes back. */
static void the_first_goes_and_comes_back(void)
{
    struct copy a = { 0 };
    struct copy b = { 0 };

    bring_and_load(&a, "one.so", "sqlite3_preloaddefault_init");
    bring_and_load(&b, "two.so", "sqlite3_preloaddefault_init");
    use_both(&a, &b);
    close_db(&a);
    CHECK(dlclose(a.library) == 0, "%s", dlerror());
    check_all(&b);
    close_db(&b);
    bring_and_load(&b, "two.so", "sqlite3_preloaddefault_init");
    open_db(&b, "file:b.db?vfs=preload");
    is_idle(&b);
    bring_and_load(&a, "one.so", "sqlite3_preloaddefault_init");
    open_db(&a, "file:a.db?vfs=preload");
    check_all(&a);
    is_served(&a);
    close_db(&a);
    close_db(&b);
}

/* The one that is left is served from then on, when it had not asked before. */
static void another_comes_when_the_first_has_gone(void)
{
    struct copy a = { 0 };
    struct copy b = { 0 };

    bring(&b, "two.so");
    bring_and_load(&a, "one.so", "sqlite3_preloaddefault_init");
    open_db(&a, "a.db");
    write_some(&a);
    is_served(&a);
    close_db(&a);
    CHECK(dlclose(a.library) == 0, "%s", dlerror());
    load(&b, "sqlite3_preloaddefault_init");
    close_db(&b);
    open_db(&b, "a.db");
    check_all(&b);
    is_served(&b);
    close_db(&b);
}

/* A connection may be using it. */
static void the_vfs_of_the_idle_one_stays_as_it_is(void)
{
    struct copy a = { 0 };
    struct copy b = { 0 };
    sqlite3_vfs *vfs, was;

    bring_and_load(&a, "one.so", NULL);
    bring_and_load(&b, "two.so", NULL);
    vfs = b.find("preload");
    was = *vfs;
    for (int i = 0; i < 2; i++) {
        CHECK(b.remove(b.find("preload")) == SQLITE_OK, "remove");
        CHECK(b.add(b.find(i ? "unix" : "unix-none"), 1) == SQLITE_OK, "add");
        load(&b, NULL);
        is_idle(&b);
        close_db(&b);
        CHECK(vfs->pAppData == was.pAppData && vfs->xOpen == was.xOpen, "it was written to");
        CHECK((b.find("preload") == vfs) == (i == 1), "round %d", i);
    }
}

/* It calls the connections' SQLite no more, which is no longer there. */
static void unloaded_with_a_connection_open(void)
{
    struct copy a = { 0 };
    struct copy b = { 0 };

    bring(&b, "two.so");
    bring_and_load(&a, "one.so", "sqlite3_preloaddefault_init");
    open_db(&a, "a.db");
    write_some(&a);
    CHECK(dlclose(a.library) == 0, "%s", dlerror());
    load(&b, "sqlite3_preloaddefault_init");
    close_db(&b);
    open_db(&b, "file:a.db?vfs=preload");
    check_all(&b);
    is_idle(&b);
    close_db(&b);
}

static char *program_name; /* argv[0] */

/* As that of an SQLite which is linked into the program. */
static sqlite3_api_routines table;

static int keep_table(sqlite3 *db, char **error, const sqlite3_api_routines *api)
{
    (void)db;
    (void)error;
    table = *api;
    return SQLITE_OK;
}

static const sqlite3_api_routines *table_of(struct copy *copy)
{
    int (*add)(void (*)(void));
    int (*cancel)(void (*)(void));

    find_symbol(&add, copy->library, "sqlite3_auto_extension");
    find_symbol(&cancel, copy->library, "sqlite3_cancel_auto_extension");
    CHECK(add((void (*)(void))keep_table) == SQLITE_OK, "auto-extension");
    open_db(copy, ":memory:");
    close_db(copy);
    (void)cancel((void (*)(void))keep_table);
    return &table;
}

/* As a program does that says in `ps` what it works on. */
static void the_first_is_the_programs_which_names_itself_anew(void)
{
    int (*init)(sqlite3 *, char **, const sqlite3_api_routines *);
    struct copy a = { 0 };
    struct copy b = { 0 };
    void *extension = dlopen(HOST_LOADS "/preload.so", RTLD_NOW | RTLD_LOCAL);

    CHECK(extension, "%s", dlerror());
    find_symbol(&init, extension, "sqlite3_preload_init");
    bring(&a, "one.so");
    (void)init(NULL, NULL, table_of(&a));
    memset(program_name, 'x', strlen(program_name));
    bring_and_load(&b, "two.so", NULL);
    use_both(&a, &b);
    is_served(&a);
    is_idle(&b);
    close_db(&b);
    close_db(&a);
}

static const struct brought_case cases[] = {
    { "by_either_entry_in_either_order", by_either_entry_in_either_order },
    { "the_second_closes_first", the_second_closes_first },
    { "in_a_statement_the_second_loads_again", in_a_statement_the_second_loads_again },
    { "unloaded_and_loaded_again", unloaded_and_loaded_again },
    { "the_first_goes_and_comes_back", the_first_goes_and_comes_back },
    { "another_comes_when_the_first_has_gone", another_comes_when_the_first_has_gone },
    { "the_vfs_of_the_idle_one_stays_as_it_is", the_vfs_of_the_idle_one_stays_as_it_is },
    { "unloaded_with_a_connection_open", unloaded_with_a_connection_open },
    { "the_first_is_the_programs_which_names_itself_anew",
      the_first_is_the_programs_which_names_itself_anew },
};

int main(int argc, char **argv)
{
    program_name = argv[0];
    return brought_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
