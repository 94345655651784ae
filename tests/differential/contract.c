/* Every method of every version reaches the base once, with the same arguments, and what it answers
 * goes back unchanged; and no lock of the process is lost to a descriptor of ours.
 *
 * usage: contract        (in a folder that it may write to) */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/differential/check.h"
#include "tests/differential/contract.h"
#include "tests/differential/scripted.h"
#include "vfs/preload.h"

static const int codes[] = {
    SQLITE_OK,
    SQLITE_IOERR_SHORT_READ,
    SQLITE_IOERR_READ,
    SQLITE_IOERR_FSYNC,
    SQLITE_BUSY,
    SQLITE_BUSY_SNAPSHOT,
    SQLITE_FULL,
    SQLITE_NOMEM,
    SQLITE_IOERR_LOCK,
    SQLITE_READONLY,
    SQLITE_NOTFOUND,
    SQLITE_CANTOPEN,
    SQLITE_IOERR_BEGIN_ATOMIC,
};

static char database[] = "contract.db";

/* From now on the base answers so; nothing was called yet. */
static void begin(int rc)
{
    scripted.rc = rc;
    scripted.calls = 0;
    memset(&scripted.last, 0, sizeof scripted.last);
}

static void expect(const char *method, const void *object, const int64_t numbers[3], const void *p,
                   const void *q)
{
    const struct scripted_call *last = &scripted.last;

    check_trying("%s answering %d", method, scripted.rc);
    if (!CHECK_EQUAL(scripted.calls, 1)) return;
    CHECK(strcmp(last->method, method) == 0);
    CHECK(last->object == object);
    for (size_t i = 0; i < 3; i++)
        CHECK_EQUAL(last->numbers[i], numbers[i]);
    CHECK(last->pointers[0] == p);
    CHECK(last->pointers[1] == q);
}

/* The base was asked this, once. */
#define EXPECT(method, object, a, b, c, p, q)                                                      \
    expect(method, object, (const int64_t[3]){ a, b, c }, p, q)

/* A call whose result is the base's code. */
#define EXPECT_CODE(call, method, object, a, b, c, p, q)                                           \
    do {                                                                                           \
        int answered;                                                                              \
        begin(code);                                                                               \
        answered = (call);                                                                         \
        EXPECT(method, object, a, b, c, p, q);                                                     \
        CHECK_EQUAL(answered, code);                                                               \
    } while (0)

static void check_reads_and_writes(sqlite3_file *file, const void *real, int code)
{
    static const struct {
        int amount;
        int64_t offset;
    } accesses[] = {
        { 100, 0 },     { 16, 24 },     { 4096, 0 },          { 4096, 4096 },
        { 4096, 8192 }, { 512, 4096 },  { 1, 12345 },         { 65536, 65536 },
        { 4096, 4096 }, { 24, 32 },     { 4096, 56 },         { 4120, 4152 },
        { 4096, 4176 }, { 8, 1 << 20 }, { 4096, 0x40000000 }, { 4096, INT64_C(4096) << 31 }
    };
    static unsigned char got[65536 + 2];
    static unsigned char want[65536 + 2];
    const sqlite3_io_methods *methods = file->pMethods;

    for (size_t i = 0; i < sizeof accesses / sizeof accesses[0]; i++) {
        int amount = accesses[i].amount;
        int64_t offset = accesses[i].offset;

        memset(got, 0xa5, sizeof got);
        memset(want, 0xa5, sizeof want);
        scripted_page(want + 1, amount, offset);
        EXPECT_CODE(methods->xRead(file, got + 1, amount, offset), "xRead", real, amount, offset, 0,
                    got + 1, NULL);
        CHECK(memcmp(got, want, sizeof got) == 0);
        EXPECT_CODE(methods->xWrite(file, want + 1, amount, offset), "xWrite", real, amount, offset,
                    0, want + 1, NULL);
        EXPECT_CODE(methods->xTruncate(file, offset), "xTruncate", real, offset, 0, 0, NULL, NULL);
    }
}

