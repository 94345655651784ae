/* Hints come and go through the library's door. */
#include "bench/replay/fetch_door.h"
#include "bench/replay/fetch_hints.h"
#include "bench/replay/fetch_set.h"
#include "tests/bench/kit/small_go.h"
#include "tests/bench/replay/sparse_database.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define LOOKS   2000
#define LOOK_US 5000

static char directory[256];
static char path[300];
static char sidecar[320];
static struct fetch_hints hints;

static const uint32_t pages[] = { 900, 17, 444, 18, 512, 2, 700, 701, 303, 80 };
static const uint32_t others[] = { 100, 200, 300 };

static void start(void)
{
    cr_assert_eq(small_go_directory(directory), 0);
    snprintf(path, sizeof(path), "%s/database", directory);
    snprintf(sidecar, sizeof(sidecar), "%s-preload", path);
    cr_assert_eq(sparse_database_make(path, 1000), 0);
}

static void stop(void)
{
    fetch_hints_free(&hints);
    small_go_remove(directory);
}

TestSuite(fetch_hints, .init = start, .fini = stop);

static bool sidecar_is(const struct fetch_hints *wanted)
{
    static char bytes[1 << 16];
    const int fd = open(sidecar, O_RDONLY | O_CLOEXEC);
    const ssize_t len = read(fd, bytes, sizeof(bytes));

    close(fd);
    return len == (ssize_t)wanted->len && memcmp(bytes, wanted->bytes, wanted->len) == 0;
}

/* Opens, waits until the hints are loaded, reads a page more. */
static struct preload_stats run_session(uint32_t pgno)
{
    char page[FETCH_PAGE_BYTES];
    struct preload_stats stats;
    struct fetch_door door;

    cr_assert_eq(fetch_door_register("on"), SQLITE_OK);
    cr_assert_eq(fetch_door_open(&door, "preload", path), SQLITE_OK);
    cr_assert_eq(fetch_door_stats(&door, &stats), SQLITE_OK);
    for (int i = 0; i < LOOKS && stats.history_pages == 0; i++) {
        usleep(LOOK_US);
        cr_assert_eq(fetch_door_stats(&door, &stats), SQLITE_OK);
    }
    cr_assert_eq(fetch_door_read(&door, pgno, page), SQLITE_OK);
    cr_assert_eq(fetch_door_close(&door), SQLITE_OK);
    return stats;
}

Test(fetch_hints, the_library_has_learnt_page_1_and_the_pages_in_two_sessions)
{
    struct preload_stats stats;

    cr_assert_eq(fetch_hints_learn(&hints, path, pages, COUNT(pages)), 0);
    stats = run_session(1);
    cr_expect_eq(stats.history_pages, COUNT(pages) + 1, "%d", (int)stats.history_pages);
    cr_expect_eq(stats.history_sessions, 2, "%d", (int)stats.history_sessions);
}

Test(fetch_hints, what_is_learnt_anew_takes_the_place_of_the_old)
{
    struct preload_stats stats;

    cr_assert_eq(fetch_hints_learn(&hints, path, pages, COUNT(pages)), 0);
    cr_assert_eq(fetch_hints_learn(&hints, path, others, COUNT(others)), 0);
    stats = run_session(1);
    cr_expect_eq(stats.history_pages, COUNT(others) + 1, "%d", (int)stats.history_pages);
}

Test(fetch_hints, a_session_changes_them_and_putting_back_undoes_that)
{
    cr_assert_eq(fetch_hints_learn(&hints, path, pages, COUNT(pages)), 0);
    cr_assert(sidecar_is(&hints));
    run_session(600);
    cr_expect_not(sidecar_is(&hints));
    cr_assert_eq(fetch_hints_put_back(&hints, path), 0);
    cr_expect(sidecar_is(&hints));
    cr_expect_eq(run_session(1).history_pages, COUNT(pages) + 1);
}

Test(fetch_hints, a_file_that_cannot_be_read_teaches_nothing)
{
    static const uint32_t past_the_end[] = { 1001 };

    cr_expect_neq(fetch_hints_learn(&hints, path, past_the_end, 1), 0);
    cr_assert_eq(unlink(path), 0);
    cr_expect_neq(fetch_hints_learn(&hints, path, pages, COUNT(pages)), 0);
}

Test(fetch_hints, removing_leaves_nothing_beside_the_file)
{
    cr_assert_eq(fetch_hints_learn(&hints, path, pages, COUNT(pages)), 0);
    cr_assert_eq(access(sidecar, F_OK), 0);
    fetch_hints_remove(path);
    cr_expect_neq(access(sidecar, F_OK), 0);
}
