/* Pages in the order in which they are wanted become requests, and survive a file. */
#include "bench/coldstart/fetch_list.h"
#include "tests/bench/kit/small_go.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static char directory[256];

static void start(void)
{
    cr_assert_eq(small_go_directory(directory), 0);
}

static void stop(void)
{
    small_go_remove(directory);
}

TestSuite(fetch_list, .init = start, .fini = stop);

/* "1-3 7 9-10" */
static const char *text_of(const struct fetch_list *list)
{
    static char text[4096];
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < list->len; i++) {
        const struct fetch_request request = list->items[i];

        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, i > 0 ? " %u" : "%u", request.first);
        if (request.count > 1) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, "-%u",
                                    request.first + request.count - 1);
        }
    }
    return text;
}

Test(fetch_list, a_group_is_sorted_and_merged)
{
    const uint32_t pgnos[] = { 9, 3, 2, 10, 7, 1 };
    struct fetch_list list = { .page_size = 4096 };

    cr_assert_eq(fetch_list_add(&list, pgnos, 6), FETCH_OK);
    cr_expect_str_eq(text_of(&list), "1-3 7 9-10");
    cr_expect_eq(fetch_list_pages(&list), 6);
    fetch_list_free(&list);
    cr_expect_eq(list.len, 0);
    fetch_list_free(&list);
}

Test(fetch_list, what_is_wanted_first_is_fetched_with_the_first_group)
{
    uint32_t pgnos[FETCH_GROUP_PAGES + 2];
    struct fetch_list list = { .page_size = 4096 };

    for (uint32_t i = 0; i < FETCH_GROUP_PAGES; i++) {
        pgnos[i] = 1000 - i;
    }
    pgnos[FETCH_GROUP_PAGES] = 2;
    pgnos[FETCH_GROUP_PAGES + 1] = 1001;
    cr_assert_eq(fetch_list_add(&list, pgnos, FETCH_GROUP_PAGES + 2), FETCH_OK);
    cr_expect_str_eq(text_of(&list), "937-968 969-1000 2 1001");
    fetch_list_free(&list);
}

static const struct size_case {
    uint32_t page_size;
    const char *want;
} size_cases[] = {
    { 4096, "1-32 33-40" },
    { 16384, "1-8 9-16 17-24 25-32 33-40" },
    { 512, "1-40" },
};

Test(fetch_list, a_request_is_128_kib_at_most)
{
    uint32_t pgnos[40];

    for (uint32_t i = 0; i < 40; i++) {
        pgnos[i] = i + 1;
    }
    for (size_t i = 0; i < sizeof(size_cases) / sizeof(size_cases[0]); i++) {
        struct fetch_list list = { .page_size = size_cases[i].page_size };

        cr_assert_eq(fetch_list_add(&list, pgnos, 40), FETCH_OK);
        cr_expect_str_eq(text_of(&list), size_cases[i].want, "row %zu: %s", i, text_of(&list));
        fetch_list_free(&list);
    }
}

Test(fetch_list, a_file_holds_the_same_list)
{
    const uint32_t pgnos[] = { 5, 6, 40, UINT32_MAX };
    struct fetch_list list = { .page_size = 1024 };
    struct fetch_list read = { 0 };
    char path[300];

    snprintf(path, sizeof(path), "%s/list", directory);
    cr_assert_eq(fetch_list_add(&list, pgnos, 4), FETCH_OK);
    cr_assert_eq(fetch_list_save(&list, path), FETCH_OK);
    cr_assert_eq(fetch_list_load(&read, path), FETCH_OK);
    cr_expect_eq(read.page_size, 1024);
    cr_expect_str_eq(text_of(&read), "5-6 40 4294967295");
    fetch_list_free(&list);
    fetch_list_free(&read);
    cr_expect_eq(fetch_list_save(&list, "/none/list"), FETCH_IO);
    cr_expect_eq(fetch_list_load(&list, "/none/list"), FETCH_IO);
}

static const char *const wrong_files[] = {
    "",
    "x\n1 1\n",
    "4096\n0 1\n",
    "4096\n1 0\n",
    "4096\n1\n",
    "4096\n1 33\n",
    "4096\n4294967296 1\n",
    "4096\n1 1",
    "131072\n1 1\n",
};

Test(fetch_list, another_file_is_refused)
{
    char path[300];

    snprintf(path, sizeof(path), "%s/list", directory);
    for (size_t i = 0; i < sizeof(wrong_files) / sizeof(wrong_files[0]); i++) {
        struct fetch_list list = { 0 };
        FILE *out = fopen(path, "w");

        cr_assert_not_null(out);
        fputs(wrong_files[i], out);
        fclose(out);
        cr_expect_eq(fetch_list_load(&list, path), FETCH_IO, "row %zu", i);
        cr_expect_eq(list.len, 0, "row %zu", i);
        fetch_list_free(&list);
    }
}
