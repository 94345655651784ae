/* An application and a plugin that each bring an SQLite of their own, and load the extension, of
 * which there is one. The program links none: both are copies of the system's library, under names
 * of their own. */
#include <dlfcn.h>
#include <sqlite3ext.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vfs/preload.h"

#define CHECK(what, ...)                                                                           \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #what);                                      \
            printf(__VA_ARGS__);                                                                   \
            printf("\n");                                                                          \
            fflush(stdout);                                                                        \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* One SQLite and a connection of it. */
struct copy {
    char path[64];
    void *library;
    sqlite3 *db;
    int (*open)(const char *, sqlite3 **, int, const char *);
    int (*close)(sqlite3 *);
    int (*db_config)(sqlite3 *, int, ...);
    int (*load)(sqlite3 *, const char *, const char *, char **);
    int (*prepare)(sqlite3 *, const char *, int, sqlite3_stmt **, const char **);
    int (*step)(sqlite3_stmt *);
    const unsigned char *(*text)(sqlite3_stmt *, int);
    int (*finalize)(sqlite3_stmt *);
    int (*exec)(sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);
    const char *(*error)(sqlite3 *);
    sqlite3_vfs *(*find)(const char *);
    int (*add)(sqlite3_vfs *, int);
    int (*remove)(sqlite3_vfs *);
    void (*free)(void *);
};

static void find_symbol(void *out, void *library, const char *name)
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

static void bring(struct copy *copy, const char *name)
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

static void open_db(struct copy *copy, const char *name)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;

    CHECK(copy->open(name, &copy->db, flags, NULL) == SQLITE_OK, "%s: %s", name,
          copy->error(copy->db));
}

static void close_db(struct copy *copy)
{
    CHECK(copy->close(copy->db) == SQLITE_OK, "%s", copy->path);
    copy->db = NULL;
}

