#include "vfs/entry/shim_list.h"
#include "vfs/entry/shim_vfs.h"

#include <stdio.h>
#include <sys/stat.h>

#include "tests/vfs/common.h"
#include "tests/vfs/witness.h"
#include "vfs/process/log.h"

TestSuite(shim, .init = scratch_begin, .fini = scratch_end);

/* The instance over a base: the first one is `preload`. */
static struct text instance_over(const char *base)
{
    struct text name = { "preload" };

    register_over(base);
    if (sqlite3_vfs_find("preload") &&
        ((struct instance *)sqlite3_vfs_find("preload"))->base.vfs != sqlite3_vfs_find(base))
        text_add(&name, "-%s", base);
    cr_assert_not_null(sqlite3_vfs_find(name.s), "%s", name.s);
    return name;
}

#define SLOTS(X)                                                                                   \
    X(xClose)                                                                                      \
    X(xRead)                                                                                       \
    X(xWrite)                                                                                      \
    X(xTruncate)                                                                                   \
    X(xSync)                                                                                       \
    X(xFileSize)                                                                                   \
    X(xLock)                                                                                       \
    X(xUnlock)                                                                                     \
    X(xCheckReservedLock)                                                                          \
    X(xFileControl)                                                                                \
    X(xSectorSize)                                                                                 \
    X(xDeviceCharacteristics)
#define SLOTS_2(X)                                                                                 \
    X(xShmMap)                                                                                     \
    X(xShmLock)                                                                                    \
    X(xShmBarrier)                                                                                 \
    X(xShmUnmap)
#define SLOTS_3(X)                                                                                 \
    X(xFetch)                                                                                      \
    X(xUnfetch)
#define EXPECT_SLOT(slot)                                                                          \
    cr_expect_eq(!ours->slot, !bases->slot, "%s: " #slot " is %s", base,                           \
                 ours->slot ? "set" : "NULL");

static void expect_same_slots(const char *base, const sqlite3_io_methods *ours,
                              const sqlite3_io_methods *bases)
{
    cr_expect_eq(ours->iVersion, bases->iVersion, "%s", base);
    SLOTS(EXPECT_SLOT)
    if (bases->iVersion >= 2) {
        SLOTS_2(EXPECT_SLOT)
    }
    if (bases->iVersion >= 3) {
        SLOTS_3(EXPECT_SLOT)
    }
}

/* One program, under the base and under us: its results, and the file that it leaves. */
static const char *const program[] = {
    "PRAGMA page_size=1024; CREATE TABLE t(a INTEGER PRIMARY KEY, b, c);",
    "CREATE INDEX i ON t(b);",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<500)"
    " INSERT INTO t SELECT i, i*37%101, printf('%0.*d', i%300, i) FROM n;",
    "SELECT count(*), sum(b), sum(length(c)) FROM t WHERE b BETWEEN 10 AND 30;",
    "BEGIN; DELETE FROM t WHERE a%3=0; SAVEPOINT s; UPDATE t SET c=NULL; ROLLBACK TO s; COMMIT;",
    "BEGIN; DELETE FROM t; ROLLBACK;",
    "INSERT INTO t VALUES(1, 2, 3);", /* fails */
    "PRAGMA journal_mode=WAL;",
    "UPDATE t SET b=b+1 WHERE a%2=0;",
    "PRAGMA wal_checkpoint;",
    "SELECT group_concat(b) FROM (SELECT b FROM t ORDER BY a LIMIT 20);",
    "PRAGMA journal_mode=DELETE;",
    "PRAGMA mmap_size=1000000;",
    "SELECT sum(length(c)) FROM t;",
    "PRAGMA auto_vacuum; VACUUM;",
    "PRAGMA page_size=4096; VACUUM;",
    "PRAGMA integrity_check;",
    "SELECT * FROM nowhere;",
    "PRAGMA page_count;",
};

static struct text run_program(const char *path, const char *vfs)
{
    sqlite3 *db = db_open(path, vfs);
    struct text results = { "" };

    for (size_t i = 0; i < COUNT(program); i++)
        text_add(&results, "%zu: %s\n", i, db_text(db, program[i]).s);
    db_close(db);
    return results;
}

static void expect_same_program(const char *base, const char *ours)
{
    struct path plain = scratch("plain.db");
    struct path wrapped = scratch("wrapped.db");
    struct text want;
    struct text got;

    (void)remove(plain.s);
    (void)remove(wrapped.s);
    want = run_program(plain.s, base);
    got = run_program(wrapped.s, ours);
    cr_expect_str_eq(got.s, want.s, "%s: got\n%s\nwant\n%s", base, got.s, want.s);
    cr_expect(file_equal(plain.s, wrapped.s), "%s: the files differ", base);
}