static void check_locks_and_syncs(sqlite3_file *file, const void *real, int code)
{
    static const int sync_flags[] = { SQLITE_SYNC_NORMAL, SQLITE_SYNC_FULL,
                                      SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY,
                                      SQLITE_SYNC_FULL | SQLITE_SYNC_DATAONLY };
    const sqlite3_io_methods *methods = file->pMethods;
    sqlite3_int64 size = -1;
    int reserved = -1;

    for (size_t i = 0; i < 4; i++)
        EXPECT_CODE(methods->xSync(file, sync_flags[i]), "xSync", real, sync_flags[i], 0, 0, NULL,
                    NULL);
    for (int level = SQLITE_LOCK_SHARED; level <= SQLITE_LOCK_EXCLUSIVE; level++)
        EXPECT_CODE(methods->xLock(file, level), "xLock", real, level, 0, 0, NULL, NULL);
    for (int level = SQLITE_LOCK_SHARED; level >= SQLITE_LOCK_NONE; level--)
        EXPECT_CODE(methods->xUnlock(file, level), "xUnlock", real, level, 0, 0, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        scripted.number = i;
        EXPECT_CODE(methods->xCheckReservedLock(file, &reserved), "xCheckReservedLock", real, 0, 0,
                    0, &reserved, NULL);
        CHECK_EQUAL(reserved, i);
    }
    scripted.wide = INT64_C(0x123456789);
    EXPECT_CODE(methods->xFileSize(file, &size), "xFileSize", real, 0, 0, 0, &size, NULL);
    CHECK_EQUAL(size, INT64_C(0x123456789));
}

static void check_properties(sqlite3_file *file, const void *real)
{
    static const int answers[] = { 0, 1, 512, 4096, 65536, 0x7fffffff, -1 };
    const sqlite3_io_methods *methods = file->pMethods;

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        int answered;

        scripted.number = answers[i];
        begin(SQLITE_OK);
        answered = methods->xSectorSize(file);
        EXPECT("xSectorSize", real, 0, 0, 0, NULL, NULL);
        CHECK_EQUAL(answered, answers[i]);
    }
    for (int bit = 0; bit < 32; bit++) {
        int answered;

        scripted.number = (int)(UINT32_C(1) << bit);
        begin(SQLITE_OK);
        answered = methods->xDeviceCharacteristics(file);
        EXPECT("xDeviceCharacteristics", real, 0, 0, 0, NULL, NULL);
        CHECK_EQUAL(answered, scripted.number);
    }
}

/* All opcodes that SQLite has or may come to have, but the name. */
static void check_controls(sqlite3_file *file, const void *real, int code)
{
    char *pragma[4] = { NULL, (char[]){ "integrity_check" }, NULL, NULL };
    sqlite3_int64 number = 42;

    for (int op = 0; op < 128; op++) {
        void *arg = op == SQLITE_FCNTL_PRAGMA ? (void *)pragma : (void *)&number;

        if (op == SQLITE_FCNTL_VFSNAME) continue;
        EXPECT_CODE(file->pMethods->xFileControl(file, op, arg), "xFileControl", real, op, 0, 0,
                    arg, NULL);
        CHECK_EQUAL(number, 42);
    }
    EXPECT_CODE(file->pMethods->xFileControl(file, 0x3f98c078, NULL), "xFileControl", real,
                0x3f98c078, 0, 0, NULL, NULL);
}

/* The base's name behind ours; where it has none, ours; where it fails, its failure. */
static void check_name(sqlite3_file *file, const void *real)
{
    static const struct {
        int code;
        int want;
        const char *name;
    } answers[] = { { SQLITE_OK, SQLITE_OK, "preload/scripted" },
                    { SQLITE_NOTFOUND, SQLITE_OK, "preload" },
                    { SQLITE_IOERR, SQLITE_IOERR, NULL } };

    for (size_t i = 0; i < 3; i++) {
        char *name = NULL;
        int answered;

        begin(answers[i].code);
        answered = file->pMethods->xFileControl(file, SQLITE_FCNTL_VFSNAME, &name);
        EXPECT("xFileControl", real, SQLITE_FCNTL_VFSNAME, 0, 0, &name, NULL);
        CHECK_EQUAL(answered, answers[i].want);
        CHECK(name ? answers[i].name && strcmp(name, answers[i].name) == 0 : !answers[i].name);
        sqlite3_free(name);
    }
}

static void check_shared_memory(sqlite3_file *file, const void *real, int code)
{
    static uint32_t region[8192];
    const sqlite3_io_methods *methods = file->pMethods;

    for (int i = 0; i < 3; i++) {
        void volatile *out = NULL;

        scripted.pointer = i == 1 ? NULL : region;
        EXPECT_CODE(methods->xShmMap(file, i, 32768, i & 1, &out), "xShmMap", real, i, 32768, i & 1,
                    (const void *)&out, NULL);
        CHECK(out == scripted.pointer);
    }
    for (int lock = 0; lock < SQLITE_SHM_NLOCK; lock++) {
        for (int flags = 5; flags <= 10; flags++)
            EXPECT_CODE(methods->xShmLock(file, lock, 8 - lock, flags), "xShmLock", real, lock,
                        8 - lock, flags, NULL, NULL);
    }
    begin(code);
    methods->xShmBarrier(file);
    EXPECT("xShmBarrier", real, 0, 0, 0, NULL, NULL);
    for (int delete_it = 0; delete_it < 2; delete_it++)
        EXPECT_CODE(methods->xShmUnmap(file, delete_it), "xShmUnmap", real, delete_it, 0, 0, NULL,
                    NULL);
}

