/* Three lines a method, as in the shim. */
#include "tests/vfs/witness.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/vfs/common.h"
#include "vfs/preload.h"

#define ENTRIES_MAX 65536

/* The real file lies behind. */
struct witness_file {
    sqlite3_file file;
    unsigned number;
    int level;
};

static struct {
    pthread_mutex_t mutex;
    pthread_t owner;
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    sqlite3_io_methods methods;
    struct witness_shape shape;
    int answers[WITNESS_CALL_COUNT];
    size_t opens_max;
    sqlite3_int64 fail_from;
    int fail_rc;
    unsigned read_ms;
    bool keep_methods;
    unsigned opened;
    unsigned open;
    int level;
    struct witness_entry entries[ENTRIES_MAX];
    size_t len;
} witness = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static sqlite3_file *real_of(sqlite3_file *file)
{
    return (sqlite3_file *)(void *)((struct witness_file *)file + 1);
}

/* Writes a call down. Returns the scripted answer, -1 when there is none. */
static int note_at(sqlite3_file *file, enum witness_call call, int amount, sqlite3_int64 offset)
{
    int answer;

    pthread_mutex_lock(&witness.mutex);
    if (witness.len < ENTRIES_MAX)
        witness.entries[witness.len++] = (struct witness_entry){
            .call = call,
            .file = ((struct witness_file *)file)->number,
            .on_owner = pthread_equal(pthread_self(), witness.owner) != 0,
            .level = witness.level,
            .amount = amount,
            .offset = offset,
        };
    answer = witness.answers[call];
    pthread_mutex_unlock(&witness.mutex);
    return answer;
}

static int note(sqlite3_file *file, enum witness_call call)
{
    return note_at(file, call, 0, 0);
}

static void took_lock(sqlite3_file *file, int level)
{
    pthread_mutex_lock(&witness.mutex);
    ((struct witness_file *)file)->level = level;
    witness.level = level;
    pthread_mutex_unlock(&witness.mutex);
}

static int witness_close(sqlite3_file *file)
{
    int answer = note(file, WITNESS_CLOSE);
    int rc = real_of(file)->pMethods->xClose(real_of(file));

    pthread_mutex_lock(&witness.mutex);
    witness.open--;
    pthread_mutex_unlock(&witness.mutex);
    return answer >= 0 ? answer : rc;
}

static int witness_read(sqlite3_file *file, void *bytes, int amount, sqlite3_int64 offset)
{
    int answer = note_at(file, WITNESS_READ, amount, offset);

    if (((struct witness_file *)file)->number > 1 && witness.read_ms) sleep_ms(witness.read_ms);
    if (witness.fail_rc >= 0 && offset >= witness.fail_from) answer = witness.fail_rc;
    if (answer == SQLITE_IOERR_SHORT_READ) memset(bytes, 0, (size_t)amount);
    return answer >= 0 ? answer
                       : real_of(file)->pMethods->xRead(real_of(file), bytes, amount, offset);
}

static int witness_write(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
    int answer = note_at(file, WITNESS_WRITE, amount, offset);

    return answer >= 0 ? answer
                       : real_of(file)->pMethods->xWrite(real_of(file), bytes, amount, offset);
}

