#include "tests/hosts/host.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A case that hangs has failed. */
#define SECONDS_MAX 100

static char answer[4096];

void host_fail(const char *file, int line, const char *what, const char *says, ...)
{
    va_list args;

    printf("%s:%d: %s: ", file, line, what);
    va_start(args, says);
    vprintf(says, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
    _exit(1);
}

static void empty_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    char name[512];

    if (!folder) return;
    while ((entry = readdir(folder))) {
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.') (void)unlink(name);
    }
    closedir(folder);
}

static void run_in_folder(const struct host_case *one, const char *path)
{
    HOST_CHECK(chdir(path) == 0, "%s", path);
    alarm(SECONDS_MAX);
    one->run();
    fflush(stdout);
    exit(0);
}

static bool run_one(const struct host_case *one)
{
    char path[] = "/tmp/preload-host-XXXXXX";
    int status = -1;
    pid_t child;

    if (!mkdtemp(path)) return false;
    fflush(stdout);
    child = fork();
    if (child == 0) run_in_folder(one, path);
    if (child > 0) (void)waitpid(child, &status, 0);
    empty_folder(path);
    (void)rmdir(path);
    if (WIFSIGNALED(status)) printf("%s: signal %d\n", one->name, WTERMSIG(status));
    printf("%s: %s\n", one->name, status == 0 ? "passed" : "FAILED");
    return status == 0;
}

static bool is_named(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0) return true;
    return argc < 2;
}

int host_main(int argc, char **argv, const struct host_case *cases, size_t count)
{
    size_t ran = 0;
    bool good = true;

    for (size_t i = 0; i < count; i++) {
        if (!is_named(argc, argv, cases[i].name)) continue;
        good = run_one(&cases[i]) && good;
        ran++;
    }
    return good && ran > 0 ? 0 : 1;
}

int host_load_from(sqlite3 *db, const char *path, const char *entry, char **error)
{
    int rc = sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL);

    return rc == SQLITE_OK ? sqlite3_load_extension(db, path, entry, error) : rc;
}

#ifdef HOST_LOADS
void host_load(sqlite3 *db, bool make_default)
{
    const char *entry = make_default ? "sqlite3_preloaddefault_init" : "sqlite3_preload_init";
    char *error = NULL;
    int rc = host_load_from(db, HOST_LOADS "/preload", entry, &error);

    HOST_CHECK(rc == SQLITE_OK, "%s", error ? error : "no error text");
}
#else
void host_load(sqlite3 *db, bool make_default)
{
    int rc = make_default ? sqlite3_preloaddefault_init(db, NULL, NULL)
                          : sqlite3_preload_init(db, NULL, NULL);

    HOST_CHECK(rc == SQLITE_OK, "%d", rc);
}
#endif

sqlite3 *host_open(const char *name, const char *vfs)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(name, &db, flags, vfs);

    HOST_CHECK(rc == SQLITE_OK, "%s: %s", name, sqlite3_errmsg(db));
    return db;
}

void host_close(sqlite3 *db)
{
    int rc = sqlite3_close(db);

    HOST_CHECK(rc == SQLITE_OK, "%d", rc);
}

void host_run(sqlite3 *db, const char *sql)
{
    char *error = NULL;
    int rc = sqlite3_exec(db, sql, NULL, NULL, &error);

    HOST_CHECK(rc == SQLITE_OK, "%s: %s", sql, error ? error : "");
}

const char *host_text(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    const char *text = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        text = (const char *)sqlite3_column_text(stmt, 0);
    if (text)
        (void)snprintf(answer, sizeof answer, "%s", text);
    else
        (void)snprintf(answer, sizeof answer, "error: %s", sqlite3_errmsg(db));
    sqlite3_finalize(stmt);
    return answer;
}

const char *host_chain(sqlite3 *db)
{
    char *chain = NULL;
    int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_VFSNAME, &chain);

    HOST_CHECK(rc == SQLITE_OK && chain, "%d", rc);
    (void)snprintf(answer, sizeof answer, "%s", chain);
    sqlite3_free(chain);
    return answer;
}

void host_learn(void)
{
    sqlite3 *db = host_open("x.db", "unix");

    host_run(db, "CREATE TABLE t(body);"
                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)"
                 "INSERT INTO t SELECT randomblob(900) FROM n");
    host_close(db);
    host_load(NULL, false);
    db = host_open("x.db", "preload");
    host_run(db, "SELECT count(body) FROM t");
    host_close(db);
}
