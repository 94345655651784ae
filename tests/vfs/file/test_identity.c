#include "vfs/file/identity.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/vfs/common.h"

TestSuite(identity, .init = scratch_begin, .fini = scratch_end);

static struct identity identity_of(const char *path)
{
    struct identity identity = { 0 };

    cr_assert(preload_identity_of_path(&identity, path), "%s", path);
    return identity;
}

Test(identity, links_and_relative_names_lead_to_one_file)
{
    struct path file = scratch("x.db");
    struct path link_name = scratch("hard.db");
    struct path symlink_name = scratch("soft.db");
    struct path folder = scratch("");
    struct identity identity;

    file_write(file.s, "x", 1);
    cr_assert_eq(link(file.s, link_name.s), 0);
    cr_assert_eq(symlink("x.db", symlink_name.s), 0);
    identity = identity_of(file.s);
    cr_expect(preload_identity_equal(identity, identity_of(link_name.s)));
    cr_expect(preload_identity_equal(identity, identity_of(symlink_name.s)));
    cr_assert_eq(chdir(folder.s), 0);
    cr_expect(preload_identity_equal(identity, identity_of("x.db")));
    cr_expect(preload_identity_equal(identity, identity_of("./x.db")));
    cr_assert_eq(chdir("/"), 0);
}

Test(identity, another_file_is_another_one)
{
    struct path a = scratch("a.db");
    struct path b = scratch("b.db");
    struct identity before;

    file_write(a.s, "x", 1);
    file_write(b.s, "x", 1);
    before = identity_of(a.s);
    cr_expect_not(preload_identity_equal(before, identity_of(b.s)));
    cr_assert_eq(rename(b.s, a.s), 0);
    cr_expect_not(preload_identity_equal(before, identity_of(a.s)));
}

Test(identity, device_and_inode_count_both)
{
    const struct identity identity = { .device = 1, .inode = 2 };
    const struct identity elsewhere = { .device = 3, .inode = 2 };
    const struct identity other = { .device = 1, .inode = 4 };

    cr_expect(preload_identity_equal(identity, identity));
    cr_expect_not(preload_identity_equal(identity, elsewhere));
    cr_expect_not(preload_identity_equal(identity, other));
}

Test(identity, what_is_no_plain_file_has_none)
{
    struct path missing = scratch("missing");
    struct path fifo = scratch("fifo");
    struct path folder = scratch("");
    struct path dangling = scratch("dangling");
    struct identity identity = { .inode = 77 };

    cr_assert_eq(mkfifo(fifo.s, 0600), 0);
    cr_assert_eq(symlink("nowhere", dangling.s), 0);
    cr_expect_not(preload_identity_of_path(&identity, missing.s));
    cr_expect_not(preload_identity_of_path(&identity, fifo.s));
    cr_expect_not(preload_identity_of_path(&identity, folder.s));
    cr_expect_not(preload_identity_of_path(&identity, dangling.s));
    cr_expect_not(preload_identity_of_path(&identity, "/dev/null"));
    cr_expect_eq(identity.inode, 77);
}
