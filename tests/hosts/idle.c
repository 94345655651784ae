/* The VFS that the second SQLite of a process finds under our name. */
#include <stdlib.h>
#include <string.h>

#include "tests/hosts/brought.h"

/* Its struct goes on behind SQLite's. */
struct derived {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    int opened;
};

static struct derived *derived_of(sqlite3_vfs *vfs)
{
    return (struct derived *)vfs;
}

static int derived_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                        int *out_flags)
{
    sqlite3_vfs *real = derived_of(vfs)->real;

    derived_of(vfs)->opened++;
    return real->xOpen(real, name, file, flags, out_flags);
}

static int derived_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    sqlite3_vfs *real = derived_of(vfs)->real;

    return real->xAccess(real, name, flags, out);
}

/* By default. What the system's has and this one has not is nobody's to call. */
static struct derived *let_derived_be_default(struct copy *copy)
{
    struct derived *derived = calloc(1, sizeof *derived);
    int (*add)(sqlite3_vfs *, int);

    CHECK(derived, "no memory");
    find_symbol(&add, copy->library, "sqlite3_vfs_register");
    derived->real = copy->find("unix");
    derived->vfs = *derived->real;
    derived->vfs.iVersion = 2;
    derived->vfs.zName = "derived";
    derived->vfs.xOpen = derived_open;
    derived->vfs.xAccess = derived_access;
    derived->vfs.xGetLastError = NULL;
    CHECK(add(&derived->vfs, 1) == SQLITE_OK, "derived");
    return derived;
}

static void is_as(const sqlite3_vfs *idle, const sqlite3_vfs *usual)
{
    CHECK(idle->szOsFile == usual->szOsFile, "%d", idle->szOsFile);
    CHECK(idle->mxPathname == usual->mxPathname, "%d", idle->mxPathname);
    CHECK(idle->iVersion == usual->iVersion, "%d", idle->iVersion);
    CHECK(!idle->xGetLastError == !usual->xGetLastError, "a method that its VFS has not");
    CHECK(!idle->xDlOpen == !usual->xDlOpen, "a method that its VFS has not");
}

static void the_seconds_default_has_a_larger_struct(void)
{
    struct copy a = { 0 };
    struct copy b = { 0 };
    const struct derived *derived;

    bring_and_load(&a, "one.so", NULL);
    bring(&b, "two.so");
    open_db(&b, ":memory:");
    close_db(&b);
    derived = let_derived_be_default(&b);
    bring_and_load(&b, "two.so", NULL);
    is_as(b.find("preload"), &derived->vfs);
    open_db(&b, "file:b.db?vfs=preload");
    CHECK(derived->opened > 0, "somebody else was asked");
    run(&b, "PRAGMA journal_mode=DELETE");
    write_some(&b);
    check_all(&b);
    is_idle(&b);
    close_db(&b);
}

/* By a method that it copied from the VFS that it found. */
static void the_second_lends_its_methods(void)
{
    struct copy a = { 0 };
    struct copy b = { 0 };
    sqlite3_vfs host = { 0 };
    sqlite3_vfs *idle;
    int there = -1;

    bring_and_load(&a, "one.so", NULL);
    bring(&b, "two.so");
    open_db(&b, ":memory:");
    close_db(&b);
    (void)let_derived_be_default(&b);
    bring_and_load(&b, "two.so", NULL);
    idle = b.find("preload");
    host.pAppData = &there;
    CHECK(idle->xAccess(&host, "two.so", SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK && there == 1,
          "%d", there);
    host = *idle;
    there = -1;
    CHECK(host.xAccess(&host, "two.so", SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK && there == 1,
          "%d", there);
}

static void the_seconds_default_goes(void)
{
    int (*take_out)(sqlite3_vfs *);
    struct copy a = { 0 };
    struct copy b = { 0 };
    struct derived *derived;

    bring_and_load(&a, "one.so", NULL);
    bring(&b, "two.so");
    open_db(&b, ":memory:");
    close_db(&b);
    derived = let_derived_be_default(&b);
    bring_and_load(&b, "two.so", NULL);
    find_symbol(&take_out, b.library, "sqlite3_vfs_unregister");
    CHECK(take_out(&derived->vfs) == SQLITE_OK, "derived");
    memset(derived, 0x5a, sizeof *derived);
    free(derived);
    open_db(&b, "b.db"); /* by what SQLite has for a default now */
    write_some(&b);
    close_db(&b);
    open_db(&b, "file:b.db?vfs=preload");
    check_all(&b);
    expect(&b, "SELECT julianday('now') > 0", "1");
    is_idle(&b);
    close_db(&b);
}

static const struct brought_case cases[] = {
    { "the_seconds_default_has_a_larger_struct", the_seconds_default_has_a_larger_struct },
    { "the_second_lends_its_methods", the_second_lends_its_methods },
    { "the_seconds_default_goes", the_seconds_default_goes },
};

BROUGHT_MAIN(cases)
