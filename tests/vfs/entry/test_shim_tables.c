#include "vfs/entry/shim_tables.h"

#include <stdlib.h>

#include "tests/vfs/common.h"
#include "vfs/entry/shim_list.h"
#include "vfs/entry/shim_vfs.h"

TestSuite(shim_tables, .init = scratch_begin, .fini = scratch_end);

/* What differs here is the version. */
static sqlite3_io_methods table(int version)
{
    sqlite3_io_methods methods;

    memset(&methods, 0, sizeof methods);
    methods.iVersion = version;
    return methods;
}

Test(shim_tables, equal_tables_are_one_and_last)
{
    sqlite3_io_methods first = table(1);
    sqlite3_io_methods second = table(2);
    const sqlite3_io_methods *kept = preload_shim_table(&first);

    cr_assert_not_null(kept);
    cr_expect(kept != &first);
    cr_expect_neq(preload_shim_table(&second), kept);
    cr_expect_eq(preload_shim_table(&first), kept);
    second = table(1);
    cr_expect_eq(preload_shim_table(&second), kept);
    cr_expect_eq(kept->iVersion, 1);
}

Test(shim_tables, there_are_only_so_many)
{
    for (int i = 0; i < 2 * SHIM_TABLES_MAX; i++) {
        sqlite3_io_methods methods = table(i);

        cr_expect_eq(preload_shim_table(&methods) != NULL, i < SHIM_TABLES_MAX, "table %d", i);
    }
    for (int i = 0; i < SHIM_TABLES_MAX; i++) {
        sqlite3_io_methods methods = table(i);
        const sqlite3_io_methods *kept = preload_shim_table(&methods);

        cr_assert_not_null(kept, "table %d", i);
        cr_expect_eq(kept->iVersion, i);
    }
}

/* A base whose files are of ever other kinds: one lacks this method, one that. */
static sqlite3_io_methods kinds[2 * SHIM_TABLES_MAX];
static size_t opened;
static size_t closed;

static int counted_close(sqlite3_file *file)
{
    closed++;
    return ((sqlite3_io_methods *)sqlite3_vfs_find("odd")->pAppData)->xClose(file);
}

static int odd_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *out_flags)
{
    static sqlite3_io_methods original;
    sqlite3_vfs *base = sqlite3_vfs_find("unix");
    sqlite3_io_methods *kind = &kinds[opened % COUNT(kinds)];
    int rc = base->xOpen(base, name, file, flags, out_flags);

    if (rc != SQLITE_OK) return rc;
    original = *file->pMethods;
    vfs->pAppData = &original;
    *kind = original;
    kind->xClose = counted_close;
    if (opened & 1) kind->xTruncate = NULL;
    if (opened & 2) kind->xSync = NULL;
    if (opened & 4) kind->xFileSize = NULL;
    if (opened & 8) kind->xSectorSize = NULL;
    if (opened & 16) kind->xDeviceCharacteristics = NULL;
    opened++;
    file->pMethods = kind;
    return SQLITE_OK;
}

/* `file` is one of these and has the base's own table. */
static bool is_the_bases(const sqlite3_file *file)
{
    return file->pMethods >= kinds && file->pMethods < kinds + COUNT(kinds);
}

Test(shim_tables, a_file_for_which_there_is_none_is_opened_straight)
{
    const int flags = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    struct path path = scratch("x.db");
    char *name = (char *)sqlite3_create_filename(path.s, "", "", 0, NULL);
    static sqlite3_vfs odd;
    sqlite3_vfs *vfs;

    odd = *sqlite3_vfs_find("unix");
    odd.pNext = NULL;
    odd.zName = "odd";
    odd.xOpen = odd_open;
    cr_assert_eq(sqlite3_vfs_register(&odd, 0), SQLITE_OK);
    register_over("odd");
    vfs = sqlite3_vfs_find("preload");
    for (size_t i = 0; i < 2 * SHIM_TABLES_MAX; i++) {
        sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);

        cr_assert_eq(vfs->xOpen(vfs, name, file, flags, NULL), SQLITE_OK, "open %zu", i);
        cr_expect_eq(is_the_bases(file), i >= SHIM_TABLES_MAX, "open %zu", i);
        cr_expect_eq(preload_shim_open_files(), i < SHIM_TABLES_MAX);
        cr_expect_eq(file->pMethods->xClose(file), SQLITE_OK, "open %zu", i);
        cr_expect_eq(closed, opened, "open %zu: %zu left open", i, opened - closed);
        opened = i + 1;
        closed = opened;
        free(file);
    }
    sqlite3_free_filename(name);
}
