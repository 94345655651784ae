/* Files, databases and patience. */
#include "tests/vfs/common.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "vfs/process/config.h"

static char folder[256];
static char log_file[sizeof folder + 8];

void scratch_begin(void)
{
    const char *parent = getenv("TMPDIR");

    (void)snprintf(folder, sizeof folder, "%s/preload-test-XXXXXX",
                   parent && parent[0] == '/' ? parent : P_tmpdir);
    cr_assert_not_null(mkdtemp(folder), "%s: %s", folder, strerror(errno));
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static int open_up(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)ftw;
    return kind == FTW_D ? chmod(path, (st->st_mode & 0777) | 0700) : 0;
}

void scratch_end(void)
{
    (void)nftw(folder, open_up, 8, FTW_PHYS);
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    (void)unlink(log_file);
}

struct path scratch(const char *name)
{
    struct path path;

    cr_assert((size_t)snprintf(path.s, sizeof path.s, "%s/%s", folder, name) < sizeof path.s);
    return path;
}

void file_write(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    cr_assert(fd >= 0, "%s: %s", path, strerror(errno));
    cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

uint8_t *file_read(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *bytes;
    struct stat st;

    *len = 0;
    if (fd < 0) return NULL;
    cr_assert_eq(fstat(fd, &st), 0);
    bytes = malloc((size_t)st.st_size + 1);
    cr_assert_not_null(bytes);
    *len = (size_t)st.st_size;
    cr_assert_eq(read(fd, bytes, *len), (ssize_t)*len);
    close(fd);
    return bytes;
}

bool file_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

bool file_equal(const char *a, const char *b)
{
    size_t a_len;
    size_t b_len;
    uint8_t *a_bytes = file_read(a, &a_len);
    uint8_t *b_bytes = file_read(b, &b_len);
    bool equal = a_bytes && b_bytes && a_len == b_len && memcmp(a_bytes, b_bytes, a_len) == 0;

    free(a_bytes);
    free(b_bytes);
    return equal;
}

sqlite3 *db_open(const char *name, const char *vfs)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(name, &db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI, vfs);

    cr_assert_eq(rc, SQLITE_OK, "%s: %d %s", name, rc, sqlite3_errmsg(db));
    return db;
}

void db_close(sqlite3 *db)
{
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

void db_run(sqlite3 *db, const char *sql)
{
    char *error = NULL;
    int rc = sqlite3_exec(db, sql, NULL, NULL, &error);

    cr_assert_eq(rc, SQLITE_OK, "%s: %d %s", sql, rc, error ? error : "");
}

static void add_row(struct text *text, sqlite3_stmt *statement)
{
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        const unsigned char *value = sqlite3_column_text(statement, i);
        const char *separator = i > 0 ? "|" : " ";

        text_add(text, "%s%s", text->s[0] ? separator : "", value ? (const char *)value : "NULL");
    }
}

struct text db_text(sqlite3 *db, const char *sql)
{
    struct text text = { "" };
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        add_row(&text, statement);
        rc = SQLITE_OK;
    }
    (void)sqlite3_finalize(statement);
    if (rc != SQLITE_DONE) {
        text.s[0] = '\0';
        text_add(&text, "error %d", sqlite3_extended_errcode(db));
    }
    return text;
}

void db_make(const char *path, unsigned pages)
{
    sqlite3 *db = db_open(path, "unix");
    char *sql = sqlite3_mprintf(
        "PRAGMA page_size=4096; CREATE TABLE t(id INTEGER PRIMARY KEY, body);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u)"
        "INSERT INTO t SELECT i, randomblob(1000) FROM n;",
        pages * 3);

    db_run(db, sql);
    sqlite3_free(sql);
    db_close(db);
}

void db_visit(sqlite3 *db, unsigned first, unsigned last)
{
    char *sql = sqlite3_mprintf(
        "SELECT sum(length(hex(body))) / 2 FROM t WHERE id BETWEEN %u AND %u", first, last);
    struct text text = db_text(db, sql);

    cr_assert_eq(strtoul(text.s, NULL, 10), (last - first + 1) * 1000UL, "%s: %s", sql, text.s);
    sqlite3_free(sql);
}

sqlite3_file *db_file(sqlite3 *db)
{
    sqlite3_file *file = NULL;

    cr_assert_eq(sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, (void *)&file),
                 SQLITE_OK);
    return file;
}

void register_over(const char *base)
{
    const struct preload_config config = { .base = base };

    cr_assert_eq(preload_register(&config), SQLITE_OK);
}

struct preload_stats stats_of(sqlite3 *db)
{
    struct preload_stats stats;

    (void)preload_stats_of(db, "main", &stats);
    return stats;
}

static bool replay_has_ended(void *db)
{
    return stats_of(db).state != PRELOAD_STATE_LOADING;
}

enum preload_state wait_for_replay(sqlite3 *db)
{
    cr_assert(wait_until(replay_has_ended, db), "the replay did not end");
    return stats_of(db).state;
}

void sleep_ms(unsigned ms)
{
    struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

    while (nanosleep(&pause, &pause) != 0 && errno == EINTR)
        ;
}

bool wait_until(bool (*is_so)(void *ctx), void *ctx)
{
    for (unsigned waited = 0; waited < PATIENCE_MS; waited += 5) {
        if (is_so(ctx)) return true;
        sleep_ms(5);
    }
    return is_so(ctx);
}

void obey_permissions(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { { 0 } };
    const uint32_t overrides = 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH;

    cr_assert_eq(syscall(SYS_capget, &header, data), 0);
    data[0].effective &= ~overrides;
    cr_assert_eq(syscall(SYS_capset, &header, data), 0);
}

static pthread_mutex_t heard_mutex = PTHREAD_MUTEX_INITIALIZER;
static char host_text[65536];

static void hear(void *unused, int code, const char *message)
{
    size_t len;

    (void)unused;
    (void)code;
    pthread_mutex_lock(&heard_mutex);
    len = strlen(host_text);
    (void)snprintf(host_text + len, sizeof host_text - len, "%s\n", message);
    pthread_mutex_unlock(&heard_mutex);
}

void log_listen(void)
{
    cr_assert_eq(sqlite3_config(SQLITE_CONFIG_LOG, hear, NULL), SQLITE_OK);
    cr_assert(folder[0], "scratch_begin() comes first");
    (void)snprintf(log_file, sizeof log_file, "%s.log", folder);
    cr_assert_eq(preload_config_host("log", log_file), CONFIG_OK);
}

const char *log_of_host(void)
{
    return host_text;
}

const char *log_heard(void)
{
    static char heard[65536];
    size_t len;
    uint8_t *bytes = file_read(log_file, &len);

    (void)snprintf(heard, sizeof heard, "%.*s", bytes ? (int)len : 0, (const char *)bytes);
    free(bytes);
    return heard;
}

unsigned log_times(const char *part)
{
    unsigned times = 0;

    for (const char *at = log_heard(); (at = strstr(at, part)); at += strlen(part))
        times++;
    return times;
}
