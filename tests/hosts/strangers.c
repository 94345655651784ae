/* SQL and URIs that a host did not write: they name no file that we write to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/hosts/host.h"

#define VICTIM "victim.txt"

static void make_victim(void)
{
    FILE *file = fopen(VICTIM, "w");

    HOST_CHECK(file && fputs("mine", file) >= 0 && fclose(file) == 0, "victim");
}

static void expect_victim_untouched(void)
{
    struct stat st;

    HOST_CHECK(stat(VICTIM, &st) == 0 && st.st_size == 4, "%lld bytes", (long long)st.st_size);
}

/* The name under which a directory of hints keeps those of a file. */
static const char *hints_of(const char *folder, const char *path)
{
    static char name[512];
    struct stat st;

    HOST_CHECK(stat(path, &st) == 0, "%s", path);
    (void)snprintf(name, sizeof name, "%s/%llx-preload", folder, (unsigned long long)st.st_ino);
    return name;
}

static void load(void)
{
    sqlite3 *db = host_open(":memory:", NULL);

    host_load(db, true);
    host_close(db);
}

/* A session on a database that is attached, as SQL alone can do. */
static void use_attached(const char *uri)
{
    sqlite3 *db = host_open(":memory:", NULL);
    char sql[512];

    (void)sqlite3_snprintf(sizeof sql, sql, "ATTACH %Q AS x", uri);
    host_run(db, sql);
    host_run(db, "CREATE TABLE IF NOT EXISTS x.t(x); DELETE FROM x.t;"
                 "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)"
                 "INSERT INTO x.t SELECT randomblob(3000) FROM n; SELECT count(*) FROM x.t");
    host_close(db);
}

static void a_uri_names_no_file_to_write(void)
{
    load();
    make_victim();
    for (int i = 0; i < 2; i++)
        use_attached("file:x.db?preload_trace=" VICTIM "&preload_store=sidecar:.");
    expect_victim_untouched();
    HOST_CHECK(access(hints_of(".", "x.db"), F_OK) != 0, "hints lie where the URI said");
    HOST_CHECK(access("x.db-preload", F_OK) == 0, "hints do not lie where the host said");
}

/* Other values of the same options lead nowhere. */
static void a_uri_may_name_none(void)
{
    HOST_CHECK(setenv("SQLITE_PRELOAD_TRACE", VICTIM, 1) == 0, "setenv");
    HOST_CHECK(setenv("SQLITE_PRELOAD_STORE", "sidecar:.", 1) == 0, "setenv");
    load();
    make_victim();
    use_attached("file:x.db?preload_trace=&preload_store=none");
    expect_victim_untouched();
    HOST_CHECK(access(hints_of(".", "x.db"), F_OK) != 0, "hints are kept");
}

static void a_uri_names_files_where_the_host_says_so(void)
{
    HOST_CHECK(setenv("SQLITE_PRELOAD_URI_PATHS", "1", 1) == 0, "setenv");
    load();
    use_attached("file:x.db?preload_trace=trace&preload_store=sidecar:.");
    HOST_CHECK(access("trace", F_OK) == 0, "no trace");
    HOST_CHECK(access(hints_of(".", "x.db"), F_OK) == 0, "no hints");
}

/* A wrong value makes a message, which goes to the log. */
static void sql_names_no_file_to_write(void)
{
    static const char *const options[] = { "log", "trace", "store", "base", "uri_paths" };
    sqlite3 *db;
    char sql[128];

    load();
    make_victim();
    db = host_open("y.db", NULL);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        char before[512];

        (void)sqlite3_snprintf(sizeof sql, sql, "SELECT preload_config(%Q)", options[i]);
        (void)snprintf(before, sizeof before, "%s", host_text(db, sql));
        (void)sqlite3_snprintf(sizeof sql, sql, "SELECT preload_config(%Q, %Q)", options[i],
                               i < 2 ? VICTIM : "1");
        HOST_CHECK(strncmp(host_text(db, sql), "error: ", 7) == 0, "%s", options[i]);
        (void)sqlite3_snprintf(sizeof sql, sql, "SELECT preload_config(%Q)", options[i]);
        HOST_CHECK(strcmp(host_text(db, sql), before) == 0, "%s", options[i]);
    }
    HOST_CHECK(strncmp(host_text(db, "SELECT preload_config('pace', 'fast')"), "error: ", 7) == 0,
               "fast");
    host_close(db);
    use_attached("file:x.db");
    expect_victim_untouched();
}

/* A daemon goes elsewhere when it has started. */
static void relative_paths_stay_where_they_were_set(void)
{
    char here[256];
    char path[300];

    HOST_CHECK(setenv("SQLITE_PRELOAD_TRACE", "trace", 1) == 0, "setenv");
    HOST_CHECK(setenv("SQLITE_PRELOAD_LOG", "log", 1) == 0, "setenv");
    HOST_CHECK(setenv("SQLITE_PRELOAD_STORE", "sidecar:.", 1) == 0, "setenv");
    HOST_CHECK(getcwd(here, sizeof here), "getcwd");
    load();
    HOST_CHECK(chdir("/proc") == 0, "chdir");
    (void)snprintf(path, sizeof path, "file:%s/x.db?preload_pace=fast", here);
    use_attached(path);
    HOST_CHECK(chdir(here) == 0, "chdir");
    HOST_CHECK(access("trace", F_OK) == 0, "no trace");
    HOST_CHECK(access("log", F_OK) == 0, "no log");
    HOST_CHECK(access(hints_of(".", "x.db"), F_OK) == 0, "no hints");
}

static const struct host_case cases[] = {
    { "a_uri_names_no_file_to_write", a_uri_names_no_file_to_write },
    { "a_uri_may_name_none", a_uri_may_name_none },
    { "a_uri_names_files_where_the_host_says_so", a_uri_names_files_where_the_host_says_so },
    { "sql_names_no_file_to_write", sql_names_no_file_to_write },
    { "relative_paths_stay_where_they_were_set", relative_paths_stay_where_they_were_set },
};

HOST_MAIN(cases)