/* Memory that nobody may look at. SQLite asks for a mapped page before it looks into its cache, and
 * then does not use what it got; where the file was truncated meanwhile, a look is a SIGBUS. */
static void *forbidden_page(void)
{
    static void *page;

    if (!page) page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? NULL : page;
}

static void check_mapping(sqlite3_file *file, const void *real, int code)
{
    static unsigned char pages[2][4096];
    void *answers[] = { pages[0], NULL, forbidden_page(), pages[1] };
    const sqlite3_io_methods *methods = file->pMethods;

    for (int i = 0; i < 8; i++) {
        sqlite3_int64 offset = INT64_C(4096) * (i < 4 ? i : 1000 + i); /* new pages */
        void *out = &offset;

        scripted.pointer = answers[i % 4];
        EXPECT_CODE(methods->xFetch(file, offset, 4096, &out), "xFetch", real, offset, 4096, 0,
                    (const void *)&out, NULL);
        CHECK(out == scripted.pointer);
        EXPECT_CODE(methods->xUnfetch(file, offset, out), "xUnfetch", real, offset, 0, 0,
                    scripted.pointer, NULL);
    }
    EXPECT_CODE(methods->xUnfetch(file, 0, NULL), "xUnfetch", real, 0, 0, 0, NULL, NULL);
}

/* A slot is filled where the base's is, and nowhere else. */
static void check_slots(const sqlite3_io_methods *got, const sqlite3_io_methods *base)
{
    check_trying("the slots over version %d", base->iVersion);
    CHECK_EQUAL(got->iVersion, base->iVersion);
    CHECK((got->xShmMap != NULL) == (base->xShmMap != NULL));
    CHECK((got->xShmLock != NULL) == (base->xShmLock != NULL));
    CHECK((got->xShmBarrier != NULL) == (base->xShmBarrier != NULL));
    CHECK((got->xShmUnmap != NULL) == (base->xShmUnmap != NULL));
    CHECK((got->xFetch != NULL) == (base->xFetch != NULL));
    CHECK((got->xUnfetch != NULL) == (base->xUnfetch != NULL));
}

static void check_common(sqlite3_file *file, const void *real)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        check_reads_and_writes(file, real, codes[i]);
        check_locks_and_syncs(file, real, codes[i]);
    }
    check_properties(file, real);
}

static void check_close(sqlite3_file *file, const void *real, int code)
{
    EXPECT_CODE(file->pMethods->xClose(file), "xClose", real, 0, 0, 0, NULL, NULL);
}

/* Opens a file through preload; the base's own object of it in `real`. */
static sqlite3_file *open_file(sqlite3_vfs *vfs, const struct shape *shape, const char *name,
                               int flags, const void **real)
{
    sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
    int out_flags = 0;
    int rc;

    scripted.number = 0x5a5a;
    begin(SQLITE_OK);
    if (!file) abort();
    rc = vfs->xOpen(vfs, name, file, flags, &out_flags);
    EXPECT("xOpen", scripted_vfs(shape), flags, 0, 0, name, &out_flags);
    CHECK_EQUAL(rc, SQLITE_OK);
    CHECK_EQUAL(out_flags, 0x5a5a);
    /* The base says which object is its own. */
    begin(SQLITE_OK);
    (void)file->pMethods->xSectorSize(file);
    *real = scripted.last.object;
    return file;
}

static void check_main(sqlite3_vfs *vfs, const struct shape *shape, const char *name)
{
    const void *real;
    sqlite3_file *file =
        open_file(vfs, shape, name, SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE, &real);

    CHECK(real != file);
    check_slots(file->pMethods, scripted_methods(shape));
    check_common(file, real);
    /* The opcodes come last: one of them says that a checkpoint runs, and nothing is recorded. */
    for (size_t i = 0; shape->has_fetch && i < sizeof codes / sizeof codes[0]; i++)
        check_mapping(file, real, codes[i]);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (shape->has_shm) check_shared_memory(file, real, codes[i]);
        check_controls(file, real, codes[i]);
    }
    check_name(file, real);
    check_close(file, real, SQLITE_OK);
    free(file);
    file = open_file(vfs, shape, name, SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY, &real);
    check_close(file, real, SQLITE_IOERR_CLOSE);
    free(file);
}

