/* Each way brings the hinted pages into memory, whoever waits for them. */
#include "bench/kit/evict.h"
#include "bench/replay/fetch_method.h"
#include "tests/bench/kit/small_go.h"
#include "tests/bench/replay/sparse_database.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES ((uint64_t)FETCH_FILE_PAGES_MIN * FETCH_PAGE_BYTES)

/* Hints of the kernel's are asynchronous. */
#define LOOKS   1000
#define LOOK_US 10000

static char directory[256];
static char path[300];
static struct fetch_set set;

static void start(void)
{
    cr_assert_eq(small_go_directory(directory), 0);
    snprintf(path, sizeof(path), "%s/database", directory);
    cr_assert_eq(sparse_database_make(path, FETCH_FILE_PAGES_MIN), 0);
    cr_assert_eq(fetch_set_make(&set, FETCH_SCATTERED, FETCH_FILE_PAGES_MIN, 1), HINT_OK);
}

static void stop(void)
{
    fetch_set_free(&set);
    small_go_remove(directory);
}

TestSuite(fetch_method, .init = start, .fini = stop);

static uint64_t resident(void)
{
    struct evict_residence found;

    cr_assert_eq(evict_look(path, &found), EVICT_OK);
    return found.resident;
}

static uint64_t resident_in_time(uint64_t wanted)
{
    for (int i = 0; i < LOOKS && resident() < wanted; i++)
        usleep(LOOK_US);
    return resident();
}

/* What the kernel denies in a container brings nothing and says so; nobody denies readahead. */
Test(fetch_method, each_fetches_what_is_hinted)
{
    const uint64_t wanted = hint_runs_pages(&set.runs);

    for (int method = FETCH_FADVISE; method < FETCH_PRELOAD; method++) {
        const char *name = fetch_method_names[method];
        const struct fetch_job job = { .method = (enum fetch_method)method,
                                       .set = &set,
                                       .fd = open(path, O_RDONLY | O_CLOEXEC),
                                       .file_bytes = FILE_BYTES };
        struct evict_residence stayed;
        struct fetch_work *work;
        struct fetch_fetched fetched;
        int rc;

        evict_file(path, &stayed);
        cr_assert_eq(fetch_method_start(&work, &job), 0, "%s", name);
        rc = fetch_method_end(work, &fetched);
        if (rc == 0) {
            cr_expect_eq(fetched.pages, wanted, "%s: %d", name, (int)fetched.pages);
            cr_expect_geq(fetched.requests, set.runs.len, "%s: %d", name, (int)fetched.requests);
            cr_expect_geq(resident_in_time(wanted), wanted, "%s: %d", name, (int)resident());
        }
        cr_expect(rc == 0 || method > FETCH_MADVISE, "%s", name);
        close(job.fd);
    }
}

static const enum fetch_method idle_methods[] = { FETCH_NONE, FETCH_PRELOAD, FETCH_OFF };

Test(fetch_method, two_have_no_thread)
{
    for (size_t i = 0; i < sizeof(idle_methods) / sizeof(idle_methods[0]); i++) {
        const struct fetch_job job = { .method = idle_methods[i], .set = &set, .fd = -1 };
        struct fetch_fetched fetched = { 7, 7 };
        struct fetch_work *work;

        cr_assert_eq(fetch_method_start(&work, &job), 0, "row %zu", i);
        cr_expect_null(work, "row %zu", i);
        cr_expect_eq(fetch_method_end(work, &fetched), 0, "row %zu", i);
        cr_expect_eq(fetched.pages, 0, "row %zu", i);
        cr_expect_eq(fetched.requests, 0, "row %zu", i);
    }
}
