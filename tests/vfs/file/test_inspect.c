#include "vfs/file/inspect.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/vfs/common.h"
#include "vfs/file/logs.h"

/* The process's own table has the database's locks, and this thread has that. */
Test(inspect, without_a_table_of_its_own_a_thread_finds_nothing, .init = scratch_begin,
     .fini = scratch_end)
{
    struct path path = scratch("x.db");
    struct path wal = scratch("x.db-wal");
    struct named_file file = { .path = path.s };
    struct hint_runs in_log = { 0 };
    struct stat st;

    db_make(path.s, 2);
    file_write(wal.s, "log", 3);
    cr_assert(preload_identity_of_path(&file.identity, path.s));
    cr_expect_eq(preload_inspect_open(&file, &st), -1);
    cr_expect_not(preload_logs_advise(&file));
    preload_logs_pages(&in_log, &file, 4096, NULL);
    cr_expect_eq(in_log.len, 0);
}

Test(inspect, the_header_that_sqlite_writes_is_read, .init = scratch_begin, .fini = scratch_end)
{
    struct path path = scratch("x.db");
    sqlite3 *db = db_open(path.s, "unix");
    struct hint_header header;
    int fd;

    db_run(db, "PRAGMA page_size=65536; CREATE TABLE a(x); CREATE TABLE b(x);");
    db_close(db);
    fd = open(path.s, O_RDONLY | O_CLOEXEC);
    cr_assert_geq(fd, 0);
    cr_expect(preload_inspect_header(&header, fd));
    cr_expect_eq(header.page_size, 65536);
    cr_expect_eq(header.page_count, 3);
    cr_expect_eq(header.schema_cookie, 2);
    cr_expect_eq(lseek(fd, 0, SEEK_END), 3 * 65536);
    close(fd);
}
