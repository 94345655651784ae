/* A VFS beneath us that takes each read for one page, as SQLite's cksumvfs does. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/hosts/host.h"
#include "tests/hosts/veil.h"

#define URI  "file:x.db?preload_store=sidecar:hints&preload_sync=20000"
#define ROWS 400

static const char *stat_of(sqlite3 *db, const char *name)
{
    char *sql = sqlite3_mprintf("SELECT value FROM preload_stats WHERE name = %Q", name);
    const char *text = host_text(db, sql);

    sqlite3_free(sql);
    return text;
}

/* Hints of two sessions over the veil; a third is open when it returns, with what it was to get. */
static sqlite3 *learn_and_open(const char *uri)
{
    sqlite3 *db;

    veil_load_over("unix", 0);
    HOST_CHECK(preload_register(&(struct preload_config){ .base = "veil" }) == SQLITE_OK, "veil");
    HOST_CHECK(mkdir("hints", 0700) == 0, "no directory");
    db = host_open("x.db", "veil");
    host_run(db, "PRAGMA page_size = 4096; CREATE TABLE t(body);"
                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)"
                 "INSERT INTO t SELECT randomblob(900) FROM n");
    host_close(db);
    for (int session = 0; session < 2; session++) {
        db = host_open("file:x.db?preload=record&preload_store=sidecar:hints", "preload");
        host_run(db, "SELECT count(body) FROM t");
        host_close(db);
    }
    HOST_CHECK(veil_wrong_reads() == 0 && veil_reads_elsewhere() == 0, "while recording");
    return host_open(uri, "preload");
}

static void expect_end(sqlite3 *db)
{
    HOST_CHECK(atoi(host_text(db, "SELECT count(body) FROM t")) == ROWS, "not all rows");
    host_close(db);
    HOST_CHECK(veil_wrong_reads() == 0, "%u reads of more than a page", veil_wrong_reads());
    HOST_CHECK(access("x.db-preload", F_OK) != 0, "a sidecar beside a file of a foreign base");
}

static void its_file_is_advised_and_it_is_not_called(void)
{
    sqlite3 *db = learn_and_open(URI);

    HOST_CHECK(strcmp(stat_of(db, "state"), "done") == 0, "%s", stat_of(db, "state"));
    HOST_CHECK(atoi(stat_of(db, "issued_pages")) > 50, "%s", stat_of(db, "issued_pages"));
    expect_end(db);
    HOST_CHECK(veil_reads_elsewhere() == 0, "%u reads by workers", veil_reads_elsewhere());
}

static void where_the_host_says_so_it_is_read_page_by_page(void)
{
    sqlite3 *db = learn_and_open(URI "&preload_read_through=1");

    HOST_CHECK(strcmp(stat_of(db, "state"), "done") == 0, "%s", stat_of(db, "state"));
    HOST_CHECK(atoi(stat_of(db, "issued_pages")) > 50, "%s", stat_of(db, "issued_pages"));
    HOST_CHECK(veil_reads_elsewhere() == (unsigned)atoi(stat_of(db, "issued_pages")),
               "%u reads by workers", veil_reads_elsewhere());
    expect_end(db);
}

static void a_file_that_holds_the_database_elsewhere_is_left_alone(void)
{
    sqlite3 *db;

    veil_begin_at(4096);
    db = learn_and_open(URI);
    HOST_CHECK(strcmp(stat_of(db, "state"), "off") == 0, "%s", stat_of(db, "state"));
    HOST_CHECK(strcmp(stat_of(db, "reason"), "base") == 0, "%s", stat_of(db, "reason"));
    HOST_CHECK(atoi(stat_of(db, "issued_pages")) == 0, "%s", stat_of(db, "issued_pages"));
    expect_end(db);
    HOST_CHECK(veil_reads_elsewhere() == 0, "%u reads by workers", veil_reads_elsewhere());
}

#define ROW(name)                                                                                  \
    {                                                                                              \
#name, name                                                                                \
    }
static const struct host_case cases[] = {
    ROW(its_file_is_advised_and_it_is_not_called),
    ROW(where_the_host_says_so_it_is_read_page_by_page),
    ROW(a_file_that_holds_the_database_elsewhere_is_left_alone),
};

HOST_MAIN(cases)
