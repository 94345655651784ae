#include "vfs/process/errno_text.h"

#include <errno.h>

#include "tests/vfs/common.h"

TestSuite(errno_text);

/* The words that users know, which are those of the C library where it does not translate. */
static const int known[] = { EACCES, ENOSPC, EFBIG, EROFS, EDQUOT, EIO, ENOENT, EMFILE, ENOTSUP };

Test(errno_text, what_files_meet_is_said_as_everywhere)
{
    char room[64];

    for (size_t i = 0; i < COUNT(known); i++)
        cr_expect_str_eq(preload_errno_text(known[i], room, sizeof room), strerror(known[i]));
}

Test(errno_text, anything_else_is_a_number_and_is_cut)
{
    char room[8];

    cr_expect_str_eq(preload_errno_text(ENOTRECOVERABLE, room, sizeof room), "error 1");
    cr_expect_str_eq(preload_errno_text(-7, room, sizeof room), "error -");
}
