#include "vfs/process/board.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/heap.h"
#include "tests/vfs/common.h"

/* The value of a setting that is newer than `since`; NULL: there is none. */
static const char *newer(const char *name, unsigned since)
{
    static struct board_setting setting;
    size_t place = 0;

    while (preload_board_next(&setting, &place, since))
        if (strcmp(setting.name, name) == 0) return setting.value;
    return NULL;
}

Test(board, what_is_set_is_read_until_it_is_set_anew)
{
    unsigned epoch = preload_board_epoch();

    cr_expect(preload_board_set("one", "1"));
    cr_expect(preload_board_set("two", "2"));
    cr_expect_str_eq(newer("one", epoch), "1");
    cr_expect_str_eq(newer("two", epoch), "2");
    epoch = preload_board_epoch();
    cr_expect_null(newer("one", epoch));
    cr_expect(preload_board_set("one", ""));
    cr_expect_str_eq(newer("one", epoch), "");
    cr_expect_null(newer("two", epoch));
}

Test(board, the_same_value_is_no_change)
{
    atomic_uint bell = 0;
    unsigned epoch;

    cr_expect(preload_board_set("one", "1"));
    epoch = preload_board_epoch();
    preload_board_listen(&bell);
    cr_expect(preload_board_set("one", "1"));
    cr_expect_eq(preload_board_epoch(), epoch);
    cr_expect_eq(bell, 0);
}

Test(board, a_bell_rings_once_a_change_until_it_leaves)
{
    atomic_uint bells[2] = { 0 };

    for (int i = 0; i < 40; i++)
        preload_board_listen(&bells[0]);
    preload_board_listen(&bells[1]);
    cr_expect(preload_board_set("one", "1"));
    cr_expect_eq(bells[0], 1);
    cr_expect_eq(bells[1], 1);
    preload_board_leave(&bells[0]);
    cr_expect(preload_board_set("one", "2"));
    cr_expect_eq(bells[0], 1);
    cr_expect_eq(bells[1], 2);
}

Test(board, what_has_no_room_is_refused)
{
    char value[BOARD_VALUE_MAX + 1];
    char name[BOARD_NAME_MAX];
    bool has_room = true;

    memset(value, 'v', sizeof value);
    value[BOARD_VALUE_MAX] = '\0';
    cr_expect_not(preload_board_set("one", value));
    value[BOARD_VALUE_MAX - 1] = '\0';
    cr_expect(preload_board_set("one", value));
    cr_expect_str_eq(newer("one", 0), value);
    cr_expect_not(preload_board_set("a_name_of_thirty_two_bytes_is_so", "1"));
    for (int i = 0; has_room && i < 1000; i++) {
        (void)snprintf(name, sizeof name, "name%d", i);
        has_room = preload_board_set(name, "1");
    }
    cr_expect_not(has_room);
    cr_expect_null(newer(name, 0));
    cr_expect(preload_board_set("one", "2"));
}

Test(board, a_child_has_its_parents_board)
{
    int status = -1;
    pid_t child;

    cr_expect(preload_board_set("one", "1"));
    child = fork();
    if (child == 0) {
        preload_board_after_fork_in_child();
        _exit(strcmp(newer("one", 0), "1") == 0 && preload_board_set("one", "2") ? 0 : 1);
    }
    cr_expect_eq(waitpid(child, &status, 0), child);
    cr_expect_eq(status, 0);
    cr_expect_str_eq(newer("one", 0), "1");
}

Test(board, counters_count)
{
    for (unsigned i = 0; i < 3; i++)
        preload_board_count(BOARD_COUNTERS - 1);
    cr_expect_eq(preload_board_counter(BOARD_COUNTERS - 1), 3);
}

Test(board, without_memory_there_is_none_until_there_is_some)
{
    heap_fail_at(0);
    cr_expect_not(preload_board_set("one", "1"));
    cr_expect(heap_restore());
    cr_expect_null(newer("one", 0));
    cr_expect(preload_board_is_there());
    cr_expect(preload_board_set("one", "2"));
    cr_expect_str_eq(newer("one", 0), "2");
}