/* A log is wrapped while its database is open; SQLite asks it for methods of version 1 alone. */
static void check_log(sqlite3_vfs *vfs, const struct shape *shape, const char *name)
{
    const void *real;
    const void *log_real;
    sqlite3_file *file =
        open_file(vfs, shape, name, SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE, &real);
    sqlite3_file *log = open_file(vfs, shape, sqlite3_filename_wal(name),
                                  SQLITE_OPEN_WAL | SQLITE_OPEN_READWRITE, &log_real);
    char page[4096];

    CHECK(log_real != log);
    check_common(log, log_real); /* the page size is not known yet */
    begin(SQLITE_OK);
    (void)file->pMethods->xRead(file, page, 4096, 0);
    check_common(log, log_real);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        check_controls(log, log_real, codes[i]);
    check_close(log, log_real, SQLITE_IOERR_CLOSE);
    check_close(file, real, SQLITE_OK);
    free(log);
    free(file);
}

/* What is no database opens straight into the base. */
static void check_others(sqlite3_vfs *vfs, const struct shape *shape, const char *name)
{
    static const int kinds[] = { SQLITE_OPEN_MAIN_JOURNAL, SQLITE_OPEN_TEMP_DB,
                                 SQLITE_OPEN_TEMP_JOURNAL, SQLITE_OPEN_TRANSIENT_DB,
                                 SQLITE_OPEN_SUBJOURNAL,   SQLITE_OPEN_SUPER_JOURNAL };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const void *real;
        sqlite3_file *file =
            open_file(vfs, shape, i == 0 ? sqlite3_filename_journal(name) : NULL, kinds[i], &real);

        CHECK(real == file);
        CHECK(file->pMethods == scripted_methods(shape));
        check_close(file, real, SQLITE_OK);
        free(file);
    }
}

static void check_failing_open(sqlite3_vfs *vfs, const struct shape *shape, const char *name)
{
    sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
    int flags = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE;

    if (!file) abort();
    for (size_t i = 1; i < sizeof codes / sizeof codes[0]; i++) {
        int code = codes[i];

        EXPECT_CODE(vfs->xOpen(vfs, name, file, flags, NULL), "xOpen", scripted_vfs(shape), flags,
                    0, 0, name, NULL);
        CHECK(file->pMethods == NULL);
        scripted.leaves_methods = true;
        begin(code);
        CHECK_EQUAL(vfs->xOpen(vfs, name, file, flags, NULL), code);
        scripted.leaves_methods = false;
        /* Whoever sees the methods closes: the shim itself, or SQLite when they are handed on. */
        if (file->pMethods) file->pMethods->xClose(file);
        CHECK_EQUAL(scripted.calls, 2);
        CHECK(strcmp(scripted.last.method, "xClose") == 0);
    }
    free(file);
}

static void check_files_of_vfs(sqlite3_vfs *vfs, const void *base, int code)
{
    static const char name[] = "name";
    char out[64] = "untouched";
    int number = -1;

    for (int i = 0; i < 3; i++) {
        EXPECT_CODE(vfs->xDelete(vfs, name, i), "xDelete", base, i, 0, 0, name, NULL);
        scripted.number = i;
        EXPECT_CODE(vfs->xAccess(vfs, name, i, &number), "xAccess", base, i, 0, 0, name, &number);
        CHECK_EQUAL(number, i);
    }
    EXPECT_CODE(vfs->xFullPathname(vfs, name, 64, out), "xFullPathname", base, 64, 0, 0, name, out);
    EXPECT_CODE(vfs->xRandomness(vfs, 64, out), "xRandomness", base, 64, 0, 0, out, NULL);
    EXPECT_CODE(vfs->xSleep(vfs, 1234), "xSleep", base, 1234, 0, 0, NULL, NULL);
    EXPECT_CODE(vfs->xGetLastError(vfs, 64, out), "xGetLastError", base, 64, 0, 0, out, NULL);
}

static void check_libraries_of_vfs(sqlite3_vfs *vfs, const void *base)
{
    static int library;
    static const char name[] = "name";
    char out[64] = "untouched";
    void (*symbol)(void);

    scripted.pointer = &library;
    begin(SQLITE_OK);
    CHECK(vfs->xDlOpen(vfs, name) == &library);
    EXPECT("xDlOpen", base, 0, 0, 0, name, NULL);
    begin(SQLITE_OK);
    vfs->xDlError(vfs, 64, out);
    EXPECT("xDlError", base, 64, 0, 0, out, NULL);
    begin(SQLITE_OK);
    symbol = vfs->xDlSym(vfs, &library, name);
    EXPECT("xDlSym", base, 0, 0, 0, &library, name);
    CHECK(symbol == scripted_vfs(&scripted_shapes[0])->xDlSym(NULL, NULL, NULL));
    begin(SQLITE_OK);
    vfs->xDlClose(vfs, &library);
    EXPECT("xDlClose", base, 0, 0, 0, &library, NULL);
}