static void run(struct copy *copy, const char *sql)
{
    CHECK(copy->exec(copy->db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
          copy->error(copy->db));
}

static const char *ask(struct copy *copy, const char *sql)
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

static void expect(struct copy *copy, const char *sql, const char *want)
{
    const char *got = ask(copy, sql);

    CHECK(strcmp(got, want) == 0, "%s: %s: %s, not %s", copy->path, sql, got, want);
}

static void load(struct copy *copy, const char *entry)
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

static void bring_and_load(struct copy *copy, const char *name, const char *entry)
{
    bring(copy, name);
    load(copy, entry);
    close_db(copy);
}

static void write_some(struct copy *copy)
{
    run(copy, "CREATE TABLE IF NOT EXISTS t(body);"
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
              "INSERT INTO t SELECT randomblob(900) FROM n");
}

static void check_all(struct copy *copy)
{
    expect(copy, "SELECT count(*) > 0 AND count(*) = sum(length(body) = 900) FROM t", "1");
    expect(copy, "PRAGMA integrity_check", "ok");
}

#define STATE  "SELECT value FROM preload_stats WHERE name = 'state'"
#define REASON "SELECT value FROM preload_stats('main') WHERE name = 'reason'"

static void is_idle(struct copy *copy)
{
    expect(copy, STATE, "off");
    expect(copy, REASON, "another SQLite was here first");
}

/* It records and replays. */
static void is_served(struct copy *copy)
{
    expect(copy, "SELECT value > 0 FROM preload_stats WHERE name = 'touched_pages'", "1");
}

static void use_both(struct copy *a, struct copy *b)
{
    open_db(a, "file:a.db?vfs=preload");
    open_db(b, "file:b.db?vfs=preload");
    write_some(a);
    write_some(b);
    check_all(b);
    check_all(a);
}

static void both_work_and_the_second_is_idle(const char *entry, bool first_closes_first)
{
    struct copy a = { 0 };
    struct copy b = { 0 };

    bring_and_load(&a, "one.so", entry);
    bring_and_load(&b, "two.so", entry);
    for (int round = 0; round < 3; round++) {
        use_both(&a, &b);
        is_served(&a);
        is_idle(&b);
        CHECK(strcmp(b.find(NULL)->zName, "unix") == 0, "%s", b.find(NULL)->zName);
        CHECK(a.find("preload") != b.find("preload"), "one VFS in two lists");
        close_db(first_closes_first ? &a : &b);
        check_all(first_closes_first ? &b : &a);
        close_db(first_closes_first ? &b : &a);
        load(&b, entry); /* once more, on a connection of either */
        is_idle(&b);
        load(&a, entry);
        expect(&a, "SELECT preload_version()", PRELOAD_VERSION);
        close_db(&b);
        close_db(&a);
    }
}

static void by_either_entry_in_either_order(void)
{
    both_work_and_the_second_is_idle("sqlite3_preload_init", true);
}

static void the_second_closes_first(void)
{
    both_work_and_the_second_is_idle("sqlite3_preloaddefault_init", false);
}

/* While its rows are read. */
static void in_a_statement_the_second_loads_again(void)
{
    int (*allow)(sqlite3 *, int);
    struct copy a = { 0 };
    struct copy b = { 0 };

    bring_and_load(&a, "one.so", NULL);
    bring(&b, "two.so");
    load(&b, NULL);
    find_symbol(&allow, b.library, "sqlite3_enable_load_extension");
    CHECK(allow(b.db, 1) == SQLITE_OK, "load_extension()");
    expect(&b,
           "SELECT group_concat(name || (load_extension('" HOST_LOADS "/preload') IS NULL))"
           " FROM preload_stats",
           "state1,reason1");
    close_db(&b);
}

/* Both are used, and unloaded and loaded again: at the same place or, with something in between,
 * elsewhere. */
static void unloaded_and_loaded_again(void)
{
    struct copy a = { 0 };
    struct copy between[5] = { 0 };

    for (int round = 0; round < 5; round++) {
        char name[32];

        bring_and_load(&a, "one.so",
                       round % 2 ? "sqlite3_preload_init" : "sqlite3_preloaddefault_init");
        open_db(&a, "file:a.db?vfs=preload");
        write_some(&a);
        check_all(&a);
        is_served(&a);
        close_db(&a);
        CHECK(dlclose(a.library) == 0, "%s", dlerror());
        CHECK(!dlopen(a.path, RTLD_NOW | RTLD_NOLOAD), "it stayed, so nothing was tried");
        (void)snprintf(name, sizeof name, "between%d.so", round);
        bring(&between[round], name);
    }
}

/* The first goes while the second is there, and comes back. */
static void the_first_goes_and_comes_back(void)
{
    struct copy a = { 0 };
    struct copy b = { 0 };

    bring_and_load(&a, "one.so", "sqlite3_preloaddefault_init");
    bring_and_load(&b, "two.so", "sqlite3_preloaddefault_init");
    use_both(&a, &b);
    close_db(&a);
    CHECK(dlclose(a.library) == 0, "%s", dlerror());
    check_all(&b);
    close_db(&b);
    bring_and_load(&b, "two.so", "sqlite3_preloaddefault_init");
    open_db(&b, "file:b.db?vfs=preload");
    is_idle(&b);
    bring_and_load(&a, "one.so", "sqlite3_preloaddefault_init");
    open_db(&a, "file:a.db?vfs=preload");
    check_all(&a);
    is_served(&a);
    close_db(&a);
    close_db(&b);
}

/* The one that is left is served from then on, when it had not asked before. */
static void another_comes_when_the_first_has_gone(void)
{
    struct copy a = { 0 };
    struct copy b = { 0 };

    bring(&b, "two.so");
    bring_and_load(&a, "one.so", "sqlite3_preloaddefault_init");
    open_db(&a, "a.db");
    write_some(&a);
    is_served(&a);
    close_db(&a);
    CHECK(dlclose(a.library) == 0, "%s", dlerror());
    load(&b, "sqlite3_preloaddefault_init");
    close_db(&b);
    open_db(&b, "a.db");
    check_all(&b);
    is_served(&b);
    close_db(&b);
}

/* A connection may be using it. */
static void the_vfs_of_the_idle_one_stays_as_it_is(void)
{
    struct copy a = { 0 };
    struct copy b = { 0 };
    sqlite3_vfs *vfs, was;

    bring_and_load(&a, "one.so", NULL);
    bring_and_load(&b, "two.so", NULL);
    vfs = b.find("preload");
    was = *vfs;
    for (int i = 0; i < 2; i++) {
        CHECK(b.remove(b.find("preload")) == SQLITE_OK, "remove");
        CHECK(b.add(b.find(i ? "unix" : "unix-none"), 1) == SQLITE_OK, "add");
        load(&b, NULL);
        is_idle(&b);
        close_db(&b);
        CHECK(vfs->pAppData == was.pAppData && vfs->xOpen == was.xOpen, "it was written to");
        CHECK((b.find("preload") == vfs) == (i == 1), "round %d", i);
    }
}

/* It calls the connections' SQLite no more, which is no longer there. */
static void unloaded_with_a_connection_open(void)
{
    struct copy a = { 0 };
    struct copy b = { 0 };

    bring(&b, "two.so");
    bring_and_load(&a, "one.so", "sqlite3_preloaddefault_init");
    open_db(&a, "a.db");
    write_some(&a);
    CHECK(dlclose(a.library) == 0, "%s", dlerror());
    load(&b, "sqlite3_preloaddefault_init");
    close_db(&b);
    open_db(&b, "file:a.db?vfs=preload");
    check_all(&b);
    is_idle(&b);
    close_db(&b);
}

static char *program_name; /* argv[0] */

/* As that of an SQLite which is linked into the program. */
static sqlite3_api_routines table;

static int keep_table(sqlite3 *db, char **error, const sqlite3_api_routines *api)
{
    (void)db;
    (void)error;
    table = *api;
    return SQLITE_OK;
}

static const sqlite3_api_routines *table_of(struct copy *copy)
{
    int (*add)(void (*)(void));
    int (*cancel)(void (*)(void));

    find_symbol(&add, copy->library, "sqlite3_auto_extension");
    find_symbol(&cancel, copy->library, "sqlite3_cancel_auto_extension");
    CHECK(add((void (*)(void))keep_table) == SQLITE_OK, "auto-extension");
    open_db(copy, ":memory:");
    close_db(copy);
    (void)cancel((void (*)(void))keep_table);
    return &table;
}

/* As a program does that says in `ps` what it works on. */
static void the_first_is_the_programs_which_names_itself_anew(void)
{
    int (*init)(sqlite3 *, char **, const sqlite3_api_routines *);
    struct copy a = { 0 };
    struct copy b = { 0 };
    void *extension = dlopen(HOST_LOADS "/preload.so", RTLD_NOW | RTLD_LOCAL);

    CHECK(extension, "%s", dlerror());
    find_symbol(&init, extension, "sqlite3_preload_init");
    bring(&a, "one.so");
    (void)init(NULL, NULL, table_of(&a));
    memset(program_name, 'x', strlen(program_name));
    bring_and_load(&b, "two.so", NULL);
    use_both(&a, &b);
    is_served(&a);
    is_idle(&b);
    close_db(&b);
    close_db(&a);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    { "by_either_entry_in_either_order", by_either_entry_in_either_order },
    { "the_second_closes_first", the_second_closes_first },
    { "in_a_statement_the_second_loads_again", in_a_statement_the_second_loads_again },
    { "unloaded_and_loaded_again", unloaded_and_loaded_again },
    { "the_first_goes_and_comes_back", the_first_goes_and_comes_back },
    { "another_comes_when_the_first_has_gone", another_comes_when_the_first_has_gone },
    { "the_vfs_of_the_idle_one_stays_as_it_is", the_vfs_of_the_idle_one_stays_as_it_is },
    { "unloaded_with_a_connection_open", unloaded_with_a_connection_open },
    { "the_first_is_the_programs_which_names_itself_anew",
      the_first_is_the_programs_which_names_itself_anew },
};

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

int main(int argc, char **argv)
{
    int failed = 0;

    program_name = argv[0];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
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
