#include "vfs/file/inspect.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/vfs/common.h"

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