static void check_clock_and_calls_of_vfs(sqlite3_vfs *vfs, sqlite3_vfs *base, int code)
{
    static const char name[] = "name";
    sqlite3_int64 ms = -1;
    double days = -1;

    scripted.wide = 212345678901234;
    EXPECT_CODE(vfs->xCurrentTime(vfs, &days), "xCurrentTime", base, 0, 0, 0, &days, NULL);
    CHECK(days == 212345678901234.0);
    if (base->iVersion >= 2) {
        EXPECT_CODE(vfs->xCurrentTimeInt64(vfs, &ms), "xCurrentTimeInt64", base, 0, 0, 0, &ms,
                    NULL);
        CHECK_EQUAL(ms, 212345678901234);
    }
    if (base->iVersion >= 3) {
        sqlite3_syscall_ptr call = base->xGetSystemCall(base, name);

        EXPECT_CODE(vfs->xSetSystemCall(vfs, name, call), "xSetSystemCall", base, 1, 0, 0, name,
                    NULL);
        begin(code);
        CHECK(vfs->xGetSystemCall(vfs, name) == call);
        EXPECT("xGetSystemCall", base, 0, 0, 0, name, NULL);
        scripted.pointer = (void *)(uintptr_t)name;
        begin(code);
        CHECK(vfs->xNextSystemCall(vfs, name) == name);
        EXPECT("xNextSystemCall", base, 0, 0, 0, name, NULL);
    }
}

static void check_vfs(sqlite3_vfs *vfs, sqlite3_vfs *base)
{
    check_trying("the VFS over %s", base->zName);
    CHECK_EQUAL(vfs->iVersion, base->iVersion);
    CHECK_EQUAL(vfs->mxPathname, base->mxPathname);
    CHECK(vfs->szOsFile >= base->szOsFile && vfs->szOsFile <= base->szOsFile + 16);
    CHECK((vfs->iVersion < 2) == !vfs->xCurrentTimeInt64);
    CHECK((vfs->iVersion < 3) == !vfs->xSetSystemCall);
    CHECK((vfs->iVersion < 3) == !vfs->xGetSystemCall);
    CHECK((vfs->iVersion < 3) == !vfs->xNextSystemCall);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        check_files_of_vfs(vfs, base, codes[i]);
        check_clock_and_calls_of_vfs(vfs, base, codes[i]);
    }
    check_libraries_of_vfs(vfs, base);
}

static void check_shape(const struct shape *shape, const char *name)
{
    const struct preload_config config = { .base = shape->name };
    sqlite3_vfs *vfs;
    char preload[64];

    check_trying("registering over %s", shape->name);
    CHECK_EQUAL(preload_register(&config), SQLITE_OK);
    (void)snprintf(preload, sizeof preload, "preload-%s", shape->name);
    vfs = sqlite3_vfs_find(preload);
    if (!CHECK(vfs != NULL)) return;
    check_vfs(vfs, scripted_vfs(shape));
    check_main(vfs, shape, name);
    check_log(vfs, shape, name);
    check_others(vfs, shape, name);
    check_failing_open(vfs, shape, name);
}

int main(void)
{
    char path[4096];
    char journal[4096 + sizeof "-journal"];
    char log[4096 + sizeof "-wal"];
    const char *name;
    FILE *file = fopen(database, "wb");

    if (!file || fclose(file) != 0 || !realpath(database, path)) return 2;
    if (sqlite3_initialize() != SQLITE_OK || scripted_register() != SQLITE_OK ||
        preload_register(&(struct preload_config){ .base = "unix" }) != SQLITE_OK)
        return 2;
    (void)snprintf(journal, sizeof journal, "%s-journal", path);
    (void)snprintf(log, sizeof log, "%s-wal", path);
    name = sqlite3_create_filename(path, journal, log, 0, NULL);
    /* A replay asks the base more: the differential test sees to that. */
    (void)preload_configure("mode", "record");
    for (size_t i = 0; i < scripted_shape_count; i++)
        check_shape(&scripted_shapes[i], name);
    sqlite3_free_filename((char *)(uintptr_t)name);
    (void)remove(database);
    (void)preload_configure("mode", "on");
    contract_locks();
    check_trying("the end");
    CHECK_EQUAL(preload_unregister(), SQLITE_OK);
    return check_end("contract");
}