static void expect_same_file(const char *base, const char *ours)
{
    struct path path = scratch("x.db");
    sqlite3 *a = db_open(path.s, base);
    sqlite3 *b;
    sqlite3_file *plain;
    sqlite3_file *wrapped;
    char *name = NULL;
    struct text want = { "" };

    /* A lock file of the base's would keep the second one out. */
    b = db_open(path.s, ours);
    plain = db_file(a);
    wrapped = db_file(b);
    expect_same_slots(base, wrapped->pMethods, plain->pMethods);
    cr_expect_eq(wrapped->pMethods->xDeviceCharacteristics(wrapped),
                 plain->pMethods->xDeviceCharacteristics(plain));
    cr_expect_eq(wrapped->pMethods->xSectorSize(wrapped), plain->pMethods->xSectorSize(plain));
    cr_expect_eq(sqlite3_file_control(b, "main", SQLITE_FCNTL_VFSNAME, (void *)&name), SQLITE_OK);
    text_add(&want, "preload/%s", strcmp(base, "witness") == 0 ? "unix" : base);
    cr_expect_str_eq(name, want.s);
    sqlite3_free(name);
    db_close(b);
    db_close(a);
}

static void expect_same_vfs(const char *base_name, const char *our_name)
{
    sqlite3_vfs *base = sqlite3_vfs_find(base_name);
    sqlite3_vfs *ours = sqlite3_vfs_find(our_name);

    cr_expect_eq(ours->iVersion, base->iVersion);
    cr_expect_eq(ours->mxPathname, base->mxPathname);
    cr_expect_eq(ours->szOsFile, base->szOsFile);
    cr_expect_eq(!ours->xDlOpen, !base->xDlOpen);
    cr_expect_eq(!ours->xGetLastError, !base->xGetLastError);
    cr_expect_eq(!ours->xCurrentTime, !base->xCurrentTime);
    if (base->iVersion >= 2) cr_expect_eq(!ours->xCurrentTimeInt64, !base->xCurrentTimeInt64);
    if (base->iVersion < 3) return;
    cr_expect_eq(!ours->xSetSystemCall, !base->xSetSystemCall);
    if (!base->xGetSystemCall) return;
    cr_expect_eq(ours->xGetSystemCall(ours, "open"), base->xGetSystemCall(base, "open"));
    cr_expect_str_eq(ours->xNextSystemCall(ours, NULL), base->xNextSystemCall(base, NULL));
    cr_expect_eq(ours->xSetSystemCall(ours, "no such call", NULL),
                 base->xSetSystemCall(base, "no such call", NULL));
}

static void expect_same(const char *base)
{
    struct text ours = instance_over(base);

    expect_same_vfs(base, ours.s);
    expect_same_file(base, ours.s);
    expect_same_program(base, ours.s);
    cr_expect_eq(preload_shim_open_files(), 0);
    cr_expect_eq(preload_log_errors(), 0, "%s", log_heard());
}

static const char *const unix_bases[] = { "unix", "unix-none", "unix-dotfile", "unix-excl" };

Test(shim, no_program_can_tell_it_from_a_unix_base)
{
    log_listen();
    for (size_t i = 0; i < COUNT(unix_bases); i++)
        expect_same(unix_bases[i]);
}

Test(shim, no_program_can_tell_it_from_a_base_of_version_1)
{
    witness_register((struct witness_shape){ .version = 1 });
    expect_same_file("witness", instance_over("witness").s);
    expect_same_program("witness", "preload");
}

Test(shim, no_program_can_tell_it_from_a_base_without_shared_memory)
{
    witness_register((struct witness_shape){ .version = 2, .without_shm = true });
    expect_same_file("witness", instance_over("witness").s);
    expect_same_program("witness", "preload");
}

Test(shim, no_program_can_tell_it_from_a_base_without_fetch)
{
    witness_register((struct witness_shape){ .version = 2 });
    expect_same_file("witness", instance_over("witness").s);
    expect_same_program("witness", "preload");
}

/* iVersion 3 and NULL there: SQLite itself cannot open that, so the tables are compared and no
 * more. */
