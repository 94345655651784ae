/* Two learnt sessions, one tested: what each policy fetches for it. */
#include "bench/coldstart/foresight.h"
#include "tests/bench/kit/small_go.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static char directory[256];
static char path[300];

static const char trace[] = "page_size 4096\n"
                            "session 130\n"
                            "read 1:i 90:i 12:l 70:l\n"
                            "session 130\n"
                            "read 1:i 80:i 13:l 12:l\n"
                            "session 100\n"
                            "read 1:i 80:i 99:l 71:l 70:l\n";

static void start(void)
{
    FILE *out;

    cr_assert_eq(small_go_directory(directory), 0);
    snprintf(path, sizeof(path), "%s/trace", directory);
    out = fopen(path, "w");
    cr_assert_not_null(out);
    fputs(trace, out);
    fclose(out);
}

static void stop(void)
{
    small_go_remove(directory);
}

TestSuite(foresight, .init = start, .fini = stop);

static const struct list_case {
    const char *policy;
    const char *want; /* first+count */
    uint64_t pages, used;
} list_cases[] = {
    { "first-128", " 1+32 33+32 65+32 97+4", 100, 5 },
    { "interior", " 1+1 80+1 90+1", 3, 2 },
    { "last", " 1+1 12+2 80+1", 4, 2 },
    { "union", " 1+1 12+2 70+1 80+1 90+1", 6, 3 },
    { "oracle", " 1+1 70+2 80+1 99+1", 5, 5 },
};

Test(foresight, each_policy_has_its_pages)
{
    struct foresight foresight = { 0 };
    struct fetch_list list = { 0 };

    cr_assert_eq(foresight_load(&foresight, path, 2), TRACE_OK);
    cr_assert_eq(foresight_tested(&foresight), 1);
    for (size_t i = 0; i < sizeof(list_cases) / sizeof(list_cases[0]); i++) {
        const struct list_case *want = &list_cases[i];
        char got[256] = "";
        uint64_t used = 0;

        cr_assert_eq(foresight_list(&foresight, want->policy, 0, &list), FETCH_OK);
        for (size_t j = 0; j < list.len; j++) {
            snprintf(got + strlen(got), sizeof(got) - strlen(got), " %u+%u", list.items[j].first,
                     list.items[j].count);
        }
        cr_expect_str_eq(got, want->want, "row %zu: %s", i, got);
        cr_expect_eq(fetch_list_pages(&list), want->pages, "row %zu", i);
        cr_assert_eq(foresight_used(&foresight, 0, &list, want->pages, &used), FETCH_OK);
        cr_expect_eq(used, want->used, "row %zu: %lu", i, (unsigned long)used);
    }
    fetch_list_free(&list);
    foresight_free(&foresight);
    foresight_free(&foresight);
}

Test(foresight, what_was_not_fetched_yet_is_not_used)
{
    struct foresight foresight = { 0 };
    struct fetch_list list = { 0 };
    uint64_t used = 9;

    cr_assert_eq(foresight_load(&foresight, path, 2), TRACE_OK);
    cr_assert_eq(foresight_list(&foresight, "oracle", 0, &list), FETCH_OK);
    cr_assert_eq(foresight_used(&foresight, 0, &list, 0, &used), FETCH_OK);
    cr_expect_eq(used, 0);
    cr_assert_eq(foresight_used(&foresight, 0, &list, 2, &used), FETCH_OK);
    cr_expect_eq(used, 2);
    fetch_list_free(&list);
    foresight_free(&foresight);
}

Test(foresight, a_trace_with_too_few_sessions_is_refused)
{
    struct foresight foresight = { 0 };

    cr_expect_eq(foresight_load(&foresight, path, 4), TRACE_INVALID);
    cr_expect_eq(foresight_load(&foresight, "/none/trace", 1), TRACE_IO);
    cr_expect_eq(foresight.trace.len, 0);
}
