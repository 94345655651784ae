/* One session, with and without hints; the numbers gate nothing. */
#include "bench/replay/fetch_hints.h"
#include "bench/replay/fetch_trial.h"
#include "tests/bench/kit/small_go.h"
#include "tests/bench/replay/sparse_database.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#define FILE_BYTES ((uint64_t)FETCH_FILE_PAGES_MIN * FETCH_PAGE_BYTES)

static char directory[256];
static char path[300];
static struct fetch_set set;
static struct fetch_hints hints;

static void start(void)
{
    cr_assert_eq(small_go_directory(directory), 0);
    snprintf(path, sizeof(path), "%s/database", directory);
    cr_assert_eq(sparse_database_make(path, FETCH_FILE_PAGES_MIN), 0);
    cr_assert_eq(fetch_set_make(&set, FETCH_CLUSTERED, FETCH_FILE_PAGES_MIN, 1), HINT_OK);
}

static void stop(void)
{
    fetch_set_free(&set);
    fetch_hints_free(&hints);
    small_go_remove(directory);
}

TestSuite(fetch_trial, .init = start, .fini = stop);

static int run(enum fetch_method method, struct fetch_found *out)
{
    const struct fetch_trial trial = {
        .method = method, .set = &set, .path = path, .file_bytes = FILE_BYTES
    };

    return fetch_trial_run(&trial, out);
}

static const enum fetch_method methods[] = { FETCH_NONE, FETCH_FADVISE, FETCH_PRELOAD, FETCH_OFF };

Test(fetch_trial, a_session_reads_its_pages_and_times_follow_each_other)
{
    cr_assert_eq(fetch_hints_learn(&hints, path, set.hinted, FETCH_PAGES), 0);
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct fetch_found found;
        const int status = run(methods[i], &found);

        cr_assert_eq(status, FETCH_OK, "row %zu: %s", i, fetch_message(status));
        cr_expect(found.first_ms > 0, "row %zu", i);
        cr_expect(found.first_ms < found.tenth_ms, "row %zu", i);
        cr_expect(found.tenth_ms < found.end_ms, "row %zu", i);
    }
}

Test(fetch_trial, preload_without_hints_is_no_measurement)
{
    struct fetch_found found;

    cr_expect_eq(run(FETCH_PRELOAD, &found), FETCH_UNHINTED);
    cr_assert_eq(fetch_hints_learn(&hints, path, set.hinted, FETCH_PAGES), 0);
    cr_expect_eq(run(FETCH_PRELOAD, &found), FETCH_OK);
    fetch_hints_remove(path);
    cr_expect_eq(run(FETCH_PRELOAD, &found), FETCH_UNHINTED);
}

Test(fetch_trial, preload_that_is_off_leaves_hints_alone)
{
    struct fetch_found found;

    cr_assert_eq(fetch_hints_learn(&hints, path, set.hinted, FETCH_PAGES), 0);
    cr_expect_eq(run(FETCH_OFF, &found), FETCH_OK);
    cr_expect_eq(found.fetched.requests, 0);
    cr_expect_eq(run(FETCH_PRELOAD, &found), FETCH_OK);
}

Test(fetch_trial, a_file_that_ends_early_fails_every_arm)
{
    cr_assert_eq(fetch_hints_learn(&hints, path, set.hinted, FETCH_PAGES), 0);
    cr_assert_eq(truncate(path, FETCH_PAGE_BYTES), 0);
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct fetch_found found;

        cr_expect_eq(run(methods[i], &found), FETCH_FAILED, "row %zu", i);
    }
}
