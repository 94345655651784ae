/* Every request of the list is issued, by either means. */
#include "bench/coldstart/fetch.h"
#include "bench/kit/evict.h"
#include "bench/kit/latency_vfs.h"
#include "tests/bench/kit/small_go.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

#define ATTEMPTS_MAX 20000

static char directory[256];
static char path[300];
static struct fetch_list list;

/* 40 pages, of which each seventh stands alone. */
static void start(void)
{
    uint32_t pgnos[40];

    for (uint32_t i = 0; i < 40; i++) {
        pgnos[i] = 2 + i + i / 7;
    }
    cr_assert_eq(small_go_directory(directory), 0);
    snprintf(path, sizeof(path), "%s/go.db", directory);
    cr_assert_eq(small_go_make(path), SQLITE_OK);
    list.page_size = 4096;
    cr_assert_eq(fetch_list_add(&list, pgnos, 40), FETCH_OK);
    cr_assert_eq(list.len, 6);
}

static void stop(void)
{
    fetch_list_free(&list);
    small_go_remove(directory);
}

TestSuite(fetch, .init = start, .fini = stop);

static void pause_ms(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static void wait_until_issued(struct fetch *fetch)
{
    for (int i = 0; i < ATTEMPTS_MAX && fetch_look(fetch).requests < list.len; i++) {
        pause_ms();
    }
}

Test(fetch, a_vfs_is_read)
{
    const struct latency_config config = { .device = { .latency_us = 100 } };
    struct device_counters counters;
    struct fetch fetch;

    cr_assert_eq(latency_vfs_register("latency", "unix", &config), SQLITE_OK);
    cr_assert_eq(fetch_start(&fetch, &list, path, "latency"), SQLITE_OK);
    wait_until_issued(&fetch);
    cr_expect_eq(fetch_look(&fetch).requests, 6);
    cr_expect_eq(fetch_look(&fetch).pages, 40);
    fetch_stop(&fetch);
    fetch_stop(&fetch);
    cr_assert_eq(latency_vfs_counters("latency", path, &counters), SQLITE_OK);
    cr_expect_eq(counters.requests, 6);
    cr_expect_eq(counters.pages, 40);
    cr_expect_eq(latency_vfs_unregister("latency"), SQLITE_OK, "its file is closed");
}

Test(fetch, a_disk_is_advised)
{
    struct evict_residence found = { 0 };
    struct fetch fetch;

    evict_file(path, &found);
    cr_assert_eq(fetch_start(&fetch, &list, path, NULL), SQLITE_OK);
    wait_until_issued(&fetch);
    cr_expect_eq(fetch_look(&fetch).requests, 6);
    cr_expect_eq(fetch_look(&fetch).pages, 40);
    fetch_stop(&fetch);
    fetch_stop(&fetch);
    for (int i = 0; i < ATTEMPTS_MAX && found.resident < 40; i++) {
        cr_assert_eq(evict_look(path, &found), EVICT_OK);
        pause_ms();
    }
    cr_expect_geq(found.resident, 40);
}

Test(fetch, what_cannot_be_opened_is_an_error)
{
    struct fetch fetch;

    cr_expect_eq(fetch_start(&fetch, &list, "/none/go.db", NULL), SQLITE_CANTOPEN);
    fetch_stop(&fetch);
    cr_expect_eq(fetch_start(&fetch, &list, "/none/go.db", "unix"), SQLITE_CANTOPEN);
    fetch_stop(&fetch);
    cr_expect_eq(fetch_start(&fetch, &list, path, "no such VFS"), SQLITE_ERROR);
    fetch_stop(&fetch);
}