static int witness_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int answer = note_at(file, WITNESS_TRUNCATE, 0, size);

    return answer >= 0 ? answer : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int witness_sync(sqlite3_file *file, int flags)
{
    int answer = note(file, WITNESS_SYNC);

    return answer >= 0 ? answer : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int witness_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    int answer = note(file, WITNESS_FILE_SIZE);

    return answer >= 0 ? answer : real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int witness_lock(sqlite3_file *file, int level)
{
    int answer = note_at(file, WITNESS_LOCK, level, 0);
    int rc = answer >= 0 ? answer : real_of(file)->pMethods->xLock(real_of(file), level);

    if (rc == SQLITE_OK) took_lock(file, level);
    return rc;
}

static int witness_unlock(sqlite3_file *file, int level)
{
    int answer = note_at(file, WITNESS_UNLOCK, level, 0);
    int rc = answer >= 0 ? answer : real_of(file)->pMethods->xUnlock(real_of(file), level);

    if (rc == SQLITE_OK && level < ((struct witness_file *)file)->level) took_lock(file, level);
    return rc;
}

static int witness_check_reserved_lock(sqlite3_file *file, int *out)
{
    int answer = note(file, WITNESS_CHECK_RESERVED_LOCK);

    return answer >= 0 ? answer : real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int witness_file_control(sqlite3_file *file, int op, void *arg)
{
    int answer = note_at(file, WITNESS_FILE_CONTROL, op, 0);
    struct preload_read_pages *question = arg;

    if (op == PRELOAD_FCNTL_READ_PAGES && question->file == file && !witness.shape.is_private) {
        question->answered = 1;
        return SQLITE_OK;
    }
    return answer >= 0 ? answer : real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int witness_sector_size(sqlite3_file *file)
{
    int answer = note(file, WITNESS_SECTOR_SIZE);

    return answer >= 0 ? answer : real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int witness_device_characteristics(sqlite3_file *file)
{
    int answer = note(file, WITNESS_DEVICE_CHARACTERISTICS);

    return answer >= 0 ? answer : real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int witness_shm_map(sqlite3_file *file, int region, int size, int extend,
                           void volatile **out)
{
    int answer = note(file, WITNESS_SHM_MAP);

    return answer >= 0 ? answer
                       : real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, out);
}

static int witness_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    int answer = note(file, WITNESS_SHM_LOCK);

    return answer >= 0 ? answer
                       : real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void witness_shm_barrier(sqlite3_file *file)
{
    (void)note(file, WITNESS_SHM_BARRIER);
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int witness_shm_unmap(sqlite3_file *file, int delete_it)
{
    int answer = note(file, WITNESS_SHM_UNMAP);

    return answer >= 0 ? answer : real_of(file)->pMethods->xShmUnmap(real_of(file), delete_it);
}

static int witness_fetch(sqlite3_file *file, sqlite3_int64 offset, int amount, void **out)
{
    int answer = note_at(file, WITNESS_FETCH, amount, offset);

    return answer >= 0 ? answer
                       : real_of(file)->pMethods->xFetch(real_of(file), offset, amount, out);
}

static int witness_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page)
{
    int answer = note_at(file, WITNESS_UNFETCH, 0, offset);

    return answer >= 0 ? answer : real_of(file)->pMethods->xUnfetch(real_of(file), offset, page);
}

static const sqlite3_io_methods all_methods = {
    .xClose = witness_close,
    .xRead = witness_read,
    .xWrite = witness_write,
    .xTruncate = witness_truncate,
    .xSync = witness_sync,
    .xFileSize = witness_file_size,
    .xLock = witness_lock,
    .xUnlock = witness_unlock,
    .xCheckReservedLock = witness_check_reserved_lock,
    .xFileControl = witness_file_control,
    .xSectorSize = witness_sector_size,
    .xDeviceCharacteristics = witness_device_characteristics,
    .xShmMap = witness_shm_map,
    .xShmLock = witness_shm_lock,
    .xShmBarrier = witness_shm_barrier,
    .xShmUnmap = witness_shm_unmap,
    .xFetch = witness_fetch,
    .xUnfetch = witness_unfetch,
};

/* The table for files as the shape wants them; a slot that the real table lacks stays empty. */
static void shape_methods(const sqlite3_io_methods *real)
{
    const struct witness_shape *shape = &witness.shape;
    sqlite3_io_methods *methods = &witness.methods;

    *methods = all_methods;
    methods->iVersion = shape->version ? shape->version : real->iVersion;
    if (methods->iVersion < 2 || shape->without_shm || !real->xShmMap) {
        methods->xShmMap = NULL;
        methods->xShmLock = NULL;
        methods->xShmBarrier = NULL;
        methods->xShmUnmap = NULL;
    }
    if (methods->iVersion < 3 || shape->null_fetch || !real->xFetch) {
        methods->xFetch = NULL;
        methods->xUnfetch = NULL;
    }
}

static int open_main(const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    struct witness_file *self = (struct witness_file *)file;
    const char *parameter = sqlite3_uri_parameter(name, "x");
    int answer;
    int rc;

    memset(self, 0, sizeof *self);
    pthread_mutex_lock(&witness.mutex);
    self->number = ++witness.opened;
    pthread_mutex_unlock(&witness.mutex);
    answer = note(file, WITNESS_OPEN);
    if (parameter)
        (void)sqlite3_snprintf(sizeof witness.entries->parameter,
                               witness.entries[witness.len - 1].parameter, "%s", parameter);
    if (witness.opens_max && witness_count(WITNESS_OPEN) > witness.opens_max)
        answer = SQLITE_CANTOPEN;
    if (answer > 0 && !witness.keep_methods) return answer;
    rc = witness.real->xOpen(witness.real, name, real_of(file), flags, out_flags);
    if (rc != SQLITE_OK) return rc;
    shape_methods(real_of(file)->pMethods);
    file->pMethods = &witness.methods;
    pthread_mutex_lock(&witness.mutex);
    witness.open++;
    pthread_mutex_unlock(&witness.mutex);
    return answer > 0 ? answer : SQLITE_OK;
}

static int witness_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                        int *out_flags)
{
    (void)vfs;
    if (flags & SQLITE_OPEN_MAIN_DB) return open_main(name, file, flags, out_flags);
    return witness.real->xOpen(witness.real, name, file, flags, out_flags);
}

void witness_register(struct witness_shape shape)
{
    witness.real = sqlite3_vfs_find(shape.real ? shape.real : "unix");
    cr_assert_not_null(witness.real);
    witness.shape = shape;
    witness.owner = pthread_self();
    witness.fail_rc = -1;
    for (size_t i = 0; i < WITNESS_CALL_COUNT; i++)
        witness.answers[i] = -1;
    /* The other methods take the VFS that they are called on for os_unix's own, and it serves. */
    witness.vfs = *witness.real;
    witness.vfs.pNext = NULL;
    witness.vfs.zName = "witness";
    witness.vfs.szOsFile = (int)sizeof(struct witness_file) + witness.real->szOsFile;
    witness.vfs.xOpen = witness_open;
    cr_assert_eq(sqlite3_vfs_register(&witness.vfs, 0), SQLITE_OK);
}

void witness_answer(enum witness_call call, int rc)
{
    pthread_mutex_lock(&witness.mutex);
    witness.answers[call] = rc;
    pthread_mutex_unlock(&witness.mutex);
}

void witness_fail_reads_from(sqlite3_int64 offset, int rc)
{
    pthread_mutex_lock(&witness.mutex);
    witness.fail_from = offset;
    witness.fail_rc = rc;
    pthread_mutex_unlock(&witness.mutex);
}

void witness_fail_opens_after(size_t count)
{
    witness.opens_max = count;
}

void witness_slow_reads(unsigned ms)
{
    witness.read_ms = ms;
}

void witness_keep_methods(bool keep)
{
    witness.keep_methods = keep;
}

size_t witness_len(void)
{
    size_t len;

    pthread_mutex_lock(&witness.mutex);
    len = witness.len;
    pthread_mutex_unlock(&witness.mutex);
    return len;
}

struct witness_entry witness_at(size_t index)
{
    struct witness_entry entry;

    pthread_mutex_lock(&witness.mutex);
    entry = witness.entries[index];
    pthread_mutex_unlock(&witness.mutex);
    return entry;
}

size_t witness_count(enum witness_call call)
{
    size_t count = 0;

    pthread_mutex_lock(&witness.mutex);
    for (size_t i = 0; i < witness.len; i++)
        count += witness.entries[i].call == call;
    pthread_mutex_unlock(&witness.mutex);
    return count;
}

void witness_forget(void)
{
    pthread_mutex_lock(&witness.mutex);
    witness.len = 0;
    pthread_mutex_unlock(&witness.mutex);
}

unsigned witness_open_files(void)
{
    unsigned open;

    pthread_mutex_lock(&witness.mutex);
    open = witness.open;
    pthread_mutex_unlock(&witness.mutex);
    return open;
}
