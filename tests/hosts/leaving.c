/* What a host gets that takes us out, and what it gets when it registers us again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hosts/host.h"

static sqlite3_vfs base;

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

static const struct host_case cases[] = {
    { "an_open_that_fails_leaves_no_methods", an_open_that_fails_leaves_no_methods },
};

HOST_MAIN(cases)
