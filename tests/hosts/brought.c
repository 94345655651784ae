#include "tests/hosts/brought.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

void find_symbol(void *out, void *library, const char *name)
{
    void *found = dlsym(library, name);

    CHECK(found, "%s", dlerror());
    memcpy(out, &found, sizeof found);
}

static void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    size_t len;

    CHECK(in && out, "%s to %s", from, to);
    while ((len = fread(bytes, 1, sizeof bytes, in)) > 0)
        CHECK(fwrite(bytes, 1, len, out) == len, "%s", to);
    CHECK(fclose(in) == 0 && fclose(out) == 0, "%s", to);
}

void bring(struct copy *copy, const char *name)
{
    if (!copy->path[0]) {
        (void)snprintf(copy->path, sizeof copy->path, "./%s", name);
        copy_file(SQLITE_LIBRARY, copy->path);
    }
    copy->library = dlopen(copy->path, RTLD_NOW | RTLD_LOCAL);
    CHECK(copy->library, "%s", dlerror());
    find_symbol(&copy->open, copy->library, "sqlite3_open_v2");
    find_symbol(&copy->close, copy->library, "sqlite3_close");
    find_symbol(&copy->db_config, copy->library, "sqlite3_db_config");
    find_symbol(&copy->load, copy->library, "sqlite3_load_extension");
    find_symbol(&copy->prepare, copy->library, "sqlite3_prepare_v2");
    find_symbol(&copy->step, copy->library, "sqlite3_step");
    find_symbol(&copy->text, copy->library, "sqlite3_column_text");
    find_symbol(&copy->finalize, copy->library, "sqlite3_finalize");
    find_symbol(&copy->exec, copy->library, "sqlite3_exec");
    find_symbol(&copy->error, copy->library, "sqlite3_errmsg");
    find_symbol(&copy->find, copy->library, "sqlite3_vfs_find");
    find_symbol(&copy->add, copy->library, "sqlite3_vfs_register");
    find_symbol(&copy->remove, copy->library, "sqlite3_vfs_unregister");
    find_symbol(&copy->free, copy->library, "sqlite3_free");
}

void open_db(struct copy *copy, const char *name)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;

    CHECK(copy->open(name, &copy->db, flags, NULL) == SQLITE_OK, "%s: %s", name,
          copy->error(copy->db));
}

void close_db(struct copy *copy)
{
    CHECK(copy->close(copy->db) == SQLITE_OK, "%s", copy->path);
    copy->db = NULL;
}

void run(struct copy *copy, const char *sql)
{
    CHECK(copy->exec(copy->db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
          copy->error(copy->db));
}

const char *ask(struct copy *copy, const char *sql)
{
    static char answer[256];
    sqlite3_stmt *stmt = NULL;

    CHECK(copy->prepare(copy->db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", sql,
          copy->error(copy->db));
    CHECK(copy->step(stmt) == SQLITE_ROW, "%s: %s", sql, copy->error(copy->db));
    (void)snprintf(answer, sizeof answer, "%s", (const char *)copy->text(stmt, 0));
    (void)copy->finalize(stmt);
    return answer;
}

void expect(struct copy *copy, const char *sql, const char *want)
{
    const char *got = ask(copy, sql);

    CHECK(strcmp(got, want) == 0, "%s: %s: %s, not %s", copy->path, sql, got, want);
}

void load(struct copy *copy, const char *entry)
{
    char *error = NULL;
    int rc;

    open_db(copy, ":memory:");
    CHECK(copy->db_config(copy->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL) == SQLITE_OK,
          "config");
    rc = copy->load(copy->db, HOST_LOADS "/preload", entry, &error);
    CHECK(rc == SQLITE_OK, "%s: %d %s", copy->path, rc, error ? error : "");
    copy->free(error);
}

void bring_and_load(struct copy *copy, const char *name, const char *entry)
{
    bring(copy, name);
    load(copy, entry);
    close_db(copy);
}

void write_some(struct copy *copy)
{
    run(copy, "CREATE TABLE IF NOT EXISTS t(body);"
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
              "INSERT INTO t SELECT randomblob(900) FROM n");
}

void check_all(struct copy *copy)
{
    expect(copy, "SELECT count(*) > 0 AND count(*) = sum(length(body) = 900) FROM t", "1");
    expect(copy, "PRAGMA integrity_check", "ok");
}

#define STATE  "SELECT value FROM preload_stats WHERE name = 'state'"
#define REASON "SELECT value FROM preload_stats('main') WHERE name = 'reason'"

void is_idle(struct copy *copy)
{
    expect(copy, STATE, "off");
    expect(copy, REASON, "another SQLite was here first");
}

void is_served(struct copy *copy)
{
    expect(copy, "SELECT value > 0 FROM preload_stats WHERE name = 'touched_pages'", "1");
}

void use_both(struct copy *a, struct copy *b)
{
    open_db(a, "file:a.db?vfs=preload");
    open_db(b, "file:b.db?vfs=preload");
    write_some(a);
    write_some(b);
    check_all(b);
    check_all(a);
}

static void run_in_folder(void (*run_it)(void))
{
    char path[] = "/tmp/preload-host-XXXXXX";

    CHECK(mkdtemp(path) && chdir(path) == 0, "%s", path);
    alarm(100);
    run_it();
    CHECK(system("rm -f ./*") == 0 && rmdir(path) == 0, "%s", path);
    fflush(stdout);
    exit(0);
}

int brought_main(int argc, char **argv, const struct brought_case *cases, size_t count)
{
    int failed = 0;

    for (size_t i = 0; i < count; i++) {
        int status = -1;
        pid_t child;

        if (argc > 1 && strcmp(argv[1], cases[i].name) != 0) continue;
        fflush(stdout);
        child = fork();
        if (child == 0) run_in_folder(cases[i].run);
        if (child > 0) (void)waitpid(child, &status, 0);
        printf("%s: %s (%x)\n", cases[i].name, status == 0 ? "passed" : "FAILED", (unsigned)status);
        failed += status != 0;
    }
    return failed > 0;
}