Test(shim, a_fetch_that_the_base_lacks_is_lacking)
{
    struct path path = scratch("x.db");
    sqlite3_vfs *vfs;
    sqlite3_file *file;
    char *name;
    int rc;

    witness_register((struct witness_shape){ .version = 3, .null_fetch = true });
    vfs = sqlite3_vfs_find(instance_over("witness").s);
    file = calloc(1, (size_t)vfs->szOsFile);
    name = (char *)sqlite3_create_filename(path.s, "", "", 0, NULL);
    rc = vfs->xOpen(vfs, name, file,
                    SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    cr_assert_eq(rc, SQLITE_OK);
    cr_expect_eq(file->pMethods->iVersion, 3);
    cr_expect_null(file->pMethods->xFetch);
    cr_expect_null(file->pMethods->xUnfetch);
    cr_expect_not_null(file->pMethods->xShmMap);
    cr_expect_eq(file->pMethods->xClose(file), SQLITE_OK);
    cr_expect_null(file->pMethods);
    free(file);
    sqlite3_free_filename(name);
}

/* One of os_unix's first version, without the slots of later ones. */
Test(shim, a_vfs_of_version_1_has_no_later_methods)
{
    static sqlite3_vfs old;
    sqlite3_vfs *ours;

    old = *sqlite3_vfs_find("unix");
    old.pNext = NULL;
    old.zName = "old";
    old.iVersion = 1;
    old.mxPathname = 300;
    old.xDlOpen = NULL;
    cr_assert_eq(sqlite3_vfs_register(&old, 0), SQLITE_OK);
    ours = sqlite3_vfs_find(instance_over("old").s);
    expect_same_vfs("old", ours->zName);
    cr_expect_eq(ours->mxPathname, 300);
    cr_expect_null(ours->xCurrentTimeInt64);
    cr_expect_null(ours->xSetSystemCall);
    cr_expect_null(ours->xDlOpen);
    expect_same_program("old", ours->zName);
}

/* The rest of the suite holds one file open by hand, over the witness. */
struct open_file {
    sqlite3_vfs *vfs;
    sqlite3_file *file;
    char *name;
    int rc;
    int out_flags;
};

static struct open_file open_by_hand(int flags, bool with_out_flags)
{
    struct path path = scratch("x.db");
    struct open_file open = { .out_flags = -1 };

    open.vfs = sqlite3_vfs_find("preload");
    open.file = malloc((size_t)open.vfs->szOsFile);
    cr_assert_not_null(open.file);
    memset(open.file, 0xaa, (size_t)open.vfs->szOsFile);
    open.file->pMethods = NULL;
    open.name = (char *)sqlite3_create_filename(path.s, "", "", 0, NULL);
    open.rc = open.vfs->xOpen(open.vfs, open.name, open.file, flags,
                              with_out_flags ? &open.out_flags : NULL);
    return open;
}

static void free_by_hand(struct open_file *open)
{
    free(open->file);
    sqlite3_free_filename(open->name);
}

#define MAIN_FLAGS (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)

static const int open_codes[] = { SQLITE_CANTOPEN,         SQLITE_NOMEM, SQLITE_IOERR, SQLITE_PERM,
                                  SQLITE_CANTOPEN_SYMLINK, SQLITE_BUSY };

Test(shim, an_open_that_fails_passes_its_code_and_leaves_no_methods)
{
    witness_register((struct witness_shape){ 0 });
    (void)instance_over("witness");
    for (size_t i = 0; i < 2 * COUNT(open_codes); i++) {
        struct open_file open;

        witness_forget();
        witness_keep_methods(i >= COUNT(open_codes));
        witness_answer(WITNESS_OPEN, open_codes[i % COUNT(open_codes)]);
        open = open_by_hand(MAIN_FLAGS, i % 2 == 0);
        cr_expect_eq(open.rc, open_codes[i % COUNT(open_codes)], "row %zu: got %d", i, open.rc);
        cr_expect_null(open.file->pMethods, "row %zu", i);
        cr_expect_eq(witness_open_files(), 0, "row %zu: left open", i);
        cr_expect_eq(preload_shim_open_files(), 0);
        free_by_hand(&open);
    }
}

Test(shim, the_flags_that_the_base_grants_come_back)
{
    struct path path = scratch("x.db");
    struct open_file open;

    obey_permissions();
    register_over(NULL);
    file_write(path.s, "", 0);
    open = open_by_hand(MAIN_FLAGS, true);
    cr_assert_eq(open.rc, SQLITE_OK);
    cr_expect_eq(open.out_flags & (SQLITE_OPEN_READWRITE | SQLITE_OPEN_READONLY),
                 SQLITE_OPEN_READWRITE);
    cr_expect_eq(open.file->pMethods->xClose(open.file), SQLITE_OK);
    free_by_hand(&open);
    cr_assert_eq(chmod(path.s, 0444), 0);
    open = open_by_hand(MAIN_FLAGS, true);
    cr_assert_eq(open.rc, SQLITE_OK);
    cr_expect(open.out_flags & SQLITE_OPEN_READONLY, "%x", (unsigned)open.out_flags);
    cr_expect_eq(open.file->pMethods->xClose(open.file), SQLITE_OK);
    free_by_hand(&open);
    open = open_by_hand(MAIN_FLAGS, false);
    cr_assert_eq(open.rc, SQLITE_OK);
    cr_expect_eq(open.file->pMethods->xClose(open.file), SQLITE_OK);
    free_by_hand(&open);
}

static const int other_kinds[] = {
    SQLITE_OPEN_MAIN_JOURNAL,
    SQLITE_OPEN_SUPER_JOURNAL,
    SQLITE_OPEN_TEMP_DB,
    SQLITE_OPEN_TEMP_JOURNAL,
    SQLITE_OPEN_TRANSIENT_DB,
    SQLITE_OPEN_SUBJOURNAL,
    SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_DELETEONCLOSE,
};

/* Opened straight into the base's object: the table is one of os_unix's, not one of ours. */
Test(shim, other_files_than_main_databases_are_the_bases_own)
{
    sqlite3_vfs *unix_vfs = sqlite3_vfs_find("unix");

    register_over(NULL);
    for (size_t i = 0; i < COUNT(other_kinds); i++) {
        const int flags = other_kinds[i] | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        struct open_file open = open_by_hand(flags, false);
        sqlite3_file *plain = calloc(1, (size_t)unix_vfs->szOsFile);

        cr_assert_eq(open.rc, SQLITE_OK, "row %zu", i);
        cr_assert_eq(unix_vfs->xOpen(unix_vfs, open.name, plain, flags, NULL), SQLITE_OK);
        cr_expect_eq(open.file->pMethods, plain->pMethods, "row %zu", i);
        cr_expect_eq(open.file->pMethods->xClose(open.file), SQLITE_OK);
        cr_expect_eq(plain->pMethods->xClose(plain), SQLITE_OK);
        free(plain);
        free_by_hand(&open);
    }
}

Test(shim, a_file_without_a_name_is_the_bases_own)
{
    sqlite3_vfs *vfs;
    sqlite3_file *file;

    register_over(NULL);
    vfs = sqlite3_vfs_find("preload");
    file = calloc(1, (size_t)vfs->szOsFile);
    cr_assert_eq(vfs->xOpen(vfs, NULL, file,
                            SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                                SQLITE_OPEN_DELETEONCLOSE | SQLITE_OPEN_EXCLUSIVE,
                            NULL),
                 SQLITE_OK);
    cr_expect_eq(preload_shim_open_files(), 0);
    cr_expect_eq(file->pMethods->xClose(file), SQLITE_OK);
    free(file);
}

static int call_later_method(sqlite3_file *file, enum witness_call call)
{
    const sqlite3_io_methods *methods = file->pMethods;
    void volatile *region = NULL;
    void *mapped = NULL;

    if (call == WITNESS_SHM_MAP) return methods->xShmMap(file, 0, 32768, 0, &region);
    if (call == WITNESS_SHM_LOCK)
        return methods->xShmLock(file, 3, 1, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED);
    if (call == WITNESS_SHM_UNMAP) return methods->xShmUnmap(file, 0);
    if (call == WITNESS_FETCH) return methods->xFetch(file, 8192, 4096, &mapped);
    if (call == WITNESS_UNFETCH) return methods->xUnfetch(file, 8192, NULL);
    return -1;
}

/* Calls one method with some arguments. */
static int call_method(sqlite3_file *file, enum witness_call call)
{
    static char bytes[4096];
    const sqlite3_io_methods *methods = file->pMethods;
    sqlite3_int64 size = 0;
    int out = 0;

    if (call == WITNESS_READ) return methods->xRead(file, bytes, 4096, 8192);
    if (call == WITNESS_WRITE) return methods->xWrite(file, bytes, 4096, 8192);
    if (call == WITNESS_TRUNCATE) return methods->xTruncate(file, 4096);
    if (call == WITNESS_SYNC) return methods->xSync(file, SQLITE_SYNC_NORMAL);
    if (call == WITNESS_FILE_SIZE) return methods->xFileSize(file, &size);
    if (call == WITNESS_LOCK) return methods->xLock(file, SQLITE_LOCK_SHARED);
    if (call == WITNESS_UNLOCK) return methods->xUnlock(file, SQLITE_LOCK_NONE);
    if (call == WITNESS_CHECK_RESERVED_LOCK) return methods->xCheckReservedLock(file, &out);
    if (call == WITNESS_FILE_CONTROL) return methods->xFileControl(file, 12345, &out);
    if (call == WITNESS_SECTOR_SIZE) return methods->xSectorSize(file);
    if (call == WITNESS_DEVICE_CHARACTERISTICS) return methods->xDeviceCharacteristics(file);
    return call_later_method(file, call);
}

static const int answers[] = {
    SQLITE_IOERR_READ,  SQLITE_IOERR_SHORT_READ,
    SQLITE_IOERR_WRITE, SQLITE_FULL,
    SQLITE_BUSY,        SQLITE_NOMEM,
    SQLITE_PROTOCOL,    SQLITE_NOTFOUND,
    SQLITE_READONLY,    SQLITE_CORRUPT_VTAB,
    SQLITE_INTERRUPT,   99999,
};

Test(shim, what_a_method_answers_is_what_the_base_answered)
{
    struct open_file open;

    witness_register((struct witness_shape){ 0 });
    (void)instance_over("witness");
    open = open_by_hand(MAIN_FLAGS, true);
    cr_assert_eq(open.rc, SQLITE_OK);
    for (int call = WITNESS_READ; call < WITNESS_CALL_COUNT; call++) {
        for (size_t i = 0; call != WITNESS_SHM_BARRIER && i < COUNT(answers); i++) {
            int rc;

            witness_forget();
            witness_answer((enum witness_call)call, answers[i]);
            rc = call_method(open.file, (enum witness_call)call);
            cr_expect_eq(rc, answers[i], "call %d: got %d, want %d", call, rc, answers[i]);
            cr_expect_eq(witness_len(), 1, "call %d: asked %zu times", call, witness_len());
            cr_expect_eq(witness_at(0).call, (enum witness_call)call);
        }
        witness_answer((enum witness_call)call, -1);
    }
    witness_answer(WITNESS_CLOSE, SQLITE_IOERR_CLOSE);
    cr_expect_eq(open.file->pMethods->xClose(open.file), SQLITE_IOERR_CLOSE);
    cr_expect_null(open.file->pMethods);
    free_by_hand(&open);
}

static const struct place {
    enum witness_call call;
    int amount;
    sqlite3_int64 offset;
} places[] = {
    { WITNESS_READ, 4096, 8192 },       { WITNESS_WRITE, 4096, 8192 },
    { WITNESS_TRUNCATE, 0, 4096 },      { WITNESS_FETCH, 4096, 8192 },
    { WITNESS_UNFETCH, 0, 8192 },       { WITNESS_LOCK, 1, 0 },
    { WITNESS_FILE_CONTROL, 12345, 0 }, { WITNESS_UNLOCK, 0, 0 },
};

Test(shim, what_a_method_asks_is_what_it_was_asked)
{
    struct open_file open;

    witness_register((struct witness_shape){ 0 });
    (void)instance_over("witness");
    open = open_by_hand(MAIN_FLAGS, true);
    for (size_t i = 0; i < COUNT(places); i++) {
        witness_forget();
        (void)call_method(open.file, places[i].call);
        cr_assert_eq(witness_len(), 1, "row %zu", i);
        cr_expect_eq(witness_at(0).call, places[i].call, "row %zu", i);
        cr_expect_eq(witness_at(0).amount, places[i].amount, "row %zu", i);
        cr_expect_eq(witness_at(0).offset, places[i].offset, "row %zu", i);
    }
    cr_expect_eq(open.file->pMethods->xClose(open.file), SQLITE_OK);
    free_by_hand(&open);
}

static int name_of(sqlite3_file *file, char **name)
{
    *name = NULL;
    return file->pMethods->xFileControl(file, SQLITE_FCNTL_VFSNAME, name);
}

Test(shim, the_name_stands_before_the_bases_name)
{
    struct open_file open;
    char *name;

    witness_register((struct witness_shape){ 0 });
    (void)instance_over("witness");
    open = open_by_hand(MAIN_FLAGS, true);
    cr_expect_eq(name_of(open.file, &name), SQLITE_OK);
    cr_expect_str_eq(name, "preload/unix");
    sqlite3_free(name);
    witness_answer(WITNESS_FILE_CONTROL, SQLITE_NOTFOUND);
    cr_expect_eq(name_of(open.file, &name), SQLITE_OK);
    cr_expect_str_eq(name, "preload");
    sqlite3_free(name);
    witness_answer(WITNESS_FILE_CONTROL, SQLITE_NOMEM);
    cr_expect_eq(name_of(open.file, &name), SQLITE_NOMEM);
    cr_expect_null(name);
    cr_expect_eq(open.file->pMethods->xClose(open.file), SQLITE_OK);
    free_by_hand(&open);
}
