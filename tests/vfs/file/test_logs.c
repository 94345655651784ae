#include "vfs/file/logs.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hints/format/journal.h"
#include "hints/format/wal.h"
#include "tests/vfs/job.h"

#define PAGE_BYTES 4096

static struct path path, wal, journal;
static struct named_file file;
static struct text found; /* of the last job */
static bool advised;
static long read_bytes;

static void begin(void)
{
    scratch_begin();
    path = scratch("x.db");
    wal = scratch("x.db-wal");
    journal = scratch("x.db-journal");
    db_make(path.s, 100);
    file.path = path.s;
    cr_assert(preload_identity_of_path(&file.identity, path.s));
}

TestSuite(logs, .init = begin, .fini = scratch_end);

/* Bytes that this thread has read. */
static long rchar(void)
{
    FILE *in = fopen("/proc/thread-self/io", "re");
    long bytes = -1;

    cr_assert_not_null(in);
    cr_assert_eq(fscanf(in, "rchar: %ld", &bytes), 1);
    cr_assert_eq(fclose(in), 0);
    return bytes;
}

static void look_at_pages(struct job *job)
{
    struct hint_runs runs = { 0 };
    long before = rchar();

    (void)job;
    preload_logs_pages(&runs, &file, PAGE_BYTES, NULL);
    read_bytes = rchar() - before;
    found = runs_text(&runs);
    hint_runs_free(&runs);
}

static void look_at_advice(struct job *job)
{
    (void)job;
    advised = preload_logs_advise(&file);
}

/* On a worker with a descriptor table of its own. */
static void on_worker(void (*look)(struct job *job))
{
    struct job job = { .task.run = job_run, .look = look };

    cr_assert(preload_pool_submit(&job.task, 0, 1));
    cr_assert(wait_until(job_has_run, &job));
    preload_pool_cancel(&job.task);
}

static const char *pages(void)
{
    on_worker(look_at_pages);
    return found.s;
}

static bool advises(void)
{
    on_worker(look_at_advice);
    return advised;
}

static size_t resident(const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    unsigned char *map;
    uint8_t *bytes;
    struct stat st;
    size_t count = 0;
    size_t len;

    cr_assert(fd >= 0 && fstat(fd, &st) == 0);
    len = ((size_t)st.st_size + PAGE_BYTES - 1) / PAGE_BYTES;
    bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    map = calloc(len, 1);
    cr_assert(bytes != MAP_FAILED && map && mincore(bytes, (size_t)st.st_size, map) == 0);
    for (size_t i = 0; i < len; i++)
        count += map[i] & 1;
    (void)munmap(bytes, (size_t)st.st_size);
    free(map);
    close(fd);
    return count;
}

static void evict(const char *name)
{
    int fd = open(name, O_RDWR | O_CLOEXEC);

    cr_assert(fd >= 0);
    cr_assert_eq(fsync(fd), 0);
    cr_assert_eq(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    close(fd);
}

Test(logs, the_index_says_which_pages_a_log_in_use_has)
{
    sqlite3 *db = db_open(path.s, "unix");
    struct text by_frames;
    struct path copy = scratch("copy.db");
    struct path copy_wal = scratch("copy.db-wal");
    uint8_t *bytes;
    size_t len;

    db_run(db, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
               "UPDATE t SET body = randomblob(1000) WHERE id % 7 = 3");
    (void)pages();
    /* The frames of a copy that nobody uses say the same. */
    bytes = file_read(path.s, &len);
    file_write(copy.s, bytes, len);
    free(bytes);
    bytes = file_read(wal.s, &len);
    file_write(copy_wal.s, bytes, len);
    free(bytes);
    by_frames = found;
    file.path = copy.s;
    expect_text(0, (struct text){ "" }, "");
    expect_text(1, by_frames, pages());
    cr_expect_neq(by_frames.s[0], '\0');
    file.path = path.s;
    /* What the database has, too, is no longer the log's. */
    db_run(db, "PRAGMA wal_checkpoint(PASSIVE)");
    cr_expect_str_eq(pages(), "");
    db_close(db);
    cr_expect_str_eq(pages(), "");
}

/* More frames than a region of the index has, and hardly a byte of the log is read. */
Test(logs, a_large_log_in_use_is_not_read)
{
    sqlite3 *db = db_open(path.s, "unix");
    struct stat st;
    unsigned first;
    unsigned last;

    db_run(db, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=50;"
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<40000)"
               "INSERT INTO t SELECT i + 1000, zeroblob(1000) FROM n");
    cr_assert_eq(stat(wal.s, &st), 0);
    cr_assert_gt(st.st_size, 30 << 20);
    (void)pages();
    cr_expect_lt(read_bytes, 200000);
    cr_assert_eq(
        sscanf(strrchr(found.s, ' ') ? strrchr(found.s, ' ') + 1 : found.s, "%u-%u", &first, &last),
        2);
    cr_expect_eq(last, (unsigned)atoi(db_text(db, "PRAGMA page_count").s));
    cr_expect_not(advises(), "nobody has to recover it");
    db_close(db);
}

/* A journal that stays has zeros where a hot one has its magic. */
Test(logs, a_journal_is_advised_where_it_may_be_hot)
{
    static uint8_t bytes[8 << 20];
    const uint8_t magic[HINT_JOURNAL_MAGIC_BYTES] = {
        0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7
    };

    memset(bytes + 28, 1, sizeof bytes - 28);
    file_write(journal.s, bytes, sizeof bytes);
    evict(journal.s);
    cr_expect_not(advises());
    cr_expect_lt(resident(journal.s), 200);
    memcpy(bytes, magic, sizeof magic);
    file_write(journal.s, bytes, sizeof bytes);
    cr_expect(advises());
    file_write(journal.s, "", 0);
    cr_expect_not(advises());
}

/* A log that was begun anew keeps its length; what is left of before is not read. */
Test(logs, a_log_to_recover_is_advised_as_far_as_its_round_goes)
{
    sqlite3 *db = db_open(path.s, "unix");
    struct path copy = scratch("copy.db");
    struct path copy_wal = scratch("copy.db-wal");
    uint8_t *bytes;
    size_t len;

    db_run(db, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<20000)"
               "INSERT INTO t SELECT i + 1000, zeroblob(1000) FROM n;"
               "PRAGMA wal_checkpoint(RESTART); UPDATE t SET body = 1 WHERE id = 1");
    bytes = file_read(wal.s, &len);
    cr_assert_gt(len, 16 << 20);
    file_write(copy.s, "x", 1);
    file_write(copy_wal.s, bytes, len);
    free(bytes);
    db_close(db);
    file.path = copy.s;
    evict(copy_wal.s);
    cr_expect(advises());
    sleep_ms(100);
    /* The step that found its end, and what the device reads along. */
    cr_expect_lt(resident(copy_wal.s), len / PAGE_BYTES / 2);
}
